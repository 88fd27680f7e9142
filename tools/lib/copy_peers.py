#!/usr/bin/env python3
"""Rank copies among a library by two published hashes: vpdq (frame hashes) and videohash (one hash a video).

    copy_peers.py --cache DIR < questions.json > ranks.json

questions.json: {"library": [path, …], "queries": [[copy, original], …]}. ranks.json: for each hash the expected
recall@1 and reciprocal rank of every query, ties broken at random, and the files that it could not read. Run by
`tools/measure/copies --peers PYTHON` with a Python that has numpy, vpdq and videohash. Hashes are kept in DIR.
"""

import contextlib
import json
import sys

import numpy as np

from peers import DISTANCE, features, parser, vpdq_bits


def videohash_bits(path):
    """The 64-bit hash as ±1 [1, 64]."""
    from videohash import VideoHash

    with contextlib.redirect_stdout(sys.stderr):
        video = VideoHash(path=str(path))
        value = int(video.hash_hex, 16)
        video.delete_storage_path()
    return np.array([[1 if value >> bit & 1 else -1 for bit in range(64)]], np.int8)


HASHES = {"vpdq": vpdq_bits, "videohash": videohash_bits}


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
    options = parser(__doc__)
    options.add_argument("--hashes", nargs="+", default=list(HASHES), choices=list(HASHES))
    arguments = options.parse_args()
    questions = json.load(sys.stdin)
    library, queries = questions["library"], questions["queries"]
    place = {path: number for number, path in enumerate(library)}
    report = {}
    for name in arguments.hashes:
        values, errors = features(
            name, HASHES[name], library + [copy for copy, _ in queries],
            lambda path: arguments.cache / name / (path.strip("/").replace("/", "_") + ".bits"), arguments.jobs,
            np.empty((0, 256), np.int8))
        known = [values[path] for path in library]
        # Every hash of the library as a column.
        columns = np.concatenate([bits for bits in known if len(bits)]).T.astype(np.float32)
        ranks = []
        for copy, original in queries:
            bits = values[copy]
            similar = SIMILARITIES[name](bits, known, columns) if len(bits) else np.zeros(len(library))
            ranks.append(expectation(similar, place[original]))
        failed = [{"path": path, "error": error} for path, error in errors.items()]
        report[name] = {"ranks": ranks, "failed": failed}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
