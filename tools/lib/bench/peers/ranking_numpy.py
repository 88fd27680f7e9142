"""The Bhattacharyya distance in NumPy, as fast as NumPy makes it.

With variances v, w and means m, n: ¼ Σ log(¼ (v/w + w/v + 2)) + ¼ Σ (m − n)²/(v + w)
= ½ Σ log(v + w) − ¼ Σ log v − ¼ Σ log w − D/2 · log 2 + ¼ Σ (m − n)²/(v + w).
The sums of one video's log variances are kept. Four terms share a logarithm.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy

# Rows whose four temporaries stay in a core's cache.
BLOCK = 256
SHARED = 4


def setup(threads, videos, dimension, queries, limit):
    generator = numpy.random.default_rng(1)
    means = generator.standard_normal((videos, dimension), dtype=numpy.float32)
    variances = generator.uniform(0.0005, 0.002, (videos, dimension)).astype(numpy.float32)
    own = numpy.empty(videos, numpy.float32)
    for start in range(0, videos, 8192):
        own[start:start + 8192] = numpy.log(variances[start:start + 8192]).sum(1)
    chosen = [(videos // 2 + index) % videos for index in range(queries)]
    pool = ThreadPoolExecutor(threads)

    def part(first, last, query, distances):
        mean, variance = means[query], variances[query]
        total = numpy.empty((BLOCK, dimension), numpy.float32)
        difference = numpy.empty_like(total)
        quotient = numpy.empty_like(total)
        for start in range(first, last, BLOCK):
            stop = min(start + BLOCK, last)
            count = stop - start
            t, d, q = total[:count], difference[:count], quotient[:count]
            numpy.add(variances[start:stop], variance, out=t)
            numpy.subtract(means[start:stop], mean, out=d)
            numpy.divide(d, t, out=q)
            near = numpy.einsum("ij,ij->i", d, q)
            quarter = dimension // SHARED
            product = t[:, :quarter]
            for index in range(1, SHARED):
                product = product * t[:, index * quarter:(index + 1) * quarter]
            spread = numpy.log(product).sum(1)
            distances[start:stop] = 0.25 * near + 0.5 * spread - 0.25 * own[start:stop]

    def search(query):
        distances = numpy.empty(videos, numpy.float32)
        step = -(-videos // threads)
        parts = [(first, min(first + step, videos)) for first in range(0, videos, step)]
        if threads == 1:
            part(0, videos, query, distances)
        else:
            list(pool.map(lambda ends: part(*ends, query, distances), parts))
        nearest = numpy.argpartition(distances, limit)[:limit]
        return nearest[numpy.argsort(distances[nearest])]

    def run():
        times = []
        for _ in range(3 if queries == 1 else 1):
            start = time.perf_counter()
            for query in chosen:
                search(query)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    assert dimension % SHARED == 0 and search(chosen[0])[0] == chosen[0]
    return run
