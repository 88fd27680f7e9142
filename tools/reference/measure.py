#!/usr/bin/env python3
"""What model folders find among cached videos: copies by alteration, meaning, uncertainty. On a GPU or a CPU.

    measure.py --cache cache models/default models/mine [--json FILE]

Like tools/measure/copies, `mixtape evaluate` and tools/measure/uncertainty, but on a cache's frames and without a codec between:
for choosing between models, not for reporting. Queries are held-out videos; the library is all videos of the cache.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from augmentation import quantised
from data import Cache, clip_places, labelled
from files import read_model
from model import best_device, normalise
from objective import bhattacharyya_between, moments
from ruins import KINDS, ruin

SETS = ("web", "yoga", "fight")


def resized(x, height, width):
    return F.interpolate(x, (height, width), mode="bilinear", align_corners=False, antialias=True)


def window(share_x, share_y, centre_x=0.5, centre_y=0.5):
    """A crop of a part of the width and height."""
    def change(x, other):
        height, width = x.shape[-2:]
        w, h = round(width * share_x), round(height * share_y)
        left, top = round((width - w) * centre_x), round((height - h) * centre_y)
        return resized(x[..., top:top + h, left:left + w], height, width)
    return change


def letterbox(x, other):
    rows = round(x.shape[-2] / 1.3)
    top = (x.shape[-2] - rows) // 2
    result = torch.zeros_like(x)
    result[..., top:top + rows, :] = resized(x, rows, x.shape[-1])
    return result


def boxes(x, other):
    height, width = x.shape[-2:]
    x = x.clone()
    for (left, top, w, h), colour in (((0.75, 0.08, 0.2, 0.16), (1, 1, 1)), ((0.78, 0.12, 0.14, 0.08), (1, 0, 0))):
        part = x[..., round(top * height):round((top + h) * height), round(left * width):round((left + w) * width)]
        part.lerp_(torch.tensor(colour, dtype=x.dtype, device=x.device).view(1, 3, 1, 1).expand_as(part), 0.9)
    return x


def blurred(x, other):
    sigma = 0.015 * x.shape[-2]
    offset = torch.arange(-8, 9, device=x.device)
    kernel = torch.exp(-offset.square() / (2 * sigma * sigma))
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    x = F.conv2d(F.pad(x, (8, 8, 0, 0), mode="replicate"), kernel[:, :, None, :], groups=3)
    return F.conv2d(F.pad(x, (0, 0, 8, 8), mode="replicate"), kernel[:, :, :, None], groups=3)


def within(side, left, top, own):
    """Picture in picture: the video in a window over another's first picture, or that in a corner over it."""
    def change(x, other):
        height, width = x.shape[-2:]
        h, w = round(height * side), round(width * side)
        y, z = round((height - h) * top), round((width - w) * left)
        inner, outer = (x, other.expand_as(x)) if own else (other.expand_as(x), x)
        result = outer.clone()
        result[..., y:y + h, z:z + w] = resized(inner, h, w)
        return result
    return change


def reencoded(x, other):
    """Coarse steps, after halving and doubling."""
    return quantised(halved(x, other), 40 / 255)


