"""Sound that comes in chunks: what is left of one is carried over to the next."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import SignalError, StateError
from aura.core.lasting import Free, Stateful
from aura.core.time import Time, format_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.sensory.mel import LogMel

__all__ = ["ChunkedFrames"]


class ChunkedFrames(Stateful):
    """Cuts a stream of chunks into frames; wherever the stream is cut, the frames are the same to the bit.

    Chunks follow on each other unless their positions say otherwise: a chunk whose position is not its predecessor's
    plus one begins anew, and no frame spans the break. So does a recording, whose first chunk has the position 0.

    Parameters
    ----------
    mel : LogMel
        What makes frames of samples.

    Notes
    -----
    A frame of `window` samples is due when its last sample has come, `hop` samples after the frame before. A
    recording's first (window - 1) // chunk chunks therefore bring none.
    """

    lasting = (Free("_tail", 0), "_position")

    def __init__(self, mel: LogMel) -> None:
        self._mel = mel
        self._tail: NDArray[np.float32] = np.empty(0, np.float32)
        self._position: int | None = None

    def take(self, chunks: NDArray[np.float32], positions: NDArray[np.int64] | None,
             where: str = "audio", now: Time = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the frames that have become whole.

        Parameters
        ----------
        chunks : ndarray, shape (item, sample), float32
            In the order in which they were recorded.
        positions : ndarray, shape (item,), int64, optional
            The number of each chunk within its recording; without it they follow on what came before.
        where : str
            What errors call the chunks.
        now : int, ns
            The instant that errors name.

        Returns
        -------
        frames : ndarray, shape (frame, mel), float32
        items : ndarray, shape (frame,), int64
            For each frame the index of the chunk that brought its last sample.

        Raises
        ------
        SignalError
            If there is not one position for each chunk.
        """
        begins = self._breaks(len(chunks), positions, where, now)
        frames, items = [], []
        for start, stop in pairwise([*begins, len(chunks)]):
            if start or (positions is not None and len(chunks) and self._breaks_off(int(positions[0]))):
                self._tail = np.empty(0, np.float32)
            found, ended = self._follow(chunks[start:stop])
            frames.append(found)
            items.append(ended + start)
        if len(chunks):
            self._position = None if positions is None else int(positions[-1])
        return (frames[0], items[0]) if len(frames) == 1 else (np.concatenate(frames), np.concatenate(items))

    def before_load(self, state: dict[str, Any]) -> None:
        if len(state["tail"]) >= self._mel.window:
            raise StateError("sensory.audio", expected=f"fewer than {self._mel.window} samples, a window",
                             got=f"{len(state['tail'])}", hint="Resume with the window that it was saved with.")

    def _follow(self, chunks: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        mel, waiting = self._mel, len(self._tail)
        samples = np.concatenate((self._tail, chunks.reshape(-1)))
        frames = mel.frames(samples)
        self._tail = samples[len(frames) * mel.hop:].copy()
        last = np.arange(len(frames), dtype=np.int64) * mel.hop + (mel.window - 1 - waiting)
        return frames, last // max(1, chunks.shape[1])

    def _breaks(self, items: int, positions: NDArray[np.int64] | None, where: str, now: Time) -> list[int]:
        """Return the indices of the chunks at which a run of chunks begins; 0 is always one."""
        if positions is None:
            return [0]
        if len(positions) != items:
            raise SignalError(f"{where}_position at {format_time(now)}", got=str(len(positions)),
                              expected=f"{items} positions, one a chunk",
                              hint="Wire both from one stream, with one delay.")
        if items < 2:
            return [0]
        breaks = (np.diff(positions) != 1) | (positions[1:] == 0)
        return [0, *(np.flatnonzero(breaks) + 1).tolist()]

    def _breaks_off(self, position: int) -> bool:
        return position == 0 or (self._position is not None and position != self._position + 1)
