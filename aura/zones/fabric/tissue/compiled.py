"""How this package compiles its kernels: cached on disk, without the interpreter's lock, and typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

__all__ = ["kernel"]

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile a kernel; it takes arrays and scalars, and what it changes comes last.

    No flag of fast arithmetic is set: the order of every sum stands in the source.
    """
    return cast(F, njit(cache=True, nogil=True)(function))
