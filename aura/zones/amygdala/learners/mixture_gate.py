r"""A liquid time-constant gate: units with a memory whose time constants depend on what comes, and a softmax over them.

With state x, input I, time constants τ and equilibria A, an item is a span of 1 in which

.. math:: \frac{dx}{dt} = -\Big[\frac1\tau + f(x, I)\Big] \odot x + f(x, I) \odot A, \quad
          f(x, I) = \sigma(W_r^\top x + W^\top I + b)

and the fused step of the solver, semi-implicit and of first order, is for a step h

.. math:: x \leftarrow \frac{x + h f(x, I) \odot A}{1 + h (1/\tau + f(x, I))}

It is stable for every h, and x stays between min(0, A) and max(0, A). In silence f is 0 and x decays.

References
----------
R. Hasani, M. Lechner, A. Amini, D. Rus, R. Grosu, Liquid time-constant networks, AAAI 35, 2021,
doi:10.1609/aaai.v35i9.16936, equations 1 and 3 and theorems 1 and 2. Other than there the time constants are spread
over a range and not learned, and gradients go through the steps of one item and no further back.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from aura.core.lasting import Stateful
from aura.zones.amygdala.learners.mixture_options import MixtureOptions
from aura.zones.amygdala.learners.mixture_weights import Weights
from aura.zones.common.arrays import Array
from aura.zones.common.links import softmax

__all__ = ["LiquidGate", "Route", "flow", "flow_back", "flow_on"]

FLUSH_BELOW = 1e-30
"""States below this are 0, as of the spiking attention (chosen here)."""


@njit(cache=True, nogil=True)
def _flow_one(drive: Any, recurrent: Any, equilibrium: Any, leak: Any, h: Any, states: Any, opens: Any) -> None:
    """Solve one item: from ``states[0]`` on fill states (k + 1, u) and opens (k, u), f of each step."""
    units = drive.shape[0]
    for k in range(opens.shape[0]):
        for j in range(units):
            z = drive[j]
            for i in range(units):
                z += states[k, i] * recurrent[i, j]
            f = 1.0 / (1.0 + math.exp(-z)) if z > -700.0 else 0.0
            x = (states[k, j] + h * f * equilibrium[j]) / (1.0 + h * (leak[j] + f))
            opens[k, j] = f
            states[k + 1, j] = 0.0 if abs(x) < FLUSH_BELOW else x


@njit(cache=True, nogil=True)
def flow(before: Any, drive: Any, recurrent: Any, equilibrium: Any, leak: Any, h: Any, states: Any,
         opens: Any) -> None:
    """Solve items (n, u) each from its own state before: fill states (n, k + 1, u) and opens (n, k, u)."""
    for i in range(before.shape[0]):
        states[i, 0] = before[i]
        _flow_one(drive[i], recurrent, equilibrium, leak, h, states[i], opens[i])


@njit(cache=True, nogil=True)
def flow_on(drive: Any, recurrent: Any, equilibrium: Any, leak: Any, h: Any, states: Any, opens: Any, state: Any,
            before: Any) -> None:
    """Solve items one after the other: changes `state` (u,), and fills `before` (n, u) with it before each."""
    for i in range(drive.shape[0]):
        before[i] = state
        states[0] = state
        _flow_one(drive[i], recurrent, equilibrium, leak, h, states, opens)
        state[:] = states[-1]


@njit(cache=True, nogil=True)
def flow_back(slope: Any, states: Any, opens: Any, recurrent: Any, equilibrium: Any, leak: Any, h: Any,
              to_drive: Any, to_recurrent: Any, to_equilibrium: Any) -> None:
    """Go back through `flow`: from slope (n, u), which is changed, to those of drive (n, u), recurrent and equilibria.

    Those are added to; the state before an item is taken as given.
    """
    items, steps, units = opens.shape
    inner = np.empty(units)
    for i in range(items):
        for k in range(steps - 1, -1, -1):
            for j in range(units):
                f = opens[i, k, j]
                whole = 1.0 + h * (leak[j] + f)
                inner[j] = slope[i, j] * h * (equilibrium[j] - states[i, k + 1, j]) / whole * f * (1.0 - f)
                to_equilibrium[j] += slope[i, j] * h * f / whole
                to_drive[i, j] += inner[j]
                slope[i, j] /= whole
            for m in range(units):
                x, total = states[i, k, m], 0.0
                for j in range(units):
                    to_recurrent[m, j] += x * inner[j]
                    total += recurrent[m, j] * inner[j]
                slope[i, m] += total


class Route(NamedTuple):
    """What the gate did with a block."""

    shares: Array
    """Of each expert, (n, experts)."""
    states: Array
    opens: Array


class LiquidGate(Stateful):
    """Routes items to experts by what it sees and by what came before.

    Parameters
    ----------
    options : MixtureOptions
    features : int
        Of a standardised row, without the column of ones.
    rng : numpy.random.Generator
        The first weights come from it.

    Notes
    -----
    One state is carried from item to item, in the order in which they come to the zone, whoever they are from.
    """

    lasting = ("inputs", "recurrent", "equilibrium", "readout", "memory")

    def __init__(self, options: MixtureOptions, features: int, rng: np.random.Generator) -> None:
        units, experts = options.liquid, len(options.experts)
        self._options, self._h = options, 1.0 / options.unfolds
        self._leak: Array = 1.0 / np.geomspace(*options.time_constants, units)
        self.inputs = Weights(np.vstack([rng.standard_normal((features, units)) / np.sqrt(features),
                                         np.zeros((1, units))]))
        self.recurrent = Weights(rng.standard_normal((units, units)) / np.sqrt(units))
        self.equilibrium = Weights(rng.choice([-1.0, 1.0], (1, units)))
        self.readout = Weights(np.vstack([rng.standard_normal((units, experts)), np.zeros((1, experts))]))
        self.memory: Array = np.zeros(units)
        """What it remembers, (units,)."""

    def rest(self, share: float) -> None:
        """Let the state decay to a share of it."""
        self.memory *= share
        self.memory[np.abs(self.memory) < FLUSH_BELOW] = 0.0

    def follow(self, rows: Array) -> Array:
        """Take rows (n, features + 1) in, one after the other; return the state before each, (n, units)."""
        units, steps = len(self.memory), self._options.unfolds
        before = np.empty((len(rows), units))
        flow_on(rows @ self.inputs.values, *self._fixed, np.empty((steps + 1, units)), np.empty((steps, units)),
                self.memory, before)
        return before

    def route(self, rows: Array, before: Array, bend: Array) -> Route:
        """Return how rows (n, features + 1) are routed, given the states before (n, units) and what is added to the
        logits (n, experts).
        """
        steps, (items, units) = self._options.unfolds, before.shape
        states, opens = np.empty((items, steps + 1, units)), np.empty((items, steps, units))
        flow(before, rows @ self.inputs.values, *self._fixed, states, opens)
        logits = states[:, -1] @ self.readout.values[:-1] + self.readout.values[-1] + bend
        top = self._options.top
        if top is not None and top < logits.shape[1]:
            left_out = np.argsort(-logits, axis=1, kind="stable")[:, top:]
            np.put_along_axis(logits, left_out, -np.inf, axis=1)
        return Route(softmax(logits), states, opens)

    def backward(self, route: Route, slope: Array) -> tuple[Array, Array, Array]:
        """Return the derivatives by drive (n, units), recurrent weights and equilibria, from those by the logits."""
        to_drive, to_recurrent = np.zeros((len(slope), len(self.memory))), np.zeros_like(self.recurrent.values)
        to_equilibrium = np.zeros(len(self.memory))
        flow_back(slope @ self.readout.values[:-1].T, route.states, route.opens, *self._fixed, to_drive,
                  to_recurrent, to_equilibrium)
        return to_drive, to_recurrent, to_equilibrium

    def follow_gradient(self, rows: Array, route: Route, slope: Array, rate: float) -> None:
        """Move all weights along the mean of what `slope` (n, experts), the derivative by the logits, says."""
        to_drive, to_recurrent, to_equilibrium = self.backward(route, slope)
        share = 1.0 / len(rows)
        self._move_readout(route, slope * share, rate)
        self.inputs.follow_gradient(rows.T @ (to_drive * share), rate, 0.0)
        self.recurrent.follow_gradient(to_recurrent * share, rate, 0.0)
        self.equilibrium.follow_gradient(to_equilibrium[None] * share, rate, 0.0)

    def _move_readout(self, route: Route, slope: Array, rate: float) -> None:
        last = route.states[:, -1]
        self.readout.follow_gradient(np.vstack([last.T @ slope, slope.sum(axis=0)]), rate, 0.0)

    def learn_hebbian(self, route: Route, slope: Array, rate: float) -> None:
        """Move the readout by activity times activity times credit, which together are minus `slope` (n, experts)."""
        last = route.states[:, -1]
        step = rate / (1.0 + (last**2).sum(axis=1, keepdims=True))
        self.readout.values[:-1] -= last.T @ (step * slope)
        self.readout.values[-1] -= (step * slope).sum(axis=0)

    @property
    def _fixed(self) -> tuple[Array, Array, Array, float]:
        return self.recurrent.values, self.equilibrium.values[0], self._leak, self._h
