"""Arrays on the bus change no more: one that somebody may still write to is copied when it is published.

They lie in C order there, as they do in a checkpoint and in another process: sums depend on the order in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from sys import getrefcount
from typing import Any

import numpy as np

__all__ = ["copied", "own"]


def own(value: np.ndarray, inputs: Mapping[str, Any], alone: bool) -> np.ndarray:
    """Return `value`, read-only, where it lies in C order and nobody else can write to its memory, else a copy.

    Its memory is safe if it came over the bus, or if the only one who refers to it (`alone`: nobody but the publisher
    holds `value`) is about to let go of it. A view counts as one who refers to the array it shows.

    Parameters
    ----------
    value : numpy.ndarray
        What is to be published.
    inputs : mapping
        What its zone has read at this tick; it may hand on any of it, whole or in part.
    alone : bool
        Whether nobody holds `value` itself but he who publishes it.
    """
    if not value.flags.c_contiguous:
        return copied(value)
    # The memory of a temporary, as of `(a @ b)[0]`: the view alone holds it, and the argument of getrefcount. A view of
    # a small part is copied, or whoever keeps it would keep the whole.
    if (alone and type(value.base) is np.ndarray and value.base.base is None and getrefcount(value.base) <= 2
            and 2 * value.nbytes >= value.base.nbytes):
        value.base.setflags(write=False)
        value.setflags(write=False)
        return value
    for given in _arrays(inputs):
        if given is value or (value.base is not None and (value.base is given or value.base is given.base)):
            value.setflags(write=False)
            return value
    return copied(value)


def copied(value: np.ndarray) -> np.ndarray:
    """Return a read-only copy, in C order."""
    copy = value.copy()
    copy.setflags(write=False)
    return copy


def _arrays(inputs: Mapping[str, Any]) -> Iterator[np.ndarray]:
    for value in inputs.values():
        if type(value) is np.ndarray:
            yield value
        elif isinstance(value, Mapping):
            yield from _arrays(value)
        elif type(value) is tuple:
            yield from (part for part in value if type(part) is np.ndarray)
