"""The residual family and the probabilistic head, built from a model folder's configuration.

Parameter names are those of model.safetensors, so that `state_dict()` is the file.
Clips are [B, 3, T, H, W], already normalised (see `normalise`).
"""

import torch
import torch.nn.functional as F
from torch import nn

CLIP_DEVIATION_FLOOR = 0.02


def best_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def reduced_precision(device, wanted=True):
    """A context that computes in bfloat16 where it is asked for and the device multiplies it; emulated, it is slower
    than float32."""
    native = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device, torch.bfloat16, enabled=wanted and native)


def normalise(frames, config, dtype=torch.float32):
    """Bytes to network input: uint8 [B, T, H, W, 3] → [B, 3, T, H, W]."""
    settings = config["input"]
    x = frames.permute(0, 4, 1, 2, 3).to(dtype) / 255
    if settings["normalization"] == "per_clip":
        deviation, mean = torch.std_mean(x, dim=(2, 3, 4), keepdim=True, unbiased=False)
        x = (x - mean) / deviation.clamp_min(CLIP_DEVIATION_FLOOR)
    shape = (1, 3, 1, 1, 1)
    mean = torch.tensor(settings["mean"], dtype=dtype, device=x.device).view(shape)
    deviation = torch.tensor(settings["standard_deviation"], dtype=dtype, device=x.device).view(shape)
    return (x - mean) / deviation


def convolution(inputs, outputs, kernel, stride=1, padding=None):
    """A convolution without bias; "same" padding for odd kernels unless told otherwise."""
    if padding is None:
        padding = tuple(size // 2 for size in kernel)
    return nn.Conv3d(inputs, outputs, tuple(kernel), stride=stride, padding=tuple(padding), bias=False)


class StemLayer(nn.Module):
    def __init__(self, inputs, layer):
        super().__init__()
        self.conv = convolution(inputs, layer["channels"], layer["kernel"], layer["stride"], layer["padding"])
        self.norm = nn.BatchNorm3d(layer["channels"])

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class FactorisedConvolution(nn.Module):
    """A spatial convolution, batch norm and ReLU, then a temporal convolution (Tran et al. 2018)."""

    def __init__(self, inputs, middle, outputs, kernel, stride):
        super().__init__()
        time, height, width = kernel
        self.spatial = convolution(inputs, middle, (1, height, width), (1, *stride[1:]))
        self.norm = nn.BatchNorm3d(middle)
        self.temporal = convolution(middle, outputs, (time, 1, 1), (stride[0], 1, 1))

    def forward(self, x):
        return self.temporal(F.relu(self.norm(self.spatial(x))))


class Shortcut(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv = convolution(inputs, outputs, (1, 1, 1), stride)
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))


class ResidualBlock(nn.Module):
    """The basic block of He et al. 2016."""

    def __init__(self, inputs, outputs, kernel, stride, factorised):
        super().__init__()
        stride = tuple(stride)
        if factorised:
            # As many weights as the whole kernel has; counted once a block, as torchvision does.
            size = kernel[0] * kernel[1] * kernel[2]
            middle = inputs * outputs * size // (inputs * kernel[1] * kernel[2] + kernel[0] * outputs)
            self.conv1 = FactorisedConvolution(inputs, middle, outputs, kernel, stride)
            self.conv2 = FactorisedConvolution(outputs, middle, outputs, kernel, (1, 1, 1))
        else:
            self.conv1 = convolution(inputs, outputs, kernel, stride)
            self.conv2 = convolution(outputs, outputs, kernel)
        self.norm1 = nn.BatchNorm3d(outputs)
        self.norm2 = nn.BatchNorm3d(outputs)
        needs_shortcut = stride != (1, 1, 1) or inputs != outputs
        self.shortcut = Shortcut(inputs, outputs, stride) if needs_shortcut else None

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return F.relu(y + (self.shortcut(x) if self.shortcut else x))


class Backbone(nn.Module):
    def __init__(self, settings):
        super().__init__()
        channels, layers = 3, []
        for layer in settings["stem"]["convolutions"]:
            layers.append(StemLayer(channels, layer))
            channels = layer["channels"]
        self.stem = nn.Sequential(*layers)
        pool = settings["stem"]["pool"]
        self.pool = nn.MaxPool3d(pool["kernel"], pool["stride"], pool["padding"]) if pool else nn.Identity()
        stages = []
        for stage in settings["stages"]:
            blocks = []
            for index in range(stage["blocks"]):
                stride = stage["stride"] if index == 0 else (1, 1, 1)
                blocks.append(
                    ResidualBlock(channels, stage["channels"], stage["kernel"], stride, stage["factorised"]))
                channels = stage["channels"]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.channels = channels

    def forward(self, x):
        """[B, 3, T, H, W] → features v [B, C]: the mean over time and place (DESIGN: v_n = f(c_n; θ))."""
        return self.stages(self.pool(self.stem(x))).mean(dim=(2, 3, 4))


class ProbabilisticHead(nn.Module):
    """Feature → Gaussian (paper eq. 2); the two linear layers share nothing."""

    def __init__(self, channels, dimension, log_variance_range):
        super().__init__()
        self.mean = nn.Linear(channels, dimension)
        self.norm = nn.LayerNorm(dimension, eps=1e-5)
        self.log_variance = nn.Linear(channels, dimension)
        self.range = tuple(log_variance_range)

    def forward(self, v):
        """[B, C] → means of unit length [B, D], log variances [B, D]."""
        mean = F.normalize(self.norm(self.mean(v)), dim=-1, eps=1e-12)
        return mean, self.log_variance(v).clamp(*self.range)


class Encoder(nn.Module):
    """Backbone and head; `config` is the content of config.json."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.backbone = Backbone(config["backbone"])
        head = config["head"]
        self.head = ProbabilisticHead(self.backbone.channels, head["dimension"], head["log_variance_range"])

    def forward(self, clips):
        return self.head(self.backbone(clips))

    def features(self, clips, bfloat16=True):
        """The backbone's, in float32; computed in bfloat16 where the device multiplies it."""
        with reduced_precision(clips.device.type, bfloat16):
            return self.backbone(clips.contiguous(memory_format=torch.channels_last_3d)).float()


def initialise(encoder, seed):
    """He initialisation, a rotation for FC_mean, and FC_log_variance at a constant −7."""
    generator = torch.Generator().manual_seed(seed)
    for module in encoder.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.BatchNorm3d):
            module.reset_parameters()
    nn.init.orthogonal_(encoder.head.mean.weight, generator=generator)
    nn.init.zeros_(encoder.head.mean.bias)
    encoder.head.norm.reset_parameters()
    nn.init.zeros_(encoder.head.log_variance.weight)
    nn.init.constant_(encoder.head.log_variance.bias, -7)
    return encoder