def halved(x, other):
    return resized(resized(x, x.shape[-2] // 2, x.shape[-1] // 2), *x.shape[-2:])


# Of pictures [n, 3, H, W] of values 0 … 1 and a stranger's [1, 3, H, W]; None changes nothing (times do).
ALTERATIONS = {
    "re-encoded": reencoded, "half the size": halved, "blurred": blurred,
    "brightness and contrast": lambda x, other: (x - 0.5) * 1.25 + 0.5 + 0.12,
    "1.25 times as fast": None, "mirrored": lambda x, other: x.flip(-1), "a logo": boxes,
    "the middle 80 %": window(0.8, 0.8), "an excerpt of 5 seconds": None, "letterboxed": letterbox,
    "the middle 50 %": window(0.5, 0.5), "a corner, 60 %": window(0.6, 0.6, 0.0, 0.0),
    "in a window of 60 % over another": within(0.6, 0.8, 0.2, True),
    "another in a corner, 35 %": within(0.35, 0.95, 0.95, False),
}
COMMON = list(ALTERATIONS)[:10]  # as tools/measure/copies has them


class Measuring:
    def __init__(self, cache, encoder, device):
        self.cache, self.encoder, self.device = cache, encoder.to(device).eval(), device
        self.config = encoder.config

    def pixels(self, entry, places):
        numbers = entry["first"] + places.flatten()
        frames = torch.from_numpy(self.cache.frames[numbers]).to(self.device)
        return frames.permute(0, 3, 1, 2).float() / 255

    def clips(self, x):
        """Pictures [N · T, 3, H, W] → uint8 [N, T, S, S, 3]."""
        size = self.config["input"]["height"]
        x = (resized(x, size, size).clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        return x.unflatten(0, (-1, self.config["clip"]["frames"]))

    @torch.no_grad()
    def gaussians(self, clips, rows=256):
        parts = []
        for part in clips.split(rows):
            parts.append(torch.stack(self.encoder.head(self.encoder.features(normalise(part, self.config)))))
        return torch.cat(parts, dim=1)

    def mixtures(self, videos):
        """An iterable of clips, uint8 [N, T, S, S, 3] each → mean and variance, two [V, D]."""
        means, variances, held, counts = [], [], [], []

        def flush():
            if not held:
                return
            mean, log_variance = self.gaussians(torch.cat(held))
            for m, s in zip(mean.split(counts), log_variance.split(counts)):
                a, b = moments(m[None], s[None])
                means.append(a)
                variances.append(b)
            held.clear()
            counts.clear()

        for clips in videos:
            held.append(clips)
            counts.append(len(clips))
            if sum(counts) >= 512:
                flush()
        flush()
        return torch.cat(means), torch.cat(variances)

    def library(self, entries):
        return self.mixtures(
            self.clips(self.pixels(e, clip_places(e["count"], self.config, self.cache.interval))) for e in entries)

    def altered(self, entries, name, strangers, seed):
        generator, change = np.random.default_rng(seed), ALTERATIONS[name]
        for entry, stranger in zip(entries, strangers):
            count, start, pace = entry["count"], 0.0, 1.0
            place = generator.uniform()
            if name == "an excerpt of 5 seconds":
                length = min(count, round(5 / self.cache.interval))
                count, start = length, place * (count - length)
            if name == "1.25 times as fast":
                count, pace = max(1, int(count / 1.25)), 1.25
            places = clip_places(count, self.config, self.cache.interval)
            places = np.minimum(np.floor(start + (places + 0.5) * pace), entry["count"] - 1).astype(np.int64)
            x = self.pixels(entry, places)
            if change:
                x = change(x, self.pixels(stranger, np.zeros(1, dtype=np.int64)))
            yield self.clips(x)


def ranks(queries, library, own):
    """Rank of each query's original, 0 the nearest."""
    result = []
    for start in range(0, len(own), 32):
        part = bhattacharyya_between(*[tuple(t[start:start + 32] for t in queries), library])
        mine = own[start:start + 32]
        result.append((part < part.gather(1, mine[:, None])).sum(dim=1))
    return torch.cat(result)


def copies(measuring, entries, library, chosen, seed=1):
    strangers = [entries[i] for i in np.random.default_rng(seed).integers(0, len(entries), len(chosen))]
    own = torch.tensor(chosen, device=measuring.device)
    result = {}
    for name in ALTERATIONS:
        queries = measuring.mixtures(measuring.altered([entries[i] for i in chosen], name, strangers, seed))
        rank = ranks(queries, library, own).float()
        result[name] = {"recall@1": (rank < 1).float().mean().item(), "recall@10": (rank < 10).float().mean().item(),
                        "mAP": (1 / (1 + rank)).mean().item()}
    result["the first ten"] = {
        key: float(np.mean([result[name][key] for name in COMMON])) for key in ("recall@1", "recall@10", "mAP")}
    return result


def meaning(entries, library):
    """recall@1 of held-out videos, each against all others of its set, by μ_V and by the distribution."""
    mean, variance = library
    result = {}
    for name in SETS:
        rows = labelled(entries, name)
        asked = [k for k, i in enumerate(rows) if entries[i]["held_out"]]
        if not asked:
            continue
        known = [k for k, i in enumerate(rows) if not entries[i]["held_out"]]
        unit = F.normalize(mean[rows], dim=1)
        angle = -(unit[asked] @ unit.T)
        shape = bhattacharyya_between((mean[rows][asked], variance[rows][asked]), (mean[rows], variance[rows]))
        labels = np.array([entries[i]["label"] for i in rows])

        def right(near, columns):
            near = near.clone()
            near[torch.arange(len(asked)), torch.tensor(asked)] = math.inf
            nearest = near[:, columns].argmin(dim=1).cpu().numpy()
            return float(np.mean(labels[asked] == labels[columns][nearest]))

        everything = np.arange(len(rows))
        result[name] = {
            "queries": len(asked), "mean": right(angle, everything), "distribution": right(shape, everything),
            "mean, training videos alone": right(angle, np.array(known))}
    return result


def uncertainty(measuring, entries, seed=1):
    """Share of held-out videos' first clips that are more certain than their ruins, by the mean log variance."""
    generator = torch.Generator(measuring.device).manual_seed(seed)
    order = np.random.default_rng(seed).permutation([i for i, e in enumerate(entries) if e["held_out"]])
    chosen = [entries[i] for i in order]
    clips = torch.cat([
        measuring.clips(measuring.pixels(e, clip_places(e["count"], measuring.config, measuring.cache.interval)[:1]))
        for e in chosen])
    own = measuring.gaussians(clips)[1].mean(dim=1)
    result = {"videos": len(chosen), "mean log variance": own.mean().item()}
    for kind in KINDS:
        gone = clips[:, :1].expand_as(clips).contiguous() if kind == "frozen" else ruin(kind, clips, generator)
        result[kind] = (measuring.gaussians(gone)[1].mean(dim=1) > own).float().mean().item()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--cache", required=True, metavar="DIR")
    parser.add_argument("--others", type=int, default=120, help="originals of all folders")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    device = best_device()
    cache = Cache(arguments.cache)
    entries = [e for e in cache.entries if e["kind"] == "video"]
    held = [i for i, e in enumerate(entries) if e["held_out"]]
    groups = {
        "web": [i for i in held if entries[i]["path"].startswith("web/")],
        "all": np.random.default_rng(1).permutation(held)[: arguments.others].tolist(),
    }
    result = {}
    for model in arguments.models:
        measuring = Measuring(cache, read_model(model), device)
        library = measuring.library(entries)
        result[model] = {
            "copies": {name: copies(measuring, entries, library, rows) for name, rows in groups.items()},
            "meaning": meaning(entries, library), "uncertainty": uncertainty(measuring, entries)}
        print(model, file=sys.stderr, flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(result, indent=1) + "\n")

    def table(rows):
        for label, values in rows:
            print(f"{label:<40}" + "".join(f"{100 * value:>10.1f}" for value in values))

    for name in groups:
        print(f"recall@1 of {len(groups[name])} originals ({name}), recall@1 / recall@10 in columns of each model")
        every = [result[m]["copies"][name] for m in arguments.models]
        table((a, [c[a][key] for key in ("recall@1", "recall@10") for c in every]) for a in every[0])
    every = [result[m]["meaning"] for m in arguments.models]
    table((f"{s}, {key}", [m[s][key] for m in every]) for s in every[0] for key in every[0][s] if key != "queries")
    every = [result[m]["uncertainty"] for m in arguments.models]
    table((kind, [u[kind] for u in every]) for kind in KINDS)


if __name__ == "__main__":
    main()
