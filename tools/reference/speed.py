#!/usr/bin/env python3
"""Time training steps (and inference) of Mixtape and of PyTorch in turns, on the same model folder.

    speed.py [--model models/default] [--mixtape .build/release/mixtape] [--batch 16] [--rounds 5] [--threads 2]

A step is forward, the paper's loss, backward, gradient clipping and AdamW, in bfloat16 (PyTorch: autocast,
channels last), on clips that are there already. Encoding is PyTorch's traced and frozen bfloat16 model, batch 1 and 8.
Each round times both programs one after the other; the ratio is the median over the rounds.
"""

import argparse
import copy
import json
import statistics
import subprocess
import time
from pathlib import Path

import torch

from files import read_model
from model import normalise
from objective import ObjectiveSettings, objective
from optimisation import make_optimiser, step

ROOT = Path(__file__).resolve().parents[2]


def median_time(action, repeats):
    action()
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def training(encoder, pixels, repeats):
    """Clips a second of whole steps."""
    encoder = copy.deepcopy(encoder).train().to(memory_format=torch.channels_last_3d)
    log_a = torch.tensor(5.0).log().requires_grad_()
    b = torch.tensor(5.0, requires_grad=True)
    parameters = list(encoder.parameters()) + [log_a, b]
    optimiser = make_optimiser("adamw", parameters, 1e-4, 1e-2)
    settings = ObjectiveSettings(views=1, samples=8, mining={"quantile": 0.01})

    def one():
        optimiser.zero_grad()
        clips = normalise(pixels, encoder.config).contiguous(memory_format=torch.channels_last_3d)
        with torch.autocast("cpu", torch.bfloat16):
            v = encoder.backbone(clips)
        mean, log_variance = encoder.head(v.float())
        shape = (-1, 2, mean.shape[-1])
        mean, log_variance = mean.view(shape), log_variance.view(shape)
        noise = torch.randn(len(mean), 8, mean.shape[-1])
        objective(mean, log_variance, noise, log_a, b, settings)["total"].backward()
        step(optimiser, 1e-4, 5.0)

    return len(pixels) / median_time(one, repeats)


def frozen(encoder, pixels, repeats):
    """Clips a second of inference."""
    encoder = copy.deepcopy(encoder).eval()
    clips = normalise(pixels, encoder.config).contiguous(memory_format=torch.channels_last_3d)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        traced = torch.jit.freeze(torch.jit.trace(encoder.backbone, clips, check_trace=False))
        return len(pixels) / median_time(lambda: traced(clips), repeats)


def ours(program, arguments):
    output = subprocess.run([program, "benchmark", *arguments, "--json"], check=True, capture_output=True)
    return json.loads(output.stdout)["clips_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(ROOT / "models/default"))
    parser.add_argument("--mixtape", default=str(ROOT / ".build/release/mixtape"))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    encoder = read_model(options.model)
    config = encoder.config
    size = (config["clip"]["frames"], config["input"]["height"], config["input"]["width"], 3)
    pixels = torch.randint(0, 256, (options.batch, *size), dtype=torch.uint8)
    common = ["--model", options.model, "--threads", str(options.threads)]
    rows = [
        (f"training step, batch {options.batch}",
         lambda: ours(options.mixtape, ["train", "--videos", str(options.batch // 2), *common]),
         lambda: training(encoder, pixels, 5)),
        ("encoding, against batch 1", lambda: ours(options.mixtape, ["encode", *common]),
         lambda: frozen(encoder, pixels[:1], 30)),
        ("encoding, against batch 8", lambda: ours(options.mixtape, ["encode", *common]),
         lambda: frozen(encoder, pixels[:8], 10)),
    ]
    print("| what | Mixtape, clips/s | PyTorch, clips/s | ratio |\n|---|---|---|---|", flush=True)
    for name, mine, theirs in rows:
        pairs = [(mine(), theirs()) for _ in range(options.rounds)]
        a, b = (statistics.median(column) for column in zip(*pairs))
        ratio = statistics.median(first / second for first, second in pairs)
        print(f"| {name} | {a:.1f} | {b:.1f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
