"""File → clips, against ffmpeg, torchcodec, PyAV and decord."""

from bench import material
from bench.machine import decode, timed

TITLE = "Decoding and clip extraction"
NOTE = (
    "Eight frames of every two seconds, 112 × 112, RGB, from opening the file to the last clip; one thread and "
    "one processor on every side. `ffmpeg -f null` decodes only; the time that the program takes to start is taken off. The libraries "
    "give the same frames at the same size, each read in its fastest way: torchcodec with its own resizing in approximate "
    "mode, PyAV straight through with swscale’s area filter, decord with its own resizing. Groups of pictures: short is "
    "15 frames, long 250."
)
GROUP = "decoding"
SECONDS = {"240p": 40, "720p": 16, "1080p": 8}
QUICK = [("240p", "H.264", "short"), ("240p", "VP9", "long"), ("720p", "MPEG-4", "long")]
PEERS = {
    "torchcodec": ("decode_torchcodec", ["torch", "torchcodec"]), "PyAV": ("decode_av", ["av", "numpy"]),
    "decord": ("decode_decord", ["decord", "numpy"]),
}


def measure(bench):
    kinds = [
        (height, codec, group) for height in material.SIZES for codec in material.CODECS
        for group in material.GROUPS_OF_PICTURES
    ]
    for height, codec, group in QUICK if bench.quick else kinds:
        seconds = 4 if bench.quick else SECONDS[height]
        path = material.decoding_file(bench.work / "videos", height, codec, group, seconds)
        contest = bench.contest(
            GROUP, f"{height} {codec}, {group} GOP", "frames", seconds * material.FRAME_RATE, file=path.name, threads=1)
        bench.enter_ours(contest, lambda: ours(bench, path))
        contest.enter("ffmpeg -f null", lambda: lambda: ffmpeg(path))
        for name, (module, needs) in PEERS.items():
            bench.enter_worker(
                contest, name, module, needs, threads=1, processors=1, file=str(path), frames=8, duration=2.0, size=112)
        bench.hold(contest)


def ours(bench, path):
    # The first of the runs within is not counted.
    return bench.program.benchmark("decode", path, "--alone", "--threads", 1, "--repeats", 1, processors=1)["seconds"]


def ffmpeg(path):
    """Seconds beyond the program's start."""
    start = timed(["ffmpeg", "-hide_banner", "-version"], 1).seconds
    return decode(path, 1, "-threads", "1") - start
