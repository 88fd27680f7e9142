"""The one table, as text for the terminal and as Markdown with plots."""

import datetime
import shlex
import statistics
import subprocess
import sys
import textwrap

import svg
from bench import contest
from bench.groups import GROUPS, growth

NAME = "benchmarks.md"
WRAP = 118


def write(options, facts, store):
    """Writes the report's files; returns the table for the terminal."""
    rows = {
        group: [row for kept in store.contests.values() if kept["group"] == group for row in contest.rows(kept)]
        for group in GROUPS
    }
    options.out.mkdir(parents=True, exist_ok=True)
    plots = []
    if any(rows.values()):
        plots.append(("bench-ratios.svg", "ratios of all rows", ratios(rows)))
    grown = growth_plots(store)
    if grown:
        plots.append(("bench-growth.svg", "time and peak memory as things grow", grown))
    for name, _, content in plots:
        (options.out / name).write_text(content)
    (options.out / NAME).write_text(markdown(options, facts, store, rows, plots))
    return table(rows) + skipped_text(store)


def table(rows):
    """All rows, aligned."""
    cells = [("what", "ours", "peer", "", "ratio", "of all rounds")]
    for group, found in rows.items():
        for row in found:
            cells.append((
                f"{row.group}: {row.title}", row.ours, row.peer, row.theirs, f"{row.ratio:.2f}×",
                f"{row.low:.2f}–{row.high:.2f}"))
    if len(cells) == 1:
        return "no rows\n"
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    left = (0, 2)
    return "".join(
        "  ".join(cell.ljust(width) if column in left else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(line, widths))).rstrip() + "\n"
        for line in cells)


def skipped_lines(store):
    """What was left out, each thing once."""
    found = []
    for group, lines in store.skipped.items():
        found += [f"{group}: {line}" for line in lines]
    for kept in store.contests.values():
        for peer, reason in kept["absent"].items():
            found.append(f"{kept['group']}: {peer}: {reason}")
    return list(dict.fromkeys(found))


def skipped_text(store):
    return "".join(f"skipped: {line}\n" for line in skipped_lines(store))


def markdown(options, facts, store, rows, plots):
    now = datetime.date.today().isoformat()
    instructions = ", ".join(facts["instructions"]) or "no vector extensions that matter here"
    versions = ", ".join(
        f"{name} {version}" for name, version in store.versions.items() if name not in ("onnx", "onnxscript"))
    parts = [
        "# Benchmarks", "",
        wrapped(
            f"Written by `{command(options)}` on {now}. Every row is ours against one peer on the same input: both are "
            "timed one after the other, again and again, and the ratio is the median over the rounds of the peer's "
            "time divided by ours. **Above 1, ours is faster.** Beside it are the smallest and the largest round."), "",
        wrapped(
            f"{facts['processor']}, {facts['processors']} processors ({instructions}), {facts['memory_gb']:g} GB of "
            f"memory; load at the start {facts['load']:g}. {ffmpeg_version()}; {versions or 'no Python peers'}."), "",
    ]
    if options.quick:
        parts += ["**A quick run: sizes are small, and the figures mean little.**", ""]
    for name, words, _ in plots:
        parts += [f"![{words}]({name})", ""]
    parts += ["| what | ours | peer | | ratio | rounds: least – most | remarks |", "|---|---:|---|---:|---:|---:|---|"]
    for group, found in rows.items():
        for number, row in enumerate(found):
            lead = f"**{GROUPS[group].TITLE}:** " if number == 0 else ""
            strong = "**" if row.ratio >= 1 else ""
            remarks = "; ".join(f"{whose}: {label} {contest.number(value)}" for whose, label, value in row.remarks)
            parts.append(
                f"| {lead}{row.title} | {row.ours} | {row.peer} | {row.theirs} | {strong}{row.ratio:.2f}{strong} | "
                f"{row.rounds}: {row.low:.2f} – {row.high:.2f} | {remarks} |")
    parts.append("")
    if store.series:
        parts += growth_table(store)
    parts += ["## What is measured", ""]
    for group, module in GROUPS.items():
        if rows[group] or group in {kept["group"] for kept in store.series.values()}:
            parts += [wrapped(f"- **{module.TITLE}.** {module.NOTE}", "  ")]
    skipped = skipped_lines(store)
    if skipped:
        parts += ["", "## Left out", ""] + [wrapped(f"- {line}", "  ") for line in skipped]
    return "\n".join(parts).rstrip() + "\n"


