"""How sure the best class is: temperature scaling of one class among several, a curve for the best of many labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array

__all__ = ["Confidence", "fit_odds", "fit_temperature", "log_odds_of_best"]

PULL = 1.0
"""Weight of the pull towards no change, in items (tuned here: it only keeps a handful of rows, all of them right, from
an endless slope)."""

LEAST_SLOPE, LARGEST_SLOPE = 1e-3, 1e3
LARGEST_STEPS = 60
TOLERANCE = 1e-5
"""Newton's method ends when a slope changes by less than this share, or an offset by so much."""

PROOF = 2.0
"""Standard errors by which a fit must lower the loss of rows that it was not fitted on, before it is used."""

LEAST_CHANCE = 1e-12
"""No probability costs more than that of this one."""


def fit_temperature(logits: Array, places: NDArray[np.intp], counts: Array) -> float:
    r"""Return the inverse temperature :math:`\beta` by which softmax makes the classes that rows had most likely.

    Parameters
    ----------
    logits : array (n, classes)
    places : array of int (n,)
        The class of each row.
    counts : array (n,)
        How much each row counts.

    Notes
    -----
    The loss :math:`\sum_i w_i (\log \sum_c e^{\beta l_{ic}} - \beta l_{iy})` is convex in :math:`\beta`; its slope is
    the mean logit under softmax less that of the true class, its curvature the logits' variance. Newton's method, by
    bisection where a step would leave the interval in which the slope changes its sign.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks, ICML 2017, section 4.2,
    arXiv:1706.04599.
    """
    below = logits - logits.max(axis=1, keepdims=True)
    squares = below**2
    true = float(counts @ below[np.arange(len(below)), places])
    low, high, beta = LEAST_SLOPE, LARGEST_SLOPE, 1.0
    for _ in range(LARGEST_STEPS):
        powers = np.exp(beta * below)
        whole = powers.sum(axis=1)
        mean = (powers * below).sum(axis=1) / whole
        slope = float(counts @ mean) - true + PULL * (beta - 1.0)
        low, high = (beta, high) if slope < 0.0 else (low, beta)
        curvature = float(counts @ ((powers * squares).sum(axis=1) / whole - mean**2)) + PULL
        step = beta - slope / curvature
        if not low < step < high:
            step = float(np.sqrt(low * high))
        done = abs(step - beta) < TOLERANCE * beta
        beta = step
        if done:
            break
    return beta


def fit_odds(odds: Array, hits: NDArray[np.bool_], counts: Array) -> Array:
    r"""Return slope, offset and bend of the curve :math:`\sigma(a u + b + c \tanh(u / 2))` from log odds to a chance.

    Notes
    -----
    Without the bend it is Platt's curve, which falls short in the middle where it is right at the ends (on training
    rows of GoEmotions that it was not fitted on, the log loss is 0.6335 without and 0.6315 with it). The curve rises
    everywhere if a and a + c / 2 are above zero; where it would not, it is fitted without the bend. Newton's method on
    the log likelihood with Platt's targets, (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2); a step that loses is halved. The loss
    is convex.

    References
    ----------
    J. Platt, Probabilistic outputs for support vector machines, in Advances in Large Margin Classifiers, 1999,
    section 2.2.
    """
    right = float(counts @ hits)
    wrong = float(counts.sum()) - right
    wanted = np.where(hits, (right + 1.0) / (right + 2.0), 1.0 / (wrong + 2.0))
    curve = _fitted(np.stack([odds, np.ones_like(odds), np.tanh(odds / 2.0)]), wanted, counts)
    if min(curve[0], curve[0] + curve[2] / 2.0) <= 0.0:
        curve = np.append(_fitted(np.stack([odds, np.ones_like(odds)]), wanted, counts), 0.0)
    return curve


def _fitted(basis: Array, wanted: Array, counts: Array) -> Array:
    """Return what to multiply the rows of a basis by, (rows,), so that their sum is the log odds of what is wanted."""
    origin = np.eye(len(basis))[0]

    def loss(curve: Array) -> float:
        line = curve @ basis
        pull = 0.5 * PULL * float(((curve - origin) ** 2).sum())
        return float(counts @ (np.logaddexp(0.0, line) - wanted * line)) + pull

    curve: Array = origin
    present = loss(origin)
    for _ in range(LARGEST_STEPS):
        chance = _sigmoid(curve @ basis)
        slope = basis @ (counts * (chance - wanted)) + PULL * (curve - origin)
        curvature = (basis * (counts * chance * (1.0 - chance))) @ basis.T + PULL * np.eye(len(basis))
        step = -np.linalg.solve(curvature, slope)
        while (moved := loss(curve + step)) > present and np.abs(step).max() > TOLERANCE:
            step = step / 2.0
        if moved > present:
            break
        curve, present = curve + step, moved
        if np.abs(step).max() < TOLERANCE:
            break
    return curve


