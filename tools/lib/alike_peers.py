#!/usr/bin/env python3
"""Answer the yardstick's queries by the peers: vPDQ, and frames of SSCD without and with score normalisation.

    alike_peers.py --cache DIR [--sscd FILE] < questions.json > answers.json

questions.json: [{"kind": …, "references": [path, …], "queries": [path, …]}, …]. answers.json: for each peer
its own threshold (or null), kind → rows (query, target, score), and the files that it could not read. Run by
`tools/measure/alike --peers PYTHON`, with a Python that has numpy, vpdq, av and onnxruntime.
"""

import hashlib
import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from alike import sscd
from copy_peers import similarities_vpdq
from peers import features, parser, vpdq_bits

# vPDQ's default: four fifths of the frames have to match.
VPDQ_THRESHOLD = 0.8


def best(query, references, similar, limit, least=None):
    """The most similar references as rows, without the query itself and without what is not similar at all."""
    order = [place for place in np.argsort(-similar, kind="stable")
             if references[place] != query and (least is None or similar[place] > least)]
    return [(query, references[place], float(similar[place])) for place in order[:limit]]


def by_vpdq(library, values, limit):
    references = library["references"]
    known = [values[path] for path in references]
    columns = np.concatenate([np.empty((0, 256), np.int8), *known]).T.astype(np.float32)
    rows = []
    for query in library["queries"]:
        if len(values[query]):
            rows += best(query, references, similarities_vpdq(values[query], known, columns), limit, 0.0)
    return rows


def by_sscd(library, values, limit):
    """Rows without and with score normalisation."""
    references = library["references"]
    known = [values[path] for path in references]
    plain, normalised = [], []
    for query in library["queries"]:
        if not len(values[query]):
            continue
        similar = sscd.similarities(values[query], known)
        itself = references.index(query) if query in references else None
        plain += best(query, references, similar, limit)
        normalised += best(query, references, sscd.normalised(similar, itself), limit)
    return plain, normalised


def main():
    options = parser(__doc__)
    options.add_argument("--sscd", metavar="FILE")
    options.add_argument("--limit", type=int, default=50)
    arguments = options.parse_args()
    libraries = json.load(sys.stdin)
    paths = list(dict.fromkeys(path for library in libraries
                               for path in library["references"] + library["queries"]))
    answers = {}
    # By their contents: no file is ever read twice.
    keys = {path: hashlib.sha256(Path(path).read_bytes()).hexdigest()[:24] for path in paths}

    def described(name, describe, empty):
        return features(name, describe, paths, lambda path: arguments.cache / name / f"{keys[path]}.features",
                        arguments.jobs, empty)

    values, errors = described("vpdq", vpdq_bits, np.empty((0, 256), np.int8))
    answers["vPDQ"] = {"threshold": VPDQ_THRESHOLD, "failed": errors, "rows": {
        library["kind"]: by_vpdq(library, values, arguments.limit) for library in libraries}}
    if arguments.sscd:
        values, errors = described("sscd", partial(sscd.describe, arguments.sscd), np.empty((0, 512), np.float32))
        both = {library["kind"]: by_sscd(library, values, arguments.limit) for library in libraries}
        answers["SSCD"] = {"threshold": sscd.THRESHOLD, "failed": errors,
                           "rows": {kind: plain for kind, (plain, _) in both.items()}}
        answers["SSCD normalised"] = {"threshold": None, "failed": errors,
                                      "rows": {kind: better for kind, (_, better) in both.items()}}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
