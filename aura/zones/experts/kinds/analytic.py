"""The analytic expert: fixed random features and exact recursive least squares on the targets."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from aura.core.lasting import Lasting
from aura.zones.common.arrays import Array
from aura.zones.common.large_least_squares import LargeLeastSquares
from aura.zones.common.least_squares import with_bias
from aura.zones.experts.kinds.columns import Columns
from aura.zones.experts.kinds.expert import Expert, Lesson, Rows
from aura.zones.experts.kinds.feature_kernels import score_rows
from aura.zones.experts.kinds.options import AnalyticOptions
from aura.zones.experts.kinds.random_features import DenseFeatures, random_features
from aura.zones.experts.kinds.sharpness import Sharpness, softmax

__all__ = ["AnalyticExpert", "AnalyticOptions"]


class AnalyticExpert(Expert):
    r"""Learns every row once, exactly, in any order, and forgets nothing.

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; the features follow from the seed.

    Notes
    -----
    The scores are :math:`s = W^\top f(x)` with the features of `random_features` and a constant 1. After every lesson
    W is the ridge regression of all targets so far on all features so far (`RecursiveLeastSquares`), hence the order of
    the rows does not matter: classes that come one after another are learned as well as all at once. The probabilities
    are softmax(a s), with a calibrated before the rows are learned (`Sharpness`). Dense features are those of rows
    whose columns are standardised by the first rows; while these still come, W is found anew whenever mean and spread
    move (`Columns`).

    A row counts ``weight * rate`` times. A *held* row counts ``hold`` more times, with its own output before the
    lesson as its target. Both together are one row of weight w + h whose target is their weighted mean. A hold by
    itself has no error and moves nothing; it takes away from the covariance, so that later rows move the output there
    less: it makes what is known stiff, once and for all, as if it had been seen that much more often.

    References
    ----------
    H. Zhuang et al., ACIL: analytic class-incremental learning with absolute memorization and privacy protection,
    NeurIPS 2022, arXiv:2205.14922.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = rng.normal(size=(200, 5)).astype(np.float32)
    >>> truth = np.eye(2, dtype=np.float32)[(rows[:, 0] > 0).astype(int)]
    >>> expert = AnalyticExpert((5,), 2, AnalyticOptions(width=50), seed=1)
    >>> lesson = Lesson(rows, truth, np.ones(200, np.float32), np.zeros(200, np.float32), 1.0)
    >>> expert.learn(lesson)
    >>> bool((expert.predict(rows).argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.95)
    True
    """

    lasting = (Lasting("_drawn", key="seed"), Lasting("_learner", key="regression"), "_sharpness", "_columns")

    kind: ClassVar[str] = "analytic"
    Options = AnalyticOptions

    def __init__(self, shape: tuple[int, ...], classes: int, options: AnalyticOptions, seed: int) -> None:
        super().__init__(shape, classes, options, seed)
        self._options = options
        self._draw(seed)
        self._learner = self._new_learner()
        self._sharpness = Sharpness()
        standardised = options.standardise > 0 and isinstance(self._features, DenseFeatures)
        self._columns = Columns(int(np.prod(shape)), options.standardise) if standardised else None

    def _new_learner(self) -> LargeLeastSquares:
        options = self._options
        return LargeLeastSquares(self._features.width + 1, self.classes, ridge=options.ridge,
                                 forgetting=options.forgetting, precision=options.precision)

    def _draw(self, seed: int) -> None:
        self._drawn, self._features = seed, random_features(self.shape, self._options, seed)

    def features(self, rows: Rows) -> Rows:
        """Return the features (n, width) of rows (n, *shape), without the constant."""
        return self._features(rows if self._columns is None else self._columns.scaled(rows.reshape(len(rows), -1)))

    @property
    def weights(self) -> Array:
        """The regression, (width + 1, classes), the constant in its last row."""
        return self._learner.weights

    def predict(self, rows: Rows) -> Rows:
        scores = self._scores(with_bias(self.features(rows)))
        return softmax(self._sharpness.value * scores).astype(np.float32)

    def _scores(self, features: Array) -> Array:
        out = np.zeros((len(features), self.classes))
        score_rows(features, self._learner.weights, out)
        return out

    def learn(self, lesson: Lesson, *, want_gradient: bool = False) -> Rows | None:
        counts = lesson.weights.astype(np.float64) * lesson.rate
        holds = lesson.holds.astype(np.float64)
        taken = np.flatnonzero((counts > 0) | (holds > 0))
        if not want_gradient and not len(taken):
            return None
        features = with_bias(self.features(lesson.rows))
        scores = self._scores(features)
        gradient = self._gradient(lesson, scores) if want_gradient else None
        if len(taken):
            scores, targets, counts = scores[taken], lesson.targets[taken], counts[taken]
            self._sharpness.learn(scores, targets, counts)
            total = counts + holds[taken]
            share = (counts / total)[:, None]
            self._absorb(lesson.rows[taken], features[taken], scores + share * (targets - scores), total)
        return gradient

    def _absorb(self, rows: Rows, features: Array, targets: Array, weights: Array) -> None:
        """Learn rows; all rows so far anew, if the columns' mean and spread have moved."""
        columns = self._columns
        if columns is not None and not columns.settled:
            if columns.keep(rows.reshape(len(rows), -1), targets, weights):
                self._learner = self._new_learner()
                features, targets, weights = with_bias(self.features(columns.rows)), columns.targets, columns.weights
            columns.forget()
        self._learner.learn(features, targets, weights)

    def _gradient(self, lesson: Lesson, scores: Array) -> Rows:
        chances = softmax(self._sharpness.value * scores)
        slopes = self._sharpness.value * (chances * lesson.targets.sum(axis=1, keepdims=True) - lesson.targets)
        by_features = (slopes @ self._learner.weights[:-1].T).astype(np.float32)
        if self._columns is None:
            return self._features.pull_back(lesson.rows, by_features)
        flat = lesson.rows.reshape(len(lesson.rows), -1)
        pulled = self._features.pull_back(self._columns.scaled(flat), by_features)
        return self._columns.pull_back(flat, pulled).reshape(lesson.rows.shape)

    def add_classes(self, count: int) -> None:
        self._learner.add_outputs(count)
        self.classes += count

    def before_load(self, state: dict[str, Any]) -> None:
        if state["seed"] != self._drawn:
            self._draw(state["seed"])

    def after_load(self) -> None:
        self.classes = self._learner.weights.shape[1]

    @property
    def nbytes(self) -> int:
        columns = 0 if self._columns is None else self._columns.nbytes
        return self._learner.nbytes + self._features.nbytes + columns
