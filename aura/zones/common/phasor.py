"""A bank of damped complex resonators over a stream of items: temporal resonance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array

__all__ = ["FLUSH_BELOW", "PhasorBank", "mixing_matrix", "resonate", "resonate_row"]

Rows = NDArray[np.float32]

FLUSH_BELOW = 1e-30
"""Parts of a resonator below this are 0: far above the denormals of float32, far below any signal (chosen here)."""
LARGEST = float(np.finfo(np.float32).max)


@njit(cache=True, nogil=True)
def resonate_row(drive: Any, poles: Any, inlet: Any, resonators: Any, amplitudes: Any) -> None:
    """Take one item through the bank, for callers within their own compiled loop.

    Parameters
    ----------
    drive : array (K,), float32 or float64
        What drives each resonator.
    poles : array (2, K), float64
        Real and imaginary part of the factor of one step.
    inlet : array (K,), float64
        Factor on the drive.
    resonators : array (2, K), float64
        Real and imaginary part; changed.
    amplitudes : array (K,), float32
        Written.
    """
    for j in range(amplitudes.shape[0]):
        real, imaginary = resonators[0, j], resonators[1, j]
        new_real = poles[0, j] * real - poles[1, j] * imaginary + inlet[j] * drive[j]
        new_imaginary = poles[1, j] * real + poles[0, j] * imaginary
        new_real = 0.0 if abs(new_real) < FLUSH_BELOW else new_real
        new_imaginary = 0.0 if abs(new_imaginary) < FLUSH_BELOW else new_imaginary
        resonators[0, j], resonators[1, j] = new_real, new_imaginary
        amplitudes[j] = np.float32(min(np.sqrt(new_real * new_real + new_imaginary * new_imaginary), LARGEST))


@njit(cache=True, nogil=True)
def resonate(drive: Any, poles: Any, inlet: Any, resonators: Any, amplitudes: Any) -> None:
    """Take items through the bank one after the other: as `resonate_row`, `drive` and `amplitudes` being (n, K)."""
    for i in range(drive.shape[0]):
        resonate_row(drive[i], poles, inlet, resonators, amplitudes[i])


def mixing_matrix(features: int, resonators: int, seed: int) -> Rows:
    """Return a fixed random mixing (features, resonators) of unit columns, to drive a bank by ``rows @ mixing``."""
    drawn = np.random.default_rng(seed).standard_normal((features, resonators))
    return np.asarray(drawn / np.sqrt((drawn * drawn).sum(axis=0)), dtype=np.float32)


class PhasorBank(Stateful):
    r"""Damped complex resonators, each driven by its own stream of numbers.

    Parameters
    ----------
    resonators : int
        How many, K; 1 or more.
    low, high : float
        Lowest and highest frequency; the others lie between them in equal ratios. In cycles per `step`'s unit: cycles
        per item where `step` is 1, Hz where it is in seconds. Above 0, at most half a cycle an item.
    step : float
        Time from item to item.
    quality : float, optional
        Quality factor: a resonator of frequency f rings for ``quality / (pi f)`` until its amplitude is 1/e.
    time_constant : float, optional
        In place of `quality`: the time until the amplitude is 1/e, for all alike.

    Notes
    -----
    With u the drive, :math:`\omega_j = 2 \pi f_j \Delta t` and :math:`\rho_j = e^{-\Delta t / \tau_j}`, item by item

    .. math:: z_j \leftarrow \rho_j e^{i \omega_j} z_j + (1 - \rho_j) u_j

    which is the exact solution of :math:`\dot z = (2 \pi i f - 1 / \tau) z` between items. The factor of the drive
    makes the gain 1 for a complex exponential at the resonator's own frequency, hence about 1/2 for a real sinusoid.
    It is stable for any frequency and any finite time constant. The state is float64; parts below `FLUSH_BELOW` are
    set to 0, so that silence never leaves denormals behind. The bits do not depend on how a stream is cut into blocks.

    References
    ----------
    A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing, 3rd edition, 2010, section 5.3 (one complex pole).

    Examples
    --------
    >>> bank = PhasorBank(3, 0.01, 0.25, quality=8.0)
    >>> bank.frequencies.round(3).tolist()
    [0.01, 0.05, 0.25]
    >>> tone = np.cos(2 * np.pi * 0.05 * np.arange(2000), dtype=np.float32)
    >>> [f"{amplitude:.2f}" for amplitude in bank.step(np.tile(tone[:, None], 3))[-1]]
    ['0.00', '0.50', '0.07']
    """

    lasting = ("resonators",)

    def __init__(self, resonators: int, low: float, high: float, *, step: float = 1.0, quality: float | None = None,
                 time_constant: float | None = None) -> None:
        where = "phasor bank"
        if resonators < 1:
            raise ParameterError(f"{where}.resonators", expected="1 or more", got=str(resonators))
        if not 0 < low <= high or not 0 < step < np.inf or high * step > 0.5:
            raise ParameterError(f"{where}.low, high", expected="0 < low <= high <= half a cycle an item",
                                 got=f"{low:g} and {high:g} at a step of {step:g}")
        given = time_constant if quality is None else quality
        if (quality is None) == (time_constant is None) or given is None or not 0 < given < np.inf:
            raise ParameterError(f"{where}.quality, time_constant", expected="one of them, above 0",
                                 got=f"{quality} and {time_constant}")
        self.frequencies: Array = np.geomspace(low, high, resonators)
        ring = np.full(resonators, given) if quality is None else quality / (np.pi * self.frequencies)
        self.decay: Array = np.exp(-step / ring)
        turn = 2 * np.pi * self.frequencies * step
        self.step_size = step
        self.poles: Array = np.stack([self.decay * np.cos(turn), self.decay * np.sin(turn)])
        """Real and imaginary part of the factor of one step, (2, K)."""
        self.inlet: Array = -np.expm1(-step / ring)
        """Factor on the drive, (K,)."""
        self.resonators: Array = np.zeros((2, resonators))
        """Real and imaginary part of the state, (2, K); changed in place."""

    def __len__(self) -> int:
        return len(self.inlet)

    def step(self, drive: Rows) -> Rows:
        """Return the amplitudes (n, K), 0 or more, after each item of the drive (n, K).

        Raises
        ------
        ParameterError
            If the drive has another number of columns.
        """
        if drive.ndim != 2 or drive.shape[1] != len(self):
            raise ParameterError("phasor bank.drive", expected=f"shape (n, {len(self)})", got=str(drive.shape))
        amplitudes = np.empty(drive.shape, np.float32)
        resonate(drive, self.poles, self.inlet, self.resonators, amplitudes)
        return amplitudes

    def response(self, frequency: Any) -> NDArray[np.complex128]:
        r"""Return the analytic frequency response :math:`(1 - \rho) / (1 - \rho e^{i (\omega_j - \omega)})`.

        Parameters
        ----------
        frequency : float or array (...)
            Of a complex exponential that drives all resonators, in the unit of `low` and `high`; may be negative.

        Returns
        -------
        array (..., K), complex
            What each resonator makes of it, in size and phase.
        """
        omega = 2 * np.pi * np.asarray(frequency, dtype=np.float64)[..., None] * self.step_size
        pole = self.poles[0] + 1j * self.poles[1]
        return np.asarray(self.inlet / (1.0 - pole * np.exp(-1j * omega)), dtype=np.complex128)
