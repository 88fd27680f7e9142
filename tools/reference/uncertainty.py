#!/usr/bin/env python3
"""Teach a trained model's FC_log_variance what a clip without information looks like.

    uncertainty.py --cache cache --from models/trained --out models/taught

Backbone and means stay as they are; one linear layer learns, on features of training clips, that a black or flat,
noise-filled, frozen or heavily blurred clip is less certain than the clip it was made from, by a margin in the mean
log variance, while intact clips keep the log variances that the objective gave them and lightly altered ones
(as copies are) get those of the intact clip. Prints the share of right pairs on held-out videos. Seeded.
"""

import argparse
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

from augmentation import augment
from data import Cache
from files import read_model, write_model
from model import normalise
from validation import COPIES

KINDS = ("flat", "noise", "frozen", "blurred")


def ruin(kind, clips, generator):
    """uint8 [B, T, H, W, 3] → the same without its information."""
    count, frames, height, width, _ = clips.shape
    if kind == "flat":
        level = torch.randint(0, 256, (count, 1, 1, 1, 3), generator=generator)
        level[torch.rand(count, generator=generator) < 0.5] = 0
        wave = torch.randint(0, 4, clips.shape, generator=generator)  # what a codec leaves
        return (level + wave).clamp(0, 255).to(torch.uint8)
    if kind == "noise":
        grey = torch.randint(0, 256, (count, frames, height // 2, width // 2), generator=generator)
        grey = grey.repeat_interleave(2, 2).repeat_interleave(2, 3)
        return grey.unsqueeze(-1).expand(clips.shape).to(torch.uint8).contiguous()
    if kind == "frozen":
        chosen = torch.randint(0, frames, (count,), generator=generator)
        return clips[torch.arange(count), chosen].unsqueeze(1).expand_as(clips).contiguous()
    # Shrunk to 4 … 8 pixels and enlarged: a blur of about 6 to 12 % of the height.
    x = clips.permute(0, 1, 4, 2, 3).flatten(0, 1).float()
    side = int(torch.randint(4, 9, (), generator=generator))
    x = F.interpolate(F.interpolate(x, side, mode="area"), (height, width), mode="bicubic", align_corners=False)
    return x.clamp(0, 255).round().to(torch.uint8).view(count, frames, 3, height, width).permute(0, 1, 3, 4, 2)


@torch.no_grad()
def features(encoder, entries, cache, seed):
    """v of intact, lightly altered and ruined clips: [clips, 2 + kinds, C]."""
    generator = torch.Generator().manual_seed(seed)
    size = encoder.config["input"]["height"]
    rows = []
    for start in range(0, len(entries), 16):
        part = entries[start:start + 16]
        clips = []
        for entry in part:
            own = cache.uniform_clips(entry, encoder.config, 10)
            clips.append(own[int(torch.randint(0, len(own), (), generator=generator))])
        clips = torch.stack([torch.from_numpy(clip) for clip in clips])
        still = torch.zeros(len(clips), dtype=torch.bool)
        versions = [clips, augment(clips, still, clips.shape[2], COPIES, generator)]
        versions += [ruin(kind, clips, generator) for kind in KINDS]
        row = []
        for version in versions:
            x = normalise(version, encoder.config)
            if x.shape[-1] != size:
                x = F.interpolate(x, (x.shape[2], size, size), mode="trilinear", align_corners=False)
            with torch.autocast("cpu", torch.bfloat16):
                row.append(encoder.backbone(x.contiguous(memory_format=torch.channels_last_3d)).float())
        rows.append(torch.stack(row, dim=1))
        print(f"\rfeatures of {start + len(part)} of {len(entries)} clips", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return torch.cat(rows)


def report(head, v):
    """Share of pairs in which the ruined clip is the less certain one, and by how much on average."""
    s = head.log_variance(v).clamp(*head.range).mean(dim=-1)
    for index, kind in enumerate(("altered",) + KINDS, start=1):
        gap = s[:, index] - s[:, 0]
        print(f"{kind}: less certain in {100 * (gap > 0).float().mean():.1f} % of {len(gap)} pairs, "
              f"by {gap.mean():.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", required=True, metavar="DIR")
    parser.add_argument("--from", dest="start", required=True, metavar="DIR")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--clips", type=int, default=2000, help="of training, one a video")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--margin", type=float, default=0.2, help="of the mean log variance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--half", action="store_true", help="write float16 weights")
    arguments = parser.parse_args()
    if (Path(arguments.out) / "model.safetensors").exists():
        sys.exit(f"error: {arguments.out} holds a model already\nhint: choose another folder")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    encoder = read_model(arguments.start).to(memory_format=torch.channels_last_3d).eval()
    cache = Cache(arguments.cache)
    order = torch.Generator().manual_seed(arguments.seed)
    training = cache.choose("video", held_out=False)
    training = [training[i] for i in torch.randperm(len(training), generator=order)[: arguments.clips].tolist()]
    v = features(encoder, training, cache, arguments.seed)
    held_out = features(encoder, cache.choose("video", held_out=True), cache, arguments.seed + 1)

    layer = encoder.head.log_variance
    with torch.no_grad():
        kept = layer(v[:, 0]).clamp(*encoder.head.range)
        print("before:")
        report(encoder.head, held_out)
    optimiser = torch.optim.Adam(layer.parameters(), lr=3e-3)
    for step in range(arguments.steps):
        s = layer(v)
        gap = s[:, 2:].mean(dim=-1) - s[:, :1].mean(dim=-1)
        rank = (F.softplus((arguments.margin - gap) / 0.05) * 0.05).mean()
        loss = rank + (s[:, 0] - kept).square().mean() + (s[:, 1] - s[:, 0]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * (1 - step / arguments.steps)
    with torch.no_grad():
        print("after:")
        report(encoder.head, held_out)
    encoder.config["calibration"] = None
    encoder.config.setdefault("training", {})["uncertainty"] = {
        "method": "tools/reference/uncertainty.py", "clips": len(training), "steps": arguments.steps,
        "margin": arguments.margin, "seed": arguments.seed,
    }
    write_model(arguments.out, encoder, torch.float16 if arguments.half else torch.float32)


if __name__ == "__main__":
    main()
