"""The command line of tools/measure/bench."""

import argparse
import os
from pathlib import Path

import tool
from bench.groups import GROUPS
from tool import ROOT, cache_folder


def above_zero(text):
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("expected a whole number above 0")
    return value


def parse(description):
    processors = len(os.sched_getaffinity(0))
    parser = tool.options(description)
    add = parser.add_argument
    add("--rows", nargs="+", metavar="GROUP", choices=list(GROUPS), default=list(GROUPS),
        help="the groups to measure: " + ", ".join(GROUPS) + " (default: all)")
    add("--rounds", type=above_zero, metavar="N", help="rounds that each median is over (default: 7; quick: 1)")
    add("--quick", action="store_true", help="small sizes, to see that everything works; the figures mean little")
    add("--threads", type=above_zero, default=min(2, processors), metavar="T",
        help="threads, for both sides (default: %(default)s)")
    add("--model", type=Path, default=ROOT / "models/default", metavar="DIR", help="the default model")
    add("--videos", type=Path, metavar="FOLDER",
        help="small videos to index (default: ../shared/videos beside the repository, else generated ones)")
    add("--count", type=above_zero, metavar="N", help="how many of them (default: 400; quick: 8)")
    add("--work", type=Path, default=cache_folder() / "bench", metavar="DIR",
        help="where generated videos, indexes and results are kept (default: %(default)s)")
    add("--out", type=Path, metavar="DIR", help="where the report goes (default: WORK/full/report; quick: WORK/quick/report)")
    add("--fresh", action="store_true", help="forget the results of earlier runs of the chosen groups")
    add("--mixtape", type=Path, metavar="FILE", help="the program (default: tools/mixtape builds it)")
    add("--venv", type=Path, default=cache_folder() / "bench-venv", metavar="DIR",
        help="the peers' environment (default: %(default)s)")
    add("--python", type=Path, metavar="FILE",
        help="a Python whose packages the peers' environment may use, such as one that has torch")
    add("--no-install", action="store_true", help="install nothing; use the peers that are there")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 7)
    options.count = options.count or (8 if options.quick else 400)
    options.work = options.work / ("quick" if options.quick else "full")
    options.out = options.out or options.work / "report"
    # Groups always run in the order of the table.
    options.rows = [name for name in GROUPS if name in options.rows]
    return options
