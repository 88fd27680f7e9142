"""Videos of a folder, and videos that the ffmpeg program makes."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import PurePath

from tool import Failure, run

EXTENSIONS = {
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".gif", ".3gp",
}
ENCODING = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-threads", "1"]


def seeded_order(seed, text):
    """A number that orders videos and places excerpts: the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:8], "big")


def is_held_out(path, parts):
    """The rule of `mixtape train --hold-out N`: whether FNV-1a (64 bits) of the file's name is a multiple of `parts`."""
    value = 0xCBF29CE484222325
    for byte in PurePath(path).name.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value % parts == 0


def find_videos(folder, extensions=EXTENSIONS):
    """The paths below the folder, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")
                  if path.suffix.lower() in extensions and path.is_file())


def pick_videos(folder, count, seed, parts=None):
    """`count` videos below `folder`, in an order that depends on the seed and the relative paths alone; with
    `parts`, of those that `mixtape train --hold-out PARTS` leaves out."""
    found = [name for name in find_videos(folder) if not parts or is_held_out(name, parts)]
    if not found:
        raise Failure(f"{folder}: no videos")
    return sorted(found, key=lambda name: seeded_order(seed, name))[:count]


def read_labels(folder):
    """Path → label, of labels.csv; nothing where there is none."""
    path = folder / "labels.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["path"]: row["label"] for row in csv.DictReader(file)}


def probe(path):
    """(width, height, seconds) of the first video stream."""
    facts = json.loads(run(
        "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height:format=duration",
        "-of", "json", path))
    stream = facts["streams"][0]
    return int(stream["width"]), int(stream["height"]), float(facts["format"].get("duration", 0))


def ffmpeg(target, before, after, pictures=None):
    """Writes a video, first under another name, so that a killed run leaves no half file. `before` and `after` are
    ffmpeg's options up to its inputs, and behind them; `pictures` are bytes for its standard input."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.stem}.partial{target.suffix}")
    try:
        process = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-y", *map(str, before), "-an", "-sn", *map(str, after), str(partial)],
            stdin=subprocess.PIPE if pictures else subprocess.DEVNULL, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Failure("there is no ffmpeg program", "install Debian's package ffmpeg") from None
    try:
        for picture in pictures or ():
            process.stdin.write(picture)
        _, errors = process.communicate()
    except BrokenPipeError:
        errors = process.stderr.read()
        process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        partial.unlink(missing_ok=True)
        raise Failure(f"{target}: ffmpeg could not make it: {errors.decode(errors='replace').strip()[-1000:]}")
    os.replace(partial, target)


def draw_small(target, size, rate, seconds, hue):
    """A video that is drawn, and no other's equal: `hue` is in degrees."""
    ffmpeg(target, ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds},hue=h={hue}"], ["-c:v", "mpeg4"])


def copy_file(source, target):
    """As it is, first under another name."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.stem + ".partial")
        shutil.copyfile(source, partial)
        os.replace(partial, target)
