"""One thread for the numerical library while a brain computes: how many it would take decides bits."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["one_thread"]

VARIABLE = "OPENBLAS_NUM_THREADS"
"""Read by a copy of OpenBLAS when it is loaded, which may be in the middle of a run: scipy brings a second one."""


class _Pools:
    """The thread pools of the process: they are the process's own, hence one object for all brains and threads."""

    def __init__(self) -> None:
        self._lock, self._inside, self._modules = threading.Lock(), 0, 0
        self._controller: Any = None
        self._limits: Any = None
        self._variable: str | None = None

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                if self._modules != len(sys.modules):  # what was imported since may have brought a library
                    from threadpoolctl import ThreadpoolController

                    self._controller = ThreadpoolController()
                    self._modules = len(sys.modules)
                self._limits = self._controller.limit(limits=1, user_api="blas")
                self._variable = os.environ.get(VARIABLE)
                os.environ[VARIABLE] = "1"

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limits.restore_original_limits()
                if self._variable is None:
                    os.environ.pop(VARIABLE, None)
                else:
                    os.environ[VARIABLE] = self._variable


_POOLS = _Pools()


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread of the numerical library (BLAS), whatever its variables say; then as before.

    A product of matrices that is cut among two threads adds up in another order than one that is not. Zones multiply
    small matrices, for which a second thread costs more than it brings (measured: 1 ms for a block of 32 items on one
    thread, 1 to 23 on two beside other work). It may be entered again, and by several threads at once: the first in
    sets the limit, the last out takes it away.
    """
    _POOLS.enter()
    try:
        yield
    finally:
        _POOLS.leave()
