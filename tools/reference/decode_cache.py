#!/usr/bin/env python3
"""Decode videos and stills once, to small frames that training reads at random.

    decode_cache.py --videos ../shared/videos --stills ../shared/images --out cache [--size 128]

Writes OUT/frames.bin, all frames one after the other (uint8 RGB, size × size, stretched), and OUT/index.json:
for each file its path, label, kind, first frame, number of frames, and whether it is held out for validation.
Frame k of a video is the one on screen at (k + ½) · interval. labels.csv beside the files (path,label) is read.
A file that cannot be read is named and left out.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial as bind
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from videos import find_videos, is_held_out, read_labels  # noqa: E402

VIDEOS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".gif"}
STILLS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
LONGEST = 600
PORTION = 512


def decode_frames(path, size, interval):
    """Frames of a file sampled by presentation time: uint8 [n, size, size, 3]; a still gives one."""
    frames, next_time, start, shown = [], interval / 2, None, None

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        step = float(1 / (stream.average_rate or 25))
        last = 0.0
        for number, frame in enumerate(container.decode(stream)):
            time = float(frame.pts * stream.time_base) if frame.pts is not None else number * step
            start = time if start is None else start
            last = time - start
            # Whatever is due before this frame appears shows the one before it.
            while shown is not None and next_time < last and next_time < LONGEST:
                frames.append(picture(shown, size))
                next_time += interval
            if last >= LONGEST:
                break
            shown = frame
        if shown is None:
            raise ValueError("no frame")
        while next_time < last + step and next_time < LONGEST or not frames:
            frames.append(picture(shown, size))
            next_time += interval
    return np.stack(frames)


def picture(frame, size):
    return frame.to_ndarray(format="rgb24", width=size, height=size, interpolation="AREA")


def decode_task(task, size, interval):
    _, folder, path, _ = task
    try:
        return decode_frames(folder / path, size, interval)
    except (av.error.FFmpegError, ValueError, IndexError, OSError) as error:
        print(f"warning: {folder / path}: {error}", file=sys.stderr)
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=Path, metavar="DIR")
    parser.add_argument("--stills", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--interval", type=float, default=0.25, help="seconds between frames (default: 0.25)")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    tasks = []
    for kind, folder, extensions in (("video", arguments.videos, VIDEOS), ("still", arguments.stills, STILLS)):
        if folder is None:
            continue
        if not folder.is_dir():
            sys.exit(f"error: {folder}: no such folder")
        labels = read_labels(folder)
        tasks += [(kind, folder, path, labels.get(path, "")) for path in find_videos(folder, extensions)]
    if not tasks:
        sys.exit("error: nothing to decode\nhint: give --videos or --stills")

    arguments.out.mkdir(parents=True, exist_ok=True)
    entries, first = [], 0
    partial = arguments.out / "frames.bin.partial"
    with partial.open("wb") as file, ProcessPoolExecutor(arguments.jobs) as pool:
        # In portions, so that decoded frames do not pile up before they are written.
        decode = bind(decode_task, size=arguments.size, interval=arguments.interval)
        for portion in range(0, len(tasks), PORTION):
            chosen = tasks[portion:portion + PORTION]
            for (kind, folder, path, label), frames in zip(chosen, pool.map(decode, chosen, chunksize=4)):
                if frames is None:
                    continue
                file.write(frames.tobytes())
                entries.append({
                    "path": path, "kind": kind, "label": label, "first": first, "count": len(frames),
                    "held_out": is_held_out(path, 5)})
                first += len(frames)
            print(f"\r{min(portion + PORTION, len(tasks))} of {len(tasks)} files, {first} frames", end="",
                  file=sys.stderr)
    print(file=sys.stderr)
    os.replace(partial, arguments.out / "frames.bin")
    index = {"size": arguments.size, "interval": arguments.interval, "frames": first, "entries": entries}
    (arguments.out / "index.json").write_text(json.dumps(index) + "\n")


if __name__ == "__main__":
    main()
