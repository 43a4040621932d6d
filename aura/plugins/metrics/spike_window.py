"""The spikes of the last stretch of time, as many as there is room for."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import numpy as np

from aura.core.time import Time

__all__ = ["SpikeWindow"]


class _Block(NamedTuple):
    """The spikes of one tick: its instant, the cells, and the spikes' times in ns."""

    end: Time
    cells: np.ndarray
    times: np.ndarray


class SpikeWindow:
    """Spikes by tick, the oldest leave; they are kept as they came, without a copy.

    Parameters
    ----------
    span : int
        Nanoseconds that it reaches back from the newest tick.
    most : int
        Spikes at most; beyond them it reaches less far back.
    """

    def __init__(self, span: Time, most: int) -> None:
        self.span, self.most, self.since = span, most, 0
        self._blocks: deque[_Block] = deque()
        self._spikes = 0

    def add(self, now: Time, cells: np.ndarray, times: np.ndarray) -> None:
        """Take the spikes of one tick: cells, and times in nanoseconds."""
        blocks = self._blocks
        blocks.append(_Block(now, cells, times))
        self._spikes += len(cells)
        start = now - self.span
        while len(blocks) > 1 and (blocks[0].end <= start or self._spikes > self.most):
            gone = blocks.popleft()
            self._spikes -= len(gone.cells)
            self.since = gone.end

    def clear(self, now: Time) -> None:
        """Forget all, and reach back to `now` at most."""
        self._blocks.clear()
        self._spikes, self.since = 0, now

    def seen_from(self, now: Time) -> tuple[Time, np.ndarray, np.ndarray]:
        """Return where the window begins, seen from `now`, and the cells and times in it, int64 (spike,) each."""
        start = max(self.since, now - self.span)
        if not self._blocks:
            return start, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        cells = np.concatenate([block.cells for block in self._blocks], dtype=np.int64)
        times = np.concatenate([block.times for block in self._blocks])
        inside = times > start
        return start, cells[inside], times[inside]

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        blocks = self._blocks
        return {"since": self.since, "ends": np.array([block.end for block in blocks], dtype=np.int64),
                "lengths": np.array([len(block.cells) for block in blocks], dtype=np.int64),
                "cells": np.concatenate([block.cells for block in blocks]) if blocks else None,
                "times": np.concatenate([block.times for block in blocks]) if blocks else None}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.since, self._spikes = state["since"], int(state["lengths"].sum())
        self._blocks = deque()
        if state["cells"] is not None:
            cuts = np.cumsum(state["lengths"])[:-1]
            parts = np.split(state["cells"], cuts), np.split(state["times"], cuts)
            self._blocks.extend(map(_Block, state["ends"].tolist(), *parts))
