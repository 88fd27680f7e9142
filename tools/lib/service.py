"""`mixtape serve`, spoken to in lines of JSON or over HTTP; ended with the `with` block."""

import itertools
import json
import os
import subprocess
import threading
import urllib.request
from pathlib import Path

from tool import Failure


class LineService:
    """Several requests may be under way; replies are told apart by id."""

    def __init__(self, mixtape, index, *options):
        self.process = subprocess.Popen(
            [str(mixtape), "serve", "--index", str(index), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, bufsize=1)
        self.next_id = 1

    def __enter__(self):
        return self

    def __exit__(self, problem, *_):
        try:
            if problem is None:
                self.close()
        finally:
            self.process.kill()

    def send(self, method, parameters):
        """The request's id."""
        identifier = self.next_id
        self.next_id += 1
        message = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": parameters}
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure("mixtape serve closed its input") from None
        return identifier

    def receive(self):
        """The next reply; notifications are passed over."""
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise Failure(f"mixtape serve ended before its last reply (status {self.process.wait()})")
            message = json.loads(line)
            if "id" in message and "method" not in message:
                return message

    def searches(self, requests, most=1):
        """(key, reply) of each (key, parameters) as they come, at most so many under way."""
        requests, under_way = iter(requests), {}
        while True:
            for key, parameters in itertools.islice(requests, most - len(under_way)):
                under_way[self.send("search", parameters)] = key
            if not under_way:
                return
            reply = self.receive()
            yield under_way.pop(reply["id"]), reply

    def close(self):
        self.process.stdin.close()
        status = self.process.wait()
        if status != 0:
            raise Failure(f"mixtape serve ended with status {status}")


class HTTPService:
    """On a free port of this machine."""

    def __init__(self, mixtape, index, *options):
        self.command = [mixtape, "serve", "--http", "127.0.0.1:0", "--index", str(index), *map(str, options)]
        # What it complained of last.
        self.records = []

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            record = self._record(line)
            if record.get("message") == "listening":
                self.url = record["url"].rstrip("/")
                break
        else:
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
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("the service did not end within 20 seconds") from None

    def memory(self):
        """Bytes that are resident, and those among them of mapped files."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1:3]
        return [int(count) * os.sysconf("SC_PAGE_SIZE") for count in pages]

    def ask(self, path):
        """The answer as JSON."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.loads(answer.read())
