"""Draws pictures as plain RGB bytes and makes videos of them with ffmpeg. Needs no library."""

import math
import random
import tempfile
from collections import namedtuple
from pathlib import Path

from videos import ENCODING, ffmpeg

WIDTH, HEIGHT, RATE = 320, 240, 12

WORDS = (
    "anchor apple autumn basket beacon bottle branch bridge bronze candle canyon carpet castle cellar cherry circle "
    "citizen clover copper cotton crystal dancer desert dinner doctor dragon engine evening fabric falcon farmer "
    "feather finger forest garden gather ginger glacier golden guitar hammer harbor harvest hollow honest hunter "
    "island jacket jungle kettle kitchen ladder lantern leather lemon letter library limit linen machine magnet "
    "marble market meadow melody middle minute mirror modern mountain muscle narrow needle number ocean office orange "
    "orchard oxygen paper parade pepper pencil people planet pocket poetry pretty prince public purple puzzle quarter "
    "rabbit random recipe record ribbon river rocket saddle salmon school season second shadow silver simple single "
    "sister smooth spirit spring square stable station stone summer supper table temple theory thread ticket timber "
    "travel treaty tunnel valley velvet village violet voyage wagon walnut weather window winter wonder yellow").split()


def generator(*names):
    """A random generator that depends on the names alone."""
    return random.Random(":".join(str(name) for name in names))


def words(rng, count):
    return " ".join(rng.choice(WORDS) for _ in range(count))


def colour(rng, low=30, high=225):
    return tuple(rng.randint(low, high) for _ in range(3))


class Picture:
    """RGB bytes, row by row. Everything drawn is cut at the border."""

    def __init__(self, width=WIDTH, height=HEIGHT, fill=(255, 255, 255), data=None):
        self.width, self.height = width, height
        self.data = bytearray(data) if data is not None else bytearray(bytes(fill) * (width * height))

    def copy(self):
        return Picture(self.width, self.height, data=self.data)

    def box(self, x, y, width, height, fill):
        left, right = max(0, int(x)), min(self.width, int(x + width))
        if right <= left:
            return
        row = bytes(fill) * (right - left)
        for line in range(max(0, int(y)), min(self.height, int(y + height))):
            start = (line * self.width + left) * 3
            self.data[start:start + len(row)] = row

    def ellipse(self, x, y, across, down, fill):
        """`across` and `down` are radii."""
        for line in range(math.ceil(y - down), math.floor(y + down) + 1):
            half = across * math.sqrt(max(0.0, 1 - ((line - y) / down) ** 2))
            self.box(round(x - half), line, max(1, round(2 * half)), 1, fill)

    def disc(self, x, y, radius, fill):
        self.ellipse(x, y, radius, radius, fill)

    def line(self, x1, y1, x2, y2, fill, thick=3):
        steps = max(1, int(max(abs(x2 - x1), abs(y2 - y1)) / max(1, thick / 2)))
        for step in range(steps + 1):
            share = step / steps
            self.box(round(x1 + (x2 - x1) * share - thick / 2), round(y1 + (y2 - y1) * share - thick / 2),
                     thick, thick, fill)

    def cut(self, x, y, width, height):
        """The part with this corner; the corner stays inside."""
        x = min(max(0, int(x)), self.width - width)
        y = min(max(0, int(y)), self.height - height)
        rows = (self.data[((y + line) * self.width + x) * 3:((y + line) * self.width + x + width) * 3]
                for line in range(height))
        return Picture(width, height, data=b"".join(rows))

    def lit(self, factors):
        """The same picture with each channel multiplied."""
        result = bytearray(self.data)
        for channel, factor in enumerate(factors):
            table = bytes(min(255, max(0, round(value * factor))) for value in range(256))
            result[channel::3] = bytes(self.data[channel::3]).translate(table)
        return Picture(self.width, self.height, data=result)


def texture(rng, width, height, colours, cell=40, octaves=3):
    """A cloudy picture between two colours: noise at several scales, brought over each other."""
    values = [0.0] * (width * height)
    weight, total = 1.0, 0.0
    for _ in range(octaves):
        across, down = width // cell + 2, height // cell + 2
        grid = [[rng.random() for _ in range(across)] for _ in range(down)]
        for y in range(height):
            row, part = divmod(y / cell, 1)
            upper, lower = grid[int(row)], grid[int(row) + 1]
            blend = [a + (b - a) * part for a, b in zip(upper, lower)]
            base = y * width
            for x in range(width):
                place, share = x // cell, x % cell / cell
                values[base + x] += weight * (blend[place] + (blend[place + 1] - blend[place]) * share)
        total += weight
        weight, cell = weight * 0.6, max(2, cell // 3)
    first, second = colours
    shades = [bytes(round(a + (b - a) * level / 255) for a, b in zip(first, second)) for level in range(256)]
    return Picture(width, height, data=b"".join(shades[int(255 * value / total)] for value in values))


def times(seconds):
    return [number / RATE for number in range(int(seconds * RATE))]


class Film:
    """What one generated video shows: pictures, or the picture `frame(now)`, or ffmpeg's own source; then filters."""

    def __init__(self, pictures=None, frame=None, source=None, seconds=10.0, filters=()):
        self.pictures = map(frame, times(seconds)) if frame else pictures
        self.source, self.seconds, self.filters = source, seconds, filters


class Text(namedtuple("Text", "words options")):
    """A text for ffmpeg's drawtext filter; `options` place it."""

    def filter(self, folder, number):
        path = Path(folder) / f"{number}.txt"
        path.write_text(self.words)
        return f"drawtext=font=Sans:textfile={path}:{self.options}"


def make_film(film, target):
    """Encodes a film."""
    if film.source:
        before = ["-f", "lavfi", "-i", film.source]
    else:
        before = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", RATE, "-i", "-"]
    with tempfile.TemporaryDirectory() as folder:
        chain = [item.filter(folder, number) if isinstance(item, Text) else item
                 for number, item in enumerate(film.filters)]
        ffmpeg(target, before, ["-t", f"{film.seconds:.3f}", "-vf", ",".join([*chain, "format=yuv420p"]), *ENCODING,
                                "-crf", "25"], film.pictures and (picture.data for picture in film.pictures))
