#!/usr/bin/env python3
"""Train an encoder from a cache of decoded frames, on a GPU or a CPU.

    train.py --cache cache --out models/mine                      ProViCo (the paper's objective)
    train.py --cache cache --out models/base --nce 1              the deterministic baseline (InfoNCE)
    train.py --cache cache --out models/mix --nce 0.5 --label-weight 0.5     both, with the labelled stills beside
    train.py --cache cache --out models/warm --batch 0 --label-weight 1      the labelled stills alone, to start from

Seeded: everything drawn follows from --seed and the step. OUT is a model folder at every checkpoint; --resume
goes on from OUT/checkpoint.pt with the same arguments. An interrupt saves first. OUT/log.jsonl has the curves.
"""

import json
import math
import signal
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from augmentation import AugmentationSettings, augment
from data import Batches, Cache, LabelledStills, SamplingSettings, prefetch
from files import need_new, write_model
from model import best_device, normalise
from objective import ObjectiveSettings, objective
from optimisation import make_optimiser, rate_factor, step as optimiser_step
from training import begin, options, save_state
from validation import Validation


class Trainer(nn.Module):
    """Everything that is trained: the encoder, the match probability's a and b, the stills' classifier."""

    def __init__(self, encoder, classes, video_classes=0):
        super().__init__()
        self.encoder = encoder
        self.log_a = nn.Parameter(torch.tensor(math.log(5.0)))
        self.b = nn.Parameter(torch.tensor(5.0))
        self.classifier = nn.Linear(encoder.backbone.channels, classes) if classes else None
        # Of the means, whose angles are what a ranking sees; the factor stands for a temperature.
        self.video_classifier = nn.Linear(encoder.head.mean.out_features, video_classes) if video_classes else None


class Memory:
    """Clip means of past batches: more negatives for InfoNCE (cross-batch memory, Wang et al. 2020)."""

    def __init__(self, size, dimension, device):
        self.points = torch.empty(0, dimension, device=device)
        self.size = size

    def loss(self, means, temperature):
        """Mean of log(1 + Σ_memory exp(x·w/T) / exp(x·y/T)), with y the mean of the other clips of x's video."""
        if len(self.points) == 0:
            return means.sum() * 0
        views = means.unflatten(0, (2, -1))  # [2, videos, N, D]
        other = views.flip(0).mean(dim=2, keepdim=True)
        attraction = (views * other).sum(dim=-1).flatten() / temperature
        repulsion = torch.logsumexp(means.flatten(0, 1) @ self.points.T / temperature, dim=1)
        return F.softplus(repulsion - attraction).mean()

    def add(self, means):
        self.points = torch.cat([means.detach().flatten(0, 1), self.points])[: self.size]


def size_at(sizes, progress):
    """"64:0.6,112" is 64 pixels for the first 0.6 of the steps, then 112."""
    for part in sizes.split(","):
        size, _, until = part.partition(":")
        if not until or progress < float(until):
            return int(size)
    raise ValueError(f"{sizes}: the last size has no end")


def forward_backward(trainer, batch, stills, memory, arguments, settings, augmentation, step, device):
    """Gradients of one step; returns the terms."""
    generator = torch.Generator().manual_seed(arguments.seed * 1_000_003 + step)
    size = size_at(arguments.sizes, step / arguments.steps)
    config = trainer.encoder.config
    terms, total = {}, 0
    if batch is not None:
        terms, total = video_terms(trainer, batch, memory, arguments, settings, augmentation, size, generator, device)
    if stills is not None:
        pictures, labels = stills.make(step)
        everything_still = torch.ones(len(pictures), dtype=torch.bool, device=device)
        pictures = augment(pictures.to(device), ~everything_still, size, augmentation, generator)
        features = trainer.encoder.features(normalise(pictures, config), arguments.bfloat16)
        terms["label"] = F.cross_entropy(trainer.classifier(features), labels.to(device), label_smoothing=0.1)
        total = total + arguments.label_weight * terms["label"]
    for name, value in terms.items():
        if not torch.isfinite(value):
            raise FloatingPointError(f"step {step}: the term '{name}' is not finite")
    total.backward()
    return {name: value.item() for name, value in terms.items()}


