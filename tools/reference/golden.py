#!/usr/bin/env python3
"""Write the golden values that the Swift tests compare with.

    golden.py [--out Tests/Fixtures/golden]

For narrow versions of the four architectures: a model folder (config.json, model.safetensors) and
golden.safetensors beside it. objective.safetensors holds the loss alone, in all its forms. All values are
computed in float64 and stored in float32. README.md there says what each tensor is.
"""

import argparse
import copy
import itertools
import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from files import write_model
from model import Encoder, initialise, normalise
from objective import (
    ObjectiveSettings, closed_form_bhattacharyya, mine, moments, objective, sample, sampled_bhattacharyya,
    soft_losses,
)
from optimisation import make_optimiser, rate_factor, step
from presets import NAMES, configuration

VIDEOS, CLIPS, SAMPLES, DIMENSION, STEPS, WARM_UP = 4, 2, 4, 8, 10, 2
OPTIMISERS = {
    "sgd": {"rate": 0.003, "decay": 1e-4, "momentum": 0.9},
    "adamw": {"rate": 5e-4, "decay": 0.05},
}
CLIP = 1.0
SETTINGS = ObjectiveSettings(views=1, samples=SAMPLES, mining={"quantile": 0.3})
# The deterministic baseline (InfoNCE) on the same clips.
BASELINE = replace(SETTINGS, nce_weight=1.0)
# What a tensor's name begins with → its objective, and the optimisers that follow it. AdamW takes the baseline's
# loss to a twentieth in ten steps, where rounding is no longer small beside it.
OBJECTIVES = {"": (SETTINGS, ("sgd", "adamw")), "nce.": (BASELINE, ("sgd",))}
# Rounding must stay small over the ten steps, or the values would say nothing about another program's: in
# networks this narrow a single ReLU or mined pair that changes sides can move the loss by a hundredth.
LARGEST_DRIFT = 3e-5
# Height and width differ, and some sizes are odd on the way down.
INPUTS = {
    "slowonly18": (4, 24, 40), "r3d_18": (8, 16, 24), "mc3_18": (4, 16, 24), "r2plus1d_18": (8, 16, 24),
}


def narrow_configuration(name):
    frames, height, width = INPUTS[name]
    config = configuration(name, width=2, dimension=DIMENSION)
    if name == "r2plus1d_18":
        # Its stem would have 45·2/64 channels: one, through which everything passes. And behind the fourth
        # stage a channel is 16 values, from which its batch norm amplifies rounding: ten steps are chaotic.
        config["backbone"]["stem"]["convolutions"][0]["channels"] = 5
        del config["backbone"]["stages"][3]
    config["name"] = f"golden-{name}"
    config["clip"]["frames"] = frames
    config["input"].update(width=width, height=height)
    if name != "slowonly18":
        config["input"].update(resize=[height, width])
    for index, stage in enumerate(config["backbone"]["stages"]):
        stage["blocks"] = 2 if index == 0 else 1
    return config


def randomise(encoder, generator):
    """Moves everything away from the values at which a mistake would not show."""
    for name, tensor in encoder.state_dict().items():
        noise = torch.randn(tensor.shape, generator=generator)
        if name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif name.endswith("norm.weight") or ".norm1.weight" in name or ".norm2.weight" in name:
            tensor.copy_(1 + 0.2 * noise)
        elif name.endswith(("running_mean", "bias")) and "log_variance" not in name:
            tensor.copy_(0.1 * noise)
        elif name == "head.log_variance.weight":
            tensor.copy_(0.3 * noise)
        elif name == "head.log_variance.bias":
            tensor.copy_(-4 + 0.3 * noise)


def random_clips(shape, generator):
    """Smooth coloured noise, different for each clip: uint8 [M, T, H, W, 3]."""
    count, frames, height, width = shape
    coarse = torch.rand(count, 3, 3, 5, 6, generator=generator)
    fine = torch.rand(count, 3, frames, height, width, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (frames, height, width), mode="trilinear")
    clips = (0.8 * smooth + 0.2 * fine) * 255
    return clips.round().to(torch.uint8).permute(0, 2, 3, 4, 1).contiguous()


