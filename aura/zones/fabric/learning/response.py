"""How the fabric responds to what it feels and does: convolution, nonlinearity, propagation, over the last ticks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.zones.fabric.learning.conv4d import Conv4D
from aura.zones.fabric.learning.mode_cycle import ModeCycle
from aura.zones.fabric.learning.nonlinearity import BiologicalNonlinearity
from aura.zones.fabric.learning.pooling import Pooling
from aura.zones.fabric.learning.propagation import Propagation, goal_agreement
from aura.zones.fabric.learning.response_params import PropagationMode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.learning.lateral import LateralWeights
    from aura.zones.fabric.params import FabricParams

__all__ = ["Response"]

CHANNELS = 2
"""Of the history: the tissue's activity, and the map's activation."""

MOST_BOXES = 128
"""Boxes of neighbours that one channel of the response is read by."""

FULL_DRIVE_MV = 40.0
"""Drive of a unit by a convolution's output of 1: twice the threshold of the nonlinearity (chosen here)."""


class _Moment(NamedTuple):
    """What the gradient of one tick's features needs."""

    history: NDArray[np.float32]
    slope: NDArray[np.float32]
    features: NDArray[np.float64]


class Response:
    r"""The tissue's history, convolved, put through the units' nonlinearity and spread over its synapses.

    Parameters
    ----------
    params : FabricParams
        Grid, convolution, nonlinearity, modes, propagation.
    lateral : LateralWeights
        The synapses as a matrix.
    dt_ms : float
        Time between two ticks.
    rng : numpy.random.Generator
        Draws the kernels.

    Notes
    -----
    With h the history (x, y, z, time, channel) of activity and activation, K the kernels, σ the nonlinearity and
    M the propagation in the mode of the tick, the features are

    .. math:: r = \sigma(K * h), \qquad y = \mathrm{pool}(r + M r)

    Learning follows the gradient of the loss through the pooling, through r + Wᵀ-ward propagation, σ and K. In random
    mode that is the gradient of the mean over draws, in intentional mode that without amplification. To the loss of
    the forecast it adds the temporal coherence of the features, c ‖y' - y‖² / n from one tick to the next: what
    follows in time should look alike (Mobahi, Collobert & Weston 2009, doi:10.1145/1553374.1553469).
    """

    def __init__(self, params: FabricParams, lateral: LateralWeights, dt_ms: float, rng: np.random.Generator) -> None:
        assert params.convolution is not None
        grid = params.spatial_dims
        self.cycle = ModeCycle(params.modes)
        self._lateral, self._grid, self._dt_ms = lateral, grid, dt_ms
        self._convolution = Conv4D(params.convolution, rng, grid=grid, threads=params.threads)
        self._span = params.convolution.kernel[3]
        self._outputs = params.convolution.outputs
        self._units = BiologicalNonlinearity(params.nonlinearity, (*grid, self._outputs), dt_ms=dt_ms)
        self._propagation = Propagation(params.propagation, lateral.matrix, grid)
        self._pooling = Pooling(grid, MOST_BOXES)
        self._history = np.zeros((1, *grid, self._span, CHANNELS), np.float32)
        self._mode = PropagationMode.NORMAL
        self._now = self._before = _Moment(self._history.copy(), self._units.slope.copy(), np.zeros(self.features))

    @property
    def features(self) -> int:
        """How many numbers a response is read as."""
        return len(self._pooling) * self._outputs

    @property
    def mode(self) -> PropagationMode:
        """The mode of the last response."""
        return self._mode

    def forward(self, activity: NDArray[Any], activation: NDArray[Any], codebook: NDArray[Any],
                goal: NDArray[Any] | None, rng: np.random.Generator) -> NDArray[np.float64]:
        """Take in a tick and return the features, (feature,).

        Parameters
        ----------
        activity, activation : ndarray, shape (x, y, z)
            What the tissue does, 1 at its target rate; what the map says of the frame, 0 to 1.
        codebook : ndarray, shape (unit, feature)
            What each unit stands for, to compare the goal with.
        goal : ndarray, shape (feature,), optional
            What intentional propagation amplifies.
        rng : numpy.random.Generator
            For random propagation.
        """
        self._history[..., :-1, :] = self._history[..., 1:, :]
        self._history[0, ..., -1, 0] = activity
        self._history[0, ..., -1, 1] = activation
        self._mode = self.cycle.advance()
        self._lateral.refresh()
        full = self._convolution.forward(self._history)
        self._convolution.tire(full[:, :, :, :, -1:], self._dt_ms)
        response = self._units.forward(full[0, :, :, :, -1, :] * np.float32(FULL_DRIVE_MV))
        agreement = None
        if self._mode == PropagationMode.INTENTIONAL and goal is not None:
            agreement = goal_agreement(codebook, goal).reshape(self._grid)
        spread = np.stack([self._propagation.propagate(self._mode, response[..., output], agreement=agreement, rng=rng)
                           for output in range(self._outputs)])
        features = self._pooling.pool(np.moveaxis(response, -1, 0) + spread).reshape(-1)
        self._before, self._now = self._now, _Moment(self._history.copy(), self._units.slope.copy(), features)
        return features

    def learn(self, gradient: NDArray[Any], rate: float, coherence: float) -> None:
        """Move the kernels against the gradient of the last tick's loss.

        Parameters
        ----------
        gradient : ndarray, shape (feature,)
            Of the loss of what was foretold a tick ago, with respect to the features of then.
        rate : float
            Learning rate.
        coherence : float
            Weight of the temporal coherence, the mean square of the features' change from then to now.
        """
        was = self._before
        total = gradient - (2.0 * coherence / len(gradient)) * (self._now.features - was.features)
        upstream = self._pooling.spread(total.reshape(self._outputs, -1)).astype(np.float32)
        back = np.stack([part + self._propagation.propagate_backward(part) for part in upstream], axis=-1)
        above = np.zeros((1, *self._grid, self._span, self._outputs), np.float32)
        above[0, ..., -1, :] = back * was.slope * np.float32(FULL_DRIVE_MV)
        found = self._convolution.gradient(was.history, above)
        size = math.sqrt(float((found.kernels**2).sum() + (found.bias**2).sum()))
        if math.isfinite(size) and size > 0.0:
            self._convolution.update(found, rate / max(size, 1.0))

    def state(self) -> dict[str, Any]:
        """Return history, kernels, units and mode."""
        return {"history": self._history.copy(), "convolution": self._convolution.state(),
                "units": self._units.state(), "cycle": self.cycle.state(), "mode": self._mode.value,
                "moments": [[part.copy() for part in moment] for moment in (self._before, self._now)]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._history[...] = state["history"]
        self._convolution.load_state(state["convolution"])
        self._units.load_state(state["units"])
        self.cycle.load_state(state["cycle"])
        self._mode = PropagationMode(state["mode"])
        self._before, self._now = (_Moment(*(np.array(part) for part in parts)) for parts in state["moments"])

    def close(self) -> None:
        """Let the threads go."""
        self._convolution.close()