def video_terms(trainer, batch, memory, arguments, settings, augmentation, size, generator, device):
    """The terms of the objective, and their weighted sum."""
    config = trainer.encoder.config
    pixels, still, classes = (tensor.to(device) for tensor in batch)
    clips = normalise(augment(pixels, still, size, augmentation, generator), config)
    mean, log_variance = trainer.encoder.head(trainer.encoder.features(clips, arguments.bfloat16))
    shape = (-1, arguments.clips, mean.shape[-1])
    mean, log_variance = mean.view(shape), log_variance.view(shape)
    noise = torch.randn(len(mean), settings.samples, mean.shape[-1], generator=generator).to(device)
    terms = objective(mean, log_variance, noise, trainer.log_a, trainer.b, settings)
    total = terms["total"]
    if memory is not None:
        terms["memory"] = memory.loss(mean, settings.temperature)
        total = total + arguments.memory_weight * terms["memory"]
        memory.add(mean)
    if trainer.video_classifier is not None and (classes >= 0).any():
        scores = trainer.video_classifier(16 * mean.flatten(0, 1)[classes >= 0])
        terms["video_label"] = F.cross_entropy(scores, classes[classes >= 0], label_smoothing=0.1)
        total = total + arguments.video_label_weight * terms["video_label"]
    return terms, total


def keep_one_frame(encoder):
    """After training on single frames: the temporal taps that met only padding become 0 instead of noise, so
    that the network treats a video's frames alike until it learns otherwise."""
    with torch.no_grad():
        for module in encoder.backbone.modules():
            if isinstance(module, nn.Conv3d) and module.kernel_size[0] > 1:
                middle = module.kernel_size[0] // 2
                module.weight[:, :, :middle] = 0
                module.weight[:, :, middle + 1:] = 0


# What may differ between a run and its continuation.
OPERATION = {
    "cache", "out", "resume", "threads", "start", "log_every", "validate_every", "checkpoint_minutes", "half",
}


def run_arguments(arguments):
    return {key: value for key, value in sorted(vars(arguments).items()) if key not in OPERATION}


def load_checkpoint(path, arguments, device):
    state = torch.load(path, map_location=device, weights_only=True)
    given = run_arguments(arguments)
    changed = [key for key in given if state["arguments"].get(key) != given[key]]
    if changed:
        key = changed[0]
        sys.exit(f"error: {path}: was made with --{key.replace('_', '-')} {state['arguments'].get(key)}\n"
                 "hint: --resume takes the same arguments as the first run")
    return state


def save(arguments, trainer, optimiser, memory, done):
    out = Path(arguments.out)
    if not arguments.batch:
        keep_one_frame(trainer.encoder)
    trainer.encoder.config["training"] = {
        "method": "tools/reference/train.py", "seed": arguments.seed, "steps": done,
        "start": arguments.start, "arguments": run_arguments(arguments),
    }
    write_model(out, trainer.encoder, torch.float16 if arguments.half else torch.float32)
    save_state(out, {
        "arguments": run_arguments(arguments), "step": done, "trainer": trainer.state_dict(),
        "optimiser": optimiser.state_dict(), "memory": memory.points if memory else None})


def parse():
    parser = options(
        __doc__, steps=2000, batch=32, clips=1, rate=1e-3, decay=0.02, warm_up=100, label_weight=0.0,
        video_label_weight=0.0, stills=0.3, smallest_crop=0.35, copies=0.3)
    add = parser.add_argument
    add("--sizes", default="80", metavar="S[:P,S…]", help="pixels; 64:0.6,112 is 64 for 0.6 of the steps")
    add("--optimiser", choices=("adamw", "sgd"), default="adamw")
    add("--uncertainty", choices=("normalised", "literal", "none"), default="normalised")
    add("--memory", type=int, default=0, help="clips of past batches kept as negatives")
    add("--memory-weight", type=float, default=0.5)
    add("--label-batch", type=int, default=32, help="labelled stills a step; they are alone with --batch 0")
    add("--labelled", type=float, default=0.5, help="share of labelled videos, with --video-label-weight")
    add("--near", type=float, default=0.5, help="probability that the second view is close in time")
    add("--flip", type=float, default=0.5)
    add("--float32", dest="bfloat16", action="store_false", help="no bfloat16")
    add("--half", action="store_true", help="write float16 weights")
    add("--threads", type=int, default=0)
    add("--validate-every", type=int, default=500)
    return parser.parse_args()


