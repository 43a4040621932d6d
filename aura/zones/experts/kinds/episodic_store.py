"""A bounded memory of what happened: keys of episodes, their classes, and the nearest of them to a new key."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError, StateError
from aura.zones.experts.kinds.expert import Rows

__all__ = ["EpisodicStore", "Recall"]

Integers = NDArray[np.int64]

FIRST_ROOM = 256
"""Episodes that there is room for at first; it doubles up to the capacity."""


class Recall(NamedTuple):
    """The nearest episodes to each of n keys, nearest first; of equals, the one in the lower slot first."""

    slots: Integers
    """(n, k), where they are in the store; k is smaller than asked for while the store holds fewer."""
    distances: Rows
    """(n, k), squared Euclidean distances."""


class EpisodicStore:
    """Keys and what happened, the oldest forgotten first.

    Parameters
    ----------
    dims : int
        Numbers in a key.
    capacity : int
        Episodes that it holds at most; the next one takes the place of the oldest.

    Raises
    ------
    ParameterError
        If faiss is not installed.

    Notes
    -----
    The search is exact, over all keys: an approximate index (HNSW) can forget nothing, and its graph depends on the
    threads that built it. The distances of what was found are computed again, in one order, so their bits do not
    depend on how many keys were asked for at once.

    References
    ----------
    M. Douze et al., The Faiss library, 2024, arXiv:2401.08281. A. Pritzel et al., Neural episodic control, ICML 2017,
    arXiv:1703.01988, section 3 (a bounded dictionary of keys, and a vote of the nearest).

    Examples
    --------
    >>> store = EpisodicStore(dims=2, capacity=3)
    >>> store.add(np.eye(2, dtype=np.float32), np.array([5, 6]), np.ones(2, np.float32))
    >>> recall = store.recall(np.array([[0.9, 0.0]], np.float32), 1)
    >>> store.classes[recall.slots].tolist()
    [[5]]
    """

    def __init__(self, dims: int, capacity: int) -> None:
        self.dims, self.capacity = dims, capacity
        self._faiss = _faiss()
        self._make_room(min(FIRST_ROOM, capacity))
        self._count = self._learned = 0

    def _make_room(self, room: int) -> None:
        self._keys: Rows = np.zeros((room, self.dims), np.float32)
        self._classes: Integers = np.zeros(room, np.int64)
        self._weights: Rows = np.zeros(room, np.float32)
        self._times: Integers = np.zeros(room, np.int64)

    def __len__(self) -> int:
        return self._count

    @property
    def classes(self) -> Integers:
        """The class of the episode in each slot."""
        return self._classes[: self._count]

    @property
    def weights(self) -> Rows:
        """How much the episode in each slot counts."""
        return self._weights[: self._count]

    @property
    def times(self) -> Integers:
        """How many episodes were learned before the one in each slot."""
        return self._times[: self._count]

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._keys.nbytes + self._classes.nbytes + self._weights.nbytes + self._times.nbytes

    def add(self, keys: Rows, classes: Integers, weights: Rows) -> None:
        """Remember episodes.

        Parameters
        ----------
        keys : array (n, dims)
            What each is found by.
        classes : array (n,)
            What happened.
        weights : array (n,)
            How much each counts.
        """
        count = len(keys)
        self._grow(min(self._learned + count, self.capacity))
        recent = slice(max(0, count - self.capacity), count)
        times = self._learned + np.arange(count)[recent]
        slots = times % self.capacity
        self._keys[slots], self._classes[slots] = keys[recent], classes[recent]
        self._weights[slots], self._times[slots] = weights[recent], times
        self._learned += count
        self._count = min(self._learned, self.capacity)

    def _grow(self, needed: int) -> None:
        room = len(self._keys)
        if needed <= room:
            return
        while room < needed:
            room = min(2 * room, self.capacity)
        kept = slice(0, self._count)
        keys, classes, weights, times = self._keys, self._classes, self._weights, self._times
        self._make_room(room)
        self._keys[kept], self._classes[kept] = keys[kept], classes[kept]
        self._weights[kept], self._times[kept] = weights[kept], times[kept]

    def recall(self, keys: Rows, nearest: int) -> Recall:
        """Return the nearest episodes to keys (n, dims)."""
        found = min(nearest, self._count)
        if not found or not len(keys):
            return Recall(np.empty((len(keys), found), np.int64), np.empty((len(keys), found), np.float32))
        held = self._keys[: self._count]
        _, slots = self._faiss.knn(np.ascontiguousarray(keys, dtype=np.float32), held, found)
        distances = ((held[slots] - keys[:, None, :]) ** 2).sum(axis=2)
        order = np.lexsort((slots, distances), axis=1)
        return Recall(np.take_along_axis(slots, order, axis=1), np.take_along_axis(distances, order, axis=1))

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as arrays."""
        return {"told": self._learned, "keys": self._keys[: self._count].copy(), "classes": self.classes.copy(),
                "weights": self.weights.copy(), "times": self.times.copy()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        StateError
            If a part is missing or does not fit.
        """
        try:
            learned, keys = int(state["told"]), np.asarray(state["keys"])
            values = [np.asarray(state[name]) for name in ("classes", "weights", "times")]
        except (KeyError, TypeError, ValueError) as error:
            raise StateError("episodes", expected="told, keys, classes, weights and times",
                             got=f"{type(error).__name__}: {error}") from error
        count = min(learned, self.capacity)
        if keys.shape != (count, self.dims) or any(value.shape != (count,) for value in values):
            raise StateError("episodes.keys", expected=f"({count}, {self.dims}), and as many of each value",
                             got=f"{keys.shape} and {', '.join(str(value.shape) for value in values)}",
                             hint="It was saved with another capacity or size of key.")
        room = min(FIRST_ROOM, self.capacity)
        while room < count:
            room = min(2 * room, self.capacity)
        self._make_room(room)
        self._learned, self._count, self._keys[:count] = learned, count, keys
        self._classes[:count], self._weights[:count], self._times[:count] = values


def _faiss() -> Any:
    try:
        with warnings.catch_warnings():
            # Its generated wrappers announce, on some versions of Python, that their types lack __module__.
            warnings.filterwarnings("ignore", message=r"builtin type .* has no __module__", category=DeprecationWarning)
            import faiss
    except ImportError as error:
        raise ParameterError("episodic", expected="the package faiss", got=str(error),
                             hint="pip install faiss-cpu") from error
    return faiss