def log_odds_of_best(logits: Array) -> Array:
    """Return of each row the log odds that softmax gives the best class, (n,); of a single class its logit.

    Examples
    --------
    >>> log_odds_of_best(np.log([[3.0, 1.0, 0.5], [0.25, 0.25, 0.5]])).round(3).tolist()
    [0.693, 0.0]
    """
    if logits.shape[1] < 2:
        single: Array = logits[:, 0] if logits.shape[1] else np.zeros(len(logits))
        return single
    rows, best = np.arange(len(logits)), logits.argmax(axis=1)
    top = logits[rows, best]
    others = logits.copy()
    others[rows, best] = -np.inf
    second = others.max(axis=1)
    odds: Array = top - second - np.log(np.exp(others - second[:, None]).sum(axis=1))
    return odds


class Confidence(Stateful):
    """The probability that the best class is right, learned from the scores of rows that were left out.

    Parameters
    ----------
    exclusive : bool
        Whether an item has exactly one class, or any number of them.

    Notes
    -----
    Of one class among several, all probabilities are softmax of the logits at a temperature. Where an item may have any
    number, those of the classes stay as they are, each against the rest: that a class is the best of all says more of
    it, and a curve from the log odds of the best tells how much. Both leave the order of classes as it is. A fit is
    used only where it has been shown to lower the log loss: each half of the rows is judged by what was fitted on the
    other.
    """

    lasting = ("values",)

    def __init__(self, exclusive: bool) -> None:
        self._exclusive = exclusive
        self.values: Array = np.zeros(3)
        """Slope, offset and bend; a slope of zero says that nothing has been shown to be better."""

    @property
    def known(self) -> bool:
        """Whether there is a fit to use."""
        return bool(self.values[0] > 0.0)

    def chances(self, logits: Array, chances: Array) -> Array:
        """Return the probabilities (n, classes) for logits, where `chances` are those without a fit."""
        if not (self._exclusive and self.known) or logits.shape[1] < 2:
            return chances
        powers = np.exp(self.values[0] * (logits - logits.max(axis=1, keepdims=True)))
        scaled: Array = powers / powers.sum(axis=1, keepdims=True)
        return scaled

    def of_best(self, logits: Array, chances: Array) -> Array:
        """Return the probability that the best class is right, (n,), where `chances` are those of `chances`."""
        if not logits.shape[1]:
            return np.zeros(len(logits))
        if self._exclusive or not self.known:
            own: Array = chances[np.arange(len(logits)), logits.argmax(axis=1)]
            return own
        odds = log_odds_of_best(logits)
        slope, offset, bend = self.values
        sure: Array = _sigmoid(slope * odds + offset + bend * np.tanh(odds / 2.0))
        return sure

    def renew(self, logits: Array, targets: Array, counts: Array, halves: NDArray[np.bool_], chances: Array) -> None:
        """Fit to rows that were left out.

        Parameters
        ----------
        logits, targets : array (n, classes)
        counts : array (n,)
            How much each row counts.
        halves : array of bool (n,)
            Which rows are of the first half.
        chances : array (n, classes)
            The probabilities without a fit.
        """
        self.values = np.zeros(3)
        if logits.shape[1] < 2 or not halves.any() or halves.all():
            return
        counts = counts * (counts.sum() / (counts @ counts))
        gain = np.zeros(len(logits))
        for judged, judges in ((halves, ~halves), (~halves, halves)):
            before = self._losses(logits[judged], targets[judged], chances[judged])
            self.values = self._fit(logits[judges], targets[judges], counts[judges])
            if not self.known:
                return
            gain[judged] = before - self._losses(logits[judged], targets[judged], chances[judged])
        mean = float(counts @ gain) / float(counts.sum())
        error = float(np.sqrt(counts**2 @ (gain - mean) ** 2))
        self.values = np.zeros(3)
        if float(counts @ gain) > PROOF * error:
            self.values = self._fit(logits, targets, counts)

    def _fit(self, logits: Array, targets: Array, counts: Array) -> Array:
        if self._exclusive:
            return np.array([fit_temperature(logits, targets.argmax(axis=1), counts), 0.0, 0.0])
        fitted = fit_odds(log_odds_of_best(logits), _hits(logits, targets), counts)
        return fitted if fitted[0] > 0.0 else np.zeros(3)

    def _losses(self, logits: Array, targets: Array, chances: Array) -> Array:
        """Return the log loss of each row, in nats: of its class, or of whether the best is one of its classes."""
        scaled = self.chances(logits, chances)
        if self._exclusive:
            likelihood = scaled[np.arange(len(scaled)), targets.argmax(axis=1)]
        else:
            sure = self.of_best(logits, scaled)
            likelihood = np.where(_hits(logits, targets), sure, 1.0 - sure)
        loss: Array = -np.log(np.maximum(likelihood, LEAST_CHANCE))
        return loss


def _hits(logits: Array, targets: Array) -> NDArray[np.bool_]:
    hits: NDArray[np.bool_] = targets[np.arange(len(logits)), logits.argmax(axis=1)] > 0
    return hits


def _sigmoid(logits: Array) -> Array:
    small = np.exp(-np.abs(logits))
    out: Array = np.where(logits >= 0, 1.0, small) / (1.0 + small)
    return out
