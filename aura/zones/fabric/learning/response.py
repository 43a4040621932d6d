"""How the fabric responds to what it feels and does: convolution, nonlinearity, propagation, over the last ticks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.lasting import Stateful
from aura.zones.fabric.learning.conv4d import Conv4D, ParameterGradient
from aura.zones.fabric.learning.mode_cycle import ModeCycle
from aura.zones.fabric.learning.nonlinearity import BiologicalNonlinearity
from aura.zones.fabric.learning.pooling import Pooling
from aura.zones.fabric.learning.propagation import Propagation, goal_agreement
from aura.zones.fabric.learning.response_params import PropagationMode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.learning.lateral import LateralWeights
    from aura.zones.fabric.params import FabricParams

__all__ = ["CHANNELS", "Response"]

CHANNELS = 2
"""Of the history: the tissue's activity, and the map's activation."""

MOST_BOXES = 128
"""Boxes of neighbours that one channel of the response is read by (chosen here)."""

FULL_DRIVE_MV = 40.0
"""Drive of a unit by a convolution's output of 1: twice the threshold of the nonlinearity (chosen here)."""

LEAST_WEIGHT = 1e-15
"""Weights of kernels that come closer to 0 are 0: no response shows them, and as denormal numbers they would be slow.
Temporal coherence alone lets a kernel decay without end."""


class _Trace(NamedTuple):
    """What the gradient of a response needs."""

    history: NDArray[np.float32]
    slope: NDArray[Any]
    vigour: NDArray[Any]
    mode: PropagationMode


