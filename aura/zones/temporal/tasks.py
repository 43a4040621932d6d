"""What the temporal lobe believes of turns, conversations, authors and speakers: one task each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Lasting, Stateful
from aura.core.time import Time
from aura.zones.common.arrays import Array
from aura.zones.common.class_answers import ClassAnswers
from aura.zones.common.links import LOG_ODDS, sigmoid, softmax
from aura.zones.common.readout import Readout
from aura.zones.temporal.params import ChoiceOptions, LabelOptions, NumberOptions, SomeTask, TemporalParams
from aura.zones.temporal.profiles import Aggregator, Profiles, Whom

__all__ = ["ClassTask", "NumberTask", "Task", "task_of"]

LEAST_SCORE = LOG_ODDS.score_range[0]
LEAST_CHANCE = 1e-12


class Task(Stateful):
    """One task: a readout of the network, and what it says of the answer.

    Parameters
    ----------
    name : str
    options : ChoiceOptions, LabelOptions or NumberOptions
    params : TemporalParams
    width : int
        Of what the readout reads.
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = ("readout", "aggregator", "profiles")

    def __init__(self, name: str, options: SomeTask, params: TemporalParams, width: int) -> None:
        self.name, self.options, self.params = name, options, params
        self.readout = Readout(options.kind, self._outputs(), width)
        self.aggregator = Aggregator(options.aggregation, options.kind, params.votes)
        most = params.conversations if options.of == "conversation" else params.authors
        several = options.aggregation != "newest"
        self.profiles = Profiles(most, params.opinions, LEAST_SCORE) if several else None

    def _outputs(self) -> int:
        raise NotImplementedError

    def believe(self, about: Sequence[Whom | None], opinions: Array) -> Array:
        """Return what is believed after each turn, (n, outputs), of whom it is about, by opinions alike.

        Of nobody nothing is kept: the opinion is the belief.
        """
        if self.profiles is None:
            return opinions
        beliefs = np.empty_like(opinions)
        for place, whom in enumerate(about):
            kept = opinions[place:place + 1] if whom is None else self.profiles.add(whom, opinions[place])
            others = None
            if whom is not None and self.aggregator.method == "contrast":
                others = self.profiles.others(whom, opinions.shape[1])
            beliefs[place] = self.aggregator.scores(kept, others)
        return beliefs

    def answer(self, scores: Array) -> dict[str, Any]:
        """Return the outputs by port for what is believed, (n, outputs)."""
        raise NotImplementedError

    def read(self, truths: Any, where: str, now: Time) -> tuple[NDArray[np.intp], Array, Mapping[str, float]]:
        """Return which labels can be learned from, their targets (u, outputs), and what to log."""
        raise NotImplementedError

    def judge(self, beliefs: Array, targets: Array) -> None:
        """Learn from what was believed of turns that were taught, (n, outputs), before they were."""

    def losses(self, beliefs: Array, targets: Array) -> Array:
        """Return how far off each belief was, (n,)."""
        raise NotImplementedError

    def settle(self) -> None:
        """Bring what follows from learning up to all of it."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that it tells apart, if it does."""
        return ()


class ClassTask(ClassAnswers, Task):
    """Tells classes apart."""

    link = LOG_ODDS

    def __init__(self, name: str, options: ChoiceOptions | LabelOptions, params: TemporalParams, width: int) -> None:
        self.name, self.options = name, options
        self.judging, self.calibrate = params.thresholds, params.calibrate
        self.index(options.classes)
        Task.__init__(self, name, options, params, width)
        self.begin()

    def _outputs(self) -> int:
        return len(self._classes)

    def grow(self, count: int) -> None:
        super().grow(count)
        self.readout.grow(count)

    def take(self, names: Sequence[str]) -> None:
        """Tell these classes apart, those known at present first."""
        for name in names[len(self._classes):]:
            self._classes.place(name)
        if len(names) > len(self._thresholds.values):
            self.grow(len(names) - len(self._thresholds.values))

    @property
    def thresholds(self) -> Array:
        """The score of each class from which on it is said."""
        return self._thresholds.values

    @property
    def confidence(self) -> Array:
        """What makes probabilities of scores, as of `aura.zones.common.confidence`."""
        return self._confidence.values

    def judge(self, beliefs: Array, targets: Array) -> None:
        self._sample.add(beliefs, targets)
        self.count(len(beliefs))

    def losses(self, beliefs: Array, targets: Array) -> Array:
        if not beliefs.shape[1]:
            return np.zeros(len(beliefs))
        if self.multi_label:
            chances = sigmoid(beliefs)
            right = np.where(targets > 0.5, chances, 1.0 - chances)
            each: Array = -np.log(np.maximum(right, LEAST_CHANCE)).sum(axis=1)
            return each
        loss: Array = -np.log(np.maximum((softmax(beliefs) * targets).sum(axis=1), LEAST_CHANCE))
        return loss


class NumberTask(Task):
    """Tells numbers."""

    options: NumberOptions

    def _outputs(self) -> int:
        return self.options.size or 1

    def answer(self, scores: Array) -> dict[str, Any]:
        """Return the numbers, float32 (n, size), or (n,) where they have no axis."""
        span = self.options.range
        numbers = (scores if span is None else np.clip(scores, *span)).astype(np.float32)
        return {self.name: numbers[:, 0] if self.options.size is None else numbers}

    def read(self, truths: Any, where: str, now: Time) -> tuple[NDArray[np.intp], Array, Mapping[str, float]]:
        targets = np.asarray(truths, np.float64).reshape(len(truths), self._outputs())
        return np.arange(len(targets)), targets, {}

    def losses(self, beliefs: Array, targets: Array) -> Array:
        loss: Array = 0.5 * (((beliefs - targets) / self.readout.stretch) ** 2).sum(axis=1)
        return loss


def task_of(name: str, options: SomeTask, params: TemporalParams, width: int) -> Task:
    """Return a task of the kind that its options say."""
    if isinstance(options, NumberOptions):
        return NumberTask(name, options, params, width)
    return ClassTask(name, options, params, width)
