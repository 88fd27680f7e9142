"""The one table, as text for the terminal and as Markdown."""

import datetime
import shlex
import subprocess
import sys
import textwrap

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
    (options.out / NAME).write_text(markdown(options, facts, store, rows))
    return table(rows) + "".join(f"skipped: {line}\n" for line in skipped_lines(store))


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


def markdown(options, facts, store, rows):
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
        for value in (value for value in kept["settings"]["values"] if kept["seconds"].get(str(value))):
            seconds, peak = growth.point(kept, value)
            parts.append(
                f"| {kept['title']} | {value:,} {kept['axis']} | {contest.number(seconds)} s | {peak / 1e6:.0f} MB |")
    return parts + [""]


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
