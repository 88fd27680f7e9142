"""A service to look at: `mixtape serve --http` on a free port of this machine."""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Failure(Exception):
    """What the user is told, and what to do about it."""

    def __init__(self, message, hint=None):
        super().__init__(message)
        self.hint = hint


def note(text):
    print(text, file=sys.stderr, flush=True)


def program(path=None):
    """The program, built where that must be."""
    if path:
        return str(Path(path).resolve())
    if subprocess.run([ROOT / "tools/mixtape", "--version"], stdout=subprocess.DEVNULL).returncode:
        raise Failure("tools/mixtape could not build the program")
    return str(ROOT / ".build/release/mixtape")


def run(*command):
    """Runs a command that must succeed; its standard output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{Path(command[0]).name} {command[1]}: {done.stderr.strip()[-2000:]}")
    return done.stdout


class HTTPService:
    """One `mixtape serve --http` process, ended with the `with` block."""

    def __init__(self, mixtape, index, *options, log=None):
        self.command = [mixtape, "serve", "--http", "127.0.0.1:0", "--index", str(index), *map(str, options)]
        self.log = log
        self.records = []

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.url = None
        for line in self.process.stderr:
            record = self._record(line)
            if record.get("message") == "listening":
                self.url = record["url"].rstrip("/")
                break
        if not self.url:
            raise Failure("the service did not start: " + " ".join(str(r) for r in self.records[-3:]))
        threading.Thread(target=self._drain, daemon=True).start()
        return self

    def _record(self, line):
        try:
            record = json.loads(line)
        except ValueError:
            record = {"level": "text", "message": line.strip()}
        if record.get("level") not in ("info", "debug", "notice"):
            self.records.append(record)
            del self.records[:-200]
        return record

    def _drain(self):
        for line in self.process.stderr:
            self._record(line)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()
            raise Failure("the service did not end within 20 seconds")

    def ask(self, path, body=None, method=None, headers=None):
        """The answer as JSON, or text where it is none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
        return json.loads(text) if answer.headers.get_content_type() == "application/json" else text

    def metric(self, name):
        """One figure of /metrics."""
        for line in self.ask("/metrics").splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise Failure(f"/metrics has no {name}")
