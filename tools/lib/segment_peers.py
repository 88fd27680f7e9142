#!/usr/bin/env python3
"""Search for excerpts in a library by vpdq's frame hashes, and place them.

    segment_peers.py --cache DIR < questions.json > answers.json

questions.json: {"library": [path, …], "queries": [path, …]}. answers.json: for each query what `judge` of tools/measure/segments
takes, best first: [path, [[[start, stop] in the query, [start, stop] in the video]]]. Run by
`tools/measure/segments --peers PYTHON` with a Python that has numpy and vpdq. Hashes are kept in DIR.

A video ranks by the share of the query's frames that match a frame of it (vPDQ's own measure); of equals, the one with
more of them at one offset is first. vPDQ does not place matches: they are placed where most matching pairs of frames
agree on the offset, over the length of the query. A frame a second of the library is hashed, as by default, and four of the queries, so
that the placing suffers less from the rate.
"""

import argparse
import json
import os
import pickle
import sys
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from copy_peers import DISTANCE, QUALITY

NEAREST = 10


def frames(task):
    """(±1 rows [frames, 256], seconds) of a video; nothing where it cannot be read."""
    path, interval, kept = task
    kept = Path(kept)
    if kept.exists():
        return pickle.loads(kept.read_bytes())
    import vpdq

    try:
        found = [f for f in vpdq.computeHash(path, seconds_per_hash=interval) if f.quality >= QUALITY]
    except Exception as error:  # noqa: BLE001 – a peer's failure is a result: the file is not found
        print(f"vpdq: {path}: {error}", file=sys.stderr)
        found = []
    bits = np.array([np.unpackbits(np.frombuffer(bytes.fromhex(f.hex), np.uint8)) for f in found], np.int8)
    result = bits.reshape(-1, 256) * 2 - 1, np.array([f.timestamp for f in found], float)
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_bytes(pickle.dumps(result))
    os.replace(partial, kept)
    return result


def place(pairs):
    """(start, votes): the offset that most pairs (query time, video time) agree on within half a second."""
    offsets = np.sort(pairs[:, 1] - pairs[:, 0])
    counts = np.searchsorted(offsets, offsets + 1, side="right") - np.arange(len(offsets))
    first = int(counts.argmax())
    return float(offsets[first:first + counts[first]].mean()), int(counts[first])


def answer(query, times, library):
    ranked = []
    length = (times[-1] + (times[1] - times[0] if len(times) > 1 else 1)) if len(times) else 0
    for path, (bits, seconds) in library:
        if not len(bits) or not len(query):
            continue
        near = query.astype(np.float32) @ bits.T.astype(np.float32) >= 256 - 2 * DISTANCE
        if near.any():
            rows, columns = np.nonzero(near)
            start, votes = place(np.stack([times[rows], seconds[columns]], 1))
            segment = [[0.0, float(length)], [max(0.0, start), start + float(length)]]
            ranked.append((-float(near.any(axis=1).mean()), -votes, path, [segment]))
    return [[path, segments] for _, _, path, segments in sorted(ranked)[:NEAREST]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    questions = json.load(sys.stdin)
    arguments.cache.mkdir(parents=True, exist_ok=True)

    def task(path, interval):
        name = f"{interval}{path.replace('/', '_')}.frames"
        return path, interval, str(arguments.cache / name)

    tasks = [task(path, 1) for path in questions["library"]] + [task(path, 0.25) for path in questions["queries"]]
    hashed = []
    with Pool(arguments.jobs) as pool:
        for result in pool.imap(frames, tasks, chunksize=4):
            hashed.append(result)
            if len(hashed) % 100 == 0 or len(hashed) == len(tasks):
                print(f"vpdq: {len(hashed)} of {len(tasks)}", file=sys.stderr, flush=True)
    count = len(questions["library"])
    library = list(zip(questions["library"], hashed[:count]))
    json.dump([answer(bits, times, library) for bits, times in hashed[count:]], sys.stdout)


if __name__ == "__main__":
    main()
