#!/usr/bin/env python3
"""Fit the two linear layers of a trained model's head to the ranking that a search makes.

    heads.py --cache cache --from models/trained --out models/fitted

The backbone stays as it is, so everything is learned on features, computed once. A query is a video of which every
clip went through the same alteration, as copies do; it has to find its original among hundreds of videos by the very
distance that ranks a library, the closed-form Bhattacharyya distance of the mixtures' moments. That is many more
strangers at a time than fit into a batch of clips. FC_log_variance learns beside, that a flat, noise-filled, frozen
or heavily blurred clip is less certain than the clip that it was made from. Prints what held-out videos say before
and after. Seeded.
"""

import argparse
import copy
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

from augmentation import AugmentationSettings, Draw, bytes_of, crop, degrade, unit_range
from data import Cache, class_name, labelled
from files import need_new, read_model, write_model
from model import best_device, normalise
from objective import bhattacharyya_between, closed_form_bhattacharyya, moments
from ruins import KINDS, ruin

# As tools/measure/copies alters videos, a little beyond it, and with one of several traces at a time; None is letterboxed.
ALTERATIONS = (
    AugmentationSettings(smallest_crop=0.5, stretch=1.15, drift=0, flip=0.2, jitter=0.5, grayscale=0, copies=0.1),
    AugmentationSettings(smallest_crop=0.9, stretch=1.05, drift=0, flip=0.5, jitter=0.5, grayscale=0, copies=0.4),
    None,
    AugmentationSettings(
        smallest_crop=0.2, stretch=1.15, drift=0, flip=0.2, jitter=0.5, grayscale=0, copies=0.1, inset=0.4),
)
BATCH = 16


@torch.no_grad()
def encode(encoder, clips):
    """uint8 [B, T, H, W, 3] → features [B, C]."""
    size, device = encoder.config["input"]["height"], encoder.head.mean.weight.device
    rows = []
    for part in clips.split(2 * BATCH if device.type == "cpu" else 64 * BATCH):
        x = normalise(part.to(device), encoder.config)
        if x.shape[-1] != size:
            x = F.interpolate(x, (x.shape[2], size, size), mode="trilinear", align_corners=False)
        rows.append(encoder.features(x))
    return torch.cat(rows)


def altered(clips, settings, generator):
    """Of one kind; another video's first picture serves for insets. [B, T, H, W, 3], none of them stills."""
    draw = Draw(len(clips), clips.device, generator)
    still = torch.zeros(len(clips), dtype=torch.bool, device=clips.device)
    x = crop(unit_range(clips), still, clips.shape[2], settings, draw)
    return bytes_of(degrade(x, settings, draw, x[:, 0].roll(1, 0)))


def letterbox(clips, generator):
    """Black bars above and below, of 5 to 20 % of the height each: [B, T, H, W, 3]."""
    count, frames, height, width, _ = clips.shape
    result = torch.zeros_like(clips)
    for index in range(count):
        rows = int(height * (1 - 2 * (0.05 + 0.15 * torch.rand((), generator=generator).item())))
        x = clips[index].permute(0, 3, 1, 2).float()
        x = F.interpolate(x, (rows, width), mode="bilinear", align_corners=False, antialias=True)
        top = (height - rows) // 2
        result[index, :, top:top + rows] = x.permute(0, 2, 3, 1).round().to(torch.uint8)
    return result


