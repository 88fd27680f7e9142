"""A search that makes the files that are derived from the index."""

import hashlib
import json

from faults.bench import Command, options
from tool import Failure

DERIVED = ("moments.bin", "clips.bin", "scenes.bin", "empty.bin")


class Search(Command):
    """A first search by scenes, which needs all of the derived files and finds none."""

    name = "search"

    def prepare(self, bench, place):
        super().prepare(bench, place)
        for name in DERIVED:
            (place / "index" / name).unlink(missing_ok=True)

    def start(self, bench, place, fault=None):
        return bench.run("search", bench.videos / "0.mp4", bench.videos / "1.mp4", "--granularity", "scene", "--json",
                         *options(bench, place), fault=fault, below=self.below(place))

    @staticmethod
    def answer(outcome):
        """What was printed, but for how long it took."""
        lines = [json.loads(line) for line in outcome.output.splitlines()]
        for line in lines:
            line.pop("elapsed_ms")
        return json.dumps(lines, sort_keys=True)

    @staticmethod
    def files(place):
        """The derived files with their hashes."""
        found = {name: place / "index" / name for name in DERIVED if (place / "index" / name).exists()}
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()}

    def check(self, bench, place, outcome, wanted):
        """Raises where the answer or a file is wrong; a file that could not be written may be missing."""
        answer, files = json.loads(wanted)
        if (outcome.status == 0 or outcome.output) and self.answer(outcome) != answer:
            raise Failure(f"it answered otherwise than without a fault: {outcome.output[:500]}")
        for name, found in self.files(place).items():
            if found != files[name]:
                raise Failure(f"{name} has its name and is not what it is without a fault")

    def check_again(self, bench, place, outcome, again, wanted):
        """Every file is made by the next search, and the next writer clears away what was half made."""
        missing = set(json.loads(wanted)[1]) - set(self.files(place))
        if missing:
            raise Failure(f"the next search made no {', '.join(sorted(missing))}")
        bench.run("index", bench.videos, *options(bench, place))
        left = sorted(path.name for path in (place / "index").glob("moments.*.tmp"))
        if left:
            raise Failure(f"the next writer left {', '.join(left)}")

    def state(self, bench, place):
        """The answer and the derived files, to the bit."""
        return json.dumps([self.answer(self.start(bench, place)), self.files(place)])


COMMANDS = (Search(),)
