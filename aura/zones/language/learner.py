"""A core that goes on reading and learning: its weights, what moves them, and what each lane has read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from aura.core.errors import StateError
from aura.zones.common.schedule import rate_at
from aura.zones.language.core.movement import fresh_moments
from aura.zones.language.core.network import Tree, fresh_state, fresh_weights
from aura.zones.language.core.programs import Read, programs
from aura.zones.language.params import LanguageParams

__all__ = ["Learner", "Window"]

Arrays = dict[str, Array]


class Window(NamedTuple):
    """What one tick brings."""

    tokens: np.ndarray
    """(lanes, answers + 1), int32"""
    begins: np.ndarray
    """(lanes, answers), bool"""
    mask: np.ndarray
    """(lanes, answers), bool"""


class Learner:
    """Reads windows, and learns from the last one read when it is told to.

    Parameters
    ----------
    params : LanguageParams
        Of the zone.
    rng : numpy.random.Generator
        Draws the first weights.
    """

    def __init__(self, params: LanguageParams, rng: np.random.Generator) -> None:
        self._params = params
        self._programs = programs(params.core, params.learning, params.unroll)
        weights = fresh_weights(params.core, params.lang_backend, rng)
        self.moments = _placed(fresh_moments(weights, params.learning))
        self.weights = _placed(weights)
        self.carried: Arrays | None = None
        self.lanes = 0
        self._gathered: Arrays | None = None
        self._answers = self._ticks = self._steps = self._tokens = 0
        self._rates = 0.0
        self._slope: tuple[Arrays, int] | None = None

    def read(self, window: Window, *, learns: bool) -> Read:
        """Read the next window of each lane; with `learns`, keep what `learn` needs."""
        if len(window.tokens) != self.lanes or self.carried is None:
            self.lanes = len(window.tokens)
            self.carried = _placed(fresh_state(self._params.core, self._params.lang_backend, self.lanes))
        found, self._slope = None, None
        if learns and window.mask.any():
            slope, found = self._programs.study(self.weights, self.carried, *window)
            self._slope = slope, int(window.mask.sum())
        else:
            found = self._programs.read(self.weights, self.carried, *window)
        self.carried = dict(found.state)
        return found

    def forget(self) -> None:
        """Let go of what was kept to learn from."""
        self._slope = None

    def learn(self, rate: float) -> dict[str, float]:
        """Gather the gradient of the window just read, and move where that were enough ticks; return what to log."""
        slope, self._slope = self._slope, None
        if slope is None or rate <= 0:
            return {}
        gradient, answers = slope
        self._gathered = gradient if self._gathered is None else self._programs.add(self._gathered, gradient)
        self._answers += answers
        self._tokens += answers
        self._rates += rate * answers
        self._ticks += 1
        options = self._params.learning
        if self._ticks < options.accumulate:
            return {}
        factor = rate_at(options.schedule, self._tokens) * self._rates / self._answers
        self._steps += 1
        moved = self._programs.move(self.weights, self.moments, self._gathered, np.float32(self._answers),
                                    np.float32(factor), np.float32(self._steps))
        self.weights, self.moments = dict(moved.weights), dict(moved.moments)
        self._gathered, self._answers, self._ticks, self._rates = None, 0, 0, 0.0
        return {"gradient_norm": float(moved.norm), "rate": float(factor)}

    # --- state ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return all that lasts, as arrays of its own."""
        trees = {"weights": self.weights, "moments": self.moments, "carried": self.carried,
                 "gathered": self._gathered}
        return {name: None if tree is None else {key: np.array(value) for key, value in tree.items()}
                for name, tree in trees.items()} | {
            "lanes": self.lanes, "answers": self._answers, "ticks": self._ticks, "steps": self._steps,
            "tokens": self._tokens, "rates": self._rates}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        StateError
            If an array is missing or of another shape, as those of other sizes are.
        """
        self.take_weights(state["weights"])
        self.moments = _fitting("moments", state["moments"], self.moments)
        lanes = int(state["lanes"])
        carried = state["carried"]
        self.carried = None if carried is None else _fitting(
            "carried", carried, fresh_state(self._params.core, self._params.lang_backend, lanes))
        gathered = state["gathered"]
        self._gathered = None if gathered is None else _fitting("gathered", gathered, self.weights)
        self.lanes, self._answers, self._ticks = lanes, int(state["answers"]), int(state["ticks"])
        self._steps, self._tokens, self._rates = int(state["steps"]), int(state["tokens"]), float(state["rates"])
        self._slope = None

    def take_weights(self, weights: Mapping[str, Any], where: str = "weights") -> None:
        """Take over weights by name; StateError where one is missing, too many, or of another shape."""
        self.weights = _fitting(where, weights, self.weights)


def _placed(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """Return copies where jax computes, to which nothing else refers."""
    return {name: jnp.array(value, copy=True) for name, value in arrays.items()}


def _fitting(where: str, found: Mapping[str, Any], wanted: Tree | Mapping[str, np.ndarray]) -> Arrays:
    if found.keys() != wanted.keys():
        raise StateError(where, expected=", ".join(sorted(wanted)), got=", ".join(sorted(found)) or "nothing",
                         hint="Was it saved with other parameters?")
    for name, value in wanted.items():
        array = found[name]
        if not isinstance(array, np.ndarray) or array.shape != value.shape or array.dtype != value.dtype:
            raise StateError(f"{where}.{name}", expected=f"{value.dtype} {tuple(value.shape)}",
                             got=f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else repr(array),
                             hint="Was it saved with other parameters?")
    return _placed(found)