def main():
    arguments = parse()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    device = best_device()
    out = Path(arguments.out)
    checkpoint = out / "checkpoint.pt"
    if not arguments.resume:
        need_new(out, "--resume goes on; or choose another folder")
    if arguments.resume and not checkpoint.exists():
        sys.exit(f"error: {checkpoint}: nothing to resume")
    state = load_checkpoint(checkpoint, arguments, device) if arguments.resume else None
    cache = Cache(arguments.cache)
    encoder = begin(arguments)
    stills = LabelledStills(cache, arguments.label_batch, arguments.seed) if arguments.label_weight else None
    video_classes = len(cache.video_classes()) if arguments.video_label_weight else 0
    trainer = Trainer(encoder, len(stills.number) if stills else 0, video_classes)
    trainer = trainer.to(device).to(memory_format=torch.channels_last_3d).train()
    optimiser = make_optimiser(arguments.optimiser, trainer.parameters(), arguments.rate, arguments.decay)
    memory = Memory(arguments.memory, arguments.dimension, device) if arguments.memory else None
    settings = ObjectiveSettings(
        samples=arguments.samples, mining={"quantile": arguments.quantile}, uncertainty=arguments.uncertainty,
        kl_weight=arguments.kl, nce_weight=arguments.nce, temperature=arguments.temperature)
    augmentation = AugmentationSettings(
        smallest_crop=arguments.smallest_crop, copies=arguments.copies, flip=arguments.flip)
    sampling = SamplingSettings(
        stills=arguments.stills, near=arguments.near,
        labelled=arguments.labelled if arguments.video_label_weight else 0)
    batches = None
    if arguments.batch:
        batches = Batches(cache, encoder.config, arguments.batch, arguments.clips, settings.views, arguments.seed,
                          sampling)
    elif not arguments.label_weight:
        sys.exit("error: nothing to train on\nhint: --batch 0 goes with --label-weight")
    done = 0
    if state:
        trainer.load_state_dict(state["trainer"])
        optimiser.load_state_dict(state["optimiser"])
        if memory and state["memory"] is not None:
            memory.points = state["memory"]
        done = state["step"]
    validation = None
    if arguments.validate_every:
        validation = Validation(cache, encoder.config, size_at(arguments.sizes, 1 - 1e-9), device)
    out.mkdir(parents=True, exist_ok=True)

    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))
    started = saved = time.monotonic()
    first = done
    with (out / "log.jsonl").open("a") as log:

        def write(entry):
            log.write(json.dumps(entry) + "\n")
            log.flush()

        everything = prefetch(batches.make, done, arguments.steps) if batches else [None] * (arguments.steps - done)
        for batch in everything:
            terms = forward_backward(
                trainer, batch, stills, memory, arguments, settings, augmentation, done, device)
            rate = arguments.rate * rate_factor(done, arguments.warm_up, arguments.steps)
            norm = optimiser_step(optimiser, rate, arguments.clip_norm)
            done += 1
            if done % arguments.log_every == 0 or done == arguments.steps:
                seconds = (time.monotonic() - started) / (done - first)
                terms |= {"gradient_norm": norm.item(), "rate": rate,
                          "clips_per_second": (len(batch[0]) if batch else arguments.label_batch) / seconds}
                write({"step": done, **terms})
                shown = " ".join(f"{name} {value:.3g}" for name, value in terms.items())
                print(f"{done}/{arguments.steps} {shown}, {(arguments.steps - done) * seconds / 60:.0f} min left",
                      flush=True)
            if validation and (done % arguments.validate_every == 0 or done == arguments.steps):
                values = validation.measure(trainer.encoder)
                write({"step": done, "validation": values})
                print("validation", " ".join(f"{name} {value:.3f}" for name, value in values.items()), flush=True)
            if stopped or time.monotonic() - saved > 60 * arguments.checkpoint_minutes:
                save(arguments, trainer, optimiser, memory, done)
                saved = time.monotonic()
            if stopped:
                sys.exit(f"stopped after step {done}; --resume goes on")
    save(arguments, trainer, optimiser, memory, done)


if __name__ == "__main__":
    main()
