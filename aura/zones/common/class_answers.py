"""What is said of classes by scores, any number of them an item or one: labels, probabilities, thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from aura.core.classes import ClassIndex, LabelSets
from aura.core.lasting import Lasting, Stateful
from aura.core.time import Time
from aura.zones.common.arrays import Array
from aura.zones.common.confidence import Confidence
from aura.zones.common.links import Link
from aura.zones.common.score_sample import ScoreSample
from aura.zones.common.thresholds import DecisionThresholds

__all__ = ["FIRST_RENEWAL_ITEMS", "RENEWALS_PER_OCTAVE", "ClassAnswers", "JudgingOptions"]

FIRST_RENEWAL_ITEMS = 16
RENEWALS_PER_OCTAVE = 8
"""Thresholds are renewed when the stream has grown by an eighth, so that they are fresh early and cheap later."""


class JudgingOptions(BaseModel):
    """How decision thresholds and probabilities are learned: from the scores of a sample of what was learned."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    sample: int = Field(default=8192, ge=16, le=2**20, description="Rows kept for it.")
    shrinkage: float = Field(
        default=300.0, ge=0,
        description="Positives at which a class's own best threshold and what is common to all classes weigh the "
                    "same; 0 for its own.")
    every: int = Field(
        default=4096, ge=1,
        description="Items between two renewals at most; early in the stream they come more often, and when learning "
                    "is switched off.")


class ClassAnswers(Stateful):
    """Says classes by their scores, and learns from the scores of the latest items where to draw the line.

    Whoever derives from it sets `name`, `options`, `judging` and `calibrate`, then calls `begin`.
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = (
        "_classes", "_thresholds", "_confidence", "_sample", "_announced", "_learned", "_fresh")

    name: str
    options: Any
    """Of `ClassFields`, and `kind`; of the kind ``labels`` also `at_least_one`."""
    judging: JudgingOptions
    calibrate: bool
    """Whether probabilities are fitted to what was learned."""
    link: Link
    """What scores are."""
    _sample: Any

    def index(self, classes: Sequence[str]) -> None:
        """Tell these classes apart; before all else."""
        self._classes = ClassIndex(classes, open=self.options.open, on_unknown=self.options.on_unknown,
                                   setting=f"tasks.{self.name}.")

    def begin(self) -> None:
        """Begin anew with the present classes."""
        count = len(self._classes)
        self._thresholds, self._confidence = self._new_thresholds(count), Confidence(not self.multi_label)
        self._sample = self._new_sample(count)
        self._announced = False
        self._learned, self._fresh = 0, 0

    @property
    def multi_label(self) -> bool:
        """Whether an item has any number of classes, or exactly one."""
        return bool(self.options.kind == "labels")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that are told apart at present."""
        return tuple(self._classes.names)

    def _new_sample(self, classes: int) -> Any:
        return ScoreSample(self.judging.sample, classes, self.link.score_range[0])

    def _new_thresholds(self, classes: int) -> DecisionThresholds:
        return DecisionThresholds(classes, self.link.score_range, self.link.neutral, self.judging.shrinkage,
                                  calibrate=self.calibrate and self.link.calibrated)

    # --- predicting -----------------------------------------------------------------------------------------------

    def answer(self, scores: Array) -> dict[str, Any]:
        """Return the outputs for scores (n, classes); the classes among them if they are new."""
        logits = self._logits(scores)
        names = self._classes.names
        best = logits.argmax(axis=1).tolist() if names else []
        chances = self._confidence.chances(logits, self._chances(logits))
        out: dict[str, Any] = {
            self.name: self._labels(scores, best),
            f"{self.name}_best": tuple(map(names.__getitem__, best)) if names else ("",) * len(scores),
            f"{self.name}_scores": scores.astype(np.float32),
            f"{self.name}_probability": chances.astype(np.float32),
            f"{self.name}_confidence": self._confidence.of_best(logits, chances).astype(np.float32),
        }
        if not self._announced:
            self._announced = True
            out[f"{self.name}_classes"] = tuple(names)
        return out

    def named(self, scores: Array) -> list[dict[str, float]]:
        """Return the probabilities of each item's classes by their names."""
        logits = self._logits(scores)
        chances = self._confidence.chances(logits, self._chances(logits))
        return [dict(zip(self._classes.names, row, strict=True)) for row in chances.tolist()]

    def _labels(self, scores: Array, best: list[int]) -> tuple[tuple[str, ...], ...]:
        names = self._classes.names
        if not names:
            return ((),) * len(scores)
        if not self.multi_label:
            return tuple((names[place],) for place in best)
        predicted: list[tuple[str, ...]] = []
        for above, place in zip(scores >= self._thresholds.values, best, strict=True):
            labels = tuple(map(names.__getitem__, np.flatnonzero(above).tolist()))
            predicted.append(labels or ((names[place],) if self.options.at_least_one else ()))
        return tuple(predicted)

    def _chances(self, logits: Array) -> Array:
        """Return the probabilities that the scores themselves say, for log odds."""
        return self.link.probability(logits, exclusive=not self.multi_label)

    def _logits(self, scores: Array, thresholds: DecisionThresholds | None = None) -> Array:
        if not self.link.calibrated:  # they are log odds as they are
            return scores
        slope, offset = (thresholds or self._thresholds).calibration.T
        logits: Array = slope * scores + offset
        return logits

    # --- learning -------------------------------------------------------------------------------------------------

    def read(self, truths: LabelSets, where: str, now: Time) -> tuple[NDArray[np.intp], Array, Mapping[str, float]]:
        """Return which items can be learned from, their targets (u, classes), and what to log: labels of no class."""
        if self.multi_label:
            used, targets, unknown = self._classes.targets(truths, where, now)
        else:
            used, places, unknown = self._classes.one_each(truths, where, now,
                                                           hint=f'Set tasks.{self.name}.kind = "labels".')
            targets = np.eye(len(self._classes))[places]
        new = len(self._classes) - len(self._thresholds.values)
        if new:
            self.grow(new)
        return used, targets, {} if self.options.open else {f"{self.name}_unknown": float(unknown)}

    def grow(self, count: int) -> None:
        """Make room for classes that are new."""
        self._thresholds.add_classes(count)
        self._sample.add_classes(count)
        self._announced = False

    def count(self, items: int) -> None:
        """Take note that the sample has items more, and renew thresholds and probabilities where that is due."""
        self._learned += items
        self._fresh += items
        due = max(FIRST_RENEWAL_ITEMS, self._learned // RENEWALS_PER_OCTAVE)
        if self._fresh >= min(due, self.judging.every):
            self.settle()

    def settle(self) -> None:
        """Bring thresholds and probabilities up to all that has been learned."""
        if self._fresh:
            self._sample.trim()
            (self._thresholds, self._confidence), self._fresh = self._renewed(), 0

    def _sampled(self) -> Array:
        """Return the scores of the sample."""
        scores: Array = self._sample.scores
        return scores

    def _renewed(self) -> tuple[DecisionThresholds, Confidence]:
        """Return thresholds and probabilities as all that has been learned would have them."""
        if not self._fresh:
            return self._thresholds, self._confidence
        renewed, confidence = self._new_thresholds(len(self._classes)), Confidence(not self.multi_label)
        sample, scores, targets = self._sample, self._sampled(), self._sample.targets
        renewed.renew(scores, targets, sample.counts, sample.halves)
        if self.calibrate:
            logits = self._logits(scores, renewed)
            confidence.renew(logits, targets, sample.counts, sample.halves, self._chances(logits))
        return renewed, confidence
