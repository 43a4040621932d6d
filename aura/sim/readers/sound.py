"""One audio file: what it holds, whether it is whole, and its samples."""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from aura.core.errors import StreamError
from aura.sim.readers.bad import BadValue
from aura.sim.readers.sound_header import missing_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["BLOCK_SAMPLES", "Beyond", "SoundBlocks", "SoundInfo", "inspect_sound"]

BLOCK_SAMPLES = 1 << 14
"""Samples decoded at once (tuned here: a file's opening, 50 us, is spread over 200 frames of 10 ms at 8 kHz, and a
frame out of the middle of a file costs no more than the opening)."""

_log = logging.getLogger("aura.streams")
Beyond: TypeAlias = Literal["refuse", "scale", "clip"]
"""What is done with a file whose float samples go beyond -1..1."""
_CHECKED_SAMPLES = 1 << 20


@dataclass(frozen=True)
class SoundInfo:
    """What an audio file holds; its samples are multiplied by `gain`."""

    path: Path
    rate_hz: int
    channels: int
    samples: int
    gain: float = 1.0


def inspect_sound(path: Path, beyond: Beyond = "refuse") -> SoundInfo:
    """Return what a file holds; BadValue if it is no audio file, truncated, damaged, empty, too loud or holds NaN."""
    soundfile = _soundfile()
    if path.exists() and not path.is_file():  # a pipe would be waited for, /dev/zero has no end
        raise BadValue("a regular file", "a folder" if path.is_dir() else "a device, a pipe or a socket")
    try:
        missing = missing_bytes(path)
        if missing is not None:
            raise BadValue(f"{missing[0]} bytes of samples, as its header says", f"{missing[1]} bytes: it is truncated")
        with soundfile.SoundFile(path) as sound:
            info = SoundInfo(path, sound.samplerate, sound.channels, sound.frames)
            if info.samples < 1:
                raise BadValue("at least one sample", "none")
            if sound.format == "FLAC":
                _check_flac(sound, path)
            peak = _peak(sound) if sound.subtype in ("FLOAT", "DOUBLE") else 1.0
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, BadValue):
            raise
        raise BadValue("an audio file", str(error)) from error
    if not math.isfinite(peak):
        raise BadValue("finite samples", "NaN or an infinity")
    if peak <= 1.0:
        return info
    if beyond == "refuse":
        raise BadValue("samples from -1 to 1", f"a peak of {peak:.7g}", 'Set beyond = "scale" or "clip".')
    _log.warning("%s: a peak of %.7g is %s", path.name, peak, "scaled to 1" if beyond == "scale" else "clipped")
    return replace(info, gain=1.0 / peak) if beyond == "scale" else info


def _peak(sound: Any) -> float:
    """Return the largest magnitude of a file's samples, NaN or infinite if any is."""
    peaks = [float(np.abs(block).max()) for block in sound.blocks(_CHECKED_SAMPLES, dtype="float64") if len(block)]
    return float(np.max(peaks)) if peaks else 0.0


def _check_flac(sound: Any, path: Path) -> None:
    """Raise BadValue unless a FLAC file can be decoded to its end, and to what was encoded, as far as it says."""
    total, count = hashlib.md5(usedforsecurity=False), 0
    exact = sound.subtype == "PCM_16"
    for block in sound.blocks(_CHECKED_SAMPLES, dtype="int16" if exact else "float32"):
        count += len(block)
        if exact:
            total.update(np.ascontiguousarray(block, "<i2").tobytes())
    if count != sound.frames:
        raise BadValue(f"{sound.frames} samples, as its header says", f"{count}: it is truncated")
    with path.open("rb") as file:  # the first block of metadata tells the MD5 of the samples in its last 16 bytes
        said = file.read(4 + 4 + 34)[-16:]
    if exact and any(said) and said != total.digest():
        raise BadValue("the samples that were encoded, by their MD5", "others: it is damaged")


class SoundBlocks:
    """Samples of audio files, decoded block by block; the latest blocks are kept.

    Rows that follow on each other so cost one opening of their file for many of them. The blocks lie on a grid that
    begins with each file, hence a sample has the same bits whatever was read before it. No file is left open, and
    several threads may read at once.

    Parameters
    ----------
    sounds : sequence of SoundInfo
        The files, as `inspect_sound` found them.
    channel : "mix" or int
        The mean of the channels, or one of them.
    block : int
        Samples in a block.
    kept : int
        How many blocks are kept.
    """

    def __init__(self, sounds: Sequence[SoundInfo], channel: Literal["mix"] | int, *, block: int = BLOCK_SAMPLES,
                 kept: int = 2) -> None:
        self._sounds, self._channel, self._block, self._kept = tuple(sounds), channel, block, kept
        self._latest: tuple[tuple[int, int, np.ndarray], ...] = ()

    def read(self, file: int, start: int, out: np.ndarray) -> None:
        """Write the samples of a file from `start` on, in -1..1, into `out`; past the file's end it stays as it is.

        Raises
        ------
        StreamError
            If the file is no longer the one that was indexed.
        """
        stop = min(start + len(out), self._sounds[file].samples)
        for number in range(start // self._block, (stop - 1) // self._block + 1):
            first = number * self._block
            block = self._get(file, number)
            low, high = max(start, first), min(stop, first + len(block))
            if low < high:
                out[low - start:high - start] = block[low - first:high - first]

    def _get(self, file: int, number: int) -> np.ndarray:
        latest = self._latest
        for kept_file, kept_number, block in latest:
            if kept_file == file and kept_number == number:
                return block
        block = self._decode(self._sounds[file], number * self._block)
        # One assignment of a new tuple, so that a thread that reads meanwhile sees the old one or the new one, whole.
        self._latest = ((file, number, block), *latest)[:self._kept]
        return block

    def _decode(self, info: SoundInfo, start: int) -> np.ndarray:
        soundfile = _soundfile()
        count = min(self._block, info.samples - start)
        try:
            with soundfile.SoundFile(info.path) as sound:
                found = sound.frames
                if start:
                    sound.seek(start)
                samples: np.ndarray = sound.read(count, dtype="float32", always_2d=True)
                mono = _mono(samples if info.gain == 1.0 else samples * np.float32(info.gain), self._channel)
        except (OSError, RuntimeError, ValueError, IndexError) as error:
            raise _changed(info, str(error)) from error
        if found != info.samples:
            raise _changed(info, f"{found} samples where there were {info.samples}")
        clipped: np.ndarray = np.clip(mono, -1.0, 1.0)
        return clipped


def _mono(samples: np.ndarray, channel: Literal["mix"] | int) -> np.ndarray:
    if channel == "mix" and samples.shape[1] > 1:
        return np.asarray(samples.mean(axis=1))
    # Of a single channel the mean is itself, and numpy would take it sample by sample.
    return np.asarray(samples[:, 0 if channel == "mix" else channel])


def _changed(info: SoundInfo, got: str) -> StreamError:
    return StreamError(info.path.name, expected="the audio file that was indexed", got=got,
                       hint="Has it been changed since the stream was opened?")


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise StreamError("wav", expected="the package soundfile, which reads audio files", got=str(error),
                          hint="Try: pip install soundfile") from error
    return soundfile
