#!/usr/bin/env python3
"""Prints the program's version, and fails where something else names another one.

The version is in Sources/Service/Protocol/ProgramVersion.swift. CHANGELOG.md must have a dated section of it, first below
[Unreleased]; the Python client and the examples of the pages must name it too.
"""

import re
import sys
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "Sources/Service/Protocol/ProgramVersion.swift"
# Whatever stands in brackets must be the version; each file has at least one.
OTHERS = {
    "clients/python/pyproject.toml": r'^version = "(.*)"$',
    "clients/python/mixtape/__init__.py": r'^__version__ = "(.*)"$',
    "docs/protocol.md": r'"version":"(.*?)"',
    "docs/http.md": r'"version":"(.*?)"',
}

# Of CHANGELOG.md: "0.2.0" or "Unreleased", "2026-12-01" or "", and the lines below the heading.
Section = namedtuple("Section", "name date text")


def version():
    return re.search(r'let text = "(.*)"', (ROOT / SOURCE).read_text())[1]


def sections():
    parts = re.split(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    return [Section(name, date or "", text.strip()) for name, date, text in zip(*(parts[i::3] for i in (1, 2, 3)))]


def faults():
    wanted = version()
    released = [section for section in sections() if section.name != "Unreleased"]
    if not released or released[0].name != wanted:
        yield f"CHANGELOG.md: its first section below [Unreleased] is not [{wanted}]"
    elif not released[0].date or not released[0].text:
        yield f"CHANGELOG.md: the section [{wanted}] has no date, or nothing in it"
    for path, pattern in OTHERS.items():
        found = re.findall(pattern, (ROOT / path).read_text(), flags=re.MULTILINE)
        if set(found) != {wanted}:
            yield f"{path}: names {', '.join(found) or 'no version'}, and {SOURCE} {wanted}"


def main():
    found = list(faults())
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    if not found:
        print(version())
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
