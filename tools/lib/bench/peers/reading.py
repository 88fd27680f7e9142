"""What a round of decoding times, whatever reads."""

import time


class Reader:
    """Reads clips of so many frames and seconds, at a size; `read(path)` gives uint8 [clips, frames, size, size, 3]."""

    def __init__(self, frames, duration, size, threads):
        self.frames, self.duration, self.size, self.threads = frames, duration, size, threads


def timed(read):
    """Calls `read` once uncounted; returns a function that gives the seconds of a further call."""
    def run():
        start = time.perf_counter()
        read()
        return time.perf_counter() - start

    read()
    return run
