"""Which frames make a video's clips, where clips follow one another without a gap (stride = duration).

The same rules as Mixtape's: frame i of clip k is the one on screen at k·d + (i + ½)·d/T; what is left behind the last
whole clip, where it is at least half a clip, becomes the latest clip on the same grid; a video shorter than a clip is one
clip of its whole length. Times are seconds from the first frame.
"""

import math

# An instant on the border of two frames means the later one; rounding must not decide it.
ROUNDING = 1e-6


def grid(end, frames, duration):
    """All instants before the end, in order; at least one clip's worth."""
    spacing = duration / frames
    count = max(0, math.ceil((end - ROUNDING) / spacing - 0.5))
    if count < frames:
        spacing, count = end / frames, frames
    return [(index + 0.5) * spacing + ROUNDING for index in range(count)]


def clips(count, end, frames, duration):
    """The clips as lists of positions in `grid`."""
    whole = count // frames
    chosen = [list(range(first * frames, (first + 1) * frames)) for first in range(whole)]
    if count > frames and count % frames and end - whole * duration >= duration / 2 - ROUNDING:
        chosen.append(list(range(count - frames, count)))
    return chosen
