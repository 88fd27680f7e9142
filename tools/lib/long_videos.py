"""Long videos made by joining short ones, and what is searched for in them."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from alterations import copy_path, make_copy
from service import LineService
from tool import Failure, in_parallel, progress
from videos import ENCODING, ffmpeg, probe, seeded_order

# Of joined videos; clips are sampled at four frames a second.
SHAPE = "scale=228:128:force_original_aspect_ratio=increase,crop=228:128,setsar=1,fps=8"


@dataclass
class Query:
    """A video to search for, and where it was taken from."""
    path: Path
    kind: str
    # (long video, start, stop), seconds; several for a compilation.
    truth: list
    # Where each of these lies in the query.
    places: list = field(default_factory=list)


def overlap(a, b, whole=None):
    """Of two intervals: the length of the intersection by that of the union, or by that of the interval `whole`."""
    common = min(a[1], b[1]) - max(a[0], b[0])
    first, last = whole or (min(a[0], b[0]), max(a[1], b[1]))
    return max(0.0, common) / (last - first)


def results_in_order(mixtape, index, model, paths, parameters):
    """What one `mixtape serve` process says to a search for each of the files, one after the other."""
    results = []
    with LineService(mixtape, index, *model) as service:
        for path, reply in service.searches((path, {"video": str(path), **parameters}) for path in paths):
            if "error" in reply:
                raise Failure(f"{path}: {reply['error']['message']}")
            results.append(reply["result"])
            progress("queries", len(results), len(paths), 50)
    return results


def join(paths, target, lines, after):
    """Joins videos to one, anew where they are others than before; `lines` keeps their names."""
    text = "".join(f"file '{path}'\n" for path in paths)
    lines.parent.mkdir(parents=True, exist_ok=True)
    if not lines.exists() or lines.read_text() != text:
        target.unlink(missing_ok=True)
        lines.write_text(text)
    ffmpeg(target, ["-f", "concat", "-safe", "0", "-i", lines], after)


def make_long_videos(videos, names, minutes, work, jobs):
    """Joins videos to long ones of so many minutes each, every video in one of them; returns the long ones' paths."""
    shares, first = [], 0
    for number in range(len(minutes)):
        last = round(len(names) * sum(minutes[:number + 1]) / sum(minutes))
        shares.append(names[first:last])
        first = last
    paths = [work / "library" / "long" / f"{number + 1}-{length:g}min.mp4" for number, length in enumerate(minutes)]

    in_parallel([
        partial(join, [videos / name for name in share], path, work / f"{path.stem}.txt",
                ["-vf", SHAPE, "-t", f"{60 * length:.3f}", *ENCODING, "-crf", "21"])
        for path, share, length in zip(paths, shares, minutes)], jobs, "long videos")
    for path, length in zip(paths, minutes):
        if probe(path)[2] < 54 * length:
            raise Failure(f"{videos}: too little video for long ones of {minutes} minutes")
    return paths


def draw_places(paths, lengths, count, seed):
    """`count` places, each (long video, {length: (start, stop)}), by turns in the long videos. The excerpts of a
    place share their middle."""
    durations = [probe(path)[2] for path in paths]
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
    outer, inner = (excerpt, host) if swapped else (host, excerpt)
    graph = (f"[0:v]scale=228:128,setsar=1,fps=8[a];[1:v]scale=trunc(228*{share}/2)*2:trunc(128*{share}/2)*2,"
             "setsar=1,fps=8[b];[a][b]overlay=W-w-8:H-h-8")
    ffmpeg(target, ["-stream_loop", "-1", "-i", outer, "-stream_loop", "-1", "-i", inner],
           ["-filter_complex", graph, "-t", f"{length:.3f}", *ENCODING, "-crf", "23"])
    return target


def compilation(work, excerpts, name):
    """Excerpts joined to one video; returns its path and where each lies in it."""
    target = work / "queries" / "compilation" / (name + ".mp4")
    before = [word for path in excerpts for word in ("-i", path)]
    graph = "".join(f"[{n}:v]{SHAPE}[v{n}];" for n in range(len(excerpts)))
    graph += "".join(f"[v{n}]" for n in range(len(excerpts))) + f"concat=n={len(excerpts)}:v=1:a=0"
    ffmpeg(target, before, ["-filter_complex", graph, *ENCODING, "-crf", "23"])
    places, start = [], 0.0
    for path in excerpts:
        length = probe(path)[2]
        places.append((start, start + length))
        start += length
    return target, places
