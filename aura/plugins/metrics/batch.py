"""Batch learners through scikit-learn: the best class where classes exclude each other, else a threshold per label."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from aura.plugins.metrics.counts import NO_BEST, LabelCounts, Scored
from aura.plugins.metrics.label_figures import summary
from aura.plugins.metrics.labels import PlaceSets

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

__all__ = ["Fitted", "best_thresholds", "evaluate", "fit_all"]

LOGISTIC_ITERATIONS_MAX = 300
"""L-BFGS took 20 to 60 iterations on 43,000 sentence embeddings; a fit that needs more is reported as such."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model: what scores it gives, and from which score on a label is said.

    Parameters
    ----------
    name, about : str
        Its name, and its settings in words.
    scores : callable
        Features (item, feature) to scores (item, class).
    thresholds : numpy.ndarray
        float (class,); infinite for a class that was never seen.
    exclusive : bool
        Whether an item has exactly one class, so that the best one is said, whatever the thresholds.
    seconds : float
        Wall time of the fit, thresholds included.
    converged : bool
        Whether the solver reached its tolerance.
    """

    name: str
    about: str
    scores: Callable[[np.ndarray], np.ndarray]
    thresholds: np.ndarray
    exclusive: bool
    seconds: float
    converged: bool


def fit_all(features: np.ndarray, labels: PlaceSets, classes: int, *, models: Sequence[str], ridge_penalty: float,
            logistic_c: float, other: int | None = None) -> list[Fitted]:
    """Fit those of ridge regression and logistic regression that `models` names.

    Where every item has exactly one class, the logistic regression is multinomial, else there is one for each class.

    Parameters
    ----------
    features : numpy.ndarray
        float (item, feature).
    labels : sequence of tuple of int
        The true classes of each item.
    classes : int
        How many classes there are.
    ridge_penalty, logistic_c : float
        Penalty of the ridge, inverse penalty of the logistic regression.
    other : int, optional
        The number that stands for all classes that are not told apart: no model says it.
    """
    targets = np.zeros((len(labels), classes), dtype=features.dtype)
    for item, numbers in enumerate(labels):
        targets[item, list(numbers)] = 1.0
    if other is not None:
        targets[:, other] = 0.0
    exclusive = all(len(numbers) == 1 for numbers in labels)
    kind, logistic = ("multinomial", _fit_multinomial) if exclusive else ("one against the rest", _fit_logistic)
    known: dict[str, tuple[str, Callable[[], _Fit]]] = {
        "ridge": (f"ridge regression, penalty {ridge_penalty:g}",
                  lambda: _fit_ridge(features, targets, ridge_penalty)),
        "logistic": (f"logistic regression, {kind}, C {logistic_c:g}", lambda: logistic(features, targets, logistic_c))}
    return [_finish(name, about, features, targets, exclusive, fit) for name, (about, fit) in known.items()
            if name in models]


def evaluate(model: Fitted, features: np.ndarray, labels: PlaceSets, classes: int) -> dict[str, float]:
    """Return accuracy, top-1 and F1 of a fitted model on other items."""
    scores = model.scores(features)
    seen = np.isfinite(model.thresholds)
    best = np.where(seen, scores, -np.inf).argmax(axis=1).tolist() if seen.any() else [NO_BEST] * len(labels)
    said = np.eye(classes, dtype=bool)[best] if model.exclusive and seen.any() else scores >= model.thresholds
    counts = LabelCounts.of(Scored.of_numbers(true, tuple(np.flatnonzero(row).tolist()), top)
                            for true, row, top in zip(labels, said, best, strict=True))
    return summary(counts)


def best_thresholds(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return for each class the score from which on saying the label gives the best F1 on these items.

    Parameters
    ----------
    targets, scores : numpy.ndarray
        (item, class); a target above one half is a true label.

    Examples
    --------
    >>> best_thresholds(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([[0.1], [0.6], [0.4], [0.8]]))
    array([0.4])
    """
    thresholds = np.full(targets.shape[1], np.inf)
    for number in range(targets.shape[1]):
        true = targets[:, number] > 0.5
        if true.any():
            order = np.argsort(scores[:, number])
            at, first = np.unique(scores[order, number], return_index=True)
            said = len(order) - first
            hits = true[order][::-1].cumsum()[said - 1]  # of those that score so much, or more
            thresholds[number] = at[(2 * hits / (said + true.sum())).argmax()]
    return thresholds


_Fit = tuple[Callable[[np.ndarray], np.ndarray], bool]


def _finish(name: str, about: str, features: np.ndarray, targets: np.ndarray, exclusive: bool,
            fit: Callable[[], _Fit]) -> Fitted:
    start = perf_counter()
    scores, converged = fit()
    thresholds = best_thresholds(targets, scores(features))
    return Fitted(name, about, scores, thresholds, exclusive, perf_counter() - start, converged)


def _fit_ridge(features: np.ndarray, targets: np.ndarray, penalty: float) -> _Fit:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=penalty).fit(features, targets)

    def scores(rows: np.ndarray) -> np.ndarray:
        said: np.ndarray = model.predict(rows)
        return said.reshape(len(rows), targets.shape[1])

    return scores, True


def _fit_logistic(features: np.ndarray, targets: np.ndarray, inverse_penalty: float) -> _Fit:
    """Fit one logistic regression a class; a class without examples, or with nothing else, has a constant score."""
    weights = np.zeros((features.shape[1], targets.shape[1]))
    biases = np.zeros(targets.shape[1])
    converged = True
    for number in range(targets.shape[1]):
        true = targets[:, number] > 0.5
        if true.any() and not true.all():
            model, ended = _regressed(features, true, inverse_penalty)
            converged &= ended
            weights[:, number], biases[number] = model.coef_[0], model.intercept_[0]
        elif true.all():
            biases[number] = np.log(2.0 * len(targets) + 1.0)  # the log-odds, half an item added to either side
    return lambda rows: rows @ weights + biases, converged


def _fit_multinomial(features: np.ndarray, targets: np.ndarray, inverse_penalty: float) -> _Fit:
    """Fit one logistic regression for all classes; one that was never seen has a score below all others."""
    told = targets.any(axis=1)
    numbers = targets[told].argmax(axis=1)
    present = np.unique(numbers)
    if len(present) < 2:
        return _fit_logistic(features, targets, inverse_penalty)
    model, converged = _regressed(features[told], numbers, inverse_penalty)

    def scores(rows: np.ndarray) -> np.ndarray:
        said = np.full((len(rows), targets.shape[1]), -np.inf)
        decided = model.decision_function(rows)
        said[:, present] = np.stack([-decided, decided], axis=1) if len(present) == 2 else decided
        return said

    return scores, converged


def _regressed(features: np.ndarray, truth: np.ndarray, inverse_penalty: float) -> tuple[LogisticRegression, bool]:
    """Return a fitted logistic regression, and whether it reached its tolerance."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model = LogisticRegression(C=inverse_penalty, max_iter=LOGISTIC_ITERATIONS_MAX).fit(features, truth)
    return model, not any(issubclass(entry.category, ConvergenceWarning) for entry in caught)
