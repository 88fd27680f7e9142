"""Features of videos by other programs, kept per file. Runs in those programs' Python, with standard input and output as JSON."""

import argparse
import os
import pickle
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from tool import progress

# vPDQ's own defaults: frames this many bits apart are the same; hashes of lower quality are not looked at.
DISTANCE = 31
QUALITY = 50


def vpdq_frames(path, interval=1):
    """Hashes of the frames as hexadecimal text, with their seconds; `interval` is that between frames."""
    import vpdq

    found = vpdq.computeHash(str(path), seconds_per_hash=interval)
    return [(str(f.hex if hasattr(f, "hex") else f.hash), f.timestamp) for f in found if f.quality >= QUALITY]


def signs(texts):
    """Hexadecimal hashes of 256 bits as ±1 rows [hashes, 256]."""
    rows = [np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)) for text in texts]
    return np.array(rows, np.int8).reshape(-1, 256) * 2 - 1


def vpdq_bits(path):
    """Distinct frame hashes as ±1 rows [frames, 256], one frame a second."""
    return signs(sorted({text for text, _ in vpdq_frames(path)}))


def kept(describe, task):
    """What was kept of a file, else what `describe` gives; an error as text."""
    path, file = task
    if file.exists():
        return pickle.loads(file.read_bytes())
    try:
        value = describe(path)
    except Exception as error:  # noqa: BLE001 – a peer's failure is a result: the file is not found
        return f"{type(error).__name__}: {error}"
    new = file.with_suffix(f".{os.getpid()}")
    new.write_bytes(pickle.dumps(value))
    os.replace(new, file)
    return value


def features(what, describe, paths, place, jobs, empty):
    """(path → features, path → error); those that could not be read have `empty`. `place(path)` is where they are kept."""
    tasks = [(path, Path(place(path))) for path in paths]
    for folder in {file.parent for _, file in tasks}:
        folder.mkdir(parents=True, exist_ok=True)
    values, errors = {}, {}
    with Pool(jobs) as pool:
        for path, value in zip(paths, pool.imap(partial(kept, describe), tasks, chunksize=4)):
            if isinstance(value, str):
                errors[path] = value
                value = empty
            values[path] = value
            progress(what, len(values), len(paths))
    return values, errors


def parser(description):
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--cache", type=Path, required=True)
    result.add_argument("--jobs", type=int, default=2)
    return result
