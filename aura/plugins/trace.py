"""Prints what plugins are asked and how long they take over it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, TextIO

import pluggy

__all__ = ["Trace"]


class Trace:
    """Prints one line a hook call: plugin, hook, milliseconds, and what it raised if it did.

    `before` is what ``pluggy.PluginManager.add_hookcall_monitoring`` takes.

    Parameters
    ----------
    out : TextIO, optional
        Where to; by default standard error, as it is at the time of the call.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self._begun: list[float] = []

    def before(self, hook: str, impls: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None:
        """Note that a hook is called; one may call another."""
        self._begun.append(perf_counter())

    @contextmanager
    def around(self, plugin: str, what: str) -> Iterator[None]:
        """Time what is done within, beside hook calls, and print the line."""
        self._begun.append(perf_counter())
        try:
            yield
        except BaseException as error:
            self.after(plugin, what, error)
            raise
        self.after(plugin, what, None)

    def after(self, plugin: str, what: str, error: BaseException | None) -> None:
        """Print what has become of it."""
        spent_ms = (perf_counter() - self._begun.pop()) * 1e3
        end = "" if error is None else f"  raised {type(error).__name__}"
        print(f"plugins: {plugin}  {what}  {spent_ms:.2f} ms{end}", file=self._out or sys.stderr)
