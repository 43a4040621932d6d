"""When the next rolling row is due: every so many items, or every so much simulated time."""

from __future__ import annotations

from typing import Any

from aura.core.errors import AuraError
from aura.core.time import Time, parse_time

__all__ = ["AUTO", "Cadence", "checked_every", "checked_span"]

AUTO = "auto"

AUTO_LEAST, AUTO_MOST, AUTO_SHARE = 25, 250, 4
"""Items from row to row: a quarter of those seen, within these bounds. Tuned here: a run of 500 items gets ten points,
and rows of 3 ms stay under 3 % of a run at 500 items a second."""


def checked_every(value: Any) -> int | str:
    """Return `value` if it is a count of items above zero, ``"auto"``, or a time such as ``"1 s"``.

    Raises
    ------
    AuraError
        If it is none of these.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str):
        return value if value == AUTO else checked_span(value)
    raise _EveryError("every", expected="a number of items above zero, 'auto', or a time such as '1 s'",
                      got=repr(value))


def checked_span(value: str) -> str:
    """Return `value` if it is a time above zero."""
    if parse_time(value, "every") > 0:
        return value
    raise _EveryError("every", expected="a time above zero", got=repr(value))


class _EveryError(AuraError, ValueError):
    """So that pydantic reports it as a value error of its option."""


class Cadence:
    """Rows every so many items of a phase, or every so much simulated time.

    Parameters
    ----------
    every : int or str
        A number of items, a time, or ``"auto"``: every 25 items at first, later every 250.

    Examples
    --------
    >>> cadence = Cadence(3)
    >>> [cadence.due(items, time=0) for items in (1, 2, 3, 4, 5, 6)]
    [False, False, True, False, False, True]
    """

    def __init__(self, every: int | str) -> None:
        self._items = every if isinstance(every, int) else AUTO_LEAST if every == AUTO else 0
        self._grows = every == AUTO
        self._span: Time = 0 if self._items else parse_time(every)
        self.next = self._items or self._span

    def due(self, items: int, time: Time) -> bool:
        """Return whether a row is due after `items` items of this phase, at `time`; it is due once."""
        reached = items if self._items else time
        if reached < self.next:
            return False
        if self._grows:
            self.next = items + min(max(items // AUTO_SHARE, AUTO_LEAST), AUTO_MOST)
        else:
            step = self._items or self._span
            self.next = (reached // step + 1) * step
        return True

    def new_phase(self, time: Time) -> None:
        """Begin to count again: items from zero, time from the next whole multiple."""
        self.next = self._items or (time // self._span + 1) * self._span
