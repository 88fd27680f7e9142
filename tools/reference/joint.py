#!/usr/bin/env python3
"""Train an encoder on a GPU with everything at once: a teacher of pictures, copies, and what uncertainty is for.

    joint.py --cache cache --out models/pictures --pictures --steps 3000 --batch 1024
    joint.py --cache cache --out models/mine --from models/pictures --steps 5000

--pictures: single frames of stills and videos learn what EfficientNet-Lite0 says of the same crop (teacher.py).
Otherwise clips: half of the loss is ProViCo's, half InfoNCE (objective.py); beside it every video of a step has to
find its altered copy by the distance that search uses, the means have to have the teacher's features and
neighbours, labels are named, and frozen, flat, noisy and blurred clips have to be less certain than what they were
made from. What is written is the average of the weights over the last steps. All frames lie on the GPU.

Seeded: everything drawn follows from --seed and the step. OUT is a model folder at every checkpoint; --resume goes
on from OUT/checkpoint.pt. OUT/log.jsonl has the curves.
"""

import copy
import json
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from augmentation import AugmentationSettings, Draw, bytes_of, crop, degrade, unit_range
from data import Cache, prefetch
from files import need_new, write_model
from model import best_device, normalise
from objective import ObjectiveSettings, bhattacharyya_between, moments, objective
from optimisation import make_optimiser, rate_factor, step as optimiser_step
from ruins import KINDS, ruin
from sampling import Mix, ResidentFrames, Sampler
from teacher import CLASSES, FEATURES, Teacher
from train import keep_one_frame
from training import begin, options, save_state

VIEWS = 2
# A library's video as it is: every second step's first view.
INTACT = AugmentationSettings(
    smallest_crop=0.9, stretch=1.05, drift=0, flip=0.0, jitter=0.2, strength=0.1, grayscale=0, copies=0.03)
RUINED = {"flat": 1, "noise": 1, "frozen": 4, "blurred": 2}  # eighths of the ruined clips
CENTRE_PACE = 0.01


class Student(nn.Module):
    """Everything that is trained: the encoder, and what is read off it in training only."""

    def __init__(self, encoder, still_classes, video_classes):
        super().__init__()
        channels, dimension = encoder.backbone.channels, encoder.head.mean.out_features
        self.encoder = encoder
        self.log_a, self.b = nn.Parameter(torch.tensor(math.log(5.0))), nn.Parameter(torch.tensor(5.0))
        self.log_temperature = nn.Parameter(torch.tensor(math.log(10.0)))
        self.names = nn.Linear(channels, CLASSES)
        self.features = nn.Linear(dimension, FEATURES, bias=False)
        self.still_classifier = nn.Linear(channels, still_classes)
        self.video_classifier = nn.Linear(dimension, video_classes)
        self.register_buffer("centre", torch.zeros(FEATURES))


def copy_weights(average, encoder, decay):
    """average ← decay · average + (1 − decay) · encoder, the norms' statistics too."""
    with torch.no_grad():
        pairs = [(a, b) for a, b in zip(average.state_dict().values(), encoder.state_dict().values())
                 if a.is_floating_point()]
        torch._foreach_lerp_([a for a, _ in pairs], [b for _, b in pairs], 1 - decay)


def teaching(student, v, mean, taught, arguments):
    """What the teacher says of the same pictures. v [B, C], mean [B, D], taught: features and logits."""
    features, logits = taught
    with torch.no_grad():
        # The first steps set it.
        pace = max(CENTRE_PACE, 1 / (student.steps_seen + 1))
        student.centre.lerp_(features.mean(0), pace)
        student.steps_seen += 1
    t = arguments.softness
    names = F.kl_div(F.log_softmax(student.names(v) / t, dim=1), F.log_softmax(logits / t, dim=1),
                     reduction="batchmean", log_target=True) * t * t
    alike = 1 - F.cosine_similarity(student.features(mean), features - student.centre, dim=1).mean()
    return {"names": names, "features": alike}


