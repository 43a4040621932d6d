"""The routes of one relay: a centroid each, how near its items are, and the bias that follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import StateError
from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.heads import head_array
from aura.zones.router import kernels
from aura.zones.router.params import RelayOptions

__all__ = ["Centroids"]

Rows = NDArray[np.float32]


class Centroids(Stateful):
    r"""Learned centroids and the bias of the gate that they give.

    Parameters
    ----------
    options : RelayOptions
        What it reads: routes, rate, memory, recent, seed_weight, spread, attention.
    features : int
        Numbers of an item.
    rng : numpy.random.Generator
        Where the random part of a seed comes from.

    Notes
    -----
    With an item x, centroids c, attention gains g and σ² the running mean squared distance of items to the centroids
    that they were routed to, the bias on route r is

    .. math:: b_r = -s \, g_r \, \frac{\lVert x - c_r \rVert^2}{2 \sigma^2} + s \, f_r

    with s the thalamic scale and f the feedback: the exponent of a Gaussian whose precision attention scales. A
    centroid is the mean of its items, weighted by who took them, with N the weight so far, at most the memory:

    .. math:: c_r \leftarrow c_r + \frac{w_r}{N_r} (x - c_r)

    References
    ----------
    J. MacQueen, Some methods for classification and analysis of multivariate observations, 1967 (online k-means).
    R. A. Jacobs et al., Adaptive mixtures of local experts, 1991, doi:10.1162/neco.1991.3.1.79 (gates by distance).
    H. Feldman, K. J. Friston, Attention, uncertainty, and free-energy, 2010, doi:10.3389/fnhum.2010.00215 (attention
    as gain on precision).

    Examples
    --------
    >>> routes = Centroids(RelayOptions(routes=2, centroids="nearest"), 1, np.random.default_rng(0))
    >>> routes.learn_nearest(np.array([[0.0], [4.0], [1.0], [5.0]], np.float32), 1.0)
    >>> routes.rows.round(2).ravel().tolist()
    [0.5, 4.5]
    """

    lasting = (Free("rows", 0, key="centroids"), Free("_seen", 0), Free("_nearness", 0), "moments", "_mean",
               "_mean_count")

    def __init__(self, options: RelayOptions, features: int, rng: np.random.Generator) -> None:
        self._options, self._rng = options, rng
        self.rows: Rows = np.zeros((0, features), np.float32)
        """(routes, features)."""
        self.gains: Rows = np.zeros(0, np.float32)
        """Attention (routes,); replaced, never changed in place."""
        self.moments: Array = np.zeros(2)
        """Running mean squared distance σ², and how many items it counts."""
        self._seen: Array = np.zeros(0)
        self._nearness: Array = np.zeros(0)
        self._mean: Rows = np.zeros(features, np.float32)
        self._mean_count = 0
        self._attention: Array = np.zeros(0)
        self._rate, self._table = -1.0, np.zeros(3)

    def __len__(self) -> int:
        return len(self.rows)

    def bias(self, rows: Rows, scale: float, feedback: Rows | None) -> tuple[Rows, float]:
        """Return the bias (n, routes) on items (n, features), and the thalamic magnitude."""
        routes = len(self)
        bias = np.empty((len(rows), routes), np.float32)
        if bias.size == 0:
            return bias, 0.0
        offsets = np.zeros(routes)
        if feedback is not None:
            shown = min(routes, len(feedback))
            offsets[:shown] = scale * feedback[:shown]
        total = kernels.gate_bias(rows, self.rows, self._attention, self.moments[0], scale, offsets, bias)
        return bias, (total / bias.size) ** 0.5

    def follow(self, rows: Rows) -> None:
        """Take items into the fast mean at which new routes are seeded."""
        self._mean_count = kernels.follow(rows, self._mean_count, self._options.recent, self._mean)

    def learn_routed(self, rows: Rows, weights: Rows, rate: float) -> None:
        """Learn from items and who took them, (n, experts); a route is made for each expert that has none."""
        if len(rows) == 0:
            return
        if self._mean_count == 0:
            self.follow(rows[:1])
        while len(self) < weights.shape[1]:
            self._grow(self._seed(), self._options.seed_weight)
        kernels.learn_routed(rows, weights, self._settings(rate), self.rows, self._seen, self._nearness, self.moments)
        self._attend()

    def learn_nearest(self, rows: Rows, rate: float) -> None:
        """Learn from items that are their nearest centroid's; the first ones that differ become centroids."""
        settings, most = self._settings(rate), self._options.routes
        done = 0
        while done < len(rows):
            done = kernels.learn_nearest(rows, done, len(self) < most, settings, self.rows, self._seen, self._nearness,
                                         self.moments)
            if done < len(rows):
                self._grow(rows[done], 1.0)
                done += 1
        self._attend()

    def check_head(self, head: dict[str, Any], path: Path) -> dict[str, Any]:
        """Return an exported state, its arrays checked.

        Raises
        ------
        StateError
            If one is missing, of another shape or not finite.
        """
        features, counted = self.rows.shape[1], head.get("mean_count")
        if type(counted) is not int or counted < 0:
            raise StateError(f"{path}: mean_count", expected="a count of items", got=repr(counted))
        found: dict[str, Any] = {"centroids": head_array(head, "centroids", (None, features), path),
                 "mean": head_array(head, "mean", (features,), path),
                 "moments": head_array(head, "moments", (2,), path, np.float64), "mean_count": counted}
        routes = len(found["centroids"])
        return found | {name: head_array(head, name, (routes,), path, np.float64) for name in ("seen", "nearness")}

    def _settings(self, rate: float) -> Array:
        if rate != self._rate:
            options, self._rate = self._options, rate
            self._table = np.array([options.rate * rate, options.memory, min(options.attention * rate, 1.0)])
        return self._table

    def _seed(self) -> Rows:
        if self._options.spread == 0 or self.moments[0] == 0:
            return self._mean
        deviation = self._options.spread * np.sqrt(self.moments[0] / len(self._mean))
        return np.asarray(self._mean + deviation * self._rng.standard_normal(len(self._mean)), dtype=np.float32)

    def _grow(self, centroid: Rows, weight: float) -> None:
        self.rows = np.concatenate([self.rows, centroid[None]])
        self._seen = np.append(self._seen, min(weight, float(self._options.memory)))
        self._nearness = np.append(self._nearness, -1.0)

    def after_load(self) -> None:
        self._attend()

    def _attend(self) -> None:
        """Renew the attention gains; they follow from the rest of the state."""
        if len(self._attention) != len(self):
            self._attention = np.ones(len(self))
            self.gains = np.ones(len(self), np.float32)
        if self._options.attention > 0:
            kernels.attention_gains(self._nearness, self.moments[0], self._attention)
            self.gains = self._attention.astype(np.float32)
