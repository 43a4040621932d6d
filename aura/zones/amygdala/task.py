"""One task of the amygdala: its classes, its readout and its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.classes import ClassIndex, LabelSets, Targets
from aura.core.errors import StateError
from aura.core.lasting import Stateful
from aura.core.time import Time
from aura.zones.amygdala.export import Classifier, read_classifier, write_classifier
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.readout import make_readout
from aura.zones.amygdala.sample import RowSample
from aura.zones.amygdala.thresholds import DecisionThresholds
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import with_bias

__all__ = ["Task"]

FIRST_RENEWAL_ITEMS = 16
RENEWALS_PER_OCTAVE = 8
"""Thresholds are renewed when the stream has grown by an eighth, so that they are fresh early and cheap later."""


class Task(Stateful):
    """Predicts the classes of one task from embeddings and learns them from its teacher.

    Parameters
    ----------
    name : str
        The task's name, which its ports begin with.
    params : AmygdalaParams
        The zone's parameters.
    features : int
        Length of an embedding.
    """

    lasting = ("_classes", "_readout", "_thresholds", "_sample", "_announced", "_learned", "_fresh")

    def __init__(self, name: str, params: AmygdalaParams, features: int) -> None:
        self.name, self._options, self._features = name, params.tasks[name], features
        self._params = params
        self._begin(self._options.classes)

    def _begin(self, classes: Sequence[str]) -> None:
        """Begin anew with these classes."""
        self._classes = ClassIndex(classes, open=self._options.open, on_unknown=self._options.on_unknown,
                                   setting=f"tasks.{self.name}.")
        self._readout = make_readout(self._params, self._features, len(classes), self._options.multi_label)
        self._thresholds = self._new_thresholds(len(classes))
        self._sample = RowSample(self._params.thresholds.sample, self._features, len(classes), self._params.forgetting)
        self._announced = False
        self._learned, self._fresh = 0, 0

    def _new_thresholds(self, classes: int) -> DecisionThresholds:
        return DecisionThresholds(classes, self._readout.score_range, self._readout.neutral,
                                  self._params.thresholds.shrinkage,
                                  calibrate=self._params.calibrate and self._readout.calibrated)

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
        if not self._options.multi_label:
            return tuple((names[place],) for place in best)
        predicted: list[tuple[str, ...]] = []
        for above, place in zip(scores >= self._thresholds.values, best, strict=True):
            labels = tuple(map(names.__getitem__, np.flatnonzero(above).tolist()))
            predicted.append(labels or ((names[place],) if self._options.at_least_one else ()))
        return tuple(predicted)

    def _logits(self, scores: Array) -> Array:
        if not self._readout.calibrated:  # they are log odds as they are
            return scores
        slope, offset = self._thresholds.calibration.T
        logits: Array = slope * scores + offset
        return logits

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, embedding: NDArray[np.float32], label_sets: LabelSets, unmatched: int, rate: float, where: str,
              now: Time, want_gradient: bool) -> tuple[dict[str, float], np.ndarray, Array | None]:
        """Learn from embeddings (n, features) and their label sets.

        Returns
        -------
        scalars : dict
            Mean loss before learning, items learned from, labels that found no item, labels that are no class.
        used : array of int
            Which of the items could be learned from.
        gradient : array (used, features) or None
            Gradient of each one's loss with respect to its embedding, by the weights before learning.
        """
        used, targets, unknown = self._targets(label_sets, where, now)
        self._grow()
        scalars = {f"{self.name}_items": float(len(used)), f"{self.name}_unmatched": float(unmatched)}
        if not self._options.open:
            scalars[f"{self.name}_unknown"] = float(unknown)
        if len(used) == 0:
            return scalars, used, None
        embedding = embedding[used]
        rows = with_bias(embedding)
        scores = self._readout.scores(rows)
        scalars[f"{self.name}_loss"] = float(self._readout.loss(scores, targets).mean())
        gradient = self._readout.slope(scores, targets) @ self._readout.weights[:-1].T if want_gradient else None
        if rate > 0:
            self._readout.learn(rows, targets, rate)
            self._sample.add(embedding, targets, [label_sets[index] for index in used.tolist()], rate)
            self._learned += len(rows)
            self._fresh += len(rows)
            due = max(FIRST_RENEWAL_ITEMS, self._learned // RENEWALS_PER_OCTAVE)
            if self._fresh >= min(due, self._params.thresholds.every):
                self.settle()
        return scalars, used, gradient

    def _targets(self, label_sets: LabelSets, where: str, now: Time) -> Targets:
        if self._options.multi_label:
            return self._classes.targets(label_sets, where, now)
        used, places, unknown = self._classes.one_each(label_sets, where, now,
                                                       hint=f"Set tasks.{self.name}.multi_label = true.")
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

    def read_export(self, folder: Path) -> tuple[Classifier, list[Path]]:
        """Return the classifier in `folder` and its files, checked against this task.

        Raises
        ------
        StateError
            If files are missing or do not fit each other, the embeddings or the classes of a task that is not open.
        """
        found, files = read_classifier(folder, self.name, self._features)
        if not self._options.open and set(found.classes) != set(self._options.classes):
            raise StateError(str(files[-1]), expected=f"the classes {', '.join(self._options.classes)}",
                             got=", ".join(found.classes), hint=f"Set tasks.{self.name}.open = true.")
        return found, files

    def adopt(self, found: Classifier) -> None:
        """Take over a classifier; learning goes on from there."""
        self._begin(found.classes)
        self._readout.weights = np.vstack([found.weights, found.bias])
        self._thresholds.values = found.thresholds.copy()
        if found.calibration is not None and self._readout.calibrated:
            self._thresholds.calibration = found.calibration.copy()