class Run:
    """An encoder with its learned scalars, in float64 unless told otherwise."""

    def __init__(self, encoder, clips, noise, dtype=torch.float64, settings=SETTINGS):
        self.settings = settings
        self.encoder = copy.deepcopy(encoder).to(dtype)
        self.log_a = torch.tensor(5.0).log().to(dtype).requires_grad_()
        self.b = torch.tensor(5.0, dtype=dtype).requires_grad_()
        self.input = normalise(clips, encoder.config, dtype)
        self.noise = noise.to(dtype)

    def named_parameters(self):
        return [*self.encoder.named_parameters(), ("log_a", self.log_a), ("b", self.b)]

    def terms(self, number):
        mean, log_variance = self.encoder(self.input)
        shape = (VIDEOS, CLIPS, DIMENSION)
        return objective(
            mean.view(shape), log_variance.view(shape), self.noise[number], self.log_a, self.b, self.settings)

    def train(self, name):
        """Total loss before each of ten steps."""
        self.encoder.train()
        options = dict(OPTIMISERS[name])
        rate, decay = options.pop("rate"), options.pop("decay")
        parameters = [parameter for _, parameter in self.named_parameters()]
        optimiser = make_optimiser(name, parameters, rate, decay, **options)
        losses = []
        for number in range(STEPS):
            total = self.terms(number)["total"]
            losses.append(total.item())
            total.backward()
            step(optimiser, rate * rate_factor(number, WARM_UP, STEPS), CLIP)
        return torch.tensor(losses, dtype=torch.float64)


def largest_drift(encoder, clips, noise, optimiser, settings, losses):
    """Largest relative change of the ten losses in float32, and when the weights are off by a little."""
    runs = [Run(encoder, clips, noise, torch.float32, settings)]
    generator = torch.Generator().manual_seed(0)
    for _ in range(6):
        run = Run(encoder, clips, noise, settings=settings)
        with torch.no_grad():
            for parameter in run.encoder.parameters():
                parameter *= 1 + 3e-7 * torch.randn(parameter.shape, generator=generator)
        runs.append(run)
    return max(((run.train(optimiser) - losses) / losses).abs().max().item() for run in runs)


def architecture_values(name, seed):
    """The encoder and its golden values; None where rounding would decide the losses."""
    generator = torch.Generator().manual_seed(seed)
    encoder = initialise(Encoder(narrow_configuration(name)), seed)
    with torch.no_grad():
        randomise(encoder, generator)
    clips = random_clips((VIDEOS * CLIPS, *INPUTS[name]), generator)
    noise = torch.randn(STEPS, VIDEOS, SAMPLES, DIMENSION, generator=generator)
    values = {"clips": clips, "noise": noise}

    run = Run(encoder, clips, noise)
    with torch.no_grad():
        run.encoder.eval()
        values["input"] = run.input[:1]
        values["features"] = run.encoder.backbone(run.input)
        values["mean"], values["log_variance"] = run.encoder.head(values["features"])

    for prefix, (settings, optimisers) in OBJECTIVES.items():
        run = Run(encoder, clips, noise, settings=settings)
        run.encoder.train()
        terms = run.terms(0)
        terms["total"].backward()
        values |= {f"{prefix}terms.{term}": value.detach() for term, value in terms.items()}
        values |= {f"{prefix}gradients.{key}": parameter.grad for key, parameter in run.named_parameters()}
        for optimiser in optimisers:
            losses = Run(encoder, clips, noise, settings=settings).train(optimiser)
            values[f"{prefix}losses.{optimiser}"] = losses
            drift = largest_drift(encoder, clips, noise, optimiser, settings, losses)
            print(f"{name} {prefix}{optimiser}, seed {seed}: rounding moves the losses by {drift:.0e};",
                  " ".join(f"{loss:.3f}" for loss in losses.tolist()))
            if drift > LARGEST_DRIFT:
                return None
    values |= {
        f"after.{key}": value for key, value in run.encoder.named_buffers() if "running" in key
    }
    return encoder, values


