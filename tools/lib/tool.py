"""What the tools share: failures in words, options that many have, programs that are run, tables."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The repository, and the videos beside it.
ROOT = Path(__file__).resolve().parents[2]
VIDEOS = ROOT.parent / "shared" / "videos"

OPTIONS = {
    "mixtape": {"metavar": "PATH", "help": "the program (default: this checkout's, built where that must be)"},
    "model": {"metavar": "DIR", "help": "model folder (default: the program's)"},
    "seed": {"type": int, "default": 1, "help": "of everything that is drawn (default: 1)"},
    "hold-out": {"type": int, "metavar": "N", "help": "only videos that `mixtape train --hold-out N` leaves out"},
    "work": {"type": Path, "required": True, "metavar": "DIR", "help": "keeps what is made between runs"},
    "jobs": {"type": int, "default": 2, "help": "videos made at a time (default: 2)"},
    "json": {"type": Path, "metavar": "OUT", "help": "write the results as JSON too"},
}


class Failure(Exception):
    """What the user is told, and what to do about it."""

    def __init__(self, message, hint=None):
        super().__init__(message)
        self.hint = hint


def note(text):
    print(text, file=sys.stderr, flush=True)


def progress(what, done, total, every=100):
    if done % every == 0 or done == total:
        note(f"{what}: {done} of {total}")


def start(main):
    """Runs a tool to its end."""
    try:
        sys.exit(main())
    except Failure as failure:
        note(f"error: {failure}")
        if failure.hint:
            note(f"hint: {failure.hint}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def options(description, *names):
    """A parser that has the options of these names; the tool adds its own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in names:
        # The program has two names, as older command lines have it.
        flags = ["--mixtape", "--program"] if name == "mixtape" else [f"--{name}"]
        parser.add_argument(*flags, **OPTIONS[name])
    return parser


def model_words(arguments):
    """What tells the program of --model."""
    return ["--model", str(arguments.model)] if arguments.model else []


def need(*programs):
    for name in programs:
        if shutil.which(name) is None:
            raise Failure(f"{name}: no such program")


def need_folders(*folders):
    for folder in folders:
        if not folder.is_dir():
            raise Failure(f"{folder}: no such folder")


def program(path=None):
    """The mixtape program; this checkout's where none is named, built where that must be."""
    if path:
        need(path)
        return str(Path(shutil.which(path)).resolve())
    if subprocess.run([ROOT / "tools/mixtape", "--version"], stdout=subprocess.DEVNULL).returncode:
        raise Failure("tools/mixtape could not build the program")
    return str(ROOT / ".build/release/mixtape")


def run(*command, shows=False, **more):
    """Runs a command that must succeed; its standard output. `shows`: the user sees what it says meanwhile."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=None if shows else subprocess.PIPE, text=True, **more)
    if done.returncode:
        said = f": {done.stderr.strip()[-2000:]}" if done.stderr else ""
        raise Failure(f"{Path(words[0]).name} {' '.join(words[1:2])} ended with status {done.returncode}{said}")
    return done.stdout


def ask(python, script, questions, *words):
    """What a script of this folder says to the questions, run by another Python: JSON in, JSON out."""
    return json.loads(run(python, Path(__file__).parent / script, *words, shows=True, input=json.dumps(questions)))


def in_parallel(tasks, jobs, what):
    """Calls each of the tasks; says how far it is."""
    done, lock = [0], threading.Lock()

    def work(task):
        task()
        with lock:
            done[0] += 1
            progress(what, done[0], len(tasks))

    with ThreadPoolExecutor(jobs) as pool:
        for _ in pool.map(work, tasks):
            pass


def until(what, is_so, seconds=60):
    """Waits for something to be so."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise Failure(f"{what}: not after {seconds} seconds")
        time.sleep(0.05)


def table(headings, rows):
    """A table in Markdown."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (headings, *rows)]
    return "\n".join([lines[0], "|---" * len(headings) + "|", *lines[1:]])


def write_json(path, value):
    """Nothing where no path is given."""
    if path:
        path.write_text(json.dumps(value, indent=1) + "\n")


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: relative paths are to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "mixtape"
