"""The program, the layer in front of it, and the places that they work in."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import namedtuple
from pathlib import Path

from tool import Failure, run
from videos import draw_small

KINDS = ("kill", "torn", "short", "eintr", "eio", "enospc", "signal")
# Of commands that act on the user's own files: what else befalls those.
OTHERS = ("eacces", "exdev", "gone", "changed", "linked", "kept")
LAYER = Path(__file__).resolve().parent / "inject.c"
VIDEOS = tuple(f"{number}.mp4" for number in range(6))
# Longer than any command takes, by far.
SECONDS = 120

# Which call goes wrong and how; of the kind "signal", after how many milliseconds.
Fault = namedtuple("Fault", "at kind")
COUNTED = Fault(0, "count")
# How a run of the program ended, what it said, and the call that went wrong with its file ("" where none did).
Outcome = namedtuple("Outcome", "status output errors call")


def compile_layer(folder):
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None:
        raise Failure("no C compiler", "install gcc")
    target = folder / "inject.so"
    run(compiler, "-shared", "-fPIC", "-O1", "-o", target, LAYER, "-ldl")
    return target


class Screen:
    """A terminal of the program's own, for what it says on one alone: where it stands, ten times a second."""

    def __init__(self):
        self.ours, self.its = os.openpty()
        self.parts = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                part = os.read(self.ours, 4096)
            except OSError:
                # Nobody has it open for writing any more.
                return
            self.parts.append(part)

    def text(self):
        """What was written; the program must have ended, and its side be closed here."""
        # A worker process that outlives the program for a moment keeps it open.
        self.reader.join(10)
        os.close(self.ours)
        return b"".join(self.parts).decode(errors="replace")


class Bench:
    """The program, six videos and a model."""

    def __init__(self, mixtape, work):
        self.mixtape, self.work = mixtape, work
        self.layer = compile_layer(work)
        self.counts, self.note = work / "count", work / "note"
        self.model, self.videos = work / "model", work / "videos"
        self.run("model", "create", self.model, "--width", "4", "--dimension", "16")
        # A model with scores: the index then keeps what clips that show nothing are like, in a file more.
        pairs = work / "pairs.csv"
        pairs.write_text("query,distance,shares\n" + "".join(
            f"{query},{distance},{int(distance < 9)}\n" for query in "ab" for distance in (0, 1, 50, 60)))
        self.run("model", "calibrate", self.model, "--pairs", pairs, "--precision", "0.5")
        for number, name in enumerate(VIDEOS):
            # One of several clips, so that there are scenes.
            draw_small(self.videos / name, "64x48", 8, 6 if number == 0 else 2, 47 * number)
        # Files of their own for the command that is told of files that are gone.
        self.shrinking = work / "shrinking"
        shutil.copytree(self.videos, self.shrinking)

    def run(self, *arguments, fault=None, below=None, may_fail=False, on_screen=False, pause=0, variables=None):
        """Runs the program. Without a fault (calls may be counted) it must end well, unless it may fail."""
        environment = {**os.environ, **(variables or {})}
        if fault:
            self.note.unlink(missing_ok=True)
            environment.update({
                "LD_PRELOAD": str(self.layer), "MIXTAPE_FAULT_BELOW": str(below), "MIXTAPE_FAULT_PAUSE": str(pause),
                "MIXTAPE_FAULT_COUNT": str(self.counts), "MIXTAPE_FAULT_NOTE": str(self.note),
                "MIXTAPE_FAULT_AT": "0" if fault.kind == "signal" else str(fault.at), "MIXTAPE_FAULT_KIND": fault.kind})
        seconds = fault.at / 1000 if fault and fault.kind == "signal" else None
        status, output, errors = self.run_for(seconds, arguments, environment, on_screen)
        if status != 0 and not may_fail and fault in (None, COUNTED):
            raise Failure(f"mixtape {' '.join(map(str, arguments))}: status {status}: {errors[-500:]}")
        call = self.note.read_text().strip() if fault and self.note.exists() else ""
        return Outcome(status, output, errors, call)

    def run_for(self, seconds, arguments, environment, on_screen):
        """Kills the program and its workers after so many seconds (None: never), where it has not ended by then."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            screen = Screen() if on_screen else None
            process = subprocess.Popen(
                [self.mixtape, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=output,
                stderr=screen.its if screen else errors, env=environment, start_new_session=True)
            if screen:
                os.close(screen.its)
            try:
                process.wait(SECONDS if seconds is None else seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                if seconds is None:
                    raise
            finally:
                status = process.wait()
                said = screen.text() if screen else ""
            output.seek(0)
            errors.seek(0)
            said += errors.read().decode(errors="replace")
            return status, output.read().decode(errors="replace"), said

    def counted(self):
        """How many calls the last run made that change files, and how many files it opened for writing by stdio."""
        return tuple(int(number) for number in self.counts.read_text().split())


def options(bench, place):
    return ["--index", place / "index", "--model", bench.model]


def is_done(outcome):
    """Whether the program said so: by its status, or in words before something ended it."""
    return outcome.status == 0 or outcome.output.strip() != ""


class Command:
    """A command of the program, and what must be true after it. Those on an index begin with an index of all videos."""

    # The folder whose calls count.
    counts = "index"
    # What befalls it.
    kinds = KINDS

    def prepare(self, bench, place):
        """The folder `place` as it is before the command."""
        place.mkdir()
        bench.run("index", bench.videos, *options(bench, place))

    def below(self, place):
        return place / self.counts

    def check_again(self, bench, place, outcome, again, wanted):
        """Raises where the next run did wrong, beside what every run is checked for."""
