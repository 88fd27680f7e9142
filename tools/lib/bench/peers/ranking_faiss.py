"""Exact Euclidean ranking by FAISS."""

import statistics
import time

import faiss
import numpy

from faiss_search import drawn


def setup(threads, videos, dimension, queries, limit):
    faiss.omp_set_num_threads(threads)
    generator = numpy.random.default_rng(1)
    index = drawn(generator, videos, dimension)
    wanted = generator.standard_normal((queries, dimension), dtype=numpy.float32)

    def run(repeats=None):
        times = []
        for turn in range((repeats or 5) + 1):
            start = time.perf_counter()
            index.search(wanted, limit)
            if turn > 0:
                times.append(time.perf_counter() - start)
        result = {"seconds": statistics.median(times)}
        if repeats:
            result["p99 in ms"] = 1000 * sorted(times)[min(len(times) - 1, int(0.99 * len(times)))]
        return result

    run()
    return run
