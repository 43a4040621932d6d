"""What is believed of an author, a conversation, or both together, by what was said after each turn."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.links import sigmoid, softmax
from aura.zones.temporal.conversations import Place
from aura.zones.temporal.params import Aggregation

__all__ = ["Aggregator", "Profiles", "Whom", "whom_of"]

Kind = Literal["choice", "labels", "numbers"]
HALF_A_VOTE = 0.5
"""Added to the votes for and against, so that none is certain (Krichevsky and Trofimov, 1981)."""
LARGEST_SCORE = 12.0
"""Log odds are cut to it before they are averaged by a learned rule."""
LEAST_CHANCE = 1e-9
RATE = 0.1
"""Of the learned rule's steps, AdaGrad's (tuned here on drawn opinions: of 0.03, 0.1 and 0.3)."""
FEATURES = 6
"""Of a class: log odds of the mean probability, the newest, largest and least score, log odds of the votes, and one."""


class Aggregator(Stateful):
    r"""Makes one belief of several opinions, each the scores of classes, or numbers.

    Parameters
    ----------
    method : {"newest", "mean", "median", "mean_vote", "total_vote", "learned", "contrast"}
        How.
    kind : {"choice", "labels", "numbers"}
        Whether there is exactly one class, any number of them, or numbers.
    votes : float
        For ``total_vote`` of labels: the votes at which a class is as likely as not.

    Notes
    -----
    Scores are log odds: softmax, or the logistic function of labels, makes probabilities of them, of opinions and
    beliefs alike. An opinion votes for its best class, or for all that are more likely than not. With v votes of n,
    ``mean_vote`` takes the odds :math:`(v + \frac12) / (n - v + \frac12)`; ``total_vote`` lets every vote count alike,
    however many there are: the score of a class is v, less the votes that it needs where classes do not exclude each
    other.

    ``learned`` is a logistic regression on what the opinions on a class have in common (their mean, the newest, the
    largest and the least, the votes), with one weight for each, whatever the class. It begins as ``mean`` and learns by
    AdaGrad.

    ``contrast`` is for roles of which each speaker of a conversation has another: the mean of the log probabilities
    that opinions on a speaker give a class, less the mean of those that opinions on the others give it. What is said of
    the others counts as much as what is said of oneself.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and stochastic optimization, JMLR
    12, 2011, figure 1.

    Examples
    --------
    >>> opinions = np.log([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    >>> Aggregator("mean", "choice").chances(opinions).round(2).tolist()
    [0.5, 0.5]
    >>> Aggregator("median", "choice").chances(opinions).round(2).tolist()
    [0.6, 0.4]
    >>> Aggregator("mean_vote", "choice").chances(opinions).round(2).tolist()
    [0.62, 0.37]
    """

    lasting = ("weights", "_squares")

    def __init__(self, method: Aggregation, kind: Kind, votes: float = 1.0) -> None:
        self.method, self.kind, self._votes = method, kind, votes
        self.weights: Array = np.eye(FEATURES)[0]
        self._squares: Array = np.zeros(FEATURES)

    @property
    def learns(self) -> bool:
        """Whether it is to be told what was true."""
        return self.method == "learned"

    def scores(self, opinions: Array, others: Array | None = None) -> Array:
        """Return what is believed, (classes,), by opinions (n, classes), the oldest first, one or more.

        For ``contrast`` `others` are the opinions on the other speakers, (m, classes), any number of them.
        """
        if self.method == "newest" or not opinions.shape[1]:
            newest: Array = opinions[-1]
            return newest
        if self.kind == "numbers":
            return _middle(self.method, opinions)
        if self.method == "learned":
            learned: Array = self._features(opinions) @ self.weights
            return learned
        if self.method == "contrast":
            contrast: Array = self._log_odds(self._each(opinions)).mean(axis=0)
            if others is not None and len(others):
                contrast -= self._log_odds(self._each(others)).mean(axis=0)
            return contrast
        if self.method in ("mean", "median"):
            return self._log_odds(_middle(self.method, self._each(opinions)))
        votes = self._ballots(opinions).sum(axis=0)
        if self.method == "mean_vote":
            return self._odds_of_votes(votes, len(opinions))
        total: Array = votes if self.kind == "choice" else votes - (self._votes - HALF_A_VOTE)
        return total

    def chances(self, opinions: Array) -> Array:
        """Return the probability of each class, (classes,)."""
        chances: Array = self._each(self.scores(opinions)[None])[0]
        return chances

    def learn(self, opinions: Array, truth: Array, rate: float = 1.0) -> None:
        """Learn from opinions (n, classes) and the truth, zero or one for each class; where the rule is learned."""
        if not self.learns or not opinions.shape[1] or rate <= 0:
            return
        features = self._features(opinions)
        slope = (self._each((features @ self.weights)[None])[0] - truth) @ features
        self._squares += slope**2
        self.weights -= rate * RATE * slope / np.sqrt(np.maximum(self._squares, 1e-12))

    def _each(self, scores: Array) -> Array:
        return softmax(scores) if self.kind == "choice" else sigmoid(scores)

    def _ballots(self, opinions: Array) -> Array:
        if self.kind == "labels":
            above: Array = (opinions >= 0.0).astype(np.float64)
            return above
        ballots: Array = np.eye(opinions.shape[1])[opinions.argmax(axis=1)]
        return ballots

    def _log_odds(self, chances: Array) -> Array:
        """Return the scores whose probabilities these are, made to add up to one where classes exclude each other."""
        logs: Array = np.log(np.maximum(chances, LEAST_CHANCE))
        return logs if self.kind == "choice" else logs - np.log(np.maximum(1.0 - chances, LEAST_CHANCE))

    def _odds_of_votes(self, votes: Array, count: int) -> Array:
        odds: Array = np.log(votes + HALF_A_VOTE)
        return odds if self.kind == "choice" else odds - np.log(count - votes + HALF_A_VOTE)

    def _features(self, opinions: Array) -> Array:
        """Return what opinions have in common of each class, (classes, features)."""
        cut = np.clip(opinions, -LARGEST_SCORE, LARGEST_SCORE)
        if self.kind == "choice":
            cut = cut - cut.mean(axis=1, keepdims=True)
        return np.stack([self._log_odds(self._each(opinions).mean(axis=0)), cut[-1], cut.max(axis=0), cut.min(axis=0),
                         self._odds_of_votes(self._ballots(opinions).sum(axis=0), len(opinions)),
                         np.ones(opinions.shape[1])], axis=1)


def _middle(method: Aggregation, values: Array) -> Array:
    middle: Array = np.mean(values, axis=0) if method == "mean" else np.median(values, axis=0)
    return middle


class Whom(NamedTuple):
    """Of whom something is believed: a conversation, an author, or an author within one conversation."""

    conversation: str = ""
    author: str = ""


def whom_of(place: Place, of: str) -> Whom | None:
    """Return of whom something is believed after a turn; None where that is nobody."""
    conversation = place.conversation.key
    if of == "conversation":
        return Whom(conversation)
    author = place.conversation.authors[place.at]
    if not author:
        return None
    return Whom(author=author) if of == "author" else Whom(conversation, author)


class Profiles:
    """Keeps the latest opinions on each of a bounded number of authors, of conversations, or of authors within these.

    Parameters
    ----------
    most : int
        Of whom at most; beyond, whoever has been silent longest goes.
    length : int
        Opinions on one at most.
    least : float
        What an earlier opinion says of a class that came later.
    """

    def __init__(self, most: int, length: int, least: float) -> None:
        self._most, self._length, self._least = most, length, least
        self._opinions: dict[Whom, Array] = {}
        """(n, classes) of each, the longest silent first."""
        self._within: dict[str, set[Whom]] = {}
        """Of whom there are opinions in each conversation."""
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._opinions)

    def add(self, whom: Whom, opinion: Array) -> Array:
        """Take in one more opinion (classes,), and return the latest, (n, classes)."""
        before = self._opinions.pop(whom, None)
        now = opinion[None].astype(np.float64)
        if before is not None:
            now = np.concatenate([self._widened(before, now.shape[1]), now])[-self._length:]
        self._opinions[whom] = now
        if before is None:
            self._list(whom)
            self.evicted += self._trim()
        return now

    def get(self, whom: Whom, outputs: int) -> Array | None:
        """Return the latest opinions on one, (n, outputs); None where there are none."""
        found = self._opinions.get(whom)
        return None if found is None else self._widened(found, outputs)

    def others(self, whom: Whom, outputs: int) -> Array:
        """Return the latest opinions on the others within the conversation of one, (n, outputs)."""
        there = sorted(self._within.get(whom.conversation, set()) - {whom})
        return np.concatenate([np.zeros((0, outputs)), *(self._widened(self._opinions[one], outputs) for one in there)])

    def forget(self, conversation: str) -> None:
        """Let the opinions on a conversation, or on all within it, go."""
        for whom in self._within.pop(conversation, ()):
            del self._opinions[whom]

    def _list(self, whom: Whom) -> None:
        if whom.conversation:
            self._within.setdefault(whom.conversation, set()).add(whom)

    def _trim(self) -> int:
        """Let go of whoever has been silent longest, and return how many were too many."""
        over = max(0, len(self._opinions) - self._most)
        for _ in range(over):
            whom = next(iter(self._opinions))
            del self._opinions[whom]
            if whom.conversation:
                self._within[whom.conversation].discard(whom)
                if not self._within[whom.conversation]:
                    del self._within[whom.conversation]
        return over

    def _widened(self, opinions: Array, outputs: int) -> Array:
        missing = outputs - opinions.shape[1]
        return opinions if missing <= 0 else np.pad(opinions, ((0, 0), (0, missing)), constant_values=self._least)

    def state(self) -> dict[str, Any]:
        """Return of whom there are opinions, the longest silent first, these in one array, and who was let go."""
        parts = list(self._opinions.values())
        outputs = max((part.shape[1] for part in parts), default=0)
        return {"keys": [list(whom) for whom in self._opinions],
                "lengths": np.array([len(part) for part in parts], np.int64),
                "opinions": np.concatenate([np.zeros((0, outputs)), *(self._widened(part, outputs) for part in parts)]),
                "evicted": self.evicted}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; of more than are kept, those who spoke last."""
        ends = np.cumsum(state["lengths"]).tolist()
        parts = [state["opinions"][end - length:end].copy()
                 for end, length in zip(ends, state["lengths"].tolist(), strict=True)]
        self._opinions = {Whom(*names): part for names, part in zip(state["keys"], parts, strict=True)}
        self._within = {}
        for whom in self._opinions:
            self._list(whom)
        self._trim()
        self.evicted = int(state["evicted"])
