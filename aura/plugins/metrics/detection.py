"""The metric ``detection``: whether a score tells some items from all others, such as those out of scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.signals import Signal
from aura.plugins.figures import Figure, Line, Lines
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.options import LABELS, MetricOptions, Need, Pending, RowsEvery, Topic, Window
from aura.plugins.metrics.recent import evenly
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.metrics.roc import KeptScores, curve_of, detection_figures
from aura.plugins.metrics.rolling import Rolling
from aura.plugins.metrics.scores import sets_of
from aura.plugins.words import share

__all__ = ["Detection", "DetectionOptions"]

POINTS_MAX = 200
"""Points of the curve that the results keep."""


class DetectionOptions(MetricOptions):
    """Options of the metric ``detection``."""

    truth: Topic | tuple[Topic, ...] = Field(
        description="Topic of tags (label sets), of text or of integers that says what an item is; several, such as "
                    "those of two streams, where each says it of other items.")
    score: Topic = Field(
        description="Topic of a score of the same items, (item,): the larger, the more it is one of those to be found. "
                    "Of several numbers an item, (item, class), the largest counts, such as that of the best class.")
    positive: tuple[str, ...] = Field(
        (), description='The labels of items to be found, such as ["oos"]; by default those without a label are.')
    descending: bool = Field(False, description="Whether the smaller score is the one of an item to be found.")
    max_items: int = Field(
        100_000, ge=100, le=10_000_000,
        description="Items of each side and phase that are kept, 16 bytes each; of more an even sample.")
    window: Window = 1000
    every: RowsEvery = "auto"
    pending: Pending = None


class _Sides:
    """The scores of a phase: of the items to be found, and of the others."""

    def __init__(self, most: int) -> None:
        self.sides = [KeptScores(most), KeptScores(most)]

    def state(self) -> dict[str, Any]:
        return {"others": self.sides[0].state(), "found": self.sides[1].state()}

    def load_state(self, state: dict[str, Any]) -> None:
        for side, name in zip(self.sides, ("others", "found"), strict=True):
            side.load_state(state[name])


class Detection(Rolling):
    """Area under the ROC curve, false positives at 95 % found, and average precision, per phase and rolling.

    Truth and score are brought together by their items' ids; phases as for ``classification``. Figures are exact up to
    `max_items` items of each side; beyond that they are those of an even sample. Where a phase has items of one side
    only there is nothing to tell apart, and only the items are told.
    """

    kind = "detection"
    needs: ClassVar = {"truth": Need(LABELS), "score": Need(("float",), axes=(0, 1), words="numbers of an item")}
    headlines: ClassVar = {"auroc": "AUROC", "fpr_at_95": "false positives at 95 % found"}
    headings: ClassVar = {"auroc": "auroc"}
    quantity = "share, 0 to 1"
    lasting = ("_matcher",)

    def __init__(self, name: str, options: DetectionOptions) -> None:
        super().__init__(name, options)
        self._matcher = self.matching(("truth", "score"), options.pending)
        self._positive = frozenset(options.positive)
        self._truths = options.truth if isinstance(options.truth, tuple) else (options.truth,)

    def new_part(self) -> _Sides:
        return _Sides(self.options.max_items)

    def on_signal(self, signal: Signal) -> None:
        ids, done = ids_of(signal.ids), []
        if signal.topic in self._truths:
            done += self._matcher.put(0, ids, map(self._is_positive, sets_of(signal.value)))
        if signal.topic == self.options.score:
            scores = np.asarray(signal.value, dtype=np.float64)
            if scores.ndim > 1:
                scores = scores.max(axis=1) if scores.shape[1] else np.zeros(len(scores))  # before the first class
            signed = (-scores if self.options.descending else scores).tolist()
            done += self._matcher.put(1, ids, zip(self.places(signal), signed, strict=True))
        for positive, (place, score) in done:
            part = self.part(place)
            part.sides[positive].add(score)
            self.roll(place, (score, positive), part.sides[0].seen + part.sides[1].seen, signal.time)

    def _is_positive(self, labels: tuple[str, ...]) -> int:
        return int(not labels if not self._positive else not self._positive.isdisjoint(labels))

    def figures_of(self, items: list[Any]) -> dict[str, float]:
        scores, positive = np.array(items, dtype=np.float64).reshape(-1, 2).T
        return detection_figures(scores[positive > 0], scores[positive == 0])

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        return {"truth": " and ".join(self._truths), "prediction": self.options.score}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        others, found = part.sides
        results: dict[str, Any] = {"items": others.seen + found.seen, "positives": found.seen,
                                "kept": len(others.scores) + len(found.scores), "summary": {}}
        if len(found.scores) and len(others.scores):
            results["summary"] = detection_figures(found.scores, others.scores, found.share, others.share)
            false, true, _ = curve_of(found.scores, others.scores)
            shown = evenly(len(false), POINTS_MAX)
            results["curve"] = {"false": false[shown].tolist(), "true": true[shown].tolist()}
        return results

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        return [*super().figures(found, others), *by_phase(found, "Curve", _curve)]


def _curve(name: str, phase: PhaseResults) -> Iterator[Figure]:
    if curve := phase.more.get("curve"):
        yield Lines(
            lines=(Line(name="by chance", x=(0.0, 1.0), y=(0.0, 1.0)),
                   Line(name="found", x=tuple(curve["false"]), y=tuple(curve["true"]))),
            x="share of the others that is taken for one", y="share that is found",
            alt=f"ROC curve of the phase {name}.",
            caption=f"{phase.more['positives']:,} of {phase.items or 0:,} items are to be found "
                    f"({share(phase.more['positives'], phase.items or 0)}).")
