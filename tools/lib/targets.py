#!/usr/bin/env python3
"""Write the list of targets in CONTRIBUTING.md anew, from Package.swift; with --check only compare.

The list stands between two markers: each target of Sources in the order of Package.swift, with what it imports. --check
fails where the list is old, or where the table above it lacks a target. Needs swift; builds nothing.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- targets: written by tools/lib/targets.py -->", "<!-- end of targets -->"


def targets():
    """(name, imports) of each target of Sources, in the order of Package.swift; products go by their own names."""
    done = subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, check=True, capture_output=True, text=True)
    found = []
    for target in json.loads(done.stdout)["targets"]:
        path = target.get("path") or f"Sources/{target['name']}"
        if target["type"] != "test" and path.startswith("Sources/"):
            found.append((target["name"], [next(iter(d.values()))[0] for d in target["dependencies"]]))
    return found


def listing(found):
    width = max(len(name) for name, _ in found)
    lines = []
    for name, imports in found:
        line = f"{name:<{width}}"
        for number, other in enumerate(imports):
            word = (" ← " if number == 0 else ", ") + other
            if len(line) + len(word) > 116:
                lines.append(line + ",")
                line, word = " " * width, "   " + other
            line += word
        lines.append(line.rstrip())
    return "\n".join(["```text", *lines, "```"])


def main():
    parser = argparse.ArgumentParser(
        prog="tools/lib/targets.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is old")
    options = parser.parse_args()
    text = PAGE.read_text()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    found = targets()
    missing = [name for name, _ in found if f"`{name}`" not in before]
    if missing:
        print(f"error: the table of CONTRIBUTING.md lacks {', '.join(missing)}", file=sys.stderr)
        return 1
    new = f"{before}{BEGIN}\n{listing(found)}\n{END}{after}"
    if new == text:
        return 0
    if options.check:
        print("error: the list of targets in CONTRIBUTING.md is old\nhint: run tools/lib/targets.py", file=sys.stderr)
        return 1
    PAGE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
