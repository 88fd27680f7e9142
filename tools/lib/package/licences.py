"""The licences of what is linked into the program."""

import json
import re
import shutil
from pathlib import Path

from tool import ROOT, Failure

FILES = re.compile(r"(?i)^(licen[cs]e|notice|copying)(\..*)?$")


def linked_packages(build):
    """The folders of the Swift packages that the program's objects are from."""
    objects = (build / "mixtape.product/Objects.LinkFileList").read_text()
    found = set()
    for target in set(re.findall(r"/([^/\n]+)\.build/", objects)):
        folder = build / f"{target}.build"
        for file in [folder / "sources", *folder.glob("*.d")]:
            if file.exists():
                found |= set(re.findall(r"/checkouts/([^/\n]+)/", file.read_text(errors="replace")))
    if not found:
        raise Failure(f"{build}: does not tell which packages the program is made of")
    return [checkouts(build) / name for name in sorted(found, key=str.lower)]


def checkouts(build):
    return next(parent for parent in build.parents if (parent / "checkouts").is_dir()) / "checkouts"


def versions(build):
    state = json.loads((checkouts(build).parent / "workspace-state.json").read_text())
    return {package["subpath"]: package["state"]["checkoutState"].get("version", "")
            for package in state["object"]["dependencies"]}


def swift_licence():
    swift = shutil.which("swift")
    for folder in Path(swift).resolve().parents if swift else ():
        if (folder / "share/swift/LICENSE.txt").exists():
            return folder / "share/swift/LICENSE.txt"
    raise Failure("the licence of Swift's toolchain is not found", "install Swift from https://swift.org/install")


def collect(program):
    """(names with versions, holders of copyrights, all texts) of what is linked into the program."""
    build = Path(program).resolve().parent
    known = versions(build)
    names, holders, texts = [], set(), []

    def add(title, file):
        text = file.read_text(errors="replace").strip()
        texts.append(f"{'=' * 78}\n{title}\n{'=' * 78}\n\n{text}\n")
        holders.update(re.findall(r"(?m)^\s*Copyright (?:\(c\)|\(C\)|©)? *[0-9, -]* *(?:by )?([A-Z][^\n]*?)\.?(?: All rights.*)?$", text))

    add("Swift: the standard library, Dispatch, Foundation", swift_licence())
    add("ICU, as Foundation uses it", ROOT / "tools/packaging/unicode-licence.txt")
    for package in linked_packages(build):
        names.append(f"{package.name} {known[package.name]}".strip())
        files = [file for file in sorted(package.iterdir()) if FILES.match(file.name)]
        files += [file for file in sorted((package / "Sources").glob("**/*")) if FILES.match(file.name)]
        if not files:
            raise Failure(f"{package}: has no licence")
        for file in files:
            add(f"{names[-1]}: {file.relative_to(package)}", file)
    return names, sorted(holders), "\n".join(texts)
