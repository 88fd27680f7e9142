"""Lays out libraries: originals, planted copies, and which pairs of files show the same footage.

    WORK/libraries/KIND/originals/NAME.mp4
    WORK/libraries/KIND/copies/ALTERATION/NAME.mp4.mp4
    WORK/seed
"""

import itertools
import signal
from collections import namedtuple
from functools import partial
from multiprocessing import Pool
from pathlib import Path

from alike.generated import COUNT, GENERATED, make_generated
from alike.material import DIVERSE, REAL, pick_real
from alterations import ALTERATIONS, copy_path, make_copy
from tool import Failure, progress
from videos import copy_file, seeded_order

KINDS = (*REAL, *GENERATED, DIVERSE)

# One original in PLANTED_SHARE gets copies, each COPIES of them.
PLANTED_SHARE, COPIES = 5, 3

# How many times as large as the others the diverse library may be.
DIVERSE_FACTOR = 3

# What the answer to "do they share footage?" is for a pair of files.
TRUE, WRONG, LEFT_OUT = 1, 0, None


# One file of a library. `original` is None for an original; else the path that the copy was made from.
Member = namedtuple("Member", "path family source original alteration", defaults=(None, None))


class Library:
    """The files of one kind, and the truth about each pair of them."""

    def __init__(self, kind, folder, members):
        self.kind, self.folder = kind, folder
        self.members = {member.path: member for member in members}
        self.originals = [member for member in members if member.original is None]
        self.copies = [member for member in members if member.original is not None]

    def truth(self, first, second):
        """TRUE, WRONG or LEFT_OUT for two paths."""
        first, second = self.members[first], self.members[second]
        excerpts = [member for member in (first, second) if member.alteration == "excerpt"]
        if first.family == second.family:
            # Two excerpts, one of them mirrored, may lie at different places.
            return TRUE if len(excerpts) < 2 else LEFT_OUT
        if first.source == second.source:
            return LEFT_OUT
        # Most of an excerpt may be the opening that all episodes share.
        return LEFT_OUT if self.kind == "openings" and excerpts else WRONG

    def partners(self, query):
        """The other originals and copies that show the query's footage."""
        return [path for path in self.members if path != query and self.truth(query, path) == TRUE]

    def true_pairs(self):
        return {pair for pair in itertools.combinations(sorted(self.members), 2) if self.truth(*pair) == TRUE}


def plan(kind, seed, size, videos, work):
    """(the library as it will be, the tasks that make its files: target, function, whether it copies an original)."""
    folder = work / "libraries" / kind
    members, tasks = [], []
    if kind in GENERATED:
        for number in range(COUNT):
            target = folder / "originals" / f"{kind}-{number:02}.mp4"
            members.append(Member(str(target), target.name, target.name))
            tasks.append((target, partial(make_generated, kind, seed, number, target), False))
    else:
        for pick in pick_real(videos, kind, seed, size * (DIVERSE_FACTOR if kind == DIVERSE else 1)):
            target = folder / "originals" / pick.path.name
            members.append(Member(str(target), pick.family, pick.source))
            tasks.append((target, partial(copy_file, pick.path, target), False))
    order = sorted(members, key=lambda member: seeded_order(seed, f"planted:{Path(member.path).name}"))
    kinds = list(ALTERATIONS)
    # Two libraries with an odd number of planted originals have all alterations equally often between them.
    turn = len(kinds) // 2 * (KINDS.index(kind) % 2)
    for original in order[:max(1, round(len(order) / PLANTED_SHARE))]:
        for _ in range(COPIES):
            alteration = kinds[turn % len(kinds)]
            turn += 1
            name = Path(original.path).name
            target = copy_path(folder / "copies", name, alteration, seed)
            members.append(Member(str(target), original.family, original.source, original.path, alteration))
            tasks.append((target, partial(make_copy, Path(original.path), target, alteration, seed, name), True))
    return Library(kind, folder, members), tasks


def work_on(task):
    """Makes one file in a process of its own. A failure comes back as text."""
    _, make, _ = task
    try:
        make()
    except Failure as failure:
        return str(failure)
    return None


def make(tasks, jobs):
    """Makes what is missing: the originals first, then the copies of them."""
    for copies in (False, True):
        part = [task for task in tasks if task[2] == copies and not task[0].exists()]
        # Ctrl-C is left to the main process, which ends the others.
        with Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
            for number, problem in enumerate(pool.imap(work_on, part), 1):
                if problem:
                    raise Failure(problem)
                progress("copies" if copies else "originals", number, len(part))


def check_seed(work, seed):
    """Refuses the work folder of another seed: generated videos have the same names in all of them."""
    mark = work / "seed"
    if mark.exists():
        if mark.read_text().strip() != str(seed):
            raise Failure(f"{work}: of seed {mark.read_text().strip()}; name a new --work")
    else:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(f"{seed}\n")


def check_strangers(library):
    """Refuses a work folder that holds other videos, such as those of another --size."""
    for path in sorted(library.folder.rglob("*.mp4")):
        if str(path) not in library.members and not path.stem.endswith(".partial"):
            raise Failure(f"{path}: of another run; name a new --work, or remove it")
