"""The program that is measured, and what the groups share."""

import hashlib
import json
import subprocess
from pathlib import Path

import tool
from bench.contest import OURS, Contest, Unavailable
from bench.machine import multiplies_bfloat16, timed
from bench.worker import Worker
from tool import note


class Program:
    """The mixtape program."""

    def __init__(self, path=None):
        self.path = Path(tool.program(path))
        self.fingerprint = hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]

    def benchmark(self, *arguments, processors=None):
        """What `mixtape benchmark … --json` says."""
        return json.loads(timed([self.path, "benchmark", *arguments, "--json"], processors).output)

    def knows(self, command, option=""):
        """Whether the program has a benchmark of that name, and the option."""
        done = subprocess.run([self.path, "benchmark", command, "--help"], capture_output=True, text=True)
        return done.returncode == 0 and f"benchmark {command}" in done.stdout and option in done.stdout


class Bench:
    """What a group needs: the options, the program, the peers' environment, the store."""

    def __init__(self, options, program, environment, store):
        self.options, self.program, self.environment, self.store = options, program, environment, store
        self.threads, self.work, self.quick = options.threads, options.work, options.quick

    def skip(self, group, line):
        note(f"skipped: {group}: {line}")
        lines = self.store.skipped.setdefault(group, [])
        if line not in lines:
            lines.append(line)

    def contest(self, group, title, unit="s", amount=1, **settings):
        return Contest(group, title, unit, amount, settings)

    def hold(self, contest):
        contest.hold(self.store, self.options.rounds)

    def enter_ours(self, contest, run):
        """`run` returns seconds or seconds and remarks."""
        contest.enter(OURS, lambda: run)

    def enter_worker(self, contest, name, module, needs, request=None, threads=None, in_bfloat16=False, **setup):
        """A peer from the folder `peers`; `needs` are the modules without which it cannot run."""

        def prepare():
            reason = self.environment.lacks(*needs)
            if in_bfloat16 and not multiplies_bfloat16():
                reason = "this processor has no instruction for bfloat16"
            if reason:
                raise Unavailable(reason)
            worker = Worker(
                self.environment.python, module, threads or self.threads, self.work / "logs" / f"{module}.log", **setup)
            contest.close_with(worker.close)
            return lambda: worker.run(**(request or {}))

        contest.enter(name, prepare)
