"""Log-mel frames of sound.

    X(k) = Σ_n w(n) x(n) e^{−2πi kn/N}           w: the periodic Hann window, N: the length of the transform
    token(m) = ln max(Σ_k M(m, k) |X(k)|², floor)

M is librosa's bank of triangular bands (Slaney's mel scale, each of unit area), so that, but for the logarithm, a
frame equals ``librosa.feature.melspectrogram(center=False)``. Of librosa only the bank is used: its own spectrogram
costs 230 us a call, however short the sound, and 14 s of compiling at the first after its installation (measured,
version 0.11; a frame costs 12 us here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from librosa.filters import mel as mel_bank

from aura.core.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.sensory.params import AudioOptions

__all__ = ["LogMel"]

_FRAMES_AT_ONCE = 512
"""Frames whose spectra are held at once (tuned here: 1 MB at 256 samples, which stays in the second cache)."""


class LogMel:
    """Turns samples into log-mel frames, each on its own: its neighbours change no bit of it.

    Parameters
    ----------
    options : AudioOptions
        With a rate.
    where : str
        What errors call the options.

    Raises
    ------
    ParameterError
        If a band is so narrow that no line of the spectrum lies in it.
    """

    def __init__(self, options: AudioOptions, where: str = "sensory.audio") -> None:
        self.window, self.hop = options.samples(options.window), options.samples(options.hop)
        self.mels = options.mels
        self._transform, self._floor = options.transform, options.floor
        self._taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.window) / self.window)
        bank = _bank(options, where)
        # Each band is a short run of lines: their weights in one row, band after band, and where each band begins.
        bands, self._lines = np.nonzero(bank)
        self._weights = bank[bands, self._lines]
        self._begins = np.searchsorted(bands, np.arange(self.mels))

    def count(self, samples: int) -> int:
        """Return how many whole frames lie in so many samples."""
        return max(0, 1 + (samples - self.window) // self.hop)

    def frames(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the frames of one piece of sound.

        Parameters
        ----------
        samples : ndarray, shape (sample,)
            Frame f begins at sample f · hop; what follows the last whole frame is not used.

        Returns
        -------
        ndarray, shape (frame, mel), float32
            Fresh.
        """
        count = self.count(len(samples))
        out = np.empty((count, self.mels), np.float32)
        if count:
            # numpy's sliding_window_view gives the same view for ten times the price.
            samples = np.ascontiguousarray(samples)
            step = samples.itemsize
            pieces = np.ndarray((count, self.window), samples.dtype, samples, 0, (self.hop * step, step))
            for start in range(0, count, _FRAMES_AT_ONCE):
                part = slice(start, start + _FRAMES_AT_ONCE)
                out[part] = self._log_mel(pieces[part])
        return out

    def _log_mel(self, pieces: NDArray[np.float32]) -> NDArray[np.float64]:
        # numpy transforms row by row, and sums band by band in one order, so that no frame's bits depend on another.
        spectrum = np.fft.rfft(pieces * self._taper, self._transform)
        power = spectrum.real**2 + spectrum.imag**2
        mel = np.add.reduceat(power[:, self._lines] * self._weights, self._begins, axis=1)
        return np.log(np.maximum(mel, self._floor))


def _bank(options: AudioOptions, where: str) -> NDArray[np.float64]:
    """Return the weights of the bands, (mel, line)."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # librosa's of empty bands, which is an error here
        bank: NDArray[np.float64] = mel_bank(sr=options.rate or 0, n_fft=options.transform, n_mels=options.mels,
                                             fmin=options.fmin, fmax=options.highest, dtype=np.float64)
    empty = np.flatnonzero(~bank.any(axis=1))
    if len(empty):
        raise ParameterError(f"{where}.mels", expected="bands that each hold a line of the spectrum",
                             got=f"{options.mels}, of which {len(empty)} hold none, the first at {empty[0]}",
                             hint=f"Choose fewer mels, or an fft beyond {options.transform}.")
    return bank