def objective_values(seed):
    """The loss alone: its inputs, every intermediate, and gradients for each form."""
    generator = torch.Generator().manual_seed(seed)
    mixtures, clips, samples, dimension = 6, 3, 5, 12
    means = torch.nn.functional.normalize(
        torch.randn(mixtures, 1, dimension, generator=generator)
        + 0.5 * torch.randn(mixtures, clips, dimension, generator=generator), dim=-1)
    log_variances = -3 + torch.randn(mixtures, clips, dimension, generator=generator)
    noise = torch.randn(mixtures, samples, dimension, generator=generator)
    values = {"means": means, "log_variances": log_variances, "noise": noise}
    quarter = {"quantile": 0.25}
    forms = {
        "literal": ObjectiveSettings(views=1, samples=samples, mining=quarter, uncertainty="literal"),
        "normalised": ObjectiveSettings(
            views=2, samples=samples, mining=quarter, distance_weight=0.7, kl_weight=0.01),
        "soft": ObjectiveSettings(
            views=1, samples=samples, mining="off", uncertainty="none", reduction="plain"),
        "nce": ObjectiveSettings(views=2, samples=samples, mining="off", nce_weight=1.0),
        "mixed": ObjectiveSettings(views=2, samples=samples, mining={"threshold": 3.0}, nce_weight=0.4),
    }
    log_a, b = torch.tensor(5.0).double().log(), torch.tensor(5.0).double()
    mean, variance = moments(means.double(), log_variances.double())
    points = sample(mean, variance, noise.double())
    distances = closed_form_bhattacharyya(mean, variance)
    positive = mine(distances, quarter, mixtures)
    values |= {
        "moments.mean": mean, "moments.variance": variance, "samples": points, "distances": distances,
        "sampled_distances": sampled_bhattacharyya(points, variance),
        "positive": positive.to(torch.uint8), "soft_losses": soft_losses(points, positive, log_a, b),
    }
    for form, settings in forms.items():
        inputs = [tensor.double().detach().requires_grad_() for tensor in (means, log_variances, log_a, b)]
        terms = objective(inputs[0], inputs[1], noise.double(), inputs[2], inputs[3], settings)
        gradients = torch.autograd.grad(terms["total"], inputs, allow_unused=True, materialize_grads=True)
        values |= {f"{form}.terms.{term}": value.detach() for term, value in terms.items()}
        names = ("means", "log_variances", "log_a", "b")
        values |= {f"{form}.gradients.{key}": gradient for key, gradient in zip(names, gradients)}
    return values, {form: settings.json() for form, settings in forms.items()}


def save(values, path):
    tensors = {
        key: (value if value.dtype in (torch.uint8, torch.int32) else value.float()).detach().contiguous()
        for key, value in values.items()
    }
    save_file(tensors, path)
    return path.stat().st_size


def main():
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=root / "Tests" / "Fixtures" / "golden", metavar="DIR")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size = 0
    for name in NAMES:
        encoder, values = next(filter(None, (architecture_values(name, seed) for seed in itertools.count(1))))
        write_model(arguments.out / name, encoder)
        size += (arguments.out / name / "model.safetensors").stat().st_size
        size += save(values, arguments.out / name / "golden.safetensors")
    values, forms = objective_values(seed=2)
    size += save(values, arguments.out / "objective.safetensors")
    settings = {
        "videos": VIDEOS, "clips": CLIPS, "samples": SAMPLES, "dimension": DIMENSION,
        "steps": STEPS, "warm_up": WARM_UP, "gradient_clip": CLIP, "optimisers": OPTIMISERS,
        "objective": SETTINGS.json(), "baseline": BASELINE.json(), "objective_forms": forms,
    }
    (arguments.out / "settings.json").write_text(json.dumps(settings, indent=1) + "\n")
    print(f"{arguments.out}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
