"""Commands that move, link and delete the user's own files: no content may ever be gone with its last copy."""

import hashlib
import json
import os
import shutil

from faults.bench import COUNTED, KINDS, OTHERS, Command, is_done
from tool import Failure

# File, action, and which of the videos it is; the kept file is video 0.
STEPS = (
    ("a/copy.mp4", "trash", 0), ("b/other.mp4", "trash", 1), ("a/moved.mp4", "move", 2), ("b/linked.mp4", "hardlink", 0),
    ("c/named.mp4", "symlink", 0), ("c/deleted.mp4", "delete", 0))
KEPT = "kept/film.mp4"
# What the layer writes where another program interferes.
FOREIGN = hashlib.sha256(b"another program's file").hexdigest()
INTERFERING = ("changed", "linked", "kept")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fingerprint(path):
    # Of files up to 16 MiB it is the SHA-256 of the whole.
    return digest(path)


class Apply(Command):
    """A plan of every action, applied."""

    name, counts, kinds = "apply", ".", KINDS + OTHERS
    # Decodes the kept file where contents differ, and has an index follow.
    is_thorough = False
    actions = ("trash", "move", "hardlink", "symlink", "delete")

    def __init__(self):
        self.kind = None

    def prepare(self, bench, place):
        library = place / "library"
        for name, _, video in (*self.steps(), (KEPT, "", 0), ("c/bystander.mp4", "", 3)):
            (library / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(bench.videos / f"{video}.mp4", library / name)
            # A file for each step, where another program puts a link in place of the folder.
            (place / "decoy").mkdir(exist_ok=True)
            (place / "decoy" / os.path.basename(name)).write_text(f"a decoy of {name}")
        for path in sorted(library.rglob("*")) + [library]:
            os.utime(path, ns=(10**18, 10**18 + 12345))

    def steps(self):
        return [step for step in STEPS if step[1] in self.actions]

    def below(self, place):
        return place

    def write_plan(self, place):
        def seen(name, prefix=""):
            path = place / "library" / name
            facts = path.stat()
            return {prefix + "size": facts.st_size, prefix + "modified": facts.st_mtime_ns,
                    prefix + "fingerprint": fingerprint(path)}
        steps = [{
            "file": str(place / "library" / name), "keep": str(place / "library" / KEPT), "score": 1,
            "action": f"move={place / 'away'}" if action == "move" else action, **seen(name), **seen(KEPT, "keep_")}
            for name, action, _ in self.steps()]
        (place / "plan.json").write_text(json.dumps({"mixtape_plan": 1, "steps": steps}))

    def run(self, bench, place, words, fault=None):
        self.kind = fault.kind if fault else self.kind
        places = ["--index", place / "index", "--model", bench.model]
        return bench.run(
            *words, *places, fault=fault, below=self.below(place), may_fail=fault != COUNTED, variables={
                "XDG_DATA_HOME": str(place / "home"), "MIXTAPE_FAULT_CHANGE": str(place / "library"),
                "MIXTAPE_FAULT_DECOY": str(place / "decoy"), "MIXTAPE_FAULT_KEPT": str(place / "library" / KEPT)})

    def apply(self, bench, place, fault=None):
        if not (place / "plan.json").exists():
            if self.is_thorough:
                bench.run("index", place / "library", "--index", place / "index", "--model", bench.model)
            self.write_plan(place)
        verify = [] if self.is_thorough else ["--verify", "quick"]
        return self.run(
            bench, place, ["apply", place / "plan.json", "--yes", "--journal", place / "journal", *verify], fault)

    def start(self, bench, place, fault=None):
        return self.apply(bench, place, fault)

    def check(self, bench, place, outcome, wanted):
        """Raises where a content is gone, or where what was said to be done is not."""
        there = {digest(path) for path in place.rglob("*") if path.is_file() and not path.is_symlink()}
        # Behind a link that was put in place of a folder lies nothing of ours.
        originals = {digest(bench.videos / f"{number}.mp4") for number in {0, 3, *(step[2] for step in self.steps())}}
        originals |= {hashlib.sha256(f"a decoy of {name}".encode()).hexdigest() for name, *_ in self.steps()}
        if self.kind in ("changed", "kept") and outcome.call:
            originals.add(FOREIGN)
        if originals - there:
            raise Failure(f"{len(originals - there)} contents are gone with their last copy: {sorted(originals - there)}")
        if self.kind not in INTERFERING and is_done(outcome) and outcome.status == 0 and self.state(bench, place) != wanted:
            raise Failure(f"it said it was done, and there is: {self.state(bench, place)}")

    def check_again(self, bench, place, outcome, again, wanted):
        if self.kind in INTERFERING:
            if again.status not in (0, 1):
                raise Failure(f"the next run ended with status {again.status}")
            return
        if again.status != 0:
            raise Failure(f"the next run did not finish: {again.errors}")
        state = self.state(bench, place)
        if state != wanted:
            raise Failure(f"after the next run there is: {state}")
        left = [str(path) for path in place.rglob(".mixtape-*")]
        if left:
            raise Failure(f"the next run left {left}")

    has_times = False

    def state(self, bench, place):
        """Every file below the library and where files go, with its kind and content, and where it counts its time."""
        lines = []
        for top in ("library", "away", "home/Trash/files"):
            for path in [place / top, *sorted((place / top).rglob("*"))]:
                if not os.path.lexists(path):
                    continue
                facts = path.lstat()
                what = os.readlink(path).replace(str(place), "") if path.is_symlink() \
                    else digest(path) if path.is_file() else "folder"
                time = facts.st_mtime_ns if self.has_times and top == "library" else ""
                lines.append(f"{path.relative_to(place)} {what} {oct(facts.st_mode)} {facts.st_nlink if path.is_file() else ''} {time}")
        if self.is_thorough:
            listed = bench.run("list", "--json", "--index", place / "index", "--model", bench.model, may_fail=True)
            lines += [line.replace(str(place), "") for line in self.listed(listed.output)]
        return "\n".join(lines)

    @staticmethod
    def listed(output):
        return sorted(json.dumps(video["path"]) for line in output.splitlines() for video in json.loads(line).get("videos", []))


class ThoroughApply(Apply):
    name, is_thorough = "apply, with an index", True


class Undo(Apply):
    """The same, taken back: the tree must be what it was, times and all."""

    name, has_times = "undo", True
    actions = ("trash", "move", "hardlink", "symlink")

    def start(self, bench, place, fault=None):
        if not (place / "journal").exists():
            if self.apply(bench, place).status != 0:
                raise Failure("the plan could not be applied")
            self.interrupt(place / "journal")
        return self.run(bench, place, ["undo", place / "journal"], fault)

    def interrupt(self, journal):
        """What becomes of the journal before."""

    def state(self, bench, place):
        # What is left of the trash and of the other folder is empty.
        return "\n".join(line for line in super().state(bench, place).splitlines() if line.startswith("library"))


class UndoOfInterrupted(Undo):
    """The same where the plan's last step was taken, and nobody wrote that down."""

    name = "undo, of an interrupted apply"

    def interrupt(self, journal):
        lines = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(lines[:-1]))


COMMANDS = (Apply(), ThoroughApply(), Undo(), UndoOfInterrupted())
