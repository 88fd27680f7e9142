"""Altered copies of videos, made with the ffmpeg program, for tools/measure/copies."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

EVEN_SIZE = "scale=trunc(iw/2)*2:trunc(ih/2)*2"

# Alteration → (what it does, ffmpeg filter, quality: x264's constant rate factor).
# The cut of the excerpt is made with input options instead.
ALTERATIONS = {
    "re-encode": ("re-encoded at a low rate (x264, CRF 38)", EVEN_SIZE, 38),
    "resize": ("half the width and height", "scale=trunc(iw/4)*2:trunc(ih/4)*2", 23),
    "crop": ("the middle 80 % of the width and height", "crop=trunc(iw*0.4)*2:trunc(ih*0.4)*2", 23),
    "letterbox": (
        "black bars, 15 % of the height each", "pad=trunc(iw/2)*2:trunc(ih*0.65)*2:0:(oh-ih)/2", 23),
    "logo": (
        "an opaque two-coloured logo over 3 % of the picture",
        EVEN_SIZE
        + ",drawbox=x=iw*0.75:y=ih*0.08:w=iw*0.2:h=ih*0.16:color=white@0.9:t=fill"
        + ",drawbox=x=iw*0.78:y=ih*0.12:w=iw*0.14:h=ih*0.08:color=red:t=fill",
        23,
    ),
    "blur": ("Gaussian blur, sigma 1.5 % of the height", None, 23),
    "brightness": ("brightness +0.12, contrast × 1.25", EVEN_SIZE + ",eq=brightness=0.12:contrast=1.25", 23),
    "mirror": ("mirrored left to right", EVEN_SIZE + ",hflip", 23),
    "speed": ("played 1.25 times as fast", EVEN_SIZE + ",setpts=PTS/1.25", 23),
    "excerpt": ("5 seconds from a random place", EVEN_SIZE, 23),
}


class Failure(Exception):
    """A problem that is told to the user without a traceback."""


def seeded_order(seed, text):
    """A number that orders videos and places the excerpt: the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:8], "big")


# What leaves nothing to recognise: (what it does, ffmpeg filter); None is made in make_copy.
RUINS = {
    "black": ("all black", "drawbox=color=black:t=fill"),
    "static": ("television noise", "geq=lum=random(1)*255:cb=128:cr=128"),
    "frozen": ("its first picture for all its time", None),
    "blurred": ("Gaussian blur, sigma 8 % of the height", None),
}


def note(text):
    print(text, file=sys.stderr, flush=True)


def probe(path):
    """(height, seconds) of the first video stream."""
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=height:format=duration",
         "-of", "json", str(path)],
        check=True, capture_output=True, text=True).stdout
    facts = json.loads(text)
    return int(facts["streams"][0]["height"]), float(facts["format"].get("duration", 0))


def make_copy(source, target, alteration, seed, name, part=None):
    """Writes the altered copy, of all or of a part (start, stop), first under another name, so that a killed run
    leaves no half file."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if alteration in RUINS:
        filters, quality = f"{EVEN_SIZE},{RUINS[alteration][1]}", 23
    else:
        _, filters, quality = ALTERATIONS[alteration]
    before = []
    measured = alteration in ("blur", "excerpt", "frozen", "blurred")
    height, seconds = probe(source) if measured else (0, 0)
    if alteration in ("blur", "blurred"):
        share = 0.015 if alteration == "blur" else 0.08
        filters = f"{EVEN_SIZE},gblur=sigma={share * height:.3f}"
    if alteration == "frozen":
        filters = f"{EVEN_SIZE},trim=end_frame=1,loop=-1:1:0,fps=15,trim=duration={max(seconds, 0.2):.3f}"
    if part:
        before = ["-ss", f"{part[0]:.3f}", "-t", f"{part[1] - part[0]:.3f}"]
    elif alteration == "excerpt":
        start = max(0.0, seconds - 5) * (seeded_order(seed, "excerpt:" + name) / 2**64)
        before = ["-ss", f"{start:.3f}", "-t", "5"]
    partial = target.with_name(target.stem + ".partial.mp4")
    command = [
        "ffmpeg", "-nostdin", "-v", "error", "-y", *before, "-i", str(source), "-map", "0:v:0", "-an", "-sn",
        "-vf", filters, "-c:v", "libx264", "-preset", "veryfast", "-crf", str(quality), "-pix_fmt", "yuv420p",
        "-threads", "1", str(partial),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        partial.unlink(missing_ok=True)
        raise Failure(f"{source}: ffmpeg could not make the copy '{alteration}': {result.stderr.strip()}")
    os.replace(partial, target)


def make_copies(videos, names, copies, seed, jobs, alterations=ALTERATIONS):
    tasks = [(name, alteration) for alteration in alterations for name in names]
    done, lock = [0], threading.Lock()

    def run(task):
        name, alteration = task
        make_copy(videos / name, copy_path(copies, name, alteration, seed), alteration, seed, name)
        with lock:
            done[0] += 1
            if done[0] % 100 == 0 or done[0] == len(tasks):
                note(f"copies: {done[0]} of {len(tasks)}")

    with ThreadPoolExecutor(jobs) as pool:
        for _ in pool.map(run, tasks):
            pass


def copy_path(copies, name, alteration, seed):
    """Where a copy is kept; the excerpt's place depends on the seed, the rest does not."""
    folder = f"{alteration}-{seed}" if alteration == "excerpt" else alteration
    return copies / folder / (name + ".mp4")
