"""The obvious slow twins of the fabric's convolution, fatigue, nonlinearity and propagation: one number at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from aura.zones.fabric.learning.response_params import NonlinearityParams

__all__ = ["NaiveUnit", "convolved", "spread", "tired"]


def convolved(values: np.ndarray, kernels: np.ndarray, bias: np.ndarray, before: Sequence[int],
              shape: tuple[int, ...]) -> np.ndarray:
    """Sum up every output of (batch, x, y, z, time, channel) directly, in double precision."""
    out = np.zeros(shape)
    for b, *place, o in np.ndindex(*shape):
        total = float(bias[o])
        for c, *tap in np.ndindex(*kernels.shape[1:]):
            at = [p + t - zeros for p, t, zeros in zip(place, tap, before, strict=True)]
            if all(0 <= i < size for i, size in zip(at, values.shape[1:5], strict=True)):
                total += float(kernels[(o, c, *tap)]) * float(values[(b, *at, c)])
        out[(b, *place, o)] = total
    return out


def tired(level: float, activity: float, span_ms: float, recovery_ms: float, use_per_ms: float,
          steps: int = 20_000) -> float:
    """Integrate the fatigue's equation in many small steps of the midpoint rule."""
    dt = span_ms / steps

    def slope(f: float) -> float:
        return -f / recovery_ms + use_per_ms * activity * (1 - f)

    for _ in range(steps):
        level += dt * slope(level + dt / 2 * slope(level))
    return level


class NaiveUnit:
    """One unit of the nonlinearity."""

    def __init__(self, params: NonlinearityParams, dt_ms: float) -> None:
        self.params, self.dt_ms = params, dt_ms
        self.v = self.a = self.silent_ms = 0.0

    def response(self, drive: float) -> float:
        """Return the response in the present state, as if not refractory."""
        p = self.params
        return p.gain * math.tanh(drive / p.scale_mv) / (1 + math.exp(-(self.v - self.a - p.v_half_mv) / p.slope_mv))

    def forward(self, drive: float) -> float:
        """Return the response and let a step pass."""
        p, dt = self.params, self.dt_ms
        refractory = self.silent_ms > 1e-9
        response = 0.0 if refractory else self.response(drive)
        self.v = drive + (self.v - drive) * math.exp(-dt / p.membrane_ms)
        self.a *= math.exp(-dt / p.adaptation_ms)
        if refractory:
            self.silent_ms -= dt
        elif self.v >= p.threshold_mv + self.a:
            self.a += p.adaptation_mv
            self.silent_ms = p.refractory_ms
        return response


def spread(weights: np.ndarray, activity: np.ndarray, *, backward: bool = False) -> np.ndarray:
    """Add up what every unit sends to every other."""
    source = activity.ravel()
    out = np.zeros(len(source))
    for i, j in np.ndindex(*weights.shape):
        target, sender = (j, i) if backward else (i, j)
        out[target] += float(weights[i, j]) * float(source[sender])
    return out.reshape(activity.shape)
