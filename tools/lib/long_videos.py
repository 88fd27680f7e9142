"""Long videos made by joining short ones, and queries cut from them at known places, for tools/measure/segments."""

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from alterations import Failure, copy_path, make_copy, note, probe, seeded_order

# Of joined videos; clips are sampled at four frames a second.
SHAPE = "scale=228:128:force_original_aspect_ratio=increase,crop=228:128,setsar=1,fps=8"
ENCODING = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-threads", "1"]


@dataclass
class Query:
    """A video to search for, and where it was taken from."""
    path: Path
    kind: str
    # (long video, start, stop), seconds; several for a compilation.
    truth: list
    # Where each of these lies in the query.
    places: list = field(default_factory=list)


def ffmpeg(target, before, after, what):
    """Writes the target under another name first, so that a killed run leaves no half file."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.stem + ".partial.mp4")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *before, "-an", "-sn", *after, str(partial)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        partial.unlink(missing_ok=True)
        raise Failure(f"{what}: ffmpeg failed: {result.stderr.strip()}")
    os.replace(partial, target)


def in_parallel(tasks, jobs, what):
    """Calls each of the tasks; says how far it is."""
    done, lock = [0], threading.Lock()

    def run(task):
        task()
        with lock:
            done[0] += 1
            if done[0] % 100 == 0 or done[0] == len(tasks):
                note(f"{what}: {done[0]} of {len(tasks)}")

    with ThreadPoolExecutor(jobs) as pool:
        for _ in pool.map(run, tasks):
            pass


def make_long_videos(videos, names, minutes, work, jobs):
    """Joins videos to long ones of so many minutes each, every video in one of them; returns the long ones' paths."""
    shares, first = [], 0
    for number in range(len(minutes)):
        last = round(len(names) * sum(minutes[:number + 1]) / sum(minutes))
        shares.append(names[first:last])
        first = last
    folder = work / "library" / "long"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number + 1}-{length:g}min.mp4" for number, length in enumerate(minutes)]

    def join(path, share, length):
        def run():
            text = "".join(f"file '{videos / name}'\n" for name in share)
            lines = work / f"{path.stem}.txt"
            if not lines.exists() or lines.read_text() != text:
                path.unlink(missing_ok=True)
                lines.write_text(text)
            ffmpeg(path, ["-f", "concat", "-safe", "0", "-i", str(lines)],
                   ["-vf", SHAPE, "-t", f"{60 * length:.3f}", *ENCODING, "-crf", "21"], path.name)
        return run

    in_parallel([join(*facts) for facts in zip(paths, shares, minutes)], jobs, "long videos")
    for path, length in zip(paths, minutes):
        if probe(path)[1] < 54 * length:
            raise Failure(f"{videos}: too little video for long ones of {minutes} minutes")
    return paths


def draw_places(paths, lengths, count, seed):
    """`count` places, each (long video, {length: (start, stop)}), by turns in the long videos. The excerpts of a
    place share their middle."""
    durations = [probe(path)[1] for path in paths]
    places, longest = [], max(lengths)
    for number in range(count):
        path, duration = paths[number % len(paths)], durations[number % len(paths)]
        share = seeded_order(seed, f"place:{number}") / 2**64
        middle = longest / 2 + share * (duration - longest - 1)
        places.append((path, {length: (middle - length / 2, middle + length / 2) for length in lengths}))
    return places


def cut(work, path, interval, alteration, seed, name):
    """An altered excerpt, made where it is not there yet."""
    target = copy_path(work / "queries", name, alteration, seed)
    make_copy(path, target, alteration, seed, name, part=interval)
    return target


def picture_in_picture(work, excerpt, host, interval, swapped, name):
    """The excerpt over half of the width of another video; swapped, another one over a third of the excerpt."""
    target = work / "queries" / ("inset" if swapped else "picture-in-picture") / (name + ".mp4")
    length = interval[1] - interval[0]
    share = "1/3" if swapped else "1/2"
    outer, inner = (str(excerpt), str(host)) if swapped else (str(host), str(excerpt))
    graph = (f"[0:v]scale=228:128,setsar=1,fps=8[a];[1:v]scale=trunc(228*{share}/2)*2:trunc(128*{share}/2)*2,"
             "setsar=1,fps=8[b];[a][b]overlay=W-w-8:H-h-8")
    ffmpeg(target, ["-stream_loop", "-1", "-i", outer, "-stream_loop", "-1", "-i", inner],
           ["-filter_complex", graph, "-t", f"{length:.3f}", *ENCODING, "-crf", "23"], name)
    return target


def compilation(work, excerpts, name):
    """Excerpts joined to one video; returns its path and where each lies in it."""
    target = work / "queries" / "compilation" / (name + ".mp4")
    before = [text for path in excerpts for text in ("-i", str(path))]
    graph = "".join(f"[{n}:v]{SHAPE}[v{n}];" for n in range(len(excerpts)))
    graph += "".join(f"[v{n}]" for n in range(len(excerpts))) + f"concat=n={len(excerpts)}:v=1:a=0"
    ffmpeg(target, before, ["-filter_complex", graph, *ENCODING, "-crf", "23"], name)
    places, start = [], 0.0
    for path in excerpts:
        length = probe(path)[1]
        places.append((start, start + length))
        start += length
    return target, places
