"""The task `emotions`: a readout fitted to the taxonomy's seeds, one that data teach, and a blend of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError, nearest
from aura.core.time import Time, format_time
from aura.zones.amygdala.emotions.blending import blended
from aura.zones.amygdala.emotions.export import Readouts, read_readouts, width_of_readouts, write_readouts
from aura.zones.amygdala.emotions.options import SEED, EmotionOptions
from aura.zones.amygdala.emotions.seed_rows import SeedRows
from aura.zones.amygdala.learners.logistic import LogisticReadout
from aura.zones.amygdala.novelty import Novelty
from aura.zones.amygdala.tasks.task import Task, Taught
from aura.zones.common.arrays import Array
from aura.zones.common.class_answers import FIRST_RENEWAL_ITEMS, RENEWALS_PER_OCTAVE
from aura.zones.common.confidence import Confidence
from aura.zones.common.least_squares import with_bias
from aura.zones.common.score_sample import ScoreSample

__all__ = ["EmotionTask"]

LEAST_LOG = -700.0
"""No log probability is taken for less, so that none is lost when it is summed."""
RIDGE = 1.0
"""Of the readout that data teach, as by default of the learners."""


class EmotionTask(Task):
    """Tells which emotion of a taxonomy a text has.

    Seeds of the taxonomy come over the bus like any item, with a tag beside their emotion, and make the prototypes.
    Data teach a softmax readout of their own, whose log likelihood ratio moves the prototypes of the emotions that data
    have labelled, as far as they are trusted. An item with several emotions counts for each in equal parts.
    """

    lasting = ("_seeds", "_data", "_labelled", "_trained", "_confidence", "_sample", "_fresh", "_novelty", "_announced",
               "_changed")

    def __init__(self, name: str, options: EmotionOptions, params: Any, features: int) -> None:
        super().__init__(name, options, params, features)
        taxonomy = options.emotions
        self._names = taxonomy.names
        self._places = {one: place for place, one in enumerate(taxonomy.names)}
        self._places |= {label: self._places[one] for label, one in taxonomy.mapping.items()
                         if label not in self._places}
        count = len(self._names)
        self._seeds = SeedRows(count, 1 + max(len(one.seeds) for one in taxonomy.emotions), features)
        self._data = LogisticReadout(features + 1, count, multi_label=False, ridge=RIDGE, forgetting=1.0,
                                     learning_rate=1.0)
        self._labelled: Array = np.zeros(count)
        """How much data weigh for each emotion."""
        self._trained: NDArray[np.int64] = np.zeros(count, np.int64)
        self._confidence, self._fresh = Confidence(exclusive=False), 0
        self._sample = ScoreSample(params.thresholds.sample, count, LEAST_LOG)
        """What was said of the latest items of data before they were learned."""
        self._novelty = Novelty(features, count)
        self._announced = self._changed = False

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._names

    # --- predicting -----------------------------------------------------------------------------------------------

    def predict(self, rows: Array) -> dict[str, Any]:
        """Return the outputs for rows (n, features + 1); the emotions and how far data taught them if that is new."""
        logs = self._logs(rows)
        chances = np.exp(logs)
        best = [self._names[place] for place in logs.argmax(axis=1).tolist()]
        out: dict[str, Any] = {
            self.name: tuple((one,) for one in best), f"{self.name}_best": tuple(best),
            f"{self.name}_scores": logs.astype(np.float32), f"{self.name}_probability": chances.astype(np.float32),
            f"{self.name}_confidence": self._confidence.of_best(logs, chances).astype(np.float32),
            f"{self.name}_novelty": self._novelty.measure(rows[:, :-1]).astype(np.float32)}
        if not self._announced:
            self._announced = True
            out[f"{self.name}_classes"], out[f"{self.name}_trained"] = self._names, self._trained.copy()
        return out

    def _logs(self, rows: Array) -> Array:
        """Return the log probability of each emotion, (n, emotions)."""
        trained = self._trained
        trust = self.options.trust * trained / np.maximum(trained + self.options.half_trusted, 1e-300)
        scores = self._data.scores(rows) - np.log(np.maximum(self._labelled, 1e-300))
        return blended(self._seeds.log_chances(rows), scores, trust)

    def explain(self, rows: Array) -> tuple[list[Any], dict[str, list[Any]]]:
        """Return the probabilities of each row's emotions, and those by the prototypes alone and, where data have
        taught something, by the data alone.
        """
        parts = {"prototypes": self._seeds.log_chances(rows)}
        if self._trained.any():
            scores = self._data.scores(rows)
            parts["data"] = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        return self._named(self._logs(rows)), {name: self._named(logs) for name, logs in parts.items()}

    def _named(self, logs: Array) -> list[Any]:
        return [dict(zip(self._names, row, strict=True)) for row in np.exp(logs).tolist()]

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, embedding: NDArray[Any], truths: Any, rate: float, where: str, now: Time, *,
              want_gradient: bool) -> Taught:
        targets, seeds, unknown = self._read(truths, where, now)
        used = np.flatnonzero(targets.any(axis=1))
        rows, targets, seeds = with_bias(embedding[used]), targets[used], seeds[used]
        scalars = {f"{self.name}_seeds": float(seeds.sum()), f"{self.name}_unknown": float(unknown)}
        if not len(used):
            return Taught(scalars, used)
        data = ~seeds
        logs = self._logs(rows)
        scalars[f"{self.name}_loss"] = float(-(targets * np.maximum(logs, LEAST_LOG)).sum(axis=1).mean())
        gradient = np.zeros((len(used), self.features)) if want_gradient else None
        if gradient is not None:
            gradient[seeds] = self._seeds.slope(rows[seeds], targets[seeds])
            slope = self._data.slope(self._data.scores(rows[data]), targets[data])
            gradient[data] = slope @ self._data.weights[:-1].T
        if rate > 0:
            if seeds.any():
                self._seeds.add(embedding[used][seeds], targets[seeds].argmax(axis=1))
            if data.any():
                self._data.learn(rows[data], targets[data], rate)
                self._labelled += rate * targets[data].sum(axis=0)
                self._trained += (targets[data] > 0).sum(axis=0)
                self._judge(logs[data], targets[data] > 0)
            self._novelty.learn(rows[:, :-1], (targets > 0).astype(np.float64), rate)
            self._changed = True
        return Taught(scalars, used, gradient)

    def _judge(self, logs: Array, has: NDArray[np.bool_]) -> None:
        """Keep what was said of data, and learn how often the best is right, whenever they have grown by an eighth."""
        self._sample.add(logs, has.astype(np.float64))
        self._fresh += len(logs)
        if self._fresh >= min(max(FIRST_RENEWAL_ITEMS, len(self._sample) // RENEWALS_PER_OCTAVE),
                              self.params.thresholds.every):
            self._renew()

    def _renew(self) -> None:
        self._sample.trim()
        sample, logs = self._sample, self._sample.scores
        self._confidence.renew(logs, sample.targets, sample.counts, sample.halves, np.exp(logs))
        self._fresh = 0

    def settle(self) -> None:
        """Fit the prototypes to all seeds that have come, the confidence to data, and say how far data have taught."""
        self._seeds.fit()
        if self._fresh:
            self._renew()
        if self._changed:
            self._changed = self._announced = False

    def _read(self, truths: Any, where: str, now: Time) -> tuple[Array, NDArray[np.bool_], int]:
        """Return the share of each emotion in each item, which items are seeds, and how many labels are unknown."""
        targets: Array = np.zeros((len(truths), len(self._names)))
        seeds: NDArray[np.bool_] = np.zeros(len(truths), np.bool_)
        unknown = 0
        for row, labels in enumerate(truths):
            for label in labels:
                place = self._places.get(label)
                if place is not None:
                    targets[row, place] = 1.0
                elif label == SEED:
                    seeds[row] = True
                elif self.options.on_unknown == "skip":
                    unknown += 1
                else:
                    raise SignalError(f"{where} at {format_time(now)}", expected="emotions of the taxonomy, or labels "
                                      "that count as one", got=repr(label), hint=nearest(label, self._places)
                                      or f'Set tasks.{self.name}.on_unknown = "skip".')
        return targets / np.maximum(targets.sum(axis=1, keepdims=True), 1.0), seeds, unknown

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: Path) -> list[Path]:
        """Write both readouts and return the files."""
        self._seeds.fit()
        return write_readouts(folder, self.name, self._names, Readouts(
            self._seeds.weights, self._data.weights, self._labelled, self._trained.astype(np.float64)))

    @classmethod
    def width_of_export(cls, folder: Path, name: str) -> int:
        return width_of_readouts(folder, name)

    def read_export(self, folder: Path) -> tuple[Readouts, list[Path]]:
        return read_readouts(folder, self.name, self._names, self.features)

    def adopt(self, found: Readouts) -> None:
        self._seeds.adopt(found.prototypes)
        self._data.weights = found.data
        self._labelled, self._trained = found.labelled, found.trained.astype(np.int64)
        self._changed = True

    def notices(self) -> dict[str, int]:
        """Return which emotions no data have taught."""
        resting = [name for name, count in zip(self._names, self._trained.tolist(), strict=True) if not count]
        if not self._seeds.kept and not self._trained.any():
            return {}
        return {f"learned {{count}} emotions of {len(self._names)} from no data, so that they rest on their "
                f"prototypes: {', '.join(resting)}": len(resting)}
