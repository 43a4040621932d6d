"""One audio file: what it holds, whether it is whole, and its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aura.core.errors import StreamError
from aura.sim.readers.bad import BadValue

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SoundInfo", "inspect_sound", "read_sound"]

_UNKNOWN_SIZE = 0xFFFFFFFF
"""What a writer to a pipe leaves in the size of a chunk that it could not know."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class SoundInfo:
    """What an audio file holds."""

    path: Path
    rate_hz: int
    channels: int
    samples: int


def inspect_sound(path: Path) -> SoundInfo:
    """Return what a file holds; BadValue if it is no audio file, truncated, empty or holds NaN."""
    soundfile = _soundfile()
    try:
        missing = _missing_bytes(path)
        if missing is not None:
            raise BadValue(f"{missing[0]} bytes of samples, as its header says", f"{missing[1]} bytes: it is truncated")
        with soundfile.SoundFile(path) as sound:
            info = SoundInfo(path, sound.samplerate, sound.channels, sound.frames)
            finite = sound.subtype not in ("FLOAT", "DOUBLE") or all(
                np.isfinite(block).all() for block in sound.blocks(_BLOCK, dtype="float32"))
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, BadValue):
            raise
        raise BadValue("an audio file", str(error)) from error
    if not finite:
        raise BadValue("finite samples", "NaN or an infinity")
    if info.samples < 1:
        raise BadValue("at least one sample", "none")
    return info


def read_sound(
    path: Path, starts: np.ndarray, audio: np.ndarray, places: np.ndarray, channel: Literal["mix"] | int
) -> None:
    """Read a frame from each start into the rows of `audio` at `places`; what lies past the end stays zero.

    Parameters
    ----------
    starts : array of int64, (frames,)
        First sample of each frame.
    audio : array of float32, (rows, samples)
        Written: rows `places`, in -1..1.
    """
    soundfile = _soundfile()
    try:
        with soundfile.SoundFile(path) as sound:
            for start, place in zip(starts.tolist(), places.tolist(), strict=True):
                sound.seek(start)
                block = sound.read(audio.shape[1], dtype="float32", always_2d=True)
                mono = block.mean(axis=1) if channel == "mix" else block[:, channel]
                np.clip(mono, -1.0, 1.0, out=audio[place, : len(mono)])
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise StreamError(path.name, expected="the audio file that was indexed", got=str(error),
                          hint="Has it been changed since the stream was opened?") from error


def _missing_bytes(path: Path) -> tuple[int, int] | None:
    # libsndfile reads a truncated file to its end without a word, so the sizes are compared here.
    size = path.stat().st_size
    with open(path, "rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        place = 12
        while len(chunk := stream.read(8)) == 8:
            place += 8
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                here = size - place
                return (length, here) if length != _UNKNOWN_SIZE and here < length else None
            place += length + length % 2
            stream.seek(place)
    return None


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise StreamError("wav", expected="the package soundfile, which reads audio files", got=str(error),
                          hint="Try: pip install soundfile") from error
    return soundfile
