"""Matplotlib figures as inline SVG that follows the page's colours, light or dark."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GRID", "INK", "LABELS", "MUTED", "PANEL", "SERIES", "draw"]

# Colours that stand for variables of the page's style sheet: drawn as such, then put in their places.
INK, MUTED, GRID, PANEL = "#010101", "#020202", "#030303", "#040404"
LABELS = tuple(f"#0500{number:02x}" for number in range(1, 13))
SERIES = LABELS[:6]
_VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--line)", PANEL: "var(--panel)",
              **{colour: f"var(--c{number})" for number, colour in enumerate(LABELS, start=1)}}

SMALLEST_SCALE = 0.7
"""Text of 8 points is then still as large as 7.5 pixels."""

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "aura", "font.size": 9.0, "text.color": INK, "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED, "xtick.color": MUTED, "ytick.color": MUTED, "axes.facecolor": "none",
    "figure.facecolor": "none", "grid.color": GRID, "grid.linewidth": 0.6, "axes.linewidth": 0.8,
    "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.6, "legend.frameon": False,
    "legend.labelcolor": INK, "axes.titlesize": 9.5, "axes.titlecolor": INK, "text.parse_math": False,
}


def draw(make: Callable[[], Figure], key: str, alt: str) -> str:
    """Return the figure that `make` gives as an SVG element.

    Parameters
    ----------
    make : callable
        Draws and returns a matplotlib Figure, with the colours of this module.
    key : str
        Sets the ids of this figure apart from those of others on the page; letters, digits and '-'.
    alt : str
        What the figure shows, in words.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    # The settings hold within this block only.
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_SETTINGS)
        # The browser has fonts for what matplotlib's own cannot show.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = make()
        out = io.StringIO()
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        width, height = figure.get_size_inches() * 72
    return _inline(out.getvalue(), key, alt, float(width), float(height))


def _inline(svg: str, key: str, alt: str, width: float, height: float) -> str:
    body = svg[svg.index("<svg"):]
    body = body[body.index(">") + 1:]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\n?", "", body, flags=re.DOTALL)
    body = re.sub(r'(?<=\sid=")', f"{key}-", body)
    body = re.sub(r'(?<=url\(#)|(?<=xlink:href="#)', f"{key}-", body)
    body = body.replace("xlink:href", "href")
    body = re.sub(rf"(?<=: )(?:{'|'.join(_VARIABLES)})", lambda found: _VARIABLES[found.group()], body)
    # The page's own font, and no style sheet that would reach beyond the figure.
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", body, count=1, flags=re.DOTALL)
    # Full size where there is room, scrolled where it would become too small to read.
    full = width * 4 / 3
    head = (f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{full:.0f}" '
            f'style="min-width:{full * SMALLEST_SCALE:.0f}px" role="img" aria-label="{escape(alt)}">')
    return f"{head}<title>{escape(alt)}</title>{body.strip()}"
