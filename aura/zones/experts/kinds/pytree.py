"""Flat tuples of arrays, and the nested dicts of names that they are saved as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from flax.serialization import to_state_dict
from numpy.typing import NDArray

from aura.core.errors import StateError

__all__ = ["Naming", "widened"]


class Naming:
    """How the arrays of a tree are called.

    Parameters
    ----------
    tree : pytree
        Of arrays, or of their shapes; anything that flax.serialization knows.

    Examples
    --------
    >>> naming = Naming({"head": {"bias": np.zeros(2)}})
    >>> naming.named([np.ones(2, np.float32)])
    {'head': {'bias': array([1., 1.], dtype=float32)}}
    """

    def __init__(self, tree: Any) -> None:
        leaves, structure = jax.tree.flatten(tree)
        self.shapes = [(tuple(leaf.shape), np.dtype(leaf.dtype)) for leaf in leaves]
        self._places: dict[str, Any] = to_state_dict(jax.tree.unflatten(structure, range(len(leaves))))

    def place(self, *names: str) -> int:
        """Return where an array stands."""
        found: Any = self._places
        for name in names:
            found = found[name]
        return int(found)

    def named(self, leaves: Sequence[Any]) -> dict[str, Any]:
        """Return copies of arrays by their names."""
        named: dict[str, Any] = jax.tree.map(lambda place: np.array(leaves[place]), self._places)
        return named

    def read(self, named: Any, where: str) -> list[NDArray[Any]]:
        """Return the arrays in their order.

        Raises
        ------
        StateError
            If one is missing, is not finite, or has another shape or type; names that are not known are errors too.
        """
        found: list[NDArray[Any]] = [np.empty(0)] * len(self.shapes)
        self._read(named, self._places, where, found)
        return found

    def _read(self, named: Any, places: Any, where: str, found: list[NDArray[Any]]) -> None:
        if isinstance(places, dict):
            if not isinstance(named, Mapping) or sorted(named) != sorted(places):
                got = ", ".join(sorted(map(str, named))) if isinstance(named, Mapping) else type(named).__name__
                raise StateError(where, expected=f"the names {', '.join(sorted(places))}" if places else "no names",
                                 got=got or "none")
            for name, place in places.items():
                self._read(named[name], place, f"{where}.{name}", found)
            return
        shape, dtype = self.shapes[places]
        if not isinstance(named, np.ndarray) or named.shape != shape or named.dtype != dtype:
            got = f"{named.dtype} {named.shape}" if isinstance(named, np.ndarray) else type(named).__name__
            raise StateError(where, expected=f"{dtype} {shape}", got=got)
        if not np.isfinite(named).all():
            raise StateError(where, expected="finite numbers", got="NaN or infinity")
        found[places] = named


def widened(leaves: Sequence[Any], fresh: Sequence[Any]) -> list[NDArray[Any]]:
    """Return arrays in the shapes of `fresh`, which are as wide or wider on the last axis and hold what is new."""
    wide = []
    for leaf, like in zip(leaves, fresh, strict=True):
        array = np.array(like)
        if array.ndim:
            array[..., :leaf.shape[-1]] = leaf
        else:
            array[...] = leaf
        wide.append(array)
    return wide