def features(encoder, entries, cache, arguments, seed):
    """Of every video: N clips intact and altered [V, 1 + A, N, C], and its first clip's ruins [V, kinds, C]."""
    device = encoder.head.mean.weight.device
    generator = torch.Generator().manual_seed(seed)
    ruining = torch.Generator(device).manual_seed(seed) if device.type != "cpu" else generator
    frames, count = encoder.config["clip"]["frames"], arguments.clips
    versions, ruins = [], []
    for start in range(0, len(entries), BATCH):
        part = entries[start:start + BATCH]
        videos = []
        for entry in part:
            clips = torch.from_numpy(cache.uniform_clips(entry, encoder.config, count))
            # Fewer than N: the first ones again, which changes no moment much and no shape.
            clips = clips[torch.arange(count) % len(clips)]
            videos.append(clips.flatten(0, 1))
        videos = torch.stack(videos).to(device)  # the clips behind one another, so that they share the alteration
        own = [videos]
        for number in range(arguments.alterations):
            settings = ALTERATIONS[number % len(ALTERATIONS)]
            own.append(altered(videos, settings, generator) if settings else letterbox(videos, generator))
        rows = [encode(encoder, version.unflatten(1, (count, frames)).flatten(0, 1)) for version in own]
        versions.append(torch.stack([row.unflatten(0, (len(part), count)) for row in rows], dim=1))
        first = videos[:, :frames]
        ruins.append(torch.stack([encode(encoder, ruin(kind, first, ruining)) for kind in KINDS], dim=1))
        print(f"\rfeatures of {start + len(part)} of {len(entries)} videos", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return torch.cat(versions), torch.cat(ruins)


def mixtures(head, v):
    """[V, N, C] → means and variances [V, D] of the mixtures."""
    return moments(*head(v))


def distances(head, queries, library, rows=64):
    """Of mixtures of [Q, N, C] and [V, N, C] → [Q, V], some rows at a time for memory's sake."""
    columns = mixtures(head, library)
    return torch.cat([bhattacharyya_between(mixtures(head, part), columns) for part in queries.split(rows)])


def uncertainty(head, v):
    """Mean log variance of clips [..., C] → [...]."""
    return head.log_variance(v).clamp(*head.range).mean(dim=-1)


@torch.no_grad()
def report(head, versions, ruins, entries):
    """What held-out videos say."""
    own = torch.arange(len(versions), device=versions.device)
    for number in range(1, versions.shape[1]):
        found = distances(head, versions[:, number], versions[:, 0]).argmin(dim=1) == own
        print(f"alteration {number}: recall@1 {100 * found.float().mean():.1f} % of {len(own)}")
    for index, kind in enumerate(KINDS):
        gap = uncertainty(head, ruins[:, index]) - uncertainty(head, versions[:, 0, 0])
        print(f"{kind}: less certain in {100 * (gap > 0).float().mean():.1f} %, by {gap.mean():.3f}")
    mean, variance = mixtures(head, versions[:, 0])
    print(f"mean log variance {head.log_variance(versions[:, 0]).clamp(*head.range).mean():.2f}")
    for name in ("web", "fight", "yoga"):
        rows = labelled(entries, name)
        if len(rows) < 2:
            continue
        labels = [entries[i]["label"] for i in rows]
        unit = F.normalize(mean[rows], dim=1)
        for what, near in (("means", -(unit @ unit.T)),
                           ("distribution", closed_form_bhattacharyya(mean[rows], variance[rows]))):
            nearest = near.fill_diagonal_(math.inf).argmin(dim=1).tolist()
            right = sum(labels[i] == labels[j] for i, j in enumerate(nearest))
            print(f"{name}, {what}: the nearest has the same label for {100 * right / len(rows):.1f} % of {len(rows)}")


def neighbours(head, v, temperature=0.05):
    """Log probabilities of every video's neighbours by the angle of their means, itself left out: [V, V]."""
    unit = F.normalize(mixtures(head, v)[0], dim=1)
    return F.log_softmax((unit @ unit.T / temperature).fill_diagonal_(-1e4), dim=1)


def fit(head, versions, ruins, entries, arguments):
    device = versions.device
    generator = torch.Generator().manual_seed(arguments.seed)
    teacher = copy.deepcopy(head).requires_grad_(False)
    with torch.no_grad():
        kept = uncertainty(head, versions[:, 0])
    log_temperature = torch.tensor(math.log(10.0), device=device, requires_grad=True)
    names = sorted({class_name(e) for e in entries} - {None})
    number = {name: i for i, name in enumerate(names)}
    label = torch.tensor([number.get(class_name(e), -1) for e in entries], device=device)
    parameters = list(head.parameters()) + [log_temperature]
    classifier = torch.nn.Linear(head.mean.out_features, len(names)).to(device) if arguments.label_weight else None
    if classifier:
        torch.nn.init.zeros_(classifier.weight)
        parameters += list(classifier.parameters())
    optimiser = torch.optim.Adam(parameters, lr=arguments.rate)
    kinds = torch.tensor(arguments.kind_weights, device=device)
    for step in range(arguments.steps):
        chosen = torch.randperm(len(versions), generator=generator)[: arguments.videos].to(device)
        kind = 1 + torch.randint(0, versions.shape[1] - 1, (len(chosen),), generator=generator).to(device)
        queries, library = versions[chosen, kind], versions[chosen, 0]
        if step % 3 == 0:  # an excerpt
            queries = queries[:, torch.randint(0, queries.shape[1], (1,), generator=generator).to(device)]
        near = distances(head, queries, library)
        logits = -near / log_temperature.exp()
        target = torch.arange(len(chosen), device=device)
        search = F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)
        intact, gone = uncertainty(head, library), uncertainty(head, ruins[chosen])
        gap = gone - intact[:, :1]
        rank = (F.softplus((arguments.margin - gap) / 0.05) * 0.05 * kinds).sum(dim=1).mean()
        steady = (intact - kept[chosen]).square().mean()
        steady = steady + (uncertainty(head, queries).mean(1) - intact.mean(1)).square().mean()
        loss = search + arguments.uncertainty_weight * (rank + steady)
        if arguments.keep_weight:
            taught = neighbours(teacher, library)
            keep = (taught.exp() * (taught - neighbours(head, library))).sum(dim=1).mean()
            loss = loss + arguments.keep_weight * keep
        if classifier:
            with_label = label[chosen] >= 0
            mean = torch.cat([head(queries)[0].mean(1), head(library)[0].mean(1)])
            both = torch.cat([with_label, with_label])
            topic = F.cross_entropy(classifier(16 * mean[both]), torch.cat([label[chosen]] * 2)[both],
                                    label_smoothing=0.1)
            loss = loss + arguments.label_weight * topic
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = arguments.rate * (1 - step / arguments.steps)
        if step % 50 == 0 or step == arguments.steps - 1:
            print(f"step {step}: search {search.item():.4f} rank {rank.item():.4f} steady {steady.item():.4f} "
                  f"temperature {log_temperature.exp().item():.2f}"
                  + (f" keep {keep.item():.3f}" if arguments.keep_weight else "")
                  + (f" label {topic.item():.3f}" if classifier else ""), flush=True)


