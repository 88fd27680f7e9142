"""Test videos, drawn by the ffmpeg program: the same bits for the same version of it."""

import random
import shutil

from tool import VIDEOS, Failure, note
from videos import ffmpeg, find_videos

SIZES = {"240p": "426x240", "720p": "1280x720", "1080p": "1920x1080"}
FRAME_RATE = 30
# What people's files are made with, at speeds that let 24 of them be made in minutes.
CODECS = {
    "H.264": ("mp4", ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26"]),
    "HEVC": ("mp4", ["-c:v", "libx265", "-preset", "veryfast", "-crf", "28", "-x265-params", "log-level=none"]),
    "VP9": ("webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "36", "-b:v", "0",
                     "-row-mt", "1"]),
    "MPEG-4": ("mp4", ["-c:v", "mpeg4", "-q:v", "6"]),
}
# Frames from one key frame to the next.
GROUPS_OF_PICTURES = {"short": 15, "long": 250}


def draw(path, source, seconds, codec, between_keys):
    """Writes a video of a lavfi source, where it is not there yet."""
    ffmpeg(path, ["-filter_threads", "1", "-f", "lavfi", "-i", source], [
        "-t", seconds, "-pix_fmt", "yuv420p", *CODECS[codec][1], "-g", between_keys, "-fflags", "+bitexact", "-flags:v",
        "+bitexact"])
    return path


def scene(size, seed=7):
    """Moving patterns with a camera's noise, so that a decoder has something to do."""
    return f"testsrc2=size={size}:rate={FRAME_RATE},noise=alls=8:allf=t:all_seed={seed}"


def decoding_file(folder, height, codec, group, seconds):
    suffix = CODECS[codec][0]
    name = f"{height}-{codec.replace('.', '').lower()}-{group}-{seconds}s.{suffix}"
    path = folder / "decoding" / name
    if not path.exists():
        note(f"drawing {name}")
    return draw(path, scene(SIZES[height]), seconds, codec, GROUPS_OF_PICTURES[group])


def long_file(folder, seconds):
    return draw(
        folder / "lengths" / f"{seconds}s.mp4", scene("320x180"), seconds, "H.264", GROUPS_OF_PICTURES["long"])


SOURCES = [
    "testsrc2=size={size}:rate=15", "mandelbrot=size={size}:rate=15:maxiter=200",
    "gradients=size={size}:rate=15:seed={seed}", "life=size={size}:rate=15:seed={seed}:mold=10",
    "cellauto=size={size}:rate=15:seed={seed}",
]


def small_videos(options):
    """A folder of `--count` small videos, their number, and what they are in words."""
    given = options.videos or VIDEOS
    if given.is_dir():
        return subset(given, options)
    if options.videos:
        raise Failure(f"{given}: no such folder", "name a folder of videos, or leave --videos out")
    folder = options.work / "videos" / f"generated-{options.count}"
    for number in range(options.count):
        seed = number + 1
        source = SOURCES[number % len(SOURCES)].format(size="228x128", seed=seed)
        seconds = 4 + 3 * (number % 6)
        draw(folder / f"{number:05}.mp4", f"{source},noise=alls=6:allf=t:all_seed={seed}", seconds, "H.264", 250)
    return folder, options.count, f"{options.count} generated videos, 128 lines high"


def subset(given, options):
    """Copies, so that both sides read a folder that holds the chosen files alone."""
    found = find_videos(given)
    if not found:
        raise Failure(f"{given}: no videos", "name another folder with --videos")
    chosen = random.Random(1).sample(found, min(options.count, len(found)))
    folder = options.work / "videos" / f"{given.name}-{len(chosen)}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for number, name in enumerate(chosen):
            # Numbered: a part of the folder is then a part of the numbers.
            target = folder / f"{number:05}-{name.replace('/', '-')}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(given / name, target)
        (folder / ".complete").touch()
    return folder, len(chosen), f"{len(chosen)} of the videos of {given.name}/"
