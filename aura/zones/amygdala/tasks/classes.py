"""A task that tells classes apart, any number of them an item or one: its classes, thresholds and probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.classes import LabelSets
from aura.core.errors import ParameterError, StateError
from aura.core.time import Time
from aura.zones.amygdala.export import Classifier, read_classifier, width_of_export, write_classifier
from aura.zones.amygdala.learners.learner import Head, Learner
from aura.zones.amygdala.novelty import Novelty
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.sample import RowSample
from aura.zones.amygdala.tasks.kinds import ChoiceOptions, LabelOptions
from aura.zones.amygdala.tasks.task import HeadTask, LabelledItems
from aura.zones.common.arrays import Array
from aura.zones.common.class_answers import ClassAnswers
from aura.zones.common.score_sample import ScoreSample

__all__ = ["ClassTask"]

class ClassTask(ClassAnswers, HeadTask):
    """Says the classes of one task by the scores that its head has for them, and reads them from its teacher."""

    lasting = ("_novelty",)

    def __init__(self, name: str, options: LabelOptions | ChoiceOptions, params: AmygdalaParams, features: int) -> None:
        HeadTask.__init__(self, name, options, params, features)
        self.judging, self.calibrate = params.thresholds, params.calibrate
        self.index(options.classes)

    def head(self) -> Head:
        return Head(self.name, "labels" if self.multi_label else "choice", len(self._classes))

    def join(self, learner: Learner) -> None:
        super().join(learner)
        if self.params.thresholds.source == "rows" and not learner.leaves_out:
            raise ParameterError("amygdala.thresholds.source", got="'rows'",
                                 expected=f"'stream', as the learner {learner.options.kind!r} cannot leave rows out")
        self.link = learner.link
        self.begin()

    def begin(self) -> None:
        super().begin()
        count, forgetting = len(self._classes), self.options.novelty_forgetting
        if forgetting is None:
            forgetting = self.learner.forgetting
        self._novelty = Novelty(self.features, count, forgetting) if self.options.novelty else None

    def _new_sample(self, classes: int) -> RowSample | ScoreSample:
        options, learner = self.params.thresholds, self.learner
        by_rows = options.source == "rows" or (
            options.source is None and learner.leaves_out and self.head().target_type in learner.close_for)
        return (RowSample(options.sample, self.features, classes, learner.forgetting) if by_rows
                else ScoreSample(options.sample, classes, learner.link.score_range[0]))

    def novelty(self, rows: NDArray[np.float32]) -> dict[str, Any]:
        """Return how far embeddings (n, features) are from what was learned."""
        if self._novelty is None:
            return {}
        return {f"{self.name}_novelty": self._novelty.measure(rows).astype(np.float32)}

    # --- learning -------------------------------------------------------------------------------------------------

    def targets(self, truths: LabelSets, where: str, now: Time) -> LabelledItems:
        """Return which classes each item has; logged beside it are labels that are no class."""
        used, targets, scalars = self.read(truths, where, now)
        return LabelledItems(truths, used, targets, dict(scalars))

    def learned(self, rows: NDArray[np.float32], items: LabelledItems, scores: Array, rate: float) -> None:
        """Keep rows or scores to find thresholds and probabilities by, and renew them where that is due."""
        if isinstance(self._sample, RowSample):
            self._sample.add(rows, items.targets, [items.truths[index] for index in items.used.tolist()], rate)
        else:
            self._sample.add(scores, items.targets)
        if self._novelty is not None:
            self._novelty.learn(rows, items.targets, rate)
        self.count(len(rows))

    def learner_moved(self) -> None:
        if self._learned:
            self._fresh = max(self._fresh, 1)
            self.settle()

    def _sampled(self) -> Array:
        sample = self._sample
        if isinstance(sample, RowSample):
            return self.learner.left_out(self.name, sample.rows, sample.targets, sample.weights)
        return super()._sampled()

    def grow(self, count: int) -> None:
        self.learner.grow(self.name, count, float(self._learned))
        super().grow(count)
        if self._novelty is not None:
            self._novelty.add_classes(count)

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
        if found.calibration is not None and not self.learner.link.calibrated:
            raise StateError(str(folder), expected=f"scores of {self.name!r} that are log odds, as those of the "
                             f"learner {self.learner.options.kind!r} are", got="scores that a calibration belongs to",
                             hint='Set learner.kind = "rls", if that exported them.')
        return found, files

    def adopt(self, found: Classifier) -> None:
        self.index(found.classes)
        if found.weights is not None and found.bias is not None:
            self.learner.adopt(self.head(), np.vstack([found.weights, found.bias]))
        self.begin()
        self._thresholds.values = found.thresholds.copy()
        if found.calibration is not None and self.learner.link.calibrated:
            self._thresholds.calibration = found.calibration.copy()
        if found.confidence is not None:
            self._confidence.values = found.confidence.copy()
