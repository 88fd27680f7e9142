"""What the encoders' peers share."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import torch

from files import read_model
from model import normalise

BATCH = 8


def encoder_and_clips(model, count):
    """The encoder of a model folder and normalised clips [count, 3, T, H, W] of seeded noise."""
    torch.manual_seed(1)
    encoder = read_model(model)
    config = encoder.config
    size = (config["clip"]["frames"], config["input"]["height"], config["input"]["width"], 3)
    pixels = torch.randint(0, 256, (count, *size), dtype=torch.uint8)
    with torch.no_grad():
        return encoder, normalise(pixels, config)


def median_time(action, repeats):
    """As `mixtape benchmark` does: runs that are not counted, then the median."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def task(make, clips, threads, is_stream, repeats):
    """The function that a round calls.

    `make(threads, batch)` returns a function of a batch [batch, 3, T, H, W], safe to call from several threads where
    `threads` is 1. A stream is tried both ways at the start, and the better one is kept.
    """
    if not is_stream:
        run = make(threads, len(clips))
        run(clips)
        return lambda: median_time(lambda: run(clips), repeats)

    ways = {}
    batched = make(threads, BATCH)
    groups = [part.contiguous() for part in clips.split(BATCH)]
    ways["batches"] = lambda: [batched(group) for group in groups]
    if threads > 1:
        single = make(1, 1)
        ones = [part.contiguous() for part in clips.split(1)]
        pool = ThreadPoolExecutor(threads)
        ways["a clip a thread"] = lambda: list(pool.map(single, ones))
    best = min(ways, key=lambda name: median_time(ways[name], 3))
    return lambda: median_time(ways[best], repeats)