def growth_table(store):
    parts = ["| growth | | time | peak memory |", "|---|---:|---:|---:|"]
    for kept in store.series.values():
        for value in measured(kept):
            seconds, peak = growth.point(kept, value)
            parts.append(
                f"| {kept['title']} | {value:,} {kept['axis']} | {contest.number(seconds)} s | {peak / 1e6:.0f} MB |")
    return parts + [""]


def measured(kept):
    return [value for value in kept["settings"]["values"] if kept["seconds"].get(str(value))]


def ratios(rows):
    sections = [
        (GROUPS[group].TITLE, [(f"{row.title} — {row.peer}", row.ratio, row.low, row.high) for row in found])
        for group, found in rows.items() if found
    ]
    return svg.bars("Peer's time over ours (median over the rounds; above 1, ours is faster)", sections)


def growth_plots(store):
    """Two columns, time and memory, a row a series; then searching and ranking over the number of videos."""
    grid = []
    for kept in store.series.values():
        points = [(value, *growth.point(kept, value)) for value in measured(kept)]
        if len(points) < 2:
            continue
        grid.append([
            svg.Panel(kept["title"], kept["axis"], label, [("", [(point[0], point[at] / scale) for point in points])])
            for label, at, scale in (("seconds", 1, 1), ("peak memory, MB", 2, 1e6))
        ])
    grid += searching_panels(store) + ranking_panels(store)
    return svg.panels(grid) if grid else None


def searching_panels(store):
    times, memory = {}, {}
    for kept in store.contests.values():
        if kept["group"] != "searching" or not kept["title"].startswith("one-shot"):
            continue
        videos = kept["settings"]["videos"]
        for row in contest.rows(kept):
            for name in (contest.OURS, row.peer):
                seconds = statistics.median(turn[name] for turn in kept["rounds"] if name in turn)
                times.setdefault(name, []).append((videos, 1000 * seconds))
                peaks = kept["remarks"].get(name, {}).get("peak memory in MB")
                if peaks:
                    memory.setdefault(name, []).append((videos, max(peaks)))
    if not times:
        return []
    return [[
        svg.Panel("one-shot search of an indexed video", "videos", "milliseconds", list(times.items())),
        svg.Panel("one-shot search of an indexed video", "videos", "peak memory, MB", list(memory.items())),
    ]]


def ranking_panels(store):
    panels = {}
    for kept in store.contests.values():
        settings = kept["settings"]
        if kept["group"] != "ranking" or "queries" not in settings or settings["options"]:
            continue
        curves = panels.setdefault(settings["queries"], {})
        for name in kept["names"]:
            times = [turn[name] for turn in kept["rounds"] if name in turn]
            if times:
                label = f"{name}, {settings['threads']} thread{'s' if settings['threads'] > 1 else ''}"
                curves.setdefault(label, []).append((settings["videos"], 1000 * statistics.median(times)))
    row = [
        svg.Panel(f"exact ranking, {queries} quer{'y' if queries == 1 else 'ies'}", "videos", "milliseconds",
                  list(curves.items()))
        for queries, curves in sorted(panels.items())
    ]
    return [row] if row else []


def command(options):
    """The command line without what names places of this machine."""
    kept, skip = [], False
    for word in sys.argv[1:]:
        if skip or word.split("=")[0] in PLACES:
            skip = not skip and "=" not in word
            continue
        kept.append(word)
    return shlex.join(["tools/measure/bench", *kept])


PLACES = {"--venv", "--python", "--work", "--out", "--mixtape", "--videos", "--model"}


def ffmpeg_version():
    done = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True)
    words = done.stdout.split()
    return f"FFmpeg {words[2]}" if len(words) > 2 else "no FFmpeg program"


def wrapped(words, indent=""):
    return textwrap.fill(words, WRAP, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
