"""Altered copies of videos, and versions with nothing left to recognise, made with the ffmpeg program."""

from functools import partial

from tool import in_parallel
from videos import ENCODING, ffmpeg, probe, seeded_order

EVEN_SIZE = "scale=trunc(iw/2)*2:trunc(ih/2)*2"

# Alteration → (what it does, ffmpeg filter, quality: x264's constant rate factor).
# The cut of the excerpt is made with input options instead.
ALTERATIONS = {
    "re-encode": ("re-encoded at a low rate (x264, CRF 38)", EVEN_SIZE, 38),
    "resize": ("half the width and height", "scale=trunc(iw/4)*2:trunc(ih/4)*2", 23),
    "crop": ("the middle 80 % of the width and height", "crop=trunc(iw*0.4)*2:trunc(ih*0.4)*2", 23),
    "letterbox": (
        "black bars, 15 % of the height each", "pad=trunc(iw/2)*2:trunc(ih*0.65)*2:0:(oh-ih)/2", 23),
    "logo": (
        "an opaque two-coloured logo over 3 % of the picture",
        EVEN_SIZE
        + ",drawbox=x=iw*0.75:y=ih*0.08:w=iw*0.2:h=ih*0.16:color=white@0.9:t=fill"
        + ",drawbox=x=iw*0.78:y=ih*0.12:w=iw*0.14:h=ih*0.08:color=red:t=fill",
        23,
    ),
    "blur": ("Gaussian blur, sigma 1.5 % of the height", EVEN_SIZE + ",gblur=sigma={blur:.3f}", 23),
    "brightness": ("brightness +0.12, contrast × 1.25", EVEN_SIZE + ",eq=brightness=0.12:contrast=1.25", 23),
    "mirror": ("mirrored left to right", EVEN_SIZE + ",hflip", 23),
    "speed": ("played 1.25 times as fast", EVEN_SIZE + ",setpts=PTS/1.25", 23),
    "excerpt": ("5 seconds from a random place", EVEN_SIZE, 23),
}

# What leaves nothing to recognise, in the same form.
RUINS = {
    "black": ("all black", EVEN_SIZE + ",drawbox=color=black:t=fill", 23),
    "static": ("television noise", EVEN_SIZE + ",geq=lum=random(1)*255:cb=128:cr=128", 23),
    "frozen": ("its first picture for all its time",
               EVEN_SIZE + ",trim=end_frame=1,loop=-1:1:0,fps=15,trim=duration={length:.3f}", 23),
    "blurred": ("Gaussian blur, sigma 8 % of the height", EVEN_SIZE + ",gblur=sigma={heavy:.3f}", 23),
}


def make_copy(source, target, alteration, seed, name, part=None):
    """Writes the altered copy, of all or of a part (start, stop)."""
    if target.exists():
        return
    _, filters, quality = {**ALTERATIONS, **RUINS}[alteration]
    height, seconds = probe(source)[1:] if "{" in filters or alteration == "excerpt" else (0, 0)
    filters = filters.format(blur=0.015 * height, heavy=0.08 * height, length=max(seconds, 0.2))
    cut = []
    if part:
        cut = ["-ss", f"{part[0]:.3f}", "-t", f"{part[1] - part[0]:.3f}"]
    elif alteration == "excerpt":
        first = max(0.0, seconds - 5) * (seeded_order(seed, "excerpt:" + name) / 2**64)
        cut = ["-ss", f"{first:.3f}", "-t", "5"]
    ffmpeg(target, [*cut, "-i", source], ["-map", "0:v:0", "-vf", filters, *ENCODING, "-crf", quality])


def make_copies(videos, names, copies, seed, jobs, alterations=ALTERATIONS):
    in_parallel([
        partial(make_copy, videos / name, copy_path(copies, name, alteration, seed), alteration, seed, name)
        for alteration in alterations for name in names], jobs, "copies")


def copy_path(copies, name, alteration, seed):
    """Where a copy is kept; the excerpt's place depends on the seed, the rest does not."""
    folder = f"{alteration}-{seed}" if alteration == "excerpt" else alteration
    return copies / folder / (name + ".mp4")
