"""What a round of decoding times, whatever reads."""

import time


def timed(read):
    """Calls `read` once uncounted; returns a function that gives the seconds of a further call."""
    def run():
        start = time.perf_counter()
        read()
        return time.perf_counter() - start

    read()
    return run
