"""Whole indexing of a folder, against the same pipeline in Python, and against ffmpeg's decoding alone."""

import math
import shutil
import sqlite3
import statistics
import time
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import material
from bench.machine import decode, multiplies_bfloat16, timed

TITLE = "Indexing"
NOTE = (
    "A folder to a finished index: ours is the whole process, its start and the loading of the model included. The "
    "Python pipeline takes the same frames through the same network (frozen PyTorch, in bfloat16 where the processor has it, batches of 8 across "
    "files, one process a thread) into an SQLite table, a transaction a video; its processes are started and warm before "
    "the clock runs. Against `ffmpeg -f null` both sides read the same large files; it decodes only, with its own choice of "
    "threads, or as many processes of one thread as there are threads."
)
GROUP = "indexing"
PEER = "Python: {} + PyTorch {} + SQLite"
READERS = {"torchcodec": ["torch", "safetensors", "torchcodec"], "PyAV": ["torch", "safetensors", "av"]}


def index(bench, folder, *arguments, processors=None, name="index"):
    """Seconds and peak memory of a fresh index of the folder."""
    place = bench.work / "indexes" / name
    shutil.rmtree(place, ignore_errors=True)
    command = [
        bench.program.path, "index", folder, "--index", place, "--model", bench.options.model, "--json", *arguments]
    return timed(command, processors=processors or bench.threads)


def measure(bench):
    folder, count, words = material.small_videos(bench.options)
    contest = bench.contest(
        GROUP, words, "videos", count, threads=bench.threads, model=str(bench.options.model),
        folder=folder.name)

    def ours():
        taken = index(bench, folder)
        return taken.seconds, {"peak memory in MB": taken.peak / 1e6}

    bench.enter_ours(contest, ours)
    precision = "bf16" if multiplies_bfloat16() else "float32"
    names = {reader: PEER.format(reader, precision) for reader in READERS}
    for reader, needs in READERS.items():
        bench.enter_worker(
            contest, names[reader], "pipeline", needs, reader=reader, folder=str(folder),
            model=str(bench.options.model), precision=precision, results_folder=str(bench.work / "indexes"))
    bench.hold(contest)
    for reader in READERS:
        compare(bench, contest, reader, names[reader])
    large(bench)


def compare(bench, contest, reader, name):
    """Remarks how near the two sides' video means are: the same frames through the same network agree."""
    theirs = bench.work / "indexes" / f"python-{reader}.sqlite"
    ours = bench.work / "indexes" / "index" / "videos.sqlite"
    kept = bench.store.contests[contest.key]
    if name in kept["absent"] or not theirs.exists() or not ours.exists():
        return
    database = sqlite3.connect(f"file:{ours}?mode=ro", uri=True)
    rows = database.execute("SELECT path, vectors FROM video JOIN moments ON moments.video = video.id").fetchall()
    # The folder may be reached through a link, and the index holds resolved paths.
    mine = {Path(path).name: array("f", vectors) for path, vectors in rows}
    database.close()
    database = sqlite3.connect(f"file:{theirs}?mode=ro", uri=True)
    cosines = []
    for path, mean in database.execute("SELECT path, mean FROM video"):
        vectors, mean = mine.get(Path(path).name), array("f", mean)
        if vectors:
            cosines.append(cosine(vectors[:len(mean)], mean))
    database.close()
    if cosines:
        theirs = kept["remarks"].setdefault(name, {})
        theirs["cosine of their videos' means and ours"] = [statistics.median(cosines)]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def large(bench):
    seconds = 4 if bench.quick else 8
    kinds = [("720p", "H.264"), ("1080p", "H.264"), ("1080p", "HEVC"), ("1080p", "VP9")]
    for height, codec in kinds[:1] if bench.quick else kinds:
        folder = bench.work / "videos" / f"large-{height}-{codec.replace('.', '').lower()}-{seconds}s"
        files = [
            material.draw(
                folder / f"{number}{'.mp4' if codec != 'VP9' else '.webm'}",
                material.scene(material.SIZES[height], seed=number + 1), seconds, codec, 250)
            for number in range(4)
        ]
        contest = bench.contest(
            GROUP, f"{len(files)} files of {seconds} s, {height} {codec}", threads=bench.threads,
            model=str(bench.options.model))
        bench.enter_ours(contest, lambda: index(bench, folder).seconds)
        contest.enter("ffmpeg -f null, file after file", lambda: lambda: one_by_one(bench, files))
        contest.enter("ffmpeg -f null, a process a thread", lambda: lambda: side_by_side(bench, files))
        bench.hold(contest)


def one_by_one(bench, files):
    return sum(decode(path, bench.threads) for path in files)


def side_by_side(bench, files):
    start = time.perf_counter()
    with ThreadPoolExecutor(bench.threads) as pool:
        list(pool.map(lambda path: decode(path, bench.threads, "-threads", "1"), files))
    return time.perf_counter() - start
