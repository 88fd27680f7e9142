"""A whole training step, against PyTorch."""

TITLE = "Training step"
NOTE = (
    "Forward, the paper's loss, backward, gradient clipping and AdamW, on clips that are there already, with the default "
    "model; PyTorch in channels-last layout."
)
GROUP = "training"
PEERS = {"PyTorch bf16 autocast": "bfloat16", "PyTorch float32": "float32"}


def measure(bench):
    batch = 4 if bench.quick else 16
    steps = 1 if bench.quick else 5
    for precision, peers in (("automatic", PEERS), ("float32", {"PyTorch float32": "float32"})):
        if precision == "float32" and bench.quick:
            continue
        name = "our best precision" if precision == "automatic" else "float32 on both sides"
        contest = bench.contest(
            GROUP, f"default model, batch {batch}, {name}", "clips", batch, threads=bench.threads,
            model=str(bench.options.model), steps=steps)
        command = [
            "train", "--model", bench.options.model, "--videos", batch // 2, "--steps", steps, "--threads",
            bench.threads, "--precision", precision,
        ]
        bench.enter_ours(contest, lambda: batch / bench.program.benchmark(*command)["clips_per_second"])
        for peer, their_precision in peers.items():
            bench.enter_worker(
                contest, peer, "training", ["torch", "safetensors"], model=str(bench.options.model), batch=batch,
                steps=steps, precision=their_precision, in_bfloat16=their_precision == "bfloat16")
        bench.hold(contest)
