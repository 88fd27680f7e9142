"""Plots as SVG text, without a library: curves in panels."""

import math
from xml.sax.saxutils import escape

COLOURS = ["#0b7285", "#e8590c", "#5f3dc4", "#2b8a3e", "#a61e4d", "#868e96", "#1864ab"]


def text(x, y, words, size=12, anchor="start", weight="normal"):
    return (f"<text x='{x:.1f}' y='{y:.1f}' font-family='sans-serif' font-size='{size}' text-anchor='{anchor}' "
            f"fill='#212529' font-weight='{weight}'>{escape(words)}</text>")


def line(x1, y1, x2, y2, colour="#dee2e6", width=1):
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' stroke-width='{width}'/>"


def short(value):
    """1500 → 1.5k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


class Axis:
    """From one end (0) to the other (1): logarithmic, or of shares, which are plain."""

    def __init__(self, values, margin, is_share):
        self.is_share = is_share
        self.low, self.high = (0, 1) if is_share else (min(values) / margin, max(values) * margin)

    def place(self, value):
        return value / self.high if self.is_share else math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self):
        return [number / 5 for number in range(6)] if self.is_share else decades(self.low, self.high)


class Panel:
    """One plot: `curves` are (name, [(x, y)]); `shares` names the axes ("y", "xy") whose values are from 0 to 1."""

    def __init__(self, title, x_label, y_label, curves, shares=""):
        self.title, self.x_label, self.y_label, self.shares = title, x_label, y_label, shares
        self.curves = [(name, points) for name, points in curves if points]

    def draw(self, left, top, width, height):
        points = [point for _, curve in self.curves for point in curve]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        across, up = Axis(xs, 1.15, "x" in self.shares), Axis(ys, 1.5, "y" in self.shares)
        # A flat curve is to look flat, and the names need room above the curves.
        if not up.is_share and up.high / up.low < 10:
            middle = math.sqrt(up.low * up.high)
            up.low, up.high = middle / math.sqrt(10), middle * math.sqrt(10)
        room = 0.09 * len(self.curves) if len(self.curves) > 1 else 0
        up.high *= 1 + room if up.is_share else (up.high / up.low) ** room
        inner_left, inner_top, right, bottom = left + 62, top + 34, left + width - 14, top + height - 44

        def x(value):
            return inner_left + (right - inner_left) * across.place(value)

        def y(value):
            return bottom - (bottom - inner_top) * up.place(value)

        parts = [text(left + 10, top + 18, self.title, 13, weight="bold")]
        for tick in up.ticks():
            parts += [line(inner_left, y(tick), right, y(tick)),
                      text(inner_left - 6, y(tick) + 4, short(tick), 11, "end")]
        values = sorted(set(xs))
        for tick in values if len(values) <= 8 and not across.is_share else across.ticks():
            parts += [line(x(tick), bottom, x(tick), bottom + 4, "#868e96"),
                      text(x(tick), bottom + 17, short(tick), 11, "middle")]
        parts += [line(inner_left, bottom, right, bottom, "#868e96"),
                  line(inner_left, inner_top, inner_left, bottom, "#868e96")]
        parts.append(text((inner_left + right) / 2, bottom + 34, self.x_label, 11, "middle"))
        parts.append(text(inner_left, inner_top - 4, self.y_label, 11))
        for number, (name, curve) in enumerate(self.curves):
            colour = COLOURS[number % len(COLOURS)]
            path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in sorted(curve))
            parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
            parts += [f"<circle cx='{x(a):.1f}' cy='{y(b):.1f}' r='3' fill='{colour}'/>" for a, b in curve]
            if len(self.curves) > 1:
                at = inner_top + 14 + 15 * number
                parts += [line(inner_left + 10, at - 4, inner_left + 28, at - 4, colour, 2),
                          text(inner_left + 33, at, name, 11)]
        return parts


def panels(rows):
    """A grid of panels, given row by row."""
    width, height = 480, 300
    parts = []
    for r, row in enumerate(rows):
        for c, panel in enumerate(row):
            parts += panel.draw(c * width, r * height, width, height)
    width, height = width * max(len(row) for row in rows), height * len(rows)
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>\n"
            f"<rect width='{width}' height='{height}' fill='white'/>\n" + "\n".join(parts) + "\n</svg>\n")


def decades(low, high):
    """Round numbers on a logarithmic axis: 1, 2, 5 where it spans little, powers of 10 where it spans much."""
    steps = (1, 2, 5) if math.log10(high / low) < 2.5 else (1,)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found = [step * 10.0 ** power for power in range(first, last + 1) for step in steps]
    return [value for value in found if low <= value <= high]
