"""Indexing a folder in Python: decoding, network, SQLite; a process a thread, as good a shape as Python has for it."""

import ctypes
import importlib
import multiprocessing
import os
import resource
import signal
import sqlite3
import time
from pathlib import Path

BATCH = 8
PR_SET_PDEATHSIG = 1
READERS = {"torchcodec": "decode_torchcodec", "PyAV": "decode_av"}


class Lane:
    """One process: file after file to clips, batches of clips across files through the network."""

    def __init__(self, reader, model, precision):
        import torch

        from files import read_model

        torch.set_num_threads(1)
        self.torch = torch
        self.encoder = read_model(model)
        config = self.encoder.config
        self.clip = config["clip"]
        if self.clip["stride"] != self.clip["duration"] or config["input"]["fit"] != "stretch":
            raise ValueError("the Python pipeline reads clips without gaps, stretched to the network's size")
        size = config["input"]["height"]
        self.reader = importlib.import_module(READERS[reader]).Reader(
            self.clip["frames"], self.clip["duration"], size, threads=1)
        self.pending = []
        example = self.normalised(torch.randint(0, 256, (BATCH, self.clip["frames"], size, size, 3), dtype=torch.uint8))
        bfloat16 = precision == "bf16"
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16, cache_enabled=False):
            backbone = self.encoder.to(memory_format=torch.channels_last_3d).backbone
            self.backbone = torch.jit.freeze(torch.jit.trace(backbone, example, check_trace=False))
        for _ in range(3):
            self.encode(example)

    def normalised(self, pixels):
        from model import normalise

        clips = normalise(pixels, self.encoder.config)
        return clips.contiguous(memory_format=self.torch.channels_last_3d)

    def encode(self, clips):
        with self.torch.inference_mode():
            return self.encoder.head(self.backbone(clips).float())

    def read(self, path):
        """Adds the file's clips; gives the videos that are done by it."""
        clips = self.torch.as_tensor(self.reader.read(path))
        self.pending.append((path, clips))
        return self.flush() if sum(len(clips) for _, clips in self.pending) >= BATCH else []

    def flush(self):
        """Encodes all pending clips, in batches."""
        if not self.pending:
            return []
        torch = self.torch
        pixels = torch.cat([clips for _, clips in self.pending])
        parts = [self.encode(self.normalised(part)) for part in pixels.split(BATCH)]
        means = torch.cat([mean for mean, _ in parts])
        log_variances = torch.cat([log_variance for _, log_variance in parts])
        videos, start = [], 0
        for path, clips in self.pending:
            stop = start + len(clips)
            videos.append(self.row(path, means[start:stop], log_variances[start:stop]))
            start = stop
        self.pending = []
        return videos

    def row(self, path, means, log_variances):
        """Path, moments of the mixture, the clips' Gaussians in float16."""
        mean = means.mean(0)
        variance = log_variances.exp().mean(0) + (means - mean).square().mean(0)
        half = self.torch.float16
        return (
            str(path), len(means), mean.numpy().tobytes(), variance.numpy().tobytes(),
            means.to(half).numpy().tobytes(), log_variances.to(half).numpy().tobytes())


def work(reader, model, precision, tasks, results, barrier):
    """A process's life. None ends a run, and the barrier keeps one lane from taking another's None."""
    # Dies with its parent, however that ends.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        lane = Lane(reader, model, precision)
        results.put(("ready", None))
        while True:
            path = tasks.get()
            if path is None:
                results.put(("rows", lane.flush()))
                results.put(("done", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
                barrier.wait()
                continue
            try:
                rows = lane.read(path)
            except Exception as error:
                results.put(("failed", f"{path}: {error}"))
                continue
            results.put(("rows", rows))
    except Exception as error:
        results.put(("broken", f"{type(error).__name__}: {error}"))


def setup(threads, reader, folder, model, precision, results_folder):
    files = sorted(str(path) for path in Path(folder).iterdir() if not path.name.startswith("."))
    context = multiprocessing.get_context("spawn")
    os.environ["OMP_NUM_THREADS"] = "1"
    tasks, results = context.Queue(), context.Queue()
    barrier = context.Barrier(threads)
    arguments = (reader, model, precision, tasks, results, barrier)
    lanes = [context.Process(target=work, args=arguments, daemon=True) for _ in range(threads)]
    for process in lanes:
        process.start()
    for _ in lanes:
        kind, value = results.get()
        if kind != "ready":
            raise RuntimeError(value)
    database = Path(results_folder) / f"python-{reader}.sqlite"
    database.parent.mkdir(parents=True, exist_ok=True)
    return lambda: run(files, len(lanes), tasks, results, database)


def run(files, lanes, tasks, results, database):
    for old in database.parent.glob(database.name + "*"):
        old.unlink()
    start = time.perf_counter()
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(
        "CREATE TABLE video ("
        "path TEXT PRIMARY KEY, clips INTEGER, mean BLOB, variance BLOB, means BLOB, log_variances BLOB)")
    for path in files:
        tasks.put(path)
    for _ in range(lanes):
        tasks.put(None)
    done, stored, failed, memory = 0, 0, 0, 0
    while done < lanes:
        kind, value = results.get()
        if kind == "rows":
            for row in value:
                connection.execute("INSERT INTO video VALUES (?, ?, ?, ?, ?, ?)", row)
                stored += 1
        elif kind == "failed":
            failed += 1
        elif kind == "done":
            done += 1
            memory += value
        else:
            raise RuntimeError(value)
    connection.close()
    seconds = time.perf_counter() - start
    if stored == 0:
        raise RuntimeError("no video could be read")
    memory += resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = {"videos that failed": failed} if failed else {}
    return {"seconds": seconds, "peak memory in MB": memory / 1e3, **said}
