"""The frame of a metric's section: its title, a sentence on what it shows, and the pictures of its main phases."""

from __future__ import annotations

from collections.abc import Callable

from aura.plugins.report.figures import left_out, main_phases
from aura.plugins.report.record import MetricResult, PhaseResult
from aura.plugins.report.words import text

__all__ = ["Show", "framed", "left_out_notes", "phase_pictures", "quantity"]

Show = Callable[[str, str, PhaseResult], str]
"""Returns the pictures of one phase from the id that they begin with, its name and what was found in it."""


def framed(name: str, key: str, about: str, *parts: str) -> str:
    """Return a section of these parts, empty if there are none."""
    body = "".join(parts)
    if not body:
        return ""
    return f'<section id="{key}"><h2>{text(name)}</h2><p class="about">{text(about)}</p>{body}</section>'


def left_out_notes(result: MetricResult) -> str:
    """Return what the figures do not tell of."""
    return "".join(f'<p class="note">{text(sentence)}</p>' for sentence in left_out(result))


def phase_pictures(result: MetricResult, key: str, what: str, show: Show) -> str:
    """Return the pictures of the phases that matter, the first one open; `what` they show stands above them."""
    parts: list[str] = []
    for number, (name, phase) in enumerate(main_phases(result)):
        shown = show(f"{key}-p{number}", name, phase)
        how = f" ({text(phase.how)})" if phase.how and phase.how != name else ""
        if shown:
            state = "" if parts else " open"
            title = f"{text(what)} in the phase {text(name)}{how}"
            parts.append(f"<details{state}><summary>{title}</summary>{shown}</details>")
    return "".join(parts)


def quantity(result: MetricResult) -> str:
    """Return what is measured, with its unit, as it stands on an axis."""
    return result.signal if result.unit == "1" else f"{result.signal}, {result.unit}"
