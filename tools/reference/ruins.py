"""What leaves nothing to recognise in a clip: flat, noise, a frozen picture, a heavy blur. Seeded."""

import torch
import torch.nn.functional as F

KINDS = ("flat", "noise", "frozen", "blurred")


def ruin(kind, clips, generator):
    """uint8 [B, T, H, W, 3] → the same without its information. `generator` is of the clips' device."""
    count, frames, height, width, _ = clips.shape
    device = clips.device
    if kind == "flat":
        level = torch.randint(0, 256, (count, 1, 1, 1, 3), generator=generator, device=device)
        level[torch.rand(count, generator=generator, device=device) < 0.5] = 0
        wave = torch.randint(0, 4, clips.shape, generator=generator, device=device)  # what a codec leaves
        return (level + wave).clamp(0, 255).to(torch.uint8)
    if kind == "noise":
        grey = torch.randint(0, 256, (count, frames, height // 2, width // 2), generator=generator, device=device)
        grey = grey.repeat_interleave(2, 2).repeat_interleave(2, 3)
        return grey.unsqueeze(-1).expand(clips.shape).to(torch.uint8).contiguous()
    if kind == "frozen":
        chosen = torch.randint(0, frames, (count,), generator=generator, device=device)
        return clips[torch.arange(count, device=device), chosen].unsqueeze(1).expand_as(clips).contiguous()
    # Shrunk to 4 … 8 pixels and enlarged: a blur of about 6 to 12 % of the height.
    x = clips.permute(0, 1, 4, 2, 3).flatten(0, 1).float()
    side = int(torch.randint(4, 9, (), generator=generator, device=device))
    x = F.interpolate(F.interpolate(x, side, mode="area"), (height, width), mode="bicubic", align_corners=False)
    return x.clamp(0, 255).round().to(torch.uint8).view(count, frames, 3, height, width).permute(0, 1, 3, 4, 2)
