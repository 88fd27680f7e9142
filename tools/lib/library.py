"""Videos of a folder, and the program that searches them, for the measuring tools."""

import json
import subprocess

from alterations import Failure, seeded_order
from holdout import is_held_out

EXTENSIONS = {
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".gif", ".3gp",
}

def pick_videos(folder, count, seed, parts):
    """`count` videos below `folder`, in an order that depends on the seed and the relative paths alone; with
    `parts`, of those that `mixtape train --hold-out PARTS` leaves out."""
    found = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in EXTENSIONS and path.is_file() and (not parts or is_held_out(path, parts))
    ]
    if not found:
        raise Failure(f"{folder}: no videos")
    return sorted(sorted(found), key=lambda name: seeded_order(seed, name))[:count]


class Service:
    """One `mixtape serve` process; several requests may be under way, replies are told apart by id."""

    def __init__(self, mixtape, index, model=None):
        command = [mixtape, "serve", "--index", str(index)]
        if model:
            command += ["--model", model]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.next_id = 1

    def send(self, method, params):
        identifier = self.next_id
        self.next_id += 1
        message = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}
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

    def close(self):
        self.process.stdin.close()
        status = self.process.wait()
        if status != 0:
            raise Failure(f"mixtape serve ended with status {status}")
