"""Drawings as inline SVG in the page's colours and font, light or dark: a canvas, and axes on it.

Lengths are CSS pixels, y downwards. The widths of texts are not known where the page is made; they are taken from their
letters, with some room.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from aura.plugins.figures import Curves, Figure, Timeline
from aura.plugins.metrics.recent import envelope
from aura.plugins.words import short

__all__ = ["BELOW", "EDGE", "GRID", "HUGE", "INK", "LABELS", "MUTED", "OTHERS", "PANEL", "SERIES", "SIZE", "SMALL",
           "WIDTH", "Axes", "Canvas", "Entry", "Palettes", "Tone", "left_of", "limits", "palettes", "text_width",
           "ticks", "tone_of"]

INK, MUTED, GRID, PANEL = "var(--ink)", "var(--muted)", "var(--line)", "var(--panel)"
LABELS = tuple(f"var(--c{number})" for number in range(1, 13))
SERIES = LABELS[:6]

WIDTH = 920.0
LETTER = 0.53
"""Mean width of a letter, in heights of the font."""
SIZE, SMALL = 12.0, 11.0
POINTS_MAX = 2000
"""Points of a line that are drawn: two for each pixel of its width."""
SMALLEST_SCALE = 0.7
"""Text of 11 pixels is then still as large as 7.5 pixels."""
BELOW = 40.0
"""Room for the numbers of a horizontal axis, and its label."""
HUGE = 1e290
"""Larger numbers are drawn as this one: differences of them would be no numbers."""
EDGE = 0.03
"""Room beyond the ends of a scale from 0 to 1, as its fraction: a line at the end is seen at its full width."""

Entry = tuple[str, str, str, float]
"""A legend's entry: its words, its key ("line", "box", "o" or another marker, or a dash), its colour, its opacity."""


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from `low` to `high`, at most so many.

    Examples
    --------
    >>> ticks(0.0, 1.0), ticks(-75.0, 40.0, 4)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [-50.0, 0.0])
    """
    if not high - low > max(1e-12 * max(abs(low), abs(high)), 1e-300):  # below it, steps have no power of ten
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * nice for nice in (1.0, 2.0, 5.0) if power * nice >= rough * 0.999), power * 10.0)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def limits(values: Iterable[float], *, room: float = 0.05, shares: bool = False) -> tuple[float, float]:
    """Return a scale with some room around all values; one from 0 for `shares` that lie between 0 and 1."""
    values = list(values)
    low, high = max(min(values, default=0.0), -HUGE), min(max(values, default=1.0), HUGE)
    if shares and low >= 0.0 and high <= 1.0:
        top = max(0.1, min(1.0, high * (1 + room)))
        return -EDGE * top, (1.0 + EDGE) * top
    edge = max(room * (high - low), room * abs(high) if high - low <= 1e-12 * abs(high) else 0.0)
    return low - (edge if edge > 1.0 / HUGE else 1.0), high + (edge if edge > 1.0 / HUGE else 1.0)


class Canvas:
    """A picture of this width and height, in pixels, that is drawn on."""

    def __init__(self, width: float, height: float = 0.0) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def add(self, tag: str, content: str = "", **attributes: Any) -> None:
        """Add an element; an attribute's ``_`` is written ``-``, and one that is None is left out."""
        written = "".join(f' {name.strip("_").replace("_", "-")}="{_number(value)}"'
                       for name, value in attributes.items() if value is not None)
        self._parts.append(f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>")

    def text(self, x: float, y: float, words: str, *, size: float = SMALL, colour: str = INK, anchor: str = "start",
             middle: bool = False, bold: bool = False, turn: int = 0) -> None:
        """Write words with their base line at `y`, or their middle; turned by so many degrees."""
        self.add("text", escape(words, quote=False), x=x, y=y + 0.35 * size if middle and not turn else y,
                 font_size=size, fill=colour, text_anchor=None if anchor == "start" else anchor,
                 font_weight="bold" if bold else None,
                 transform=f"rotate({turn} {_number(x)} {_number(y)})" if turn else None)

    def line(self, x: Any, y: Any, colour: str, *, width: float = 1.6, dash: str | None = None,
             opacity: float | None = None) -> None:
        """Draw a line through points."""
        path = "L".join(f"{_number(a)} {_number(b)}" for a, b in zip(x, y, strict=True))
        self.add("path", d=f"M{path}", fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dash,
                 stroke_opacity=opacity)

    def rect(self, x: float, y: float, width: float, height: float, colour: str, *, opacity: float | None = None,
             edge: str | None = None, round_: float | None = None) -> None:
        """Fill a rectangle."""
        self.add("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), fill=colour, fill_opacity=opacity,
                 stroke=edge, rx=round_)

    def area(self, points: Iterable[tuple[float, float]], colour: str, opacity: float, edge: str | None = None) -> None:
        """Fill what points enclose."""
        path = "L".join(f"{_number(a)} {_number(b)}" for a, b in points)
        self.add("path", d=f"M{path}Z", fill=colour, fill_opacity=opacity, stroke=edge,
                 stroke_width=None if edge is None else 0.6)

    def mark(self, x: float, y: float, shape: str, colour: str, size: float = 3.0, *, opacity: float | None = None,
             edge: str | None = None) -> None:
        """Draw a marker: ``o``, ``s`` (square), ``D`` (diamond), ``^`` or ``X``."""
        if shape == "o":
            self.add("circle", cx=x, cy=y, r=size, fill=colour, fill_opacity=opacity, stroke=edge)
            return
        corners = {"s": ((-1, -1), (1, -1), (1, 1), (-1, 1)), "D": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
                   "^": ((0, -1.2), (1.2, 1), (-1.2, 1)),
                   "X": ((-1, -1), (0, -.4), (1, -1), (.4, 0), (1, 1), (0, .4), (-1, 1), (-.4, 0))}[shape]
        self.area([(x + size * a, y + size * b) for a, b in corners], colour, 1.0 if opacity is None else opacity, edge)

    def legend(self, entries: Sequence[Entry], left: float = 0.0, top: float = 0.0) -> float:
        """Write a legend from the upper left, in as many rows as it takes, and return its lower end."""
        x, y = left, top + 10.0
        for words, key, colour, opacity in entries:
            size = 8.0 if len(key) == 1 and key in "osD^X" else 12.0 if key == "box" else 26.0
            needed = size + 6.0 + text_width(words, SIZE) + 16.0
            if x > left and x + needed > self.width:
                x, y = left, y + 18.0
            if key == "box":
                self.rect(x, y - 6.0, 12.0, 12.0, colour, opacity=opacity, edge=GRID if colour == "none" else None)
            elif size == 8.0:
                self.mark(x + 4.0, y, key, colour, 4.0, opacity=opacity)
            else:
                self.line((x, x + 26.0), (y, y), colour, width=2.2, dash=None if key == "line" else key,
                          opacity=opacity)
            self.text(x + size + 6.0, y, words, size=SIZE, middle=True)
            x += needed
        return y + 14.0 if entries else top

    def svg(self, alt: str, height: float | None = None) -> str:
        """Return the picture as an element with words for those who cannot see it; its height may be known only now."""
        title, self.height = escape(alt), self.height if height is None else height
        # Full size where there is room, scrolled where it would become too small to read.
        return (f'<svg viewBox="0 0 {self.width:.0f} {self.height:.0f}" width="{self.width:.0f}" '
                f'style="min-width:{self.width * SMALLEST_SCALE:.0f}px" role="img" aria-label="{title}">'
                f"<title>{title}</title>{''.join(self._parts)}</svg>")


class Axes:
    """A region of a canvas with a scale along each side: `x` are the values at its ends left and right, `y` at bottom
    and top.
    """

    def __init__(self, canvas: Canvas, left: float, top: float, right: float, bottom: float, x: tuple[float, float],
                 y: tuple[float, float]) -> None:
        self.canvas, self.left, self.top, self.right, self.bottom = canvas, left, top, right, bottom
        self.x_limits, self.y_limits = ((max(min(low, HUGE), -HUGE), max(min(high, HUGE), -HUGE))
                                        for low, high in (x, y))

    def x(self, values: Any) -> Any:
        """Return where values lie from left to right."""
        return self.left + _shares(values, self.x_limits) * (self.right - self.left)

    def y(self, values: Any) -> Any:
        """Return where values lie from top to bottom."""
        return self.bottom - _shares(values, self.y_limits) * (self.bottom - self.top)

    def line(self, x: Any, y: Any, colour: str, *, dotted: bool = False, **style: Any) -> None:
        """Draw a line through values, of a long one its outline; they may be marked, and a single one is."""
        places = _outline(self.x(x), self.y(y))
        self.canvas.line(*places, colour, **style)
        for a, b in zip(*places, strict=True) if dotted or len(places[0]) == 1 else ():
            self.canvas.mark(a, b, "o", colour, 2.2)

    def frame(self, x_label: str = "", y_label: str = "", *, grid: bool = True, y_most: int = 6, x_most: int = 8,
              x_numbers: bool = True, y_numbers: bool = True) -> None:
        """Draw both axes with their numbers, their labels, and lines of equal height."""
        canvas = self.canvas
        heights = ticks(*self.y_limits, y_most)
        for value, words in zip(heights, _written(heights), strict=True) if y_numbers else ():
            at = float(self.y(value))
            if grid:
                canvas.line((self.left, self.right), (at, at), GRID, width=0.8)
            canvas.text(self.left - 6, at, words, colour=MUTED, anchor="end", middle=True)
        canvas.line((self.left, self.left, self.right), (self.top, self.bottom, self.bottom), GRID, width=1.0)
        places = ticks(*self.x_limits, x_most)
        for value, words in zip(places, _written(places), strict=True) if x_numbers else ():
            at = float(self.x(value))
            canvas.line((at, at), (self.bottom, self.bottom + 4), GRID, width=1.0)
            canvas.text(at, self.bottom + 16, words, colour=MUTED, anchor="middle")
        if x_label:
            canvas.text((self.left + self.right) / 2, self.bottom + (33 if x_numbers else 20), x_label, size=SIZE,
                        colour=MUTED, anchor="middle")
        if y_label:
            canvas.text(SIZE, (self.top + self.bottom) / 2, short(y_label, 60), size=SIZE, colour=MUTED,
                        anchor="middle", turn=-90)


def text_width(words: str, size: float = SMALL) -> float:
    """Return about how wide a text is."""
    return len(words) * size * LETTER


def left_of(limits: tuple[float, float], most: int = 6, *, label: bool = True) -> float:
    """Return the room that the numbers of a vertical axis take, and its label."""
    widest = max((len(words) for words in _written(ticks(*limits, most))), default=1)
    return widest * SMALL * 0.6 + 10.0 + (SIZE + 8.0 if label else 0.0)


def _shares(values: Any, limits: tuple[float, float]) -> np.ndarray:
    """Return where values lie between the ends of a scale, from 0 to 1."""
    low, high = limits
    shares: np.ndarray = (np.clip(np.asarray(values, dtype=np.float64), -HUGE, HUGE) - low) / (high - low or 1.0)
    return shares


def _outline(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a line that has too many of them which lie farthest out, whichever way it runs."""
    if len(x) <= POINTS_MAX:
        return x, y
    kept = np.unique([0, len(x) - 1, *envelope(np.stack((x, y)), POINTS_MAX // 2 - 1).ravel()])
    return x[kept], y[kept]


def _written(values: Sequence[float]) -> list[str]:
    """Return numbers of one axis with as many digits as tell them apart."""
    steps = [abs(b - a) for a, b in pairwise(values)] or [abs(values[0]) if values else 1.0]
    step = min(steps) or 1.0
    if not 1e-4 <= step < 1e9:
        return [f"{value:.3g}" for value in values]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{value:,.{digits}f}".replace("-0", "0") if value == 0 else f"{value:,.{digits}f}" for value in values]


def _number(value: Any) -> str:
    """Return an attribute's value; numbers to a tenth of a pixel, which no eye tells from the exact one."""
    if isinstance(value, str):
        return escape(value)
    return f"{float(value):.2f}".rstrip("0").rstrip(".") if abs(value) < 2 else f"{float(value):.1f}".removesuffix(".0")


# --- one colour for each component of a mixture, the same in all charts and tables of one label -----------------------


class Tone(NamedTuple):
    """A colour, its place among those of the page (0 for none), and how strong and with which dash it is drawn.

    Beyond twelve components the colours come again, paler and dashed.
    """

    colour: str
    number: int
    strength: float
    dash: str | None


OTHERS = Tone(MUTED, 0, 0.5, "2 3")
"""For what is not told apart."""

_ROUNDS = ((0.85, None), (0.45, "7 3"), (0.25, "7 3 2 3"))

Palettes = dict[str, dict[str, Tone]]


def palettes(figures: Iterable[Figure]) -> Palettes:
    """Return for each label the colours of all that curves and timelines of it name, in their order."""
    names: dict[str, dict[str, None]] = {}
    for figure in figures:
        if isinstance(figure, Curves) and figure.label is not None:
            names.setdefault(figure.label, {}).update(dict.fromkeys(figure.names))
        elif isinstance(figure, Timeline):
            names.setdefault(figure.label, {}).update((event.expert, None) for event in figure.events)
    return {label: {name: _tone(place) for place, name in enumerate(found)} for label, found in names.items()}


def tone_of(name: str, label: str, known: Palettes) -> Tone | None:
    """Return the colour of a name in the palette of a label, or else in the first that has it."""
    tones = [known.get(label, {})] if label else [tones for key, tones in known.items() if key]
    return next((found[name] for found in tones if name in found), None)


def _tone(place: int) -> Tone:
    round_, number = divmod(place, len(LABELS))
    return Tone(LABELS[number], number + 1, *_ROUNDS[min(round_, len(_ROUNDS) - 1)])
