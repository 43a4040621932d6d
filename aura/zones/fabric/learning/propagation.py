"""How activity spreads over the tissue's synapses: normal, random, intentional, or both ways."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from aura.core.errors import ParameterError, nearest
from aura.zones.fabric.learning.response_params import PropagationMode, PropagationParams

__all__ = ["LEAST_ACTIVITY", "Propagation", "goal_agreement"]

Activity = NDArray[np.float32]
"""Of shape (x, y, z)."""

LEAST_ACTIVITY = 1e-15
"""A mode makes activity below this 0, so that none that dies away lingers as denormal numbers, which are slow."""


def goal_agreement(patterns: ArrayLike, goal: ArrayLike, *, centred: bool = True) -> Activity:
    r"""Return how far each unit's pattern agrees with the goal, from -1 to 1.

    Parameters
    ----------
    patterns : array (..., features)
        What each unit stands for: its codebook vector, or its target.
    goal : array (features,)
        What is wanted.
    centred : bool
        Whether the mean pattern is taken from the patterns and the goal first.

    Returns
    -------
    float32 array (...)
        The cosine between pattern and goal; 0 where one of them is 0.

    Raises
    ------
    ParameterError
        If the goal is not of the patterns' length.

    Examples
    --------
    >>> goal_agreement([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [2.0, 0.0], centred=False).tolist()
    [1.0, 0.0, 0.0]
    """
    units, wanted = np.asarray(patterns, np.float64), np.asarray(goal, np.float64)
    if units.ndim < 1 or wanted.shape != units.shape[-1:]:
        raise ParameterError("fabric.propagation.goal", expected=f"shape {units.shape[-1:]}", got=f"{wanted.shape}")
    if centred:
        mean = units.reshape(-1, len(wanted)).mean(axis=0)
        units, wanted = units - mean, wanted - mean
    lengths = np.linalg.norm(units, axis=-1) * np.linalg.norm(wanted)
    # A sum over the last axis, and no matrix product, whose bits may depend on the number of threads.
    products = (units * wanted).sum(axis=-1)
    cosine = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    bounded: Activity = np.clip(cosine, -1.0, 1.0).astype(np.float32)
    return bounded


class Propagation:
    r"""Spreads an activity (x, y, z) over lateral weights.

    Parameters
    ----------
    params : PropagationParams
        Release probability, amplification, weight of the directions.
    weights : scipy.sparse CSR matrix or array (units, units)
        Lateral weights by target and source, the units in the order of the raveled grid. Held, not copied: what
        plasticity does to it is felt.
    shape : tuple of three int
        The grid.

    Notes
    -----
    With W the weights and a the activity,

    .. math::

        \text{normal:} \quad & W a \\
        \text{random:} \quad & W (m \circ a) / p, \quad m_j \in \{0, 1\}, \; P(m_j = 1) = p \\
        \text{intentional:} \quad & (W a) \circ \max(0, 1 + \gamma s) \\
        \text{bidirectional:} \quad & \omega W a + (1 - \omega) W^\top a

    In random mode a unit fails to transmit with chance 1 - p; the mean over many draws is the normal mode. In
    intentional mode s is the agreement of a unit with the goal (`goal_agreement`) and γ the amplification: as with
    feature-based attention, what resembles the goal is amplified, and what is unlike it weakened, each in proportion.
    For activity that is nowhere negative the mean agreement, weighted by activity, can only rise by it, as the factor
    never falls where s rises.

    References
    ----------
    S. Treue, J. C. Martínez Trujillo, Nature 399, 1999, doi:10.1038/21176 (gain by similarity to the attended
    feature).

    Examples
    --------
    >>> chain = sparse.csr_array(np.array([[0.0, 0.0], [1.0, 0.0]], dtype=np.float32))
    >>> spread = Propagation(PropagationParams(), chain, (2, 1, 1))
    >>> spread.propagate("normal", np.array([[[1.0]], [[0.0]]])).ravel().tolist()
    [0.0, 1.0]
    >>> spread.propagate("bidirectional", np.array([[[1.0]], [[2.0]]])).ravel().tolist()
    [1.0, 0.5]
    """

    def __init__(self, params: PropagationParams, weights: Any, shape: tuple[int, int, int]) -> None:
        units = int(np.prod(shape))
        if not (sparse.issparse(weights) and weights.format == "csr"):
            raise ParameterError("fabric.propagation.weights", expected="a scipy.sparse CSR matrix",
                                 got=type(weights).__name__, hint="Try scipy.sparse.csr_array(weights).")
        if len(shape) != 3 or weights.shape != (units, units):
            raise ParameterError("fabric.propagation.weights", expected=f"shape {(units, units)} for a grid {shape}",
                                 got=f"{weights.shape}")
        self.params, self.weights, self.shape = params, weights, shape

    def propagate(self, mode: PropagationMode | str, activity: ArrayLike, *, agreement: ArrayLike | None = None,
                  rng: np.random.Generator | None = None) -> Activity:
        """Return what an activity becomes in a mode.

        Parameters
        ----------
        mode : PropagationMode or its name
            How it spreads.
        activity : array (x, y, z)
            Where it begins.
        agreement : array (x, y, z), optional
            Intentional mode: how far each unit agrees with the goal, from -1 to 1. None where there is no goal, and
            the mode is the normal one.
        rng : numpy.random.Generator, required in random mode
            Draws one number for each unit; no other mode draws any.

        Raises
        ------
        ParameterError
            If the mode is unknown, an array is not of the grid's shape, or random mode is given no generator.
        """
        if mode not in list(PropagationMode):
            raise ParameterError("fabric.propagation.mode", expected="a mode of propagation", got=f"{mode!r}",
                                 hint=nearest(str(mode), [known.value for known in PropagationMode]))
        if mode == PropagationMode.RANDOM:
            after = self.propagate_forward(self._released(activity, rng))
        elif mode == PropagationMode.BIDIRECTIONAL:
            after = self.combine_directions(self.propagate_forward(activity), self.propagate_backward(activity))
        else:
            after = self.propagate_forward(activity)
            if mode == PropagationMode.INTENTIONAL and agreement is not None:
                after *= np.maximum(1.0 + self.params.amplification * self._on_grid("agreement", agreement), 0.0)
        after[np.abs(after) < LEAST_ACTIVITY] = 0.0
        return after

    def propagate_forward(self, activity: ArrayLike) -> Activity:
        """Return W a: what reaches each unit through the synapses onto it."""
        return self._spread(self.weights, activity)

    def propagate_backward(self, activity: ArrayLike) -> Activity:
        """Return the adjoint Wᵀ a: what reaches each unit against the direction of its synapses."""
        return self._spread(self.weights.T, activity)

    def combine_directions(self, forward: ArrayLike, backward: ArrayLike) -> Activity:
        """Return the weighted sum of the two directions."""
        ahead, back = np.float32(self.params.forward_weight), np.float32(1.0 - self.params.forward_weight)
        combined: Activity = ahead * self._on_grid("forward", forward) + back * self._on_grid("backward", backward)
        return combined

    def _released(self, activity: ArrayLike, rng: np.random.Generator | None) -> Activity:
        """Return the activity that is passed on where each unit may fail, scaled to keep the mean."""
        if rng is None:
            raise ParameterError("fabric.propagation.rng", expected="a numpy.random.Generator in random mode",
                                 got="none")
        probability = self.params.release_probability
        released = (rng.random(self.shape, np.float32) < probability).astype(np.float32)
        return self._on_grid("activity", activity) * (released / np.float32(probability))

    def _spread(self, weights: Any, activity: ArrayLike) -> Activity:
        spread = weights @ self._on_grid("activity", activity).ravel()
        return np.asarray(spread, np.float32).reshape(self.shape)

    def _on_grid(self, name: str, values: ArrayLike) -> Activity:
        """Return the values in float32, on the grid."""
        array = np.asarray(values, np.float32)
        if array.shape != self.shape:
            raise ParameterError(f"fabric.propagation.{name}", expected=f"shape {self.shape}", got=f"{array.shape}")
        return array
