"""One colour for each component of a mixture, the same in all charts and tables of one label."""

from __future__ import annotations

from typing import NamedTuple

from aura.plugins.report.record import RunRecord
from aura.plugins.report.svg import LABELS, MUTED
from aura.plugins.report.words import text

__all__ = ["OTHERS", "Tone", "dotted_name", "palette", "tone_of"]


class Tone(NamedTuple):
    """A colour, its place among those of the page (0 for none), and how strong and with which line it is drawn.

    Beyond twelve components the colours come again, paler and dashed.
    """

    colour: str
    number: int
    strength: float
    line: str


OTHERS = Tone(MUTED, 0, 0.5, ":")
"""For what is not told apart."""

_ROUNDS = ((0.85, "-"), (0.45, "--"), (0.25, "-."))


def palette(record: RunRecord, label: str) -> dict[str, Tone]:
    """Return the colours of all components that metrics of this label name, in their order."""
    names: dict[str, None] = {}
    for result in record.metrics.values():
        if result.label == label:
            names.update(dict.fromkeys(result.names))
            names.update((event.expert, None) for event in result.events)
    return {name: _tone(place) for place, name in enumerate(names)}


def tone_of(record: RunRecord, name: str) -> Tone | None:
    """Return the colour of a name in the first palette that has it."""
    for label in dict.fromkeys(result.label for result in record.metrics.values() if result.label):
        tone = palette(record, label).get(name)
        if tone is not None:
            return tone
    return None


def dotted_name(name: str, tone: Tone | None) -> str:
    """Return a name as HTML, with a dot of its colour."""
    if tone is None or not tone.number:
        return text(name)
    dot = f'<i class="dot" style="background:var(--c{tone.number});opacity:{tone.strength:g}"></i>'
    return f'<span class="named">{dot}{text(name)}</span>'


def _tone(place: int) -> Tone:
    round_, number = divmod(place, len(LABELS))
    strength, line = _ROUNDS[min(round_, len(_ROUNDS) - 1)]
    return Tone(LABELS[number], number + 1, strength, line)
