"""Prints what plugins are asked and how long they take over it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TextIO

__all__ = ["Trace"]


class Trace:
    """Prints one line a hook call: plugin, hook, milliseconds, and what it raised if it did.

    Parameters
    ----------
    out : TextIO, optional
        Where to; by default standard error, as it is at the time of the call.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out

    @contextmanager
    def around(self, plugin: str, what: str) -> Iterator[None]:
        """Time what is done within and print the line."""
        start, end = perf_counter(), ""
        try:
            yield
        except BaseException as error:
            end = f"  raised {type(error).__name__}"
            raise
        finally:
            spent_ms = (perf_counter() - start) * 1e3
            print(f"plugins: {plugin}  {what}  {spent_ms:.2f} ms{end}", file=self._out or sys.stderr)
