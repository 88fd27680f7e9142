"""The optimiser step: which parameters decay, the schedule, clipping (section 9 of objective.md)."""

import math

import torch


def parameter_groups(parameters, decay):
    """Weight decay on tensors of two or more dimensions only: not on biases, norms, log a and b."""
    parameters = list(parameters)
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def make_optimiser(name, parameters, rate, decay, momentum=0.9):
    groups = parameter_groups(parameters, decay)
    if name == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=momentum)
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    raise ValueError(f"{name}: not sgd or adamw")


def rate_factor(step, warm_up, total):
    """Linear warm-up, then half a cosine; `step` counts from 0."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up)))


def step(optimiser, rate, clip):
    """One step at `rate`, after clipping the norm of all gradients together; returns that norm."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(parameters, clip if clip else math.inf)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return norm
