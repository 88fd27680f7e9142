#!/usr/bin/env python3
"""Says which targets of Package.swift import what they do not declare, or declare what they do not import.

With --list it shows the targets and what they import, in their order. The compiler's own check
(`--explicit-target-dependency-import-check`) sees the first of both faults alone, and only where it builds.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Modules of the system and of Swift's toolchain, which no package declares.
SYSTEM = {
    "Darwin", "Dispatch", "Foundation", "FoundationEssentials", "FoundationNetworking", "FoundationXML", "Glibc", "Swift",
    "Synchronization", "Testing", "PackageDescription",
}
# Libraries whose functions another target defines: it loads them when they are first called.
LOADED_BY = {"CFFmpeg": "CLazyLibraries", "COpenBLAS": "CLazyLibraries", "CPostgres": "CLazyLibraries"}
MOST_NAMES = 20
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+"
    r"(?:(?:typealias|struct|class|enum|protocol|let|var|func)\s+)?(\w+)", re.MULTILINE)


def read_package():
    # With the fuzzer's program, which is there only where its library is named.
    done = subprocess.run(
        ["swift", "package", "dump-package"], cwd=ROOT, env=os.environ | {"MIXTAPE_LIBFUZZER": os.devnull},
        stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["targets"]


def declared(target):
    """The names of modules: a product here is named as the one module in it."""
    return [next(iter(dependency.values()))[0] for dependency in target["dependencies"]]


def folder(target):
    parent = "Tests" if target["type"] == "test" else "Sources"
    return ROOT / (target.get("path") or f"{parent}/{target['name']}")


def imported(target):
    names = set()
    for file in folder(target).rglob("*.swift"):
        names |= set(IMPORT.findall(file.read_text()))
    names -= SYSTEM | {target["name"]}
    return names | {LOADED_BY[name] for name in names if name in LOADED_BY}


def faults(targets):
    own = {target["name"] for target in targets}
    above = set()
    for target in targets:
        name, says = target["name"], declared(target)
        uses = imported(target)
        for other in sorted(uses - set(says)):
            yield f"{name}: imports {other}, which its dependencies do not name"
        for other in sorted(set(says) - uses):
            yield f"{name}: declares {other}, which it does not import"
        for other in says:
            if says.count(other) > 1:
                yield f"{name}: declares {other} twice"
            if other in own and other not in above:
                yield f"{name}: depends on {other}, which does not stand above it in Package.swift"
        above.add(name)
    names = [path.name for path in (ROOT / "Sources").iterdir() if not path.name.startswith(".")]
    if len(names) > MOST_NAMES:
        yield f"Sources: {len(names)} names, of at most {MOST_NAMES}"


def show(targets):
    """A line each, of those that are no C and no tests."""
    for target in targets:
        if target["type"] in ("regular", "executable") and folder(target).parent == ROOT / "Sources":
            print(f"{target['name']:15} {' '.join(declared(target))}")


def main():
    targets = read_package()
    if "--list" in sys.argv[1:]:
        show(targets)
    found = sorted(set(faults(targets)))
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    if found:
        print("hint: see \"targets\" in Package.swift", file=sys.stderr)
    return 1 if found else 0


sys.exit(main())
