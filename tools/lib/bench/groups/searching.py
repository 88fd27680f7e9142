"""A one-shot search and a running service, on synthetic indexes of growing size."""

import json
import os
import shutil
import sqlite3
import statistics
import time
from pathlib import Path

from bench.contest import OURS, Unavailable
from bench.machine import timed
from service import LineService

TITLE = "Searching"
NOTE = (
    "Synthetic indexes. “One-shot” is a whole process that searches for a video of the index: its start, the "
    "opening of the index, the ranking of whole videos, the output; the files are in the page cache. What the same "
    "search takes by parts, over all clips, is remarked. Beside it the same in Python with "
    "FAISS: start, import, `read_index` (mapped), one query among as many vectors of the same width; it has no "
    "checksums, no paths and no distributions. “Service” is `mixtape serve`, from a request’s line written to its "
    "reply’s line read, beside a query of FAISS inside a warm Python process."
)
GROUP = "searching"
DIMENSION = 256
CLIPS = 2
LIMIT = 10
# Clips of more videos than this fill a small machine's memory.
MOST_FOR_PARTS = 100_000


def measure(bench):
    if not bench.program.knows("make-index"):
        bench.skip(GROUP, "all rows: this program has no `mixtape benchmark make-index`")
        return
    for videos in [1_000, 10_000] if bench.quick else [1_000, 10_000, 100_000, 1_000_000]:
        index = synthetic(bench, videos)
        paths = stored_paths(index, 500)
        one_shot(bench, videos, index, paths[0])
        service(bench, videos, index, paths)


def synthetic(bench, videos):
    """A synthetic index of that many videos, made once for every program."""
    place = bench.work / "indexes" / f"synthetic-{videos}-{bench.program.fingerprint}"
    if not (place / ".complete").exists():
        for old in place.parent.glob(f"synthetic-{videos}-*"):
            shutil.rmtree(old)
        timed([
            bench.program.path, "benchmark", "make-index", place, "--model", bench.options.model, "--videos", videos,
            "--clips", CLIPS, "--seed", 1,
        ])
        (place / ".complete").touch()
    return place


def stored_paths(index, count):
    """Some of the index's paths, spread over all of it."""
    connection = sqlite3.connect(f"file:{index}/videos.sqlite?mode=ro", uri=True)
    total = connection.execute("SELECT count(*) FROM video").fetchone()[0]
    step = max(1, total // count)
    found = [row[0] for row in connection.execute("SELECT path FROM video WHERE id % ? = 0 ORDER BY id", (step,))]
    connection.close()
    return found[:count]


def one_shot(bench, videos, index, path):
    contest = bench.contest(GROUP, f"one-shot, {videos:,} videos", "ms", videos=videos, clips=CLIPS)
    command = [bench.program.path, "search", path, "--index", index, "--limit", LIMIT, "--json", "--granularity"]

    def ours():
        taken = timed([*command, "video"])
        if not json.loads(taken.output)["query"]["indexed"]:
            raise Unavailable("the query was not taken from the index")
        remarks = {"peak memory in MB": taken.peak / 1e6}
        if videos <= MOST_FOR_PARTS:
            remarks["ms by parts"] = 1000 * timed([*command, "clip"]).seconds
        return taken.seconds, remarks

    def prepare_ours():
        ours()
        return ours

    def prepare_faiss():
        reason = bench.environment.lacks("faiss", "numpy")
        if reason:
            raise Unavailable(reason)
        file = bench.work / "indexes" / f"faiss-{videos}.index"
        script = Path(__file__).resolve().parents[1] / "peers" / "faiss_search.py"
        if not file.exists():
            timed([bench.environment.python, script, "make", file, videos, DIMENSION])
        search = [bench.environment.python, script, "search", file, LIMIT]

        def theirs():
            taken = timed(search)
            return taken.seconds, {"peak memory in MB": taken.peak / 1e6}

        theirs()
        return theirs

    contest.enter(OURS, prepare_ours)
    contest.enter("Python + FAISS, mapped", prepare_faiss)
    bench.hold(contest)


def service(bench, videos, index, paths):
    """Median and 99th percentile, from the same requests."""
    count = 50 if bench.quick else 300
    contest = bench.contest(GROUP, f"service, {videos:,} videos, median", "ms", videos=videos, clips=CLIPS, count=count)

    def prepare():
        running = LineService(bench.program.path, index)
        contest.close_with(running.close)
        ask(running, paths[0], "video")

        def ours():
            times = sorted(ask(running, paths[turn % len(paths)], "video") for turn in range(count))
            remarks = {"p99 in ms": 1000 * times[min(count - 1, int(0.99 * count))]}
            if videos <= MOST_FOR_PARTS:
                some = [ask(running, path, "clip") for path in paths[:max(5, count // 10)]]
                remarks["median ms by parts"] = 1000 * statistics.median(some)
            return statistics.median(times), remarks

        return ours

    contest.enter(OURS, prepare)
    bench.enter_worker(
        contest, "FAISS IndexFlatL2 in Python", "ranking_faiss", ["faiss", "numpy"], request={"repeats": count},
        videos=videos, dimension=DIMENSION, queries=1, limit=LIMIT)
    bench.hold(contest)


def ask(running, path, granularity):
    """Seconds from the request's line to the reply's."""
    start = time.perf_counter()
    running.send("search", {"video": os.fspath(path), "limit": LIMIT, "granularity": granularity})
    reply = running.receive()
    seconds = time.perf_counter() - start
    if "error" in reply:
        raise Unavailable(f"the service says: {reply['error']['message']}")
    return seconds
