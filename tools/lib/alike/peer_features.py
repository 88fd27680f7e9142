"""Features of files by the peers, kept per file, so that no file is ever read twice."""

import hashlib
import os
import pickle
import sys
from multiprocessing import Pool
from pathlib import Path

import numpy as np

import copy_peers
from alike import sscd


def kept_path(cache, name, path):
    """Where a file's features are kept: by its content."""
    key = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:24]
    return cache / name / f"{key}.features"


def feature(task):
    """The features of one file, or the error as text."""
    name, path, kept, model = task
    kept = Path(kept)
    if kept.exists():
        return pickle.loads(kept.read_bytes())
    try:
        value = copy_peers.vpdq_bits(path) if name == "vpdq" else sscd.describe(model, path)
    except Exception as error:  # noqa: BLE001 – a peer's failure is a result: the file is not found
        return f"{type(error).__name__}: {error}"
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_bytes(pickle.dumps(value))
    os.replace(partial, kept)
    return value


def features(name, paths, cache, model, jobs):
    """(path → features, path → error)."""
    (cache / name).mkdir(parents=True, exist_ok=True)
    empty = np.empty((0, 256), np.int8) if name == "vpdq" else np.empty((0, 512), np.float32)
    tasks = [(name, path, str(kept_path(cache, name, path)), model) for path in paths]
    values, errors = {}, {}
    with Pool(jobs) as pool:
        for number, (path, value) in enumerate(zip(paths, pool.imap(feature, tasks)), 1):
            if isinstance(value, str):
                errors[path] = value
                value = empty
            values[path] = value
            if number % 100 == 0 or number == len(paths):
                print(f"{name}: {number} of {len(paths)}", file=sys.stderr, flush=True)
    return values, errors
