"""Random changes of clips, in batches on the device: uint8 [B, T, H, W, 3] → uint8 [B, T, S, S, 3].

Two strengths: what keeps the meaning (crop, mirror, colour) and what copies of videos go through (bars, logo,
blur, lost resolution, compression blocks, noise). All frames of a clip get the same draw, but for the noise;
a crop travels from one place to another.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass
class AugmentationSettings:
    smallest_crop: float = 0.35  # part of the area
    stretch: float = 4 / 3  # aspect ratios 1/stretch … stretch
    drift: float = 0.2  # how far the crop travels, as a part of its room
    flip: float = 0.5
    jitter: float = 0.8  # probability of the colour jitter
    strength: float = 0.4  # of brightness, contrast, saturation; hue has a quarter
    grayscale: float = 0.1
    copies: float = 0.3  # probability of each effect that copies show
    inset: float = 0.0  # probability of a picture in picture, where there are others to put it with


def augment(clips, still, size, settings, generator):
    """still [B] bool: the frames are one picture, which becomes a video by a crop that travels far."""
    draw = Draw(len(clips), clips.device, generator)
    x = crop(unit_range(clips), still, size, settings, draw)
    return bytes_of(degrade(x, settings, draw))


def unit_range(clips):
    """uint8 [B, T, H, W, 3] → float [B, T, 3, H, W] of values 0 … 1."""
    return clips.permute(0, 1, 4, 2, 3).float() / 255


def bytes_of(x):
    """The inverse."""
    return (x.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2)


def degrade(x, settings, draw, others=None):
    """What is done to clips [B, T, 3, S, S] after the crop. others: pictures [B, 3, S, S] for insets."""
    if others is not None and settings.inset:
        x = inset(x, others, settings.inset, draw)
    x = blur(x, settings.copies, draw)
    x = lose_resolution(x, settings.copies, draw)
    x = colour(x, settings, draw)
    x = logo(x, settings.copies, draw)
    x = blocks(x, settings.copies, draw)
    return noise(x, settings.copies, draw)


class Draw:
    """Random numbers, one a clip. Drawn on the CPU, so that every device gets the same."""

    def __init__(self, count, device, generator):
        self.count, self.device, self.generator = count, device, generator

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * torch.rand(self.count, generator=self.generator).to(self.device)

    def chance(self, probability):
        return self.uniform() < probability


def crop(x, still, size, settings, draw):
    """Random resized crop, mirror, and bars: one affine resampling of all frames."""
    count, frames = x.shape[:2]
    area = draw.uniform(settings.smallest_crop, 1)
    ratio = torch.exp(0.5 * draw.uniform(-1, 1) * math.log(settings.stretch))
    width, height = (area.sqrt() * ratio).clamp(max=1), (area.sqrt() / ratio).clamp(max=1)
    side = draw.uniform(0.3, 0.8)
    width, height = torch.where(still, side, width), torch.where(still, side, height)
    reach = torch.where(still, 1.0, settings.drift)
    first, last = [], []
    for extent in (width, height):
        start = draw.uniform() * (1 - extent)
        first.append(start)
        last.append(start + reach * (draw.uniform() * (1 - extent) - start))
    zoom = torch.where(still, draw.uniform(0.8, 1), 1.0)
    # Bars: the picture fills only a part of the output, above and below or at the sides.
    bars, share, wide = draw.chance(settings.copies), draw.uniform(0.6, 0.95), draw.chance(0.5)
    fill_x = torch.where(bars & ~wide, share, 1.0)
    fill_y = torch.where(bars & wide, share, 1.0)
    mirror = torch.where(draw.chance(settings.flip), -1.0, 1.0)
    time = torch.linspace(0, 1, frames, device=x.device)
    grow = 1 + (zoom - 1).unsqueeze(1) * time
    theta = torch.zeros(count, frames, 2, 3, device=x.device)
    for axis, (extent, fill, sign) in enumerate(((width, fill_x, mirror), (height, fill_y, 1.0))):
        corner = first[axis].unsqueeze(1) + (last[axis] - first[axis]).unsqueeze(1) * time
        scale = extent.unsqueeze(1) * grow
        theta[:, :, axis, axis] = scale * (sign / fill).unsqueeze(1)
        theta[:, :, axis, 2] = 2 * (corner + scale / 2) - 1
    flat = x.flatten(0, 1)
    if x.shape[-1] >= 1.5 * size:
        flat = F.avg_pool2d(flat, 2)  # or bilinear sampling would alias
    grid = F.affine_grid(theta.flatten(0, 1), (count * frames, 3, size, size), align_corners=False)
    flat = F.grid_sample(flat, grid, mode="bilinear", padding_mode="border", align_corners=False)
    place = (torch.arange(size, device=x.device) + 0.5) / size * 2 - 1
    inside = (place.abs() <= fill_x[:, None])[:, None, :] & (place.abs() <= fill_y[:, None])[:, :, None]
    return flat.view(count, frames, 3, size, size) * inside[:, None, None]


def blur(x, probability, draw):
    """Gaussian, standard deviation up to 2.5 % of the side."""
    size = x.shape[-1]
    chosen, sigma = draw.chance(probability), draw.uniform(0.3, 0.025 * size)
    if not chosen.any():
        return x
    offset = torch.arange(-5, 6, device=x.device)
    kernel = torch.exp(-offset.square() / (2 * sigma[chosen].square().unsqueeze(1)))
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    part = x[chosen]
    count, frames = part.shape[:2]
    # Each clip is a group of channels with its own kernel.
    flat = part.transpose(0, 1).reshape(frames, count * 3, *part.shape[-2:])
    kernel = kernel.repeat_interleave(3, dim=0)[:, None]
    flat = F.conv2d(F.pad(flat, (5, 5, 0, 0), mode="replicate"), kernel[:, :, None, :], groups=count * 3)
    flat = F.conv2d(F.pad(flat, (0, 0, 5, 5), mode="replicate"), kernel[:, :, :, None], groups=count * 3)
    x = x.clone()
    x[chosen] = flat.view(frames, count, 3, *part.shape[-2:]).transpose(0, 1)
    return x


def lose_resolution(x, probability, draw):
    """Shrunk by 2 or 3 and enlarged again."""
    chosen, factor = draw.chance(probability), 2 + (draw.uniform() * 2).long()
    x = x.clone()
    for value in (2, 3):
        rows = chosen & (factor == value)
        if rows.any():
            part = x[rows].flatten(0, 1)
            small = F.interpolate(part, scale_factor=1 / value, mode="area")
            back = F.interpolate(small, part.shape[-2:], mode="bilinear", align_corners=False)
            x[rows] = back.view(-1, *x.shape[1:])
    return x


LUMINANCE = (0.299, 0.587, 0.114)


def colour(x, settings, draw):
    """Brightness, contrast, saturation, hue (a turn in the chroma plane), and loss of colour."""
    jitter = draw.chance(settings.jitter).float()
    amount = [1 + jitter * settings.strength * draw.uniform(-1, 1) for _ in range(3)]
    angle = jitter * settings.strength / 4 * math.pi * draw.uniform(-1, 1)
    amount[2] = torch.where(draw.chance(settings.grayscale), 0.0, amount[2])
    brightness, contrast, saturation = (value.view(-1, 1, 1, 1, 1) for value in amount)
    weights = torch.tensor(LUMINANCE, device=x.device).view(1, 1, 3, 1, 1)
    x = x * brightness
    mean = (x * weights).sum(2).mean((1, 2, 3)).view(-1, 1, 1, 1, 1)
    x = mean + (x - mean) * contrast
    luminance = (x * weights).sum(2, keepdim=True)
    chroma = (x - luminance) * saturation
    # Rodrigues' rotation about the grey axis.
    cosine, sine = angle.cos().view(-1, 1, 1, 1, 1), angle.sin().view(-1, 1, 1, 1, 1)
    crossed = (chroma.roll(1, 2) - chroma.roll(-1, 2)) / math.sqrt(3)
    along = chroma.mean(2, keepdim=True)
    return luminance + chroma * cosine + crossed * sine + along * (1 - cosine)


def logo(x, probability, draw):
    """A patch of one colour in a corner, in half of the cases with one of another colour within."""
    size = x.shape[-1]
    chosen = draw.chance(probability)
    place = (torch.arange(size, device=x.device) + 0.5) / size
    inside, within = [], []
    for high in (0.35, 0.25):
        extent = draw.uniform(0.08, high)
        start = torch.where(draw.chance(0.5), 0.03, 0.97 - extent) + draw.uniform(-0.02, 0.02)
        inside.append((place >= start[:, None]) & (place < (start + extent)[:, None]))
        margin = extent * 0.2
        within.append((place >= (start + margin)[:, None]) & (place < (start + extent - margin)[:, None]))
    weight, two = draw.uniform(0.4, 1), draw.chance(0.5)
    for sides, where in ((inside, chosen), (within, chosen & two)):
        colours = torch.stack([draw.uniform() for _ in range(3)], dim=1)
        mask = sides[1][:, :, None] & sides[0][:, None, :] & where[:, None, None]
        x = x + (mask * weight[:, None, None])[:, None, None] * (colours[:, None, :, None, None] - x)
    return x


def blocks(x, probability, draw):
    """As strong intra coding: 8 × 8 cosine transforms rounded to steps that grow with the frequency."""
    chosen, step = draw.chance(probability), draw.uniform(12, 60) / 255
    if not chosen.any():
        return x
    whole = x.shape[-1] // 8 * 8
    part = x[chosen]
    part[..., :whole, :whole] = quantised(part[..., :whole, :whole], step[chosen].view(-1, 1, 1, 1, 1, 1, 1))
    x = x.clone()
    x[chosen] = part
    return x


def quantised(x, step):
    """8 × 8 cosine transforms of pictures [..., H, W], rounded to steps that grow with the frequency."""
    k = torch.arange(8, device=x.device)
    basis = torch.cos(math.pi * (2 * k[None] + 1) * k[:, None] / 16) * 0.5
    basis[0] = math.sqrt(1 / 8)
    tiles = x.unflatten(-1, (-1, 8)).unflatten(-3, (-1, 8)).transpose(-3, -2)
    steps = step * (1 + 0.5 * (k[:, None] + k[None]))
    coded = ((basis @ tiles @ basis.T) / steps).round() * steps
    return (basis.T @ coded @ basis).transpose(-3, -2).flatten(-4, -3).flatten(-2)


def noise(x, probability, draw):
    chosen, amplitude = draw.chance(probability), draw.uniform(4, 24) / 255
    if not chosen.any():
        return x
    # One small field a batch, drawn on the CPU, laid over each clip at its own offset.
    field = (torch.rand(x.shape[1:], generator=draw.generator) * 2 - 1).to(x.device)
    index = chosen.nonzero().flatten()
    place = torch.arange(x.shape[-1], device=x.device)
    rows, columns = ((place - step * index[:, None]) % x.shape[-1] for step in (13, 7))
    laid = field[:, :, rows[:, :, None], columns[:, None, :]].permute(2, 0, 1, 3, 4)
    return x.index_add(0, index, laid * amplitude[index].view(-1, 1, 1, 1, 1))


def inset(x, others, probability, draw):
    """Picture in picture: the clip in a window over another picture, or that picture in a corner over the clip."""
    chosen, own = draw.chance(probability), draw.chance(0.5)
    side = torch.where(own, draw.uniform(0.5, 0.85), draw.uniform(0.25, 0.45))
    start = [draw.uniform() * (1 - side) for _ in range(2)]
    if not chosen.any():
        return x
    rows = chosen.nonzero().flatten()
    size, frames = x.shape[-1], x.shape[1]
    own, side = own[rows].view(-1, 1, 1, 1, 1), side[rows]
    clip, other = x[rows], others[rows].unsqueeze(1).expand(-1, frames, -1, -1, -1)
    inner, outer = torch.where(own, clip, other), torch.where(own, other, clip)
    theta, inside = torch.zeros(len(rows), 2, 3, device=x.device), []
    place = (torch.arange(size, device=x.device) + 0.5) / size
    for axis in range(2):
        first = start[axis][rows]
        theta[:, axis, axis] = 1 / side
        theta[:, axis, 2] = (1 - 2 * first) / side - 1
        inside.append((place >= first[:, None]) & (place < (first + side)[:, None]))
    mask = (inside[1][:, :, None] & inside[0][:, None, :])[:, None, None]
    grid = F.affine_grid(theta, (len(rows), 3, size, size), align_corners=False).repeat_interleave(frames, 0)
    small = F.grid_sample(inner.flatten(0, 1), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return x.index_copy(0, rows, torch.where(mask, small.view_as(inner), outer))
