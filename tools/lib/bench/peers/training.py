"""Training steps in PyTorch, with the reference's model, objective and optimiser."""

import torch

from encoding import median_time
from files import read_model
from model import normalise
from objective import ObjectiveSettings, objective
from optimisation import make_optimiser, step


def setup(threads, model, batch, steps, precision):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    encoder = read_model(model).train().to(memory_format=torch.channels_last_3d)
    config = encoder.config
    size = (config["clip"]["frames"], config["input"]["height"], config["input"]["width"], 3)
    pixels = torch.randint(0, 256, (batch, *size), dtype=torch.uint8)
    log_a = torch.tensor(5.0).log().requires_grad_()
    b = torch.tensor(5.0, requires_grad=True)
    optimiser = make_optimiser("adamw", list(encoder.parameters()) + [log_a, b], 1e-4, 1e-2)
    settings = ObjectiveSettings(views=1, samples=8, mining={"quantile": 0.01})

    def one():
        optimiser.zero_grad()
        clips = normalise(pixels, config).contiguous(memory_format=torch.channels_last_3d)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            v = encoder.backbone(clips)
        mean, log_variance = encoder.head(v.float())
        shape = (-1, 2, mean.shape[-1])
        mean, log_variance = mean.view(shape), log_variance.view(shape)
        noise = torch.randn(len(mean), 8, mean.shape[-1])
        objective(mean, log_variance, noise, log_a, b, settings)["total"].backward()
        step(optimiser, 1e-4, 5.0)

    one()
    return lambda: median_time(one, steps)