def labels(scores, classes):
    if not (classes >= 0).any():
        return scores.sum() * 0
    return F.cross_entropy(scores[classes >= 0], classes[classes >= 0], label_smoothing=0.1)


def picture_terms(student, teacher, frames, batch, settings, arguments, generator):
    numbers, classes = batch
    device = frames.frames.device
    draw = Draw(len(numbers), device, generator)
    no = torch.zeros(len(numbers), dtype=torch.bool, device=device)
    x = crop(unit_range(frames[numbers].unsqueeze(1)), no, arguments.size, settings, draw)
    taught = teacher(x[:, 0])
    v = student.encoder.features(normalise(bytes_of(degrade(x, settings, draw)), student.encoder.config))
    mean, _ = student.encoder.head(v)
    terms = teaching(student, v, mean, taught, arguments)
    terms["label"] = labels(student.still_classifier(v), torch.as_tensor(classes, device=device))
    return terms


def view(pixels, still, others, settings, arguments, generator):
    """One view of the videos: uint8 [V, N, T, H, W, 3] → uint8 [V · N, T, S, S, 3] and the pictures, of each clip
    its middle one before traces of copying, that the teacher sees: [V · N, 3, S, S]."""
    videos, clips, frames = pixels.shape[:3]
    draw = Draw(videos, pixels.device, generator)
    x = crop(unit_range(pixels.flatten(1, 2)), still, arguments.size, settings, draw)
    seen = x.unflatten(1, (clips, frames))[:, :, frames // 2].flatten(0, 1)
    x = bytes_of(degrade(x, settings, draw, others))
    return x.unflatten(1, (clips, frames)).flatten(0, 1), seen


def ruined(clips, count, generator):
    """(intact, ruined) clips, as RUINED shares them."""
    kept, gone, first = [], [], 0
    for kind in KINDS:
        part = clips[first:first + count * RUINED[kind] // 8]
        first += len(part)
        kept.append(part)
        gone.append(ruin(kind, part, generator))
    return first, torch.cat(gone)


def video_terms(student, teacher, frames, batch, settings, arguments, generator, step, loss_settings):
    device, encoder = frames.frames.device, student.encoder
    numbers, still, still_class, video_class = (
        torch.as_tensor(x, device=device)
        for x in (batch.numbers, batch.still, batch.still_class, batch.video_class))
    videos, count = numbers.shape[1], numbers.shape[2]
    views, seen = [], []
    others = frames[batch.strangers].permute(0, 3, 1, 2).float() / 255
    others = F.interpolate(others, (arguments.size,) * 2, mode="bilinear", align_corners=False).split(videos)
    for number in range(VIEWS):
        chosen = INTACT if number == 0 and step % 2 == 0 else settings
        clips, pictures = view(frames[numbers[number]], still, others[number], chosen, arguments, generator)
        views.append(clips)
        seen.append(pictures)
    taught = teacher(torch.cat(seen).unflatten(0, (-1, count))[:, 0])  # of the first clip
    here = torch.Generator(device).manual_seed(arguments.seed * 1_000_003 + step)
    # Rows in an order of their own, so that every kind of ruin meets every kind of video.
    order = torch.randperm(videos * count, generator=here, device=device)[: arguments.ruins]
    ruins, gone = ruined(views[0][order], arguments.ruins, here)
    v = encoder.features(normalise(torch.cat([*views, gone]), encoder.config))
    mean, log_variance = encoder.head(v)
    whole = VIEWS * videos * count
    intact, lost = log_variance[order[:ruins]].mean(1), log_variance[whole:].mean(1)
    v, mean, log_variance = v[:whole], mean[:whole], log_variance[:whole]
    terms = teaching(student, v[::count], mean[::count], taught, arguments)

    shape = (VIEWS * videos, count, -1)
    means, log_variances = mean.view(shape), log_variance.view(shape)
    noise = torch.randn(len(means), loss_settings.samples, means.shape[-1], generator=here, device=device)
    terms |= objective(means, log_variances, noise, student.log_a, student.b, loss_settings)

    used = 1 if step % 3 == 0 else count  # one: an excerpt
    library = moments(means[:videos], log_variances[:videos])
    queries = moments(means[videos:, :used], log_variances[videos:, :used])
    logits = -bhattacharyya_between(queries, library) / student.log_temperature.exp()
    own = torch.arange(videos, device=device)
    terms["search"] = F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)
    terms["found"] = (logits.argmax(1) == own).float().mean()

    features = taught[0].view(VIEWS, videos, -1).mean(dim=0) - student.centre
    features = F.normalize(features, dim=1)
    target = (features @ features.T / arguments.taught_temperature).fill_diagonal_(-1e4).log_softmax(1)
    unit = [F.normalize(means[rows].mean(1), dim=1) for rows in (slice(videos, None), slice(0, videos))]
    near = (unit[0] @ unit[1].T / loss_settings.temperature).fill_diagonal_(-1e4).log_softmax(1)
    terms["neighbours"] = F.kl_div(near, target, reduction="batchmean", log_target=True)

    rows = torch.arange(videos, device=device).repeat_interleave(count).repeat(VIEWS)
    terms["label"] = labels(student.still_classifier(v), still_class[rows])
    terms["video_label"] = labels(student.video_classifier(16 * mean), video_class[rows])
    gap = lost - intact
    terms["ruins"] = (F.softplus((arguments.margin - gap) / 0.05) * 0.05).mean()
    terms["less_certain"] = (gap > 0).float().mean()
    return terms


def total(terms, arguments):
    weights = {
        "names": arguments.names_weight, "features": arguments.features_weight, "label": arguments.label_weight,
        "total": 1.0, "search": arguments.search_weight, "neighbours": arguments.neighbours_weight,
        "video_label": arguments.video_label_weight, "ruins": arguments.ruins_weight}
    return sum(weights[name] * value for name, value in terms.items() if name in weights)


def parse():
    parser = options(
        __doc__, steps=5000, batch=256, clips=2, rate=2e-3, decay=0.05, warm_up=200, label_weight=0.2,
        video_label_weight=0.2, stills=0.25, smallest_crop=0.25, copies=0.25)
    add = parser.add_argument
    add("--pictures", action="store_true", help="single frames and the teacher alone, to start from")
    add("--size", type=int, default=112)
    add("--together", type=float, default=0.5, help="share of the videos that are of one folder")
    add("--average", type=float, default=0.998, help="decay of the average of the weights")
    add("--teacher-size", type=int, default=192, help="pixels that the teacher sees")
    add("--softness", type=float, default=2.0, help="temperature of the teacher's classes")
    add("--taught-temperature", type=float, default=0.1, help="of the teacher's neighbours")
    add("--names-weight", type=float, default=0.5)
    add("--features-weight", type=float, default=2.0)
    add("--neighbours-weight", type=float, default=0.5)
    add("--search-weight", type=float, default=0.5)
    add("--ruins", type=int, default=64, help="ruined clips a step")
    add("--ruins-weight", type=float, default=2.0)
    add("--margin", type=float, default=0.3, help="of the mean log variance")
    add("--inset", type=float, default=0.15, help="probability of a picture in picture")
    add("--compile", action="store_true", help="the backbone with torch.compile")
    add("--minutes", type=float, default=math.inf, help="stop after so many; --resume goes on")
    return parser.parse_args()


OPERATION = {"cache", "out", "start", "resume", "compile", "minutes", "log_every", "checkpoint_minutes"}


def save(arguments, student, average, optimiser, done):
    out, config = Path(arguments.out), average.config
    given = {key: value for key, value in sorted(vars(arguments).items()) if key not in OPERATION}
    config["calibration"] = None
    config["training"] = {"method": "tools/reference/joint.py", "joint": given, "steps": done,
                          "earlier": config["training"].get("earlier", [])}
    write_model(out, average, torch.float32)
    save_state(out, {
        "arguments": given, "step": done, "student": student.state_dict(), "average": average.state_dict(),
        "optimiser": optimiser.state_dict(), "steps_seen": student.steps_seen})


def main():
    arguments = parse()
    torch.manual_seed(arguments.seed)
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    device = best_device()
    out = Path(arguments.out)
    if not arguments.resume:
        need_new(out, "--resume goes on; or choose another folder")
    cache = Cache(arguments.cache)
    encoder = begin(arguments)
    if arguments.start:
        if encoder.config.get("training", {}).get("joint", {}).get("pictures"):
            keep_one_frame(encoder)
        encoder.config["training"] = {"earlier": [encoder.config.get("training", {})]}
    mix = Mix(videos=arguments.batch, stills=arguments.stills, together=arguments.together)
    sampler = Sampler(cache, encoder.config, arguments.clips, VIEWS, arguments.seed, mix)
    student = Student(encoder, sampler.still_classes, sampler.video_classes)
    student.steps_seen = 0
    student = student.to(device).to(memory_format=torch.channels_last_3d).train()
    average = copy.deepcopy(student.encoder).eval()
    if arguments.compile:
        student.encoder.backbone.compile()
    optimiser = make_optimiser("adamw", student.parameters(), arguments.rate, arguments.decay)
    done = 0
    if arguments.resume:
        state = torch.load(out / "checkpoint.pt", map_location=device, weights_only=True)
        student.load_state_dict(state["student"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        done, student.steps_seen = state["step"], state["steps_seen"]
    settings = AugmentationSettings(
        smallest_crop=arguments.smallest_crop, copies=arguments.copies, inset=arguments.inset)
    loss_settings = ObjectiveSettings(
        views=VIEWS, samples=arguments.samples, mining={"quantile": arguments.quantile}, kl_weight=arguments.kl,
        nce_weight=arguments.nce, temperature=arguments.temperature)
    teacher = Teacher(arguments.teacher_size).to(device)
    frames = ResidentFrames(cache, device)
    out.mkdir(parents=True, exist_ok=True)

    def make(step):
        if arguments.pictures:
            return sampler.pictures(step, arguments.batch, 1 - arguments.stills)
        return sampler.make(step)

    started = saved = time.monotonic()
    first = done
    with (out / "log.jsonl").open("a") as log:
        for batch in prefetch(make, done, arguments.steps):
            generator = torch.Generator().manual_seed(arguments.seed * 1_000_003 + done)
            if arguments.pictures:
                terms = picture_terms(student, teacher, frames, batch, settings, arguments, generator)
            else:
                terms = video_terms(
                    student, teacher, frames, batch, settings, arguments, generator, done, loss_settings)
            loss = total(terms, arguments)
            loss.backward()
            rate = arguments.rate * rate_factor(done, arguments.warm_up, arguments.steps)
            norm = optimiser_step(optimiser, rate, arguments.clip_norm)
            done += 1
            copy_weights(average, student.encoder, min(arguments.average, done / (done + 10)))
            if done % arguments.log_every == 0 or done == arguments.steps:
                values = {name: round(value.item(), 4) for name, value in terms.items()}
                if not math.isfinite(loss.item()):
                    raise FloatingPointError(f"step {done}: the loss is not finite: {values}")
                seconds = (time.monotonic() - started) / (done - first)
                entry = {"step": done, **values, "norm": round(norm.item(), 3), "rate": rate,
                         "seconds": round(seconds, 4)}
                log.write(json.dumps(entry) + "\n")
                log.flush()
                print(json.dumps(entry), flush=True)
            stopped = time.monotonic() - started > 60 * arguments.minutes
            if stopped or time.monotonic() - saved > 60 * arguments.checkpoint_minutes or done == arguments.steps:
                save(arguments, student, average, optimiser, done)
                saved = time.monotonic()
            if stopped:
                break


if __name__ == "__main__":
    main()
