"""`ProfileClassifier`: what is believed of somebody by several sequences, as a sequence classifier scores them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.links import LOG_ODDS
from aura.zones.common.score_sample import ScoreSample
from aura.zones.common.thresholds import DecisionThresholds
from aura.zones.temporal.params import Aggregation
from aura.zones.temporal.profiles import Aggregator
from aura.zones.temporal.sequence import SequenceClassifier

__all__ = ["ProfileClassifier"]

SAMPLE = 8192
"""Profiles kept to learn thresholds from."""
SHRINKAGE = 20.0
"""Profiles of a class at which its own best threshold and what is common to all weigh the same (chosen here)."""


class ProfileClassifier(Stateful):
    """Believes of a profile what the opinions on its sequences make together.

    Parameters
    ----------
    classifier : SequenceClassifier
        Scores each sequence. It is only asked, and learns elsewhere.
    method : {"mean", "median", "mean_vote", "total_vote", "learned", "newest"}
        How opinions become one belief, as `Aggregator` says.
    kind : {"choice", "labels"}
        Whether a profile has exactly one class, or any number of them.
    threshold : float or "learned", optional
        For ``labels``: the probability from which on a class is said; by rule one half, or for ``total_vote`` as many
        votes as `votes`. Learned, it is the one of the best F1 of the profiles so far, each as it was before it was
        learned.
    votes : float
        Of ``total_vote``: the votes from which on a class is said.

    Examples
    --------
    >>> chance = torch.Generator().manual_seed(1)
    >>> classifier = SequenceClassifier(2, 8, hidden=16, heads=2, generator=chance)
    >>> profiles = ProfileClassifier(classifier, "median")
    >>> opinions = profiles.opinions(torch.randn(5, 4, 8, generator=chance))  # five sequences of four turns
    >>> opinions.shape, round(float(profiles.probability(opinions).sum()), 6)
    ((5, 2), 1.0)
    >>> len(profiles.classes(opinions))
    1
    """

    lasting = ("aggregator", "_thresholds", "_sample")

    def __init__(self, classifier: SequenceClassifier, method: Aggregation = "mean", *,
                 kind: Literal["choice", "labels"] = "choice", threshold: float | Literal["learned"] | None = None,
                 votes: float = 1.0) -> None:
        if kind == "choice" and threshold is not None:
            raise ParameterError("ProfileClassifier.threshold", expected="none where classes exclude each other, as "
                                 "the likeliest is said", got=repr(threshold), hint='Set kind = "labels".')
        if isinstance(threshold, float) and not 0 < threshold < 1:
            raise ParameterError("ProfileClassifier.threshold", expected="a probability between 0 and 1, or 'learned'",
                                 got=repr(threshold))
        self.classifier, self.kind = classifier, kind
        self.aggregator = Aggregator(method, kind, votes)
        self._learns = threshold == "learned"
        outputs = classifier.final.out_features
        self._thresholds = DecisionThresholds(outputs, LOG_ODDS.score_range, 0.0, SHRINKAGE, calibrate=False)
        self._sample = ScoreSample(SAMPLE, outputs, LOG_ODDS.score_range[0])
        if isinstance(threshold, float):
            self._thresholds.values[:] = np.log(threshold / (1.0 - threshold))

    @property
    def thresholds(self) -> Array:
        """The score of each class from which on it is said, (classes,)."""
        return self._thresholds.values

    @torch.no_grad()
    def opinions(self, sequences: Tensor, lengths: Tensor | None = None, speakers: Tensor | None = None) -> Array:
        """Return what the classifier says of each sequence of a profile, (n, classes); arguments as it takes them."""
        before = self.classifier.training
        self.classifier.eval()
        found: Array = self.classifier(sequences, lengths, speakers).double().numpy()
        self.classifier.train(before)
        return found

    def probability(self, opinions: Array) -> Array:
        """Return the probability of each class of a profile, (classes,), by opinions (n, classes), the oldest first."""
        return self.aggregator.chances(self._checked(opinions))

    def classes(self, opinions: Array) -> tuple[int, ...]:
        """Return the classes that are said of a profile: the likeliest, or all above their threshold."""
        scores = self.aggregator.scores(self._checked(opinions))
        if self.kind == "choice":
            return (int(scores.argmax()),)
        return tuple(np.flatnonzero(scores >= self._thresholds.values).tolist())

    def learn(self, opinions: Array, truth: Sequence[int]) -> None:
        """Learn from a profile whose classes are known: the rule, and thresholds where they are learned."""
        opinions = self._checked(opinions)
        targets = np.zeros(opinions.shape[1])
        targets[list(truth)] = 1.0
        if self._learns:
            self._sample.add(self.aggregator.scores(opinions)[None], targets[None])
            self._sample.trim()
            self._thresholds.renew(self._sample.scores, self._sample.targets, self._sample.counts, self._sample.halves)
        self.aggregator.learn(opinions, targets)

    def _checked(self, opinions: Array) -> Array:
        outputs = self.classifier.final.out_features
        if opinions.ndim != 2 or not len(opinions) or opinions.shape[1] != outputs:
            raise ParameterError("ProfileClassifier.opinions", expected=f"shape (n, {outputs}), of one or more",
                                 got=f"shape {opinions.shape}")
        return opinions
