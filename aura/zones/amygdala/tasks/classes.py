"""A task that tells classes apart, any number of them an item or one: its classes, its readout and its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.classes import ClassIndex, LabelSets, Targets
from aura.core.errors import StateError
from aura.core.time import Time
from aura.zones.amygdala.export import Classifier, read_classifier, width_of_export, write_classifier
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.readout import make_readout
from aura.zones.amygdala.sample import RowSample
from aura.zones.amygdala.tasks.kinds import ChoiceOptions, LabelOptions
from aura.zones.amygdala.tasks.task import Task, Taught
from aura.zones.amygdala.thresholds import DecisionThresholds
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import with_bias

__all__ = ["ClassTask"]

FIRST_RENEWAL_ITEMS = 16
RENEWALS_PER_OCTAVE = 8
"""Thresholds are renewed when the stream has grown by an eighth, so that they are fresh early and cheap later."""


class ClassTask(Task):
    """Predicts the classes of one task from embeddings and learns them from its teacher."""

    lasting = ("_classes", "_readout", "_thresholds", "_sample", "_announced", "_learned", "_fresh")

    def __init__(self, name: str, options: LabelOptions | ChoiceOptions, params: AmygdalaParams, features: int) -> None:
        super().__init__(name, options, params, features)
        self._multi_label = options.kind == "labels"
        self._begin(options.classes)

    def _begin(self, classes: Sequence[str]) -> None:
        """Begin anew with these classes."""
        self._classes = ClassIndex(classes, open=self.options.open, on_unknown=self.options.on_unknown,
                                   setting=f"tasks.{self.name}.")
        self._readout = make_readout(self.params, self.features, len(classes), self._multi_label)
        self._thresholds = self._new_thresholds(len(classes))
        self._sample = RowSample(self.params.thresholds.sample, self.features, len(classes), self.params.forgetting)
        self._announced = False
        self._learned, self._fresh = 0, 0

    def _new_thresholds(self, classes: int) -> DecisionThresholds:
        return DecisionThresholds(classes, self._readout.score_range, self._readout.neutral,
                                  self.params.thresholds.shrinkage,
                                  calibrate=self.params.calibrate and self._readout.calibrated)

    # --- predicting -----------------------------------------------------------------------------------------------

    def predict(self, rows: Array) -> dict[str, Any]:
        """Return the outputs for rows (n, features + 1); the classes among them if they are new."""
        scores = self._readout.scores(rows)
        logits = self._logits(scores)
        names = self._classes.names
        best = logits.argmax(axis=1).tolist() if names else []
        out: dict[str, Any] = {
            self.name: self._labels(scores, best),
            f"{self.name}_best": tuple(map(names.__getitem__, best)) if names else ("",) * len(rows),
            f"{self.name}_scores": scores.astype(np.float32),
            f"{self.name}_probability": self._readout.probability(logits).astype(np.float32),
        }
        if not self._announced:
            self._announced = True
            out[f"{self.name}_classes"] = tuple(names)
        return out

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

    def _logits(self, scores: Array) -> Array:
        if not self._readout.calibrated:  # they are log odds as they are
            return scores
        slope, offset = self._thresholds.calibration.T
        logits: Array = slope * scores + offset
        return logits

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, embedding: NDArray[np.float32], truths: LabelSets, rate: float, where: str, now: Time, *,
              want_gradient: bool) -> Taught:
        """Learn from embeddings (n, features) and their label sets; told are the loss and labels that are no class."""
        used, targets, unknown = self._targets(truths, where, now)
        self._grow()
        scalars = {} if self.options.open else {f"{self.name}_unknown": float(unknown)}
        if len(used) == 0:
            return Taught(scalars, used)
        embedding = embedding[used]
        rows = with_bias(embedding)
        scores = self._readout.scores(rows)
        scalars[f"{self.name}_loss"] = float(self._readout.loss(scores, targets).mean())
        gradient = self._readout.slope(scores, targets) @ self._readout.weights[:-1].T if want_gradient else None
        if rate > 0:
            self._readout.learn(rows, targets, rate)
            self._sample.add(embedding, targets, [truths[index] for index in used.tolist()], rate)
            self._learned += len(rows)
            self._fresh += len(rows)
            due = max(FIRST_RENEWAL_ITEMS, self._learned // RENEWALS_PER_OCTAVE)
            if self._fresh >= min(due, self.params.thresholds.every):
                self.settle()
        return Taught(scalars, used, gradient)

    def _targets(self, label_sets: LabelSets, where: str, now: Time) -> Targets:
        if self._multi_label:
            return self._classes.targets(label_sets, where, now)
        used, places, unknown = self._classes.one_each(label_sets, where, now,
                                                       hint=f'Set tasks.{self.name}.kind = "labels".')
        return Targets(used, np.eye(len(self._classes))[places], unknown)

    def settle(self) -> None:
        """Bring thresholds and probabilities up to all that has been learned."""
        if self._fresh:
            self._sample.trim()
            self._thresholds, self._fresh = self._renewed(), 0

    def _renewed(self) -> DecisionThresholds:
        """Return thresholds and probabilities as all that has been learned would have them."""
        if not self._fresh:
            return self._thresholds
        renewed = self._new_thresholds(len(self._classes))
        sample = self._sample
        targets = sample.targets
        renewed.renew(self._readout.left_out(with_bias(sample.rows), targets, sample.weights), targets, sample.counts,
                      sample.halves)
        return renewed

    def _grow(self) -> None:
        new = len(self._classes) - self._readout.weights.shape[1]
        if new:
            self._readout.add_classes(new, float(self._learned))
            self._thresholds.add_classes(new)
            self._sample.add_classes(new)
            self._announced = False

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        if self._learned and not np.array_equal(self._readout.weights, state["readout"]["learner"]["weights"]):
            self._fresh = max(self._fresh, 1)  # by another ridge: thresholds follow the weights
            self.settle()

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: Path) -> list[Path]:
        """Write the classifier and return its files."""
        weights = self._readout.weights
        thresholds = self._renewed()
        calibration = thresholds.calibration if self._readout.calibrated else None
        return write_classifier(folder, self.name, Classifier(
            tuple(self._classes.names), weights[:-1], weights[-1], thresholds.values, calibration))

    @classmethod
    def width_of_export(cls, folder: Path, name: str) -> int:
        return width_of_export(folder, name)

    def read_export(self, folder: Path) -> tuple[Classifier, list[Path]]:
        found, files = read_classifier(folder, self.name, self.features)
        if not self.options.open and set(found.classes) != set(self.options.classes):
            raise StateError(str(files[-1]), expected=f"the classes {', '.join(self.options.classes)}",
                             got=", ".join(found.classes), hint=f"Set tasks.{self.name}.open = true.")
        return found, files

    def adopt(self, found: Classifier) -> None:
        self._begin(found.classes)
        self._readout.weights = np.vstack([found.weights, found.bias])
        self._thresholds.values = found.thresholds.copy()
        if found.calibration is not None and self._readout.calibrated:
            self._thresholds.calibration = found.calibration.copy()
