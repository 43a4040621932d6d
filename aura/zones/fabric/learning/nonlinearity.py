"""The response of a unit to its drive: a tanh behind a voltage gate, with refractory period and adaptation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.fabric.learning.response_params import NonlinearityParams

__all__ = ["LEAST_TRACE_MV", "BiologicalNonlinearity"]

Values = NDArray[Any]
"""float32 or float64, whichever the nonlinearity computes in."""

LEAST_TRACE_MV = 1e-15
"""Potentials and adaptations closer to rest are at rest: no response shows them, and as denormal numbers they would
be slow."""

ROUNDING = 1e-9
"""By how much of a step a time may exceed whole steps and still be those (2 ms in steps of 0.1 ms are 20)."""


class BiologicalNonlinearity(Stateful):
    r"""Units that answer to a drive by what they are, and change by it.

    Parameters
    ----------
    params : NonlinearityParams
        Gain, gate, threshold, refractory period, adaptation.
    shape : tuple of int
        How many units, in which shape.
    dt_ms : float
        The step, above 0.
    dtype : float32 or float64
        What is computed in.

    Notes
    -----
    A unit has a membrane estimate v and an adaptation a, both in mV, and is refractory for some more steps, or not.
    At rest all are 0. To the drive x in mV it responds with

    .. math:: y = g \tanh(x / s) \, \sigma\Bigl(\frac{v - a - v_{1/2}}{k}\Bigr), \quad \sigma(u) = \frac{1}{1 + e^{-u}}

    and with y = 0 while it is refractory; then

    .. math:: v \leftarrow x + (v - x) e^{-\Delta/\tau_m}, \quad a \leftarrow a e^{-\Delta/\tau_a}

    which is exact for a drive that is constant over the step Δ, and stable for any. A unit that is not refractory and
    has v ≥ θ + a crosses its threshold: a grows by α, and its next ⌈refractory period / Δ⌉ responses are 0. The
    membrane estimate is not reset, as in the model whose threshold this is. Adaptation so raises the threshold and
    shifts the gate by the same.

    The response depends on the drive of its own step through the tanh alone, the gate looks at what came before: it
    is bounded by g, increases with x in any state, and

    .. math:: \frac{dy}{dx} = \frac{g}{s} \bigl(1 - \tanh^2(x / s)\bigr) \,
              \sigma\Bigl(\frac{v - a - v_{1/2}}{k}\Bigr)

    is the whole derivative within a step; how the drive will change later responses is not part of it.

    References
    ----------
    R. Kobayashi, Y. Tsubo, S. Shinomoto, Frontiers in Computational Neuroscience 3:9, 2009,
    doi:10.3389/neuro.10.009.2009, equations 2 and 3 (the threshold, over a membrane that is not reset).

    Examples
    --------
    >>> units = BiologicalNonlinearity(NonlinearityParams(), (2,), dt_ms=1.0, dtype=np.float64)
    >>> [units.forward(np.array([5.0, 60.0])).round(2).tolist() for _ in range(5)]
    [[0.02, 0.1], [0.03, 0.35], [0.03, 0.0], [0.03, 0.0], [0.03, 0.91]]
    """

    lasting = ("membrane_mv", "adaptation_mv", "refractory_steps", "slope")

    def __init__(self, params: NonlinearityParams, shape: tuple[int, ...], *, dt_ms: float,
                 dtype: type[np.float32] | type[np.float64] = np.float32) -> None:
        if not 0 < dt_ms < np.inf:
            raise ParameterError("fabric.nonlinearity.dt_ms", expected="a step above 0 ms", got=f"{dt_ms}")
        if dtype not in (np.float32, np.float64):
            raise ParameterError("fabric.nonlinearity.dtype", expected="float32 or float64", got=f"{dtype}")
        self.params, self.shape, self.dt_ms, self.dtype = params, shape, dt_ms, dtype
        self.membrane_mv: Values = np.zeros(shape, dtype)
        self.adaptation_mv: Values = np.zeros(shape, dtype)
        self.refractory_steps: NDArray[np.int32] = np.zeros(shape, np.int32)
        self.slope: Values = np.zeros(shape, dtype)
        """The derivative of the last response with respect to its drive, in 1/mV."""
        self._silent = math.ceil(params.refractory_ms / dt_ms - ROUNDING)
        self._membrane_keeps = math.exp(-dt_ms / params.membrane_ms)
        self._adaptation_keeps = math.exp(-dt_ms / params.adaptation_ms)

    def forward(self, drive_mv: ArrayLike) -> Values:
        """Return the response of each unit to its drive in mV, and let a step pass.

        Raises
        ------
        ParameterError
            If the drive is not of the units' shape.
        """
        drive = self._of_units("drive", drive_mv)
        params, awake = self.params, self.refractory_steps == 0
        tanh = np.tanh(drive / params.scale_mv)
        # The logistic as a tanh: it overflows nowhere, and comes to exactly 0 instead of to a denormal number.
        depth = (self.membrane_mv - self.adaptation_mv - params.v_half_mv) * (0.5 / params.slope_mv)
        gate = (params.gain * 0.5) * (1.0 + np.tanh(depth))
        gate *= awake
        self.slope = gate * (1.0 - tanh * tanh) / params.scale_mv
        self._pass(drive, awake)
        response: Values = gate * tanh
        return response

    def gradient(self, upstream: ArrayLike) -> Values:
        """Return the gradient of a loss with respect to the last drive, given that with respect to the response.

        Raises
        ------
        ParameterError
            If it is not of the units' shape.
        """
        return self._of_units("upstream", upstream) * self.slope

    def _pass(self, drive: Values, awake: NDArray[np.bool_]) -> None:
        """Let a step pass under this drive."""
        self.membrane_mv = drive + (self.membrane_mv - drive) * self._membrane_keeps
        self.membrane_mv[np.abs(self.membrane_mv) < LEAST_TRACE_MV] = 0.0
        self.adaptation_mv *= self._adaptation_keeps
        self.adaptation_mv[self.adaptation_mv < LEAST_TRACE_MV] = 0.0
        crossed = awake & (self.membrane_mv >= self.params.threshold_mv + self.adaptation_mv)
        self.adaptation_mv[crossed] += self.params.adaptation_mv
        self.refractory_steps[~awake] -= 1
        self.refractory_steps[crossed] = self._silent

    def _of_units(self, name: str, values: ArrayLike) -> Values:
        """Return the values in the units' shape and type."""
        array = np.asarray(values, self.dtype)
        if array.shape != self.shape:
            raise ParameterError(f"fabric.nonlinearity.{name}", expected=f"shape {self.shape}", got=f"{array.shape}")
        return array
