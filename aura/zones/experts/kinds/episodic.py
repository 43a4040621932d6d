"""The episodic expert: it remembers single episodes and lets the nearest of them vote."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from aura.core.lasting import Lasting
from aura.zones.experts.kinds.episodic_store import EpisodicStore
from aura.zones.experts.kinds.expert import Expert, Lesson, Rows
from aura.zones.experts.kinds.options import EpisodicOptions
from aura.zones.experts.kinds.random_features import ConvolutionFeatures, DenseFeatures, filtered

__all__ = ["EpisodicExpert", "EpisodicOptions"]

TINY = np.float32(1e-12)
"""Least mean squared distance: a key that is met again exactly divides nothing by 0."""


class EpisodicExpert(Expert):
    r"""Remembers at once what happened, and votes by likeness.

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; the projection follows from the seed.

    Notes
    -----
    With the K nearest keys at squared distances d² and weights w,

    .. math:: p_c = \frac{\alpha / C + \sum_{i: c_i = c} w_i e^{-d_i^2 / \overline{d^2}}}
                         {\alpha + \sum_i w_i e^{-d_i^2 / \overline{d^2}}}

    in which the mean squared distance of those K sets the scale. With nothing remembered all classes are alike. A
    row's class is the largest of its target. A stimulus itself is never kept, its projection alone. There is no
    gradient, and `holds` have no effect: what is remembered does not move.

    Examples
    --------
    >>> expert = EpisodicExpert((3,), 2, EpisodicOptions(nearest=1), seed=1)
    >>> expert.predict(np.ones((1, 3), np.float32)).tolist()
    [[0.5, 0.5]]
    """

    lasting = (Lasting("_drawn", key="seed"), "classes", Lasting("_store", key="episodes"))

    kind: ClassVar[str] = "episodic"
    Options = EpisodicOptions

    def __init__(self, shape: tuple[int, ...], classes: int, options: EpisodicOptions, seed: int) -> None:
        super().__init__(shape, classes, options, seed)
        self._options = options
        self._draw(seed)
        self._store = EpisodicStore(options.dims, options.capacity)

    def _draw(self, seed: int) -> None:
        self._drawn = seed
        self._filters = ConvolutionFeatures(self.shape, self._options, seed) if filtered(
            self.shape, self._options) else None
        inputs = (self._filters.width,) if self._filters else self.shape
        self._projection = DenseFeatures(inputs, self._options.dims, bias=0.0, seed=seed, rectified=False)

    def __len__(self) -> int:
        return len(self._store)

    def keys(self, rows: Rows) -> Rows:
        """Return the keys (n, dims) of rows (n, *shape)."""
        return self._projection(self._filters(rows) if self._filters else rows)

    def predict(self, rows: Rows) -> Rows:
        slots, distances = self._store.recall(self.keys(rows), self._options.nearest)
        votes = np.full((len(rows), self.classes), self._options.smoothing / self.classes)
        if slots.size:
            scale = np.maximum(distances.mean(axis=1, keepdims=True), TINY)
            shares = self._store.weights[slots] * np.exp(-distances / scale)
            np.add.at(votes, (np.arange(len(rows))[:, None], self._store.classes[slots]), shares)
        chances: Rows = (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)
        return chances

    def learn(self, lesson: Lesson, *, want_gradient: bool = False) -> Rows | None:
        taken = np.flatnonzero(lesson.weights > self._options.least_weight)
        if len(taken):
            self._store.add(self.keys(lesson.rows[taken]), lesson.targets[taken].argmax(axis=1),
                            lesson.weights[taken] * np.float32(lesson.rate))
        return None

    def add_classes(self, count: int) -> None:
        self.classes += count

    def before_load(self, state: dict[str, Any]) -> None:
        if state["seed"] != self._drawn:
            self._draw(state["seed"])

    @property
    def nbytes(self) -> int:
        return self._store.nbytes + self._projection.nbytes + (self._filters.nbytes if self._filters else 0)
