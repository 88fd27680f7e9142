#!/usr/bin/env python3
"""Rank copies among a library by two published hashes: vpdq (frame hashes) and videohash (one hash a video).

    copy_peers.py --cache DIR < questions.json > ranks.json

questions.json: {"library": [path, …], "queries": [[copy, original], …]}. ranks.json: for each hash the expected
recall@1 and reciprocal rank of every query, ties broken at random, and the files that it could not read. Run by
`tools/measure/copies --peers PYTHON` with a Python that has numpy, vpdq and videohash. Hashes are kept in DIR.
"""

import argparse
import contextlib
import json
import os
import pickle
import sys
from multiprocessing import Pool
from pathlib import Path

import numpy as np

# vPDQ's own defaults: frames this many bits apart are the same; hashes of lower quality are not looked at.
DISTANCE = 31
QUALITY = 50


def vpdq_bits(path):
    """Distinct frame hashes as ±1 rows [frames, 256], one frame a second."""
    import vpdq

    features = vpdq.computeHash(str(path), seconds_per_hash=1)
    texts = sorted({str(f.hex if hasattr(f, "hex") else f.hash) for f in features if f.quality >= QUALITY})
    rows = [np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)) for text in texts]
    return np.array(rows, np.int8).reshape(-1, 256) * 2 - 1


def videohash_bits(path):
    """The 64-bit hash as ±1 [1, 64]."""
    from videohash import VideoHash

    with contextlib.redirect_stdout(sys.stderr):
        video = VideoHash(path=str(path))
        value = int(video.hash_hex, 16)
        video.delete_storage_path()
    return np.array([[1 if value >> bit & 1 else -1 for bit in range(64)]], np.int8)


HASHES = {"vpdq": vpdq_bits, "videohash": videohash_bits}


def hash_file(task):
    name, path, kept = task
    kept = Path(kept)
    if kept.exists():
        return pickle.loads(kept.read_bytes())
    try:
        bits = HASHES[name](path)
    except Exception as error:  # noqa: BLE001 – a peer's failure is a result: the file is not found
        return f"{type(error).__name__}: {error}"
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_bytes(pickle.dumps(bits))
    os.replace(partial, kept)
    return bits


def similarities_vpdq(query, library, rows):
    """For every video the larger share of matching frames, in the query and in the video; vPDQ reports both."""
    near = query.astype(np.float32) @ rows >= 256 - 2 * DISTANCE
    result, start = np.zeros(len(library)), 0
    for number, bits in enumerate(library):
        if len(bits):
            block = near[:, start:start + len(bits)]
            start += len(bits)
            if block.size:
                result[number] = max(block.any(axis=1).mean(), block.any(axis=0).mean())
    return result


def similarities_videohash(query, library, _):
    """64 less the Hamming distance; what could not be hashed is nearest to nothing."""
    return np.array([(64 + int(query[0].astype(int) @ bits[0].astype(int))) / 2 if len(bits) else -1.0
                     for bits in library])


SIMILARITIES = {"vpdq": similarities_vpdq, "videohash": similarities_videohash}


def expectation(similarities, original):
    """Recall@1 and reciprocal rank when equals are ordered at random; 0 where nothing matched at all."""
    own = similarities[original]
    if own <= 0:
        return 0.0, 0.0
    better = int((similarities > own).sum())
    equal = int((similarities == own).sum())
    ranks = np.arange(better + 1, better + equal + 1)
    return (1 / equal if better == 0 else 0.0), float((1 / ranks).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--hashes", nargs="+", default=list(HASHES), choices=list(HASHES))
    arguments = parser.parse_args()
    questions = json.load(sys.stdin)
    library, queries = questions["library"], questions["queries"]
    place = {path: number for number, path in enumerate(library)}
    report = {}
    for name in arguments.hashes:
        folder = arguments.cache / name
        folder.mkdir(parents=True, exist_ok=True)
        files = library + [copy for copy, _ in queries]
        tasks = [(name, path, str(folder / (path.strip("/").replace("/", "_") + ".bits"))) for path in files]
        hashed = []
        with Pool(arguments.jobs) as pool:
            for bits in pool.imap(hash_file, tasks, chunksize=4):
                hashed.append(bits)
                if len(hashed) % 200 == 0 or len(hashed) == len(tasks):
                    print(f"{name}: {len(hashed)} of {len(tasks)}", file=sys.stderr, flush=True)
        failed = [{"path": path, "error": bits} for path, bits in zip(files, hashed) if isinstance(bits, str)]
        empty = np.empty((0, 256), np.int8)
        hashed = [empty if isinstance(bits, str) else bits for bits in hashed]
        known, asked = hashed[:len(library)], hashed[len(library):]
        # Every hash of the library as a column.
        columns = np.concatenate([bits for bits in known if len(bits)]).T.astype(np.float32)
        ranks = []
        for bits, (_, original) in zip(asked, queries):
            similar = SIMILARITIES[name](bits, known, columns) if len(bits) else np.zeros(len(library))
            ranks.append(expectation(similar, place[original]))
        report[name] = {"ranks": ranks, "failed": failed}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
