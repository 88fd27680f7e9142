"""Commands that write a folder of their own: an export, and a training with its checkpoints."""

import hashlib
import json
import re

from faults.bench import Command, is_done, options
from tool import Failure

STEPS = 4


class Export(Command):
    name, counts = "export", "out"

    def prepare(self, bench, place):
        super().prepare(bench, place)
        (place / "out").mkdir()

    def start(self, bench, place, fault=None):
        return bench.run("export", place / "out" / "arrays", *options(bench, place), fault=fault, below=self.below(place))

    def check(self, bench, place, outcome, wanted):
        """Raises where the folder is not what it may be after the run."""
        state = self.state(bench, place)
        # A file has its name only when it is whole.
        wrong = set(state.splitlines()) - set(wanted.splitlines())
        if wrong:
            raise Failure(f"differs from what it is without a fault: {sorted(wrong)}")
        if is_done(outcome) and state != wanted:
            raise Failure(f"it said it was done, and there is only: {state}")

    def state(self, bench, place):
        """The files that must be the same to the bit, with their hashes."""
        files = sorted(path for path in (place / "out").rglob("*")
                       if path.suffix in {".npy", ".csv", ".txt", ".safetensors", ".json", ".md"}
                       and not path.name.startswith((".", "checkpoint")))
        def digest(path):
            # Each run has a folder of its own, which a training writes down.
            content = self.content(path).replace(str(place).encode(), b"PLACE")
            return hashlib.sha256(content).hexdigest()

        return "\n".join(f"{path.relative_to(place)} {digest(path)}" for path in files)

    @staticmethod
    def content(path):
        """What must be the same of a file."""
        return path.read_bytes()


class Training(Export):
    """A run from a checkpoint gives what a run from the first step gives: whether it was lost is told by what is said."""

    name = "train"

    def prepare(self, bench, place):
        (place / "out").mkdir(parents=True)

    def start(self, bench, place, fault=None):
        # One thread: threads that wait for each other take many times as long where others use the processors.
        command = [
            "train", bench.videos, "--out", place / "out" / "model", "--cache", place / "cache", "--width", "4",
            "--size", "32", "--steps", STEPS, "--videos", "2", "--clips", "1", "--checkpoint-every", "1", "--log-every", "1",
            "--threads", "1"]
        if self.checkpoint(place).exists():
            command.append("--resume")
        return bench.run(*command, fault=fault, below=self.below(place))

    @staticmethod
    def checkpoint(place):
        return place / "out" / "model" / "checkpoint.safetensors"

    @staticmethod
    def saved(outcome):
        """The step that a checkpoint must be of at least, by what the run said. A step's line comes before its checkpoint."""
        said = [int(step) for step in re.findall(rf"^step (\d+)/{STEPS},", outcome.errors, re.MULTILINE)]
        return STEPS if is_done(outcome) else max(said, default=0) - 1

    def check(self, bench, place, outcome, wanted):
        super().check(bench, place, outcome, wanted)
        saved = self.saved(outcome)
        if saved >= 1 and not self.checkpoint(place).exists():
            raise Failure(f"step {saved} and its checkpoint were done, and there is no checkpoint")
        if is_done(outcome):
            lines = (place / "out" / "model" / "log.jsonl").read_text().splitlines()
            logged = [json.loads(line)["step"] for line in lines]
            if logged != list(range(1, STEPS + 1)):
                raise Failure(f"it said it was done, and its log is of the steps {logged}")

    def check_again(self, bench, place, outcome, again, wanted):
        """The next run reads the checkpoint, every byte of which a checksum covers, and says where it goes on."""
        resumed = re.search(r"^resumed at step (\d+) ", again.errors, re.MULTILINE)
        step = int(resumed.group(1)) if resumed else 0
        if step < self.saved(outcome):
            raise Failure(f"step {self.saved(outcome)} and its checkpoint were done, and the next run went on from {step}")


COMMANDS = (Export(), Training())
