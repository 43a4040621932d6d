"""A few items to look at: the most confident mistakes of each phase, and some that were right, drawn at random."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.pending import PendingItems
from aura.core.signals import Signal
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.stimuli import can_be_shown, shown

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Examples", "topics_of_examples"]

WAITING_BYTES = 16_000_000
"""Stimuli wait in about so many bytes at most; the oldest go first."""

LETTERS_MAX = 80
"""Letters of a label that an example shows."""

_MIX = 0x9E3779B97F4A7C15
"""The golden ratio as a fraction of 2 to the 64: multiples of it are spread evenly (Knuth 1998, section 6.4)."""


class _Kept(NamedTuple):
    """An example and its rank: the smallest ranks are kept."""

    rank: tuple[float, int]
    row: dict[str, Any]


def topics_of_examples(brain: BrainView, truth: str, prediction: str) -> tuple[str | None, str | None]:
    """Return the topics that show what was judged and how sure the prediction was, as far as they can be told.

    The stimulus is the first text or picture among the outputs of the zone that tells the truth, and the confidence the
    output named after the prediction, such as ``emotion_probability``, or ``probability``.
    """
    zone = truth.partition(".")[0]
    stimulus = next((f"{zone}.{name}" for name, port in brain.plans[zone].outputs.items()
                     if port.role == "signal" and f"{zone}.{name}" != truth and can_be_shown(port)), None)
    zone, _, said = prediction.partition(".")
    outputs = brain.plans[zone].outputs
    beside = (f"{said}_probability", f"{said}_confidence", "probability", "confidence")
    confidence = next((f"{zone}.{name}" for name in beside if name in outputs and outputs[name].has_items
                       and outputs[name].dtype.startswith("float")), None)
    return stimulus, confidence


class Examples:
    """The examples of a metric, place by place.

    Parameters
    ----------
    most : int
        Mistakes that are kept of each place, and as many that were right; 0 keeps none.
    waiting : int
        Items whose stimulus waits for their judgement.
    """

    def __init__(self, most: int, waiting: int) -> None:
        self.stimulus: str | None = None
        self.confidence: str | None = None
        self._most, self._waiting = most, waiting
        self._stimuli, self._sure = PendingItems(waiting), PendingItems(waiting)
        self._seen = 0
        self._kept: dict[str, tuple[list[_Kept], list[_Kept]]] = {}

    def watch(self, stimulus: str | None, confidence: str | None) -> list[str]:
        """Settle the topics of what was judged and of how sure a prediction was, and return those that there are."""
        self.stimulus, self.confidence = stimulus, confidence
        return [topic for topic in (stimulus, confidence) if topic is not None]

    def hear(self, signal: Signal) -> None:
        """Keep what a signal of these topics says of its items."""
        if signal.topic == self.stimulus:
            value = signal.value
            if isinstance(value, np.ndarray) and len(value):
                self._stimuli.capacity = min(self._waiting, max(1, WAITING_BYTES // max(1, value[0].nbytes)))
            self._stimuli.store(ids_of(signal.ids), value)
        elif signal.topic == self.confidence:
            value = np.asarray(signal.value)
            if value.size:  # before a class is known, nothing has a probability
                self._sure.store(ids_of(signal.ids), value if value.ndim == 1 else value.max(axis=1))

    def forget(self, item: int) -> None:
        """Leave out an item that is not judged."""
        self._stimuli.pop(item)
        self._sure.pop(item)

    def judge(self, place: str, item: int, truth: Sequence[str], said: Sequence[str], best: str | None, *,
              right: bool) -> None:
        """Take note of an item: where it counts, its true labels, what was said, and whether that was right."""
        stimulus, sure = self._stimuli.pop(item), self._sure.pop(item)
        if not self._most:
            return
        self._seen += 1
        # Where nothing says how sure a prediction is, the latest mistakes are kept.
        weight = float(sure) if sure is not None else 0.0 if self.confidence else float(self._seen)
        # Those that were right come in an order that looks drawn at random and is the same in every run.
        rank = ((self._seen * _MIX) % 2**64 / 2**64 if right else -weight, self._seen)
        kept = self._kept.setdefault(place, ([], []))[right]
        if len(kept) < self._most or rank < kept[-1].rank:
            # Only here: a picture of each item would cost more than judging it.
            kept.append(_Kept(rank, {
                "item": item, "stimulus": None if stimulus is None else shown(stimulus), "truth": _written(truth),
                "said": _written(said), "best": None if best is None else _written((best,))[0],
                "sure": None if sure is None else weight, "right": right}))
            kept.sort(key=lambda one: one.rank)
            del kept[self._most:]

    def results(self, place: str) -> list[dict[str, Any]]:
        """Return the examples of a place: mistakes, the most confident first, then some that were right."""
        return [dict(one.row) for kept in self._kept.get(place, ([], [])) for one in kept]

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        return {"seen": self._seen, "stimuli": self._stimuli.state(), "sure": self._sure.state(),
                "kept": [[place, *([[list(one.rank), dict(one.row)] for one in part] for part in parts)]
                         for place, parts in self._kept.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._seen = state["seen"]
        self._stimuli.load_state(state["stimuli"])
        self._sure.load_state(state["sure"])
        self._kept = {place: (_loaded(wrong), _loaded(right)) for place, wrong, right in state["kept"]}


def _written(labels: Sequence[str]) -> list[str]:
    return [label if len(label) <= LETTERS_MAX else f"{label[:LETTERS_MAX - 1]}…" for label in labels]


def _loaded(part: Iterable[Any]) -> list[_Kept]:
    return [_Kept((rank[0], rank[1]), row) for rank, row in part]
