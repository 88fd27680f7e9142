"""Asks the program: indexes a library, searches for every video of it, and lists its duplicates."""

import itertools
import json
import shutil
from collections import namedtuple

from service import LineService
from tool import note, run

LIMIT = 50
CONCURRENCY = 2


# One video that one query was answered with. `truth` is 1, 0, or None where it counts as neither.
Found = namedtuple("Found", "query target distance score shares truth extra", defaults=(None, None, {}))


def finished(folder):
    """A mark beside an index that was made to its end."""
    return folder.with_name(folder.name + ".done")


def build(mixtape, model, folders, index, start=None):
    """Indexes the folders, beginning with a copy of the index `start`, unless this was done before."""
    if finished(index).exists():
        return
    shutil.rmtree(index, ignore_errors=True)
    index.parent.mkdir(parents=True, exist_ok=True)
    if start:
        shutil.copytree(start, index)
    finished(index).write_text(run(mixtape, "index", *folders, "--index", index, "--json", *model))


def search(library, mixtape, model, index):
    """Rows of every query: the copies, and the originals without themselves. Also the errors."""
    queries = [(member.path, {}) for member in library.copies]
    queries += [(member.path, {"exclude_self": True}) for member in library.originals]
    rows, errors = [], []
    with LineService(mixtape, index, *model) as service:
        requests = ((path, {"video": path, "limit": LIMIT, **extra}) for path, extra in queries)
        for query, reply in service.searches(requests, CONCURRENCY):
            if "error" in reply:
                errors.append({"query": query, "error": reply["error"]})
                continue
            for match in reply["result"]["matches"]:
                rows.append(Found(
                    query, match["path"], match["distance"], match.get("score"), bool(match.get("shares_footage")),
                    library.truth(query, match["path"]),
                    {"segments": len(match.get("segments") or ()), "verified": match.get("verified"),
                     "agreement": match.get("agreement")}))
    return rows, errors


def duplicates(library, mixtape, model, index):
    """The pairs of files that are in one group."""
    groups = json.loads(run(mixtape, "duplicates", "--index", index, "--json", *model))["groups"]
    return {tuple(sorted(pair)) for group in groups
            for pair in itertools.combinations([member["path"] for member in group["members"]], 2)}


def ask(library, mixtape, model, work, tag):
    """(search rows, errors, pairs of duplicates) of one library."""
    place = work / f"index-{tag}"
    originals, everything = place / f"{library.kind}-originals", place / f"{library.kind}-all"
    build(mixtape, model, [library.folder / "originals"], originals)
    # Duplicates need the copies too. The search's own index stays as it is.
    build(mixtape, model, [library.folder / "originals", library.folder / "copies"], everything, start=originals)
    rows, errors = search(library, mixtape, model, originals)
    pairs = duplicates(library, mixtape, model, everything)
    note(f"{library.kind}: {len(rows)} rows, {len(pairs)} pairs of duplicates")
    return rows, errors, pairs
