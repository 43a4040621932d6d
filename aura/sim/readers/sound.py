"""One audio file: what it holds, whether it is whole, and its samples."""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from aura.core.blame import message_of
from aura.core.errors import StreamError
from aura.sim.readers.bad import BadValue
from aura.sim.readers.sound_header import ends_its_stream, header_samples, missing_bytes, tells_its_frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["BLOCK_SAMPLES", "Beyond", "SoundBlocks", "SoundInfo", "inspect_sound"]

BLOCK_SAMPLES = 1 << 14
"""Samples decoded at once (tuned here: a file's opening, 50 us, is spread over 200 frames of 10 ms at 8 kHz, and a
frame out of the middle of a file costs no more than the opening)."""

_log = logging.getLogger("aura.streams")
Beyond: TypeAlias = Literal["refuse", "scale", "clip"]
"""What is done with a file whose float samples go beyond -1..1."""
_CHECKED = frozenset(("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "NIST", "FLAC", "OGG", "MP3"))
"""The formats of which it can be told whether a file is whole."""
_BYTE_BY_BYTE = frozenset(("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"))
"""Encodings in which whatever bytes there are can be decoded."""
_CONVERT = "Convert it to wav (PCM) or flac."


@dataclass(frozen=True)
class SoundInfo:
    """What an audio file holds; its samples are multiplied by `gain`. `stamp` tells whether it is still the same."""

    path: Path
    rate_hz: int
    channels: int
    samples: int
    stamp: tuple[int, int]
    gain: float = 1.0


def inspect_sound(path: Path, beyond: Beyond = "refuse") -> SoundInfo:
    """Return what a file holds; BadValue if it is no audio file, truncated, damaged, empty, too loud or holds NaN."""
    soundfile = _soundfile()
    if path.exists() and not path.is_file():  # a pipe would be waited for, /dev/zero has no end
        raise BadValue("a regular file", "a device, a pipe or a socket")
    try:
        missing = missing_bytes(path)
        if missing is not None:
            raise BadValue(f"{missing[0]} bytes of samples, as its header says", f"{missing[1]} bytes: it is truncated")
        with soundfile.SoundFile(path) as sound:
            info = SoundInfo(path, sound.samplerate, sound.channels, sound.frames, _stamp(path))
            _check_format(sound, path)
            if info.samples < 1:
                raise _no_samples(path)
            if sound.subtype not in _BYTE_BY_BYTE or sound.format == "FLAC":
                _check_decoded(sound, path)
            peak = _peak(sound) if sound.subtype in ("FLOAT", "DOUBLE") else 1.0
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, BadValue):
            raise
        raise BadValue("an audio file", _message(error)) from error
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
    peaks = [float(np.abs(block).max()) for block in _blocks(sound, "float64") if len(block)]
    return float(np.max(peaks)) if peaks else 0.0


def _blocks(sound: Any, dtype: str) -> Iterator[np.ndarray]:
    """Return the samples of a file, in the blocks in which they are played, to the first that cannot be read whole."""
    # Not `SoundFile.blocks`, which takes as many samples as the header says, whether they could be read or not.
    for start in range(0, sound.frames, BLOCK_SAMPLES):
        count = min(BLOCK_SAMPLES, sound.frames - start)
        block = sound.read(count, dtype=dtype, always_2d=True)
        yield block
        if len(block) < count:
            return


def _check_format(sound: Any, path: Path) -> None:
    """Raise BadValue where it cannot be told whether a file is whole, or where its samples cannot be sought."""
    if sound.format not in _CHECKED:
        raise BadValue("wav, flac, ogg or another format whose length can be checked", sound.format_info, _CONVERT)
    if not sound.seekable():
        raise BadValue("samples that can be read from any place on", sound.subtype_info, _CONVERT)
    if sound.format == "OGG" and not ends_its_stream(path):
        raise BadValue("a last page that ends the stream", "none: it is truncated")
    if sound.format == "MP3" and not tells_its_frames(path):
        raise BadValue("an MP3 file that says how many frames it has", "none: it has no Xing header", _CONVERT)


def _no_samples(path: Path) -> BadValue:
    counted = header_samples(path)
    behind = counted[1] if counted is not None and counted[0] == 0 else 0
    return BadValue("at least one sample", f"none by its header, and {behind} bytes behind it",
                    "If the program that wrote it was broken off, write the header anew (sox --ignore-length).") \
        if behind else BadValue("at least one sample", "none")


def _check_decoded(sound: Any, path: Path) -> None:
    """Raise BadValue unless a file can be decoded to its end, and a FLAC file to what was encoded, if it says so."""
    total, count = hashlib.md5(usedforsecurity=False), 0
    exact = sound.format == "FLAC" and sound.subtype == "PCM_16"
    for block in _blocks(sound, "int16" if exact else "float32"):
        count += len(block)
        if exact:
            total.update(np.ascontiguousarray(block, "<i2").tobytes())
    if count != sound.frames:
        raise BadValue(f"{sound.frames} samples, as its header says", f"{count}: it is truncated")
    if not exact:
        return
    with path.open("rb") as file:  # the first block of metadata tells the MD5 of the samples in its last 16 bytes
        digest = file.read(4 + 4 + 34)[-16:]
    if any(digest) and digest != total.digest():
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
            If the file is no longer the one that was indexed, or cannot be read.
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
        count = min(self._block, info.samples - start)
        try:
            found, samples = _read(info.path, start, count)
            mono = _mono(samples if info.gain == 1.0 else samples * np.float32(info.gain), self._channel)
        except (OSError, RuntimeError, ValueError, IndexError) as error:
            raise _unread(info, _message(error)) from error
        if found != info.samples:
            raise _unread(info, f"{found} samples where there were {info.samples}")
        if len(mono) < count:
            raise _unread(info, f"{len(mono)} samples of {count}")
        clipped: np.ndarray = np.clip(mono, -1.0, 1.0)
        return clipped


def _read(path: Path, start: int, count: int) -> tuple[int, np.ndarray]:
    """Return how many samples a file has, and `count` of them from `start` on, float32 (sample, channel)."""
    soundfile = _soundfile()
    with soundfile.SoundFile(path) as sound:
        try:
            if start:
                sound.seek(start)
            samples: np.ndarray = sound.read(count, dtype="float32", always_2d=True)
            if len(samples) == count or not start:
                return sound.frames, samples
        except RuntimeError:
            if not start:
                raise
    # Its places cannot be sought, so it is read as when the stream was opened: from the beginning on.
    with soundfile.SoundFile(path) as sound:
        for first in range(0, start, BLOCK_SAMPLES):
            sound.read(min(BLOCK_SAMPLES, start - first), dtype="float32")
        return sound.frames, sound.read(count, dtype="float32", always_2d=True)


def _mono(samples: np.ndarray, channel: Literal["mix"] | int) -> np.ndarray:
    if channel == "mix" and samples.shape[1] > 1:
        return np.asarray(samples.mean(axis=1))
    # Of a single channel the mean is itself, and numpy would take it sample by sample.
    return np.asarray(samples[:, 0 if channel == "mix" else channel])


def _unread(info: SoundInfo, got: str) -> StreamError:
    """Return the error of a file that could be read when the stream was opened."""
    try:
        same = _stamp(info.path) == info.stamp
    except OSError:
        same = False
    if same:
        return StreamError(info.path.name, expected="samples that can be decoded", got=got)
    return StreamError(info.path.name, expected="the audio file that was indexed", got=got,
                       hint="It was changed or removed after the stream was opened.")


def _stamp(path: Path) -> tuple[int, int]:
    """Return what is another when a file is changed: its time in nanoseconds and its bytes."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _message(error: Exception) -> str:
    return message_of(error).rstrip(".")


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise StreamError("wav", expected="the package soundfile, which reads audio files", got=str(error),
                          hint="Try: pip install soundfile") from error
    return soundfile
