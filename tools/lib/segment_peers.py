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

import json
import sys
from functools import partial

import numpy as np

from peers import DISTANCE, features, parser, signs, vpdq_frames

NEAREST = 10


def frames(path, interval):
    """(±1 rows [frames, 256], seconds) of a video."""
    found = vpdq_frames(path, interval)
    return signs([text for text, _ in found]), np.array([seconds for _, seconds in found], float)


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
    arguments = parser(__doc__).parse_args()
    questions = json.load(sys.stdin)

    def hashed(paths, interval):
        """Of each path."""
        values, errors = features(
            "vpdq", partial(frames, interval=interval), paths,
            lambda path: arguments.cache / f"{interval}{path.replace('/', '_')}.frames", arguments.jobs,
            (signs([]), np.empty(0)))
        for path, error in errors.items():
            print(f"vpdq: {path}: {error}", file=sys.stderr)
        return [values[path] for path in paths]

    library = list(zip(questions["library"], hashed(questions["library"], 1)))
    queries = hashed(questions["queries"], 0.25)
    json.dump([answer(bits, times, library) for bits, times in queries], sys.stdout)


if __name__ == "__main__":
    main()
