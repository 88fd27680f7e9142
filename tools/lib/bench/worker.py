"""A peer in a process of its own, which stands still while another is timed."""

import json
import os
import signal
import subprocess
from pathlib import Path

from bench.contest import Unavailable
from bench.machine import kept_to

HOST = Path(__file__).resolve().parent / "peers" / "host.py"


class Worker:
    """Runs one of the modules in `peers`; `run` does the task once more.

    The process is stopped between runs: some libraries' idle threads keep spinning for a while and
    would take the processors from whoever is timed next.
    """

    def __init__(self, python, module, threads, log, processors=None, **setup):
        """`processors` keeps the process to that many; `setup` goes to the module."""
        self.log = log
        self.log.parent.mkdir(parents=True, exist_ok=True)
        limits = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}
        with open(log, "ab") as complaints, kept_to(processors):
            self.process = subprocess.Popen(
                [python, str(HOST), module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
                text=True, env={**os.environ, **limits})
        try:
            self.facts = self.ask({"threads": threads, **setup})
        except Unavailable:
            self.close()
            raise
        self.signal(signal.SIGSTOP)

    def run(self, **request):
        """Seconds, or seconds and remarks."""
        self.signal(signal.SIGCONT)
        try:
            reply = self.ask(request)
        finally:
            self.signal(signal.SIGSTOP)
        seconds = reply.pop("seconds")
        return (seconds, reply) if reply else seconds

    def ask(self, request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Unavailable(f"the process ended with status {self.process.wait()}; see {self.log}")
        reply = json.loads(line)
        if "error" in reply:
            raise Unavailable(reply["error"])
        return reply

    def signal(self, number):
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def close(self):
        """Lets the process end by itself, so that it can end those that it started."""
        self.signal(signal.SIGCONT)
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
