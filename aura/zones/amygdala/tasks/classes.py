"""A task that tells classes apart, any number of them an item or one: its classes, thresholds and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.classes import ClassIndex, LabelSets
from aura.core.errors import ParameterError, StateError
from aura.core.time import Time
from aura.zones.amygdala.confidence import Confidence
from aura.zones.amygdala.export import Classifier, read_classifier, width_of_export, write_classifier
from aura.zones.amygdala.learners.learner import Head, Learner
from aura.zones.amygdala.novelty import Novelty
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.sample import RowSample
from aura.zones.amygdala.score_sample import ScoreSample
from aura.zones.amygdala.tasks.kinds import ChoiceOptions, LabelOptions
from aura.zones.amygdala.tasks.task import HeadTask, LabelledItems
from aura.zones.amygdala.thresholds import DecisionThresholds
from aura.zones.common.arrays import Array

__all__ = ["ClassTask"]

FIRST_RENEWAL_ITEMS = 16
RENEWALS_PER_OCTAVE = 8
"""Thresholds are renewed when the stream has grown by an eighth, so that they are fresh early and cheap later."""


class ClassTask(HeadTask):
    """Says the classes of one task by the scores that its head has for them, and reads them from its teacher."""

    lasting = ("_classes", "_thresholds", "_confidence", "_novelty", "_sample", "_announced", "_learned", "_fresh")

    def __init__(self, name: str, options: LabelOptions | ChoiceOptions, params: AmygdalaParams, features: int) -> None:
        super().__init__(name, options, params, features)
        self._multi_label = options.kind == "labels"
        self._classes = self._index(options.classes)

    def head(self) -> Head:
        return Head(self.name, "labels" if self._multi_label else "choice", len(self._classes))

    def join(self, learner: Learner) -> None:
        super().join(learner)
        if self.params.thresholds.source == "rows" and not learner.leaves_out:
            raise ParameterError("amygdala.thresholds.source", got="'rows'",
                                 expected=f"'stream', as the learner {learner.options.kind!r} cannot leave rows out")
        self._begin()

    def _index(self, classes: Sequence[str]) -> ClassIndex:
        return ClassIndex(classes, open=self.options.open, on_unknown=self.options.on_unknown,
                          setting=f"tasks.{self.name}.")

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(self._classes.names)

    def _begin(self) -> None:
        """Begin anew with the present classes."""
        options, learner, count = self.params.thresholds, self.learner, len(self._classes)
        self._thresholds, self._confidence = self._new_thresholds(count), Confidence(not self._multi_label)
        self._novelty = Novelty(self.features, count, learner.forgetting) if self.options.novelty else None
        by_rows = options.source == "rows" or (
            options.source is None and learner.leaves_out and self.head().target_type in learner.close_for)
        self._sample: RowSample | ScoreSample = (
            RowSample(options.sample, self.features, count, learner.forgetting) if by_rows
            else ScoreSample(options.sample, count, learner.link.score_range[0]))
        self._announced = False
        self._learned, self._fresh = 0, 0

    def _new_thresholds(self, classes: int) -> DecisionThresholds:
        link = self.learner.link
        return DecisionThresholds(classes, link.score_range, link.neutral, self.params.thresholds.shrinkage,
                                  calibrate=self.params.calibrate and link.calibrated)

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

    def novelty(self, rows: NDArray[np.float32]) -> dict[str, Any]:
        """Return how far embeddings (n, features) are from what was learned."""
        if self._novelty is None:
            return {}
        return {f"{self.name}_novelty": self._novelty.measure(rows).astype(np.float32)}

    def named(self, scores: Array) -> list[dict[str, float]]:
        """Return the probabilities of each item's classes by their names."""
        logits = self._logits(scores)
        chances = self._confidence.chances(logits, self._chances(logits))
        return [dict(zip(self._classes.names, row, strict=True)) for row in chances.tolist()]

    def _labels(self, scores: Array, best: list[int]) -> tuple[tuple[str, ...], ...]:
        names = self._classes.names
        if not names:
            return ((),) * len(scores)
        if not self._multi_label:
            return tuple((names[place],) for place in best)
        predicted: list[tuple[str, ...]] = []
        for above, place in zip(scores >= self._thresholds.values, best, strict=True):
            labels = tuple(map(names.__getitem__, np.flatnonzero(above).tolist()))
            predicted.append(labels or ((names[place],) if self.options.at_least_one else ()))
        return tuple(predicted)

    def _chances(self, logits: Array) -> Array:
        """Return the probabilities that the learner itself has for log odds."""
        return self.learner.link.probability(logits, exclusive=not self._multi_label)

    def _logits(self, scores: Array, thresholds: DecisionThresholds | None = None) -> Array:
        if not self.learner.link.calibrated:  # they are log odds as they are
            return scores
        slope, offset = (thresholds or self._thresholds).calibration.T
        logits: Array = slope * scores + offset
        return logits

    # --- learning -------------------------------------------------------------------------------------------------

    def targets(self, truths: LabelSets, where: str, now: Time) -> LabelledItems:
        """Return which classes each item has; logged beside it are labels that are no class."""
        if self._multi_label:
            used, targets, unknown = self._classes.targets(truths, where, now)
        else:
            used, places, unknown = self._classes.one_each(truths, where, now,
                                                           hint=f'Set tasks.{self.name}.kind = "labels".')
            targets = np.eye(len(self._classes))[places]
        self._grow()
        return LabelledItems(truths, used, targets,
                         {} if self.options.open else {f"{self.name}_unknown": float(unknown)})

    def learned(self, rows: NDArray[np.float32], items: LabelledItems, scores: Array, rate: float) -> None:
        """Keep rows or scores to find thresholds and probabilities by, and renew them where that is due."""
        if isinstance(self._sample, RowSample):
            self._sample.add(rows, items.targets, [items.truths[index] for index in items.used.tolist()], rate)
        else:
            self._sample.add(scores, items.targets)
        if self._novelty is not None:
            self._novelty.learn(rows, items.targets, rate)
        self._learned += len(rows)
        self._fresh += len(rows)
        due = max(FIRST_RENEWAL_ITEMS, self._learned // RENEWALS_PER_OCTAVE)
        if self._fresh >= min(due, self.params.thresholds.every):
            self.settle()

    def settle(self) -> None:
        """Bring thresholds and probabilities up to all that has been learned."""
        if self._fresh:
            self._sample.trim()
            (self._thresholds, self._confidence), self._fresh = self._renewed(), 0

    def learner_moved(self) -> None:
        if self._learned:
            self._fresh = max(self._fresh, 1)
            self.settle()

    def _renewed(self) -> tuple[DecisionThresholds, Confidence]:
        """Return thresholds and probabilities as all that has been learned would have them."""
        if not self._fresh:
            return self._thresholds, self._confidence
        renewed, confidence = self._new_thresholds(len(self._classes)), Confidence(not self._multi_label)
        sample = self._sample
        targets = sample.targets
        scores = (self.learner.left_out(self.name, sample.rows, targets, sample.weights)
                  if isinstance(sample, RowSample) else sample.scores)
        renewed.renew(scores, targets, sample.counts, sample.halves)
        if self.params.calibrate:
            logits = self._logits(scores, renewed)
            confidence.renew(logits, targets, sample.counts, sample.halves, self._chances(logits))
        return renewed, confidence

    def _grow(self) -> None:
        new = len(self._classes) - len(self._thresholds.values)
        if new:
            self.learner.grow(self.name, new, float(self._learned))
            self._thresholds.add_classes(new)
            self._sample.add_classes(new)
            if self._novelty is not None:
                self._novelty.add_classes(new)
            self._announced = False

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: Path) -> list[Path]:
        """Write the classifier and return its files."""
        weights = self.learner.linear(self.name)
        thresholds, confidence = self._renewed()
        calibration = thresholds.calibration if self.learner.link.calibrated else None
        return write_classifier(folder, self.name, Classifier(
            tuple(self._classes.names), None if weights is None else weights[:-1],
            None if weights is None else weights[-1], thresholds.values, calibration,
            confidence.values if confidence.known else None))

    def exported_labels(self, found: Classifier | None = None) -> tuple[str, ...]:
        return tuple(self._classes.names) if found is None else found.classes

    def exported_head(self, found: Classifier) -> Head:
        return self.head()._replace(outputs=len(found.classes))

    @classmethod
    def width_of_export(cls, folder: Path, name: str) -> int:
        return width_of_export(folder, name)

    def read_export(self, folder: Path) -> tuple[Classifier, list[Path]]:
        found, files = read_classifier(folder, self.name, None if self.learner.whole else self.features)
        if not self.options.open and set(found.classes) != set(self.options.classes):
            raise StateError(str(files[-1]), expected=f"the classes {', '.join(self.options.classes)}",
                             got=", ".join(found.classes), hint=f"Set tasks.{self.name}.open = true.")
        return found, files

    def adopt(self, found: Classifier) -> None:
        self._classes = self._index(found.classes)
        if found.weights is not None and found.bias is not None:
            self.learner.adopt(self.head(), np.vstack([found.weights, found.bias]))
        self._begin()
        self._thresholds.values = found.thresholds.copy()
        if found.calibration is not None and self.learner.link.calibrated:
            self._thresholds.calibration = found.calibration.copy()
        if found.confidence is not None:
            self._confidence.values = found.confidence.copy()
