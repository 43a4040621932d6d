"""A few threads that run the parts of one kernel side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aura.core.errors import ParameterError

__all__ = ["WORTHWHILE_NS", "Workers", "even_bounds"]

WORTHWHILE_NS = 100_000.0
"""Work of one thread from which on it is cut (tuned here, on two cores: it takes some 20 us to wake a thread and wait
for it, so that 53 us of work by one thread take 60 by two, 92 take 84, 173 take 136, and 717 take 381)."""


class Workers:
    """Runs the parts of a kernel, one on the calling thread and the others on threads of its own.

    The parts of a call must write to different places; then their bits do not depend on how many there are.

    Parameters
    ----------
    threads : int
        How many parts run at once, at least 1; with 1 no thread is ever started.

    Raises
    ------
    ParameterError
        If `threads` is less than 1.
    """

    def __init__(self, threads: int = 1) -> None:
        if threads < 1:
            raise ParameterError("fabric.threads", expected="an integer from 1 up", got=repr(threads))
        self.threads = threads
        self._pool: ThreadPoolExecutor | None = None

    def run(self, function: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> None:
        """Call `function` once for each tuple of arguments and return when all are done."""
        if len(parts) <= 1 or self.threads == 1:
            for part in parts:
                function(*part)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="fabric-tissue")
        waiting = [self._pool.submit(function, *part) for part in parts[1:]]
        try:
            function(*parts[0])
        finally:
            problems = [future.exception() for future in waiting]
        for problem in problems:
            if problem is not None:
                raise problem

    def cut(self, count: int, work_ns: float) -> list[int]:
        """Return the bounds that cut `count` things among the threads, or leave them whole if the work is little.

        What it takes is a rough figure of the time that one thread would need; the results must not depend on it.
        """
        return even_bounds(count, self.threads if work_ns >= WORTHWHILE_NS else 1)

    def close(self) -> None:
        """Let go of the threads; a later call starts new ones."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def even_bounds(count: int, parts: int) -> list[int]:
    """Return the `parts` + 1 bounds that cut `count` things evenly.

    Examples
    --------
    >>> even_bounds(10, 3)
    [0, 3, 6, 10]
    """
    return [count * part // parts for part in range(parts + 1)]
