"""Clips by decord."""

import bisect

import decord

from instants import clips, grid
from reading import timed


def setup(threads, file, frames, duration, size):
    def read():
        reader = decord.VideoReader(file, ctx=decord.cpu(0), width=size, height=size, num_threads=threads)
        times = reader.get_frame_timestamp(range(len(reader)))
        zero, end = float(times[0][0]), float(times[-1][1])
        starts = [float(start) - zero for start, _ in times]
        instants = grid(end - zero, frames, duration)
        wanted = [max(0, bisect.bisect_right(starts, instant) - 1) for instant in instants]
        pictures = reader.get_batch(wanted).asnumpy()
        return pictures[clips(len(instants), end - zero, frames, duration)]

    return timed(read)
