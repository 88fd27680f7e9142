"""How time and memory of indexing grow."""

import os
import statistics

from bench import material
from bench.groups.indexing import index
from tool import note

TITLE = "Growth"
NOTE = "Medians of whole `mixtape index` processes, from nothing to a finished index; memory is the most that one held."
GROUP = "growth"


def measure(bench):
    folder, count, words = material.small_videos(bench.options)
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    parts = sorted({max(1, count // divisor) for divisor in ((4, 1) if bench.quick else (16, 8, 4, 2, 1))})
    series(
        bench, f"indexing small videos ({words})", "videos", parts,
        lambda number: index(bench, files[0], *files[1:number], name="growth"))
    lengths = [4, 16] if bench.quick else [10, 40, 160, 640]
    series(
        bench, "indexing one long video (180 lines high)", "clips", [length // 2 for length in lengths],
        lambda clips: index(bench, material.long_file(bench.work / "videos", 2 * clips), name="growth"))
    available = len(os.sched_getaffinity(0))
    counts = sorted({min(available, 2 ** power) for power in range(12)})
    some = files[:max(1, count // 2)]
    series(
        bench, f"indexing {len(some)} small videos", "processors", counts,
        lambda number: index(bench, some[0], *some[1:], processors=number, name="growth"))


def series(bench, title, axis, values, run):
    """Medians over the rounds, taken in turns over the values so that a busy minute does not hit one alone."""
    key = f"{GROUP}: {title}"
    rounds = min(3, bench.options.rounds)
    settings = {"values": values, "threads": bench.threads, "model": str(bench.options.model)}
    kept = bench.store.series.get(key)
    if not kept or kept["settings"] != settings:
        kept = {"group": GROUP, "title": title, "axis": axis, "settings": settings, "seconds": {}, "peaks": {}}
    bench.store.series[key] = kept
    for turn in range(rounds):
        for value in values:
            times = kept["seconds"].setdefault(str(value), [])
            if len(times) > turn:
                continue
            taken = run(value)
            times.append(taken.seconds)
            kept["peaks"].setdefault(str(value), []).append(taken.peak)
            bench.store.save()
    for value in values:
        seconds, peak = point(kept, value)
        note(f"growth: {title}: {value} {axis}: {seconds:.2f} s, {peak / 1e6:.0f} MB")


def point(kept, value):
    """Median seconds and the largest peak, in bytes."""
    return statistics.median(kept["seconds"][str(value)]), max(kept["peaks"][str(value)])