class Response(Stateful):
    r"""The tissue's history, convolved, put through the units' nonlinearity and spread over its synapses.

    Parameters
    ----------
    params : FabricParams
        Grid, convolution, nonlinearity, modes, propagation.
    lateral : LateralWeights
        The synapses as a matrix.
    dt_ms : float
        Time from one response to the next.
    rng : numpy.random.Generator
        Draws the kernels.

    Attributes
    ----------
    mode : PropagationMode
        The mode of the last response.
    features : ndarray, shape (feature,)
        The last response, 0 before the first.

    Raises
    ------
    ParameterError
        If all modes are off, or the one to keep is.

    Notes
    -----
    With h the history (x, y, z, time, channel) of activity and activation over the last frames, K the kernels, σ the
    nonlinearity and M the propagation in the mode of the tick,

    .. math:: r = \sigma(K * h), \qquad y = \mathrm{pool}(r + M r)

    A loss is known one response later, when the next frame has come; `learn` takes the gradient with respect to the
    response *before* the last, and follows it through pooling, Mᵀ, σ and K: K loses rate · g / max(1, ‖g‖), g being
    its gradient. Of the random mode that is the gradient of the mean over draws, of the intentional one that without
    amplification. Mᵀ is of the synapses as they have become.
    """

    lasting = ("_history", "_convolution", "_units", "cycle", "mode", "_vigour", "features")

    def __init__(self, params: FabricParams, lateral: LateralWeights, dt_ms: float, rng: np.random.Generator) -> None:
        assert params.convolution is not None
        grid = params.spatial_dims
        self.cycle = ModeCycle(params.modes)
        self.mode = PropagationMode.NORMAL
        # The history is as long as the kernels: the present is the one instant at which they fit.
        convolution = params.convolution.model_copy(update={"inputs": CHANNELS, "space": "same", "time": "valid"})
        self._lateral, self._grid, self._dt_ms = lateral, grid, dt_ms
        self._centred = params.propagation.centred
        self._convolution = Conv4D(convolution, rng, grid=grid, threads=params.threads)
        self._outputs = convolution.outputs
        self._units = BiologicalNonlinearity(params.nonlinearity, (*grid, self._outputs), dt_ms=dt_ms)
        self._propagation = Propagation(params.propagation, lateral.matrix, grid)
        self._pooling = Pooling(grid, MOST_BOXES)
        self._history = np.zeros((1, *grid, convolution.kernel[3], CHANNELS), np.float32)
        self.features: NDArray[np.float64] = np.zeros(len(self))
        self._vigour = self._present_vigour()
        self._trace: _Trace | None = None

    def __len__(self) -> int:
        """Return how many numbers a response is read as."""
        return len(self._pooling) * self._outputs

    def forward(self, activity: NDArray[Any], activation: NDArray[Any], codebook: NDArray[Any],
                goal: NDArray[Any] | None, rng: np.random.Generator) -> NDArray[np.float64]:
        """Take in a tick and return the features, (feature,).

        Parameters
        ----------
        activity, activation : ndarray, shape (x, y, z)
            What the tissue does, as a share of its full rate; what the map says of the frames, 0 to 1.
        codebook : ndarray, shape (unit, feature)
            What each unit stands for, to compare the goal with.
        goal : ndarray, shape (feature,), optional
            What intentional propagation amplifies.
        rng : numpy.random.Generator
            For random propagation.
        """
        self._trace = _Trace(self._history, self._units.slope, self._vigour, self.mode)
        self._history = np.concatenate([self._history[..., 1:, :], np.stack([activity, activation], axis=-1)[
            None, ..., None, :].astype(np.float32)], axis=-2)
        self.mode, self._vigour = self.cycle.advance(), self._present_vigour()
        self._lateral.refresh()
        convolved = self._convolution.forward(self._history)
        self._convolution.tire(convolved, self._dt_ms)
        response = self._units.forward(convolved[0, :, :, :, 0, :] * np.float32(FULL_DRIVE_MV))
        agreement = None
        if self.mode == PropagationMode.INTENTIONAL and goal is not None:
            agreement = goal_agreement(codebook, goal, centred=self._centred).reshape(self._grid)
        channels = np.moveaxis(response, -1, 0)
        spread = [self._propagation.propagate(self.mode, channel, agreement=agreement, rng=rng) for channel in channels]
        self.features = self._pooling.pool(channels + np.stack(spread)).reshape(-1)
        return self.features

    def learn(self, gradient: NDArray[Any], rate: float) -> float:
        """Move the kernels against the gradient of a loss with respect to the features before the last, (feature,).

        Returns
        -------
        float
            The length of the kernels' gradient.
        """
        largest = float(np.abs(gradient).max(initial=0.0))
        if self._trace is None or largest == 0.0:
            return 0.0
        found = self._parameter_gradient(gradient / largest, self._trace)  # so that no float32 overflows
        parts = [np.square(part, dtype=np.float64).sum() for part in (found.kernels, found.bias)]
        size = largest * math.sqrt(float(sum(parts)))
        self._convolution.update(found, rate * largest / max(size, 1.0))
        for weights in (self._convolution.kernels, self._convolution.bias):
            weights[np.abs(weights) < LEAST_WEIGHT] = 0.0
        return size

    def _parameter_gradient(self, gradient: NDArray[Any], trace: _Trace) -> ParameterGradient:
        upstream = self._pooling.spread(gradient.reshape(self._outputs, -1)).astype(np.float32)
        back = np.stack([channel + self._adjoint(channel, trace.mode) for channel in upstream], axis=-1)
        # The convolution takes the fatigue as it stands, and that is the present one's.
        above = back * trace.slope * np.float32(FULL_DRIVE_MV) * (trace.vigour / self._present_vigour())
        return self._convolution.parameter_gradient(trace.history, above[None, :, :, :, None, :])

    def _adjoint(self, channel: NDArray[Any], mode: PropagationMode) -> NDArray[Any]:
        backward = self._propagation.propagate_backward(channel)
        if mode != PropagationMode.BIDIRECTIONAL:
            return backward
        return self._propagation.combine_directions(backward, self._propagation.propagate_forward(channel))

    def _present_vigour(self) -> NDArray[Any]:
        """Return what fatigue leaves of the channels, or of the units."""
        fatigue = self._convolution.fatigue
        return np.ones(self._outputs, np.float32) if fatigue is None else fatigue.vigour.astype(np.float32)

    def after_load(self) -> None:
        self._trace = None

    def close(self) -> None:
        """Let the threads go."""
        self._convolution.close()
