"""What the unit and the container recipe start, and whether it answers."""

import json
import re
import shlex
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from tool import Failure, until

PORT = "8377"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


class Service:
    """A server that listens on a port, and knows what its folder of videos is."""

    def __init__(self, process, port, token=""):
        self.process, self.port, self.token = process, port, token

    def __enter__(self):
        def answers():
            if self.process.poll() is not None:
                raise Failure(f"the service ended with status {self.process.returncode}: {self.process.stderr.read()[-2000:]}")
            try:
                return self.ask("/health")["status"]
            except OSError:
                return False
        until("the service answers", answers)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, path, value=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=None if value is None else json.dumps(value).encode(),
            headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {self.token}"} if self.token else {})})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failure(f"{path} answered {error.code}: {error.read().decode()[:500]}") from None

    def index_and_search(self, folder, video):
        """Lets it index a folder, and finds one of its videos."""
        job = self.ask("/api/jobs", {"folders": [folder]})["id"]
        until("the folder is indexed", lambda: self.ask(f"/api/jobs/{job}")["state"] not in ("waiting", "running"))
        done = self.ask(f"/api/jobs/{job}")
        found = self.ask("/api/search", {"video": f"{folder}/{video}", "limit": 1})["matches"]
        if [match["path"] for match in found] != [f"{folder}/{video}"]:
            raise Failure(f"{folder}/{video} is not found: {found}, {done}")
        return done["result"]["indexed"]

    def end(self):
        """By SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def unit(root, text, user):
    """Starts what a unit starts, as a user who has the unit's folders."""
    port = free_port()
    text = text.replace(PORT, port).replace("%S", "/var/lib").replace("%C", "/var/cache")
    lines = [line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#")]
    values = {name: value for name, value in lines}
    for base, name in (("var/lib", "StateDirectory"), ("var/cache", "CacheDirectory")):
        root.make_folder(f"{base}/{values[name]}", user)
    environment = dict(value.split("=", 1) for name, value in lines if name == "Environment")
    service = Service(root.start(*shlex.split(values["ExecStart"]), user=user, env=environment), port)
    return service, {int(status) for status in values["SuccessExitStatus"].split()}


class Recipe:
    """The last stage of a Containerfile whose only other one has the package."""

    def __init__(self, text):
        self.port = free_port()
        text = re.sub(r"(?m)^#.*\n", "", text).replace("\\\n", " ").replace(PORT, self.port)
        lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
        last = max(number for number, (word, _) in enumerate(lines) if word == "FROM")
        self.steps = lines[last + 1:]

    def of(self, word):
        return [rest for name, rest in self.steps if name == word]

    def run_steps(self, root, package):
        for step in self.of("RUN"):
            mount, command = re.fullmatch(r"--mount=(\S+)\s+(.*)", step).groups()
            target = root.folder / dict(part.split("=") for part in mount.split(","))["target"].lstrip("/")
            target.write_bytes(package.read_bytes())
            root.run("sh", "-c", command)
            target.unlink()

    def start(self, root, token):
        environment = dict(pair.split("=", 1) for rest in self.of("ENV") for pair in shlex.split(rest))
        words = json.loads(self.of("ENTRYPOINT")[-1]) + json.loads(self.of("CMD")[-1])
        return Service(root.start(*words, user=int(self.of("USER")[-1]), env=environment), self.port, token)

    def check_health(self, root):
        words = json.loads(self.of("HEALTHCHECK")[-1].split("CMD ", 1)[1])
        root.run(*words, user=int(self.of("USER")[-1]))
