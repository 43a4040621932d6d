"""One colour for each component of a mixture, the same in all charts and tables of one label."""

from __future__ import annotations

from typing import NamedTuple

from aura.plugins.figures import Curves, Timeline
from aura.plugins.report.record import RunRecord
from aura.plugins.report.svg import LABELS, MUTED

__all__ = ["OTHERS", "Palettes", "Tone", "palettes", "tone_of"]


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


def palettes(record: RunRecord) -> Palettes:
    """Return for each label the colours of all that curves and timelines of it name, in their order."""
    names: dict[str, dict[str, None]] = {}
    for figure in record.figures():
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
