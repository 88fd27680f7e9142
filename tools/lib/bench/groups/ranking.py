"""Exact ranking of many videos, against FAISS and NumPy."""

TITLE = "Exact ranking"
NOTE = (
    "Synthetic moments of 256 dimensions, in memory. Ours and NumPy compute the Bhattacharyya distance, which reads "
    "a mean and a variance a dimension (NumPy: blocks that fit the cache, one logarithm for four terms, a part of the "
    "rows a thread). FAISS IndexFlatL2 ranks as many vectors of the same width by the plain Euclidean distance, which is "
    "half the bytes and no logarithm. All give the nearest 20. The share is that of the read bandwidth that the same "
    "threads reach on the same bytes, measured in the same process. Ours may rule a video out by a lower bound of its "
    "distance, which leaves the result exact but makes time depend on the data: in the rows “unfavourable” the "
    "dimensions say nothing of each other, which is the worst that can happen."
)
GROUP = "ranking"
DIMENSION = 256
LIMIT = 20


def measure(bench):
    if not bench.program.knows("scan", "--queries"):
        bench.skip(GROUP, "all rows: this program has no `mixtape benchmark scan --queries`")
        return
    sizes = [1_000, 10_000] if bench.quick else [10_000, 100_000, 1_000_000]
    for videos in sizes:
        for threads in sorted({1, bench.threads}):
            for queries in (1, 64):
                hold(bench, videos, queries, threads)
            batch(bench, videos, threads)
        if bench.program.knows("scan", "--independent"):
            for queries in (1, 64):
                hold(bench, videos, queries, bench.threads, "--independent")


def scan(bench, videos, queries, threads, *options):
    """Seconds of a search for that many queries, and what was said of bandwidth."""
    repeats = 3 if bench.quick or videos * queries > 10_000_000 else 11
    found = bench.program.benchmark(
        "scan", "--videos", videos, "--dimension", DIMENSION, "--queries", queries, "--threads", threads, "--rounds",
        repeats, *options)
    share = found["read_gb_per_second"] / found["bandwidth_gb_per_second"]
    return found["seconds"], {
        "GB read": found["bytes"] / 1e9, "GB/s": found["read_gb_per_second"], "% of the read bandwidth": 100 * share}


def plural(count, word):
    return f"1 {word}" if count == 1 else f"{count} {word.removesuffix('y') + 'ie' if word.endswith('y') else word}s"


def hold(bench, videos, queries, threads, *options):
    title = f"{videos:,} videos, {plural(queries, 'query')}, {plural(threads, 'thread')}"
    title += ", unfavourable" if options else ""
    contest = bench.contest(
        GROUP, title, "ms", dimension=DIMENSION, videos=videos, queries=queries, threads=threads, options=list(options))

    def ours():
        seconds, said = scan(bench, videos, queries, threads, *options)
        # The bandwidth says something where every query reads the memory anew.
        return (seconds, said) if queries == 1 else seconds

    bench.enter_ours(contest, ours)
    setup = {"videos": videos, "dimension": DIMENSION, "queries": queries, "limit": LIMIT}
    bench.enter_worker(contest, "FAISS IndexFlatL2", "ranking_faiss", ["faiss", "numpy"], threads=threads, **setup)
    if videos * queries <= 10_000_000:
        bench.enter_worker(contest, "NumPy, our distance", "ranking_numpy", ["numpy"], threads=threads, **setup)
    bench.hold(contest)


def batch(bench, videos, threads):
    """A batch of 64 against 64 single queries, both ours."""
    contest = bench.contest(
        GROUP, f"{videos:,} videos, a batch of 64 against single queries, {plural(threads, 'thread')}", "ms",
        dimension=DIMENSION)
    bench.enter_ours(contest, lambda: scan(bench, videos, 64, threads)[0])
    contest.enter("64 × one query of ours", lambda: lambda: 64 * scan(bench, videos, 1, threads)[0])
    bench.hold(contest)