def teach(head, versions, ruins, arguments):
    """FC_log_variance alone, which the ranking pulls elsewhere: ruined clips get less certain, intact ones stay."""
    layer = head.log_variance
    intact, altered = versions[:, 0, 0], versions[:, 1:, 0]
    with torch.no_grad():
        kept = layer(intact).clamp(*head.range)
    kinds = torch.tensor(arguments.taught_weights, device=versions.device)
    optimiser = torch.optim.Adam(layer.parameters(), lr=3e-3)
    for step in range(arguments.uncertainty_steps):
        s = layer(intact)
        gap = layer(ruins).mean(dim=-1) - s.mean(dim=-1, keepdim=True)
        rank = (F.softplus((arguments.margin - gap) / 0.05) * 0.05 * kinds).sum(dim=1).mean()
        steady = (s - kept).square().mean() + (layer(altered) - s.unsqueeze(1)).square().mean()
        optimiser.zero_grad()
        (rank + arguments.steady_weight * steady).backward()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * (1 - step / arguments.uncertainty_steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", required=True, metavar="DIR")
    parser.add_argument("--from", dest="start", required=True, metavar="DIR")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--most", type=int, default=0, metavar="N", help="videos of training (default: all)")
    parser.add_argument("--clips", type=int, default=2, help="N, of a video")
    parser.add_argument("--alterations", type=int, default=3, help="versions of a video beside the intact one")
    parser.add_argument("--videos", type=int, default=384, help="of a step")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--keep-weight", type=float, default=0.0,
                        help="of keeping each video's neighbours among the others")
    parser.add_argument("--margin", type=float, default=0.2, help="of the mean log variance")
    parser.add_argument("--uncertainty-steps", type=int, default=1000, help="of FC_log_variance alone, afterwards")
    parser.add_argument("--taught-weights", type=float, nargs=len(KINDS), default=(0.25, 0.25, 3.0, 0.5),
                        help="of the kinds there")
    parser.add_argument("--steady-weight", type=float, default=0.5, help="of what intact clips keep there")
    parser.add_argument("--uncertainty-weight", type=float, default=3.0)
    parser.add_argument("--kind-weights", type=float, nargs=len(KINDS), default=(0.25, 0.25, 1.0, 0.5),
                        help=f"of {', '.join(KINDS)}")
    parser.add_argument("--label-weight", type=float, default=0.0, help="of a classifier of the labelled videos")
    parser.add_argument("--features", metavar="FILE", help="keep the features here between runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--half", action="store_true", help="write float16 weights")
    arguments = parser.parse_args()
    need_new(arguments.out)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = best_device()
    encoder = read_model(arguments.start).to(device).to(memory_format=torch.channels_last_3d).eval()
    cache = Cache(arguments.cache)
    training = cache.choose("video", held_out=False)
    order = torch.randperm(len(training), generator=torch.Generator().manual_seed(arguments.seed))
    training = [training[i] for i in order[: arguments.most or len(order)].tolist()]
    held_out = cache.choose("video", held_out=True)[::2]
    if arguments.features and Path(arguments.features).exists():
        known, unknown = torch.load(arguments.features, map_location=device, weights_only=True)
    else:
        unknown = features(encoder, held_out, cache, arguments, arguments.seed + 1)
        known = features(encoder, training, cache, arguments, arguments.seed)
        if arguments.features:
            torch.save((known, unknown), arguments.features)
    print("before:")
    report(encoder.head, *unknown, held_out)
    fit(encoder.head, *known, training, arguments)
    print("between:")
    report(encoder.head, *unknown, held_out)
    teach(encoder.head, *known, arguments)
    print("after:")
    report(encoder.head, *unknown, held_out)
    encoder.config["calibration"] = None
    taken = {key: value for key, value in vars(arguments).items()
             if key not in ("cache", "start", "out", "features", "threads", "half")}
    encoder.config.setdefault("training", {})["heads"] = {"method": "tools/reference/heads.py", **taken}
    write_model(arguments.out, encoder, torch.float16 if arguments.half else torch.float32)


if __name__ == "__main__":
    main()
