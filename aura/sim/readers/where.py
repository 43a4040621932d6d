"""Rows chosen by what their columns say: ``where = { split = "train", speaker = ["A", "B"] }``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field as Setting
from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr

from aura.core.errors import StreamError
from aura.sim.readers.bad import Missing
from aura.sim.readers.cells import shown

__all__ = ["Chooser", "Where"]

Wanted: TypeAlias = StrictBool | StrictInt | StrictFloat | StrictStr

Where: TypeAlias = dict[str, Wanted | Annotated[tuple[Wanted, ...], Setting(min_length=1)]]
"""Column to the value that a row must have there, or to several of which it must have one; all columns must fit."""

_REMEMBERED = 50
_NAMED = 8


class Chooser:
    """Says which rows are wanted, and counts.

    A cell fits a text that it is, a number that it says, and true or false as Python or JSON writes them.

    Parameters
    ----------
    where : Where

    Examples
    --------
    >>> wanted = Chooser({"split": ["train", "dev"], "n": 2})
    >>> [wanted({"split": "dev", "n": n}.__getitem__) for n in ("2", 2.0, "3")]
    [True, True, False]
    """

    def __init__(self, where: Where) -> None:
        self._wanted = {key: tuple(value) if isinstance(value, (tuple, list)) else (value,)
                        for key, value in where.items()}
        self._seen: dict[str, Counter[str]] = {key: Counter() for key in where}
        self.chosen = self.dropped = 0

    def __call__(self, get: Callable[[str | int], object]) -> bool:
        """Return whether a row is wanted, where `get` returns the cell of a column; one that lacks a column is not."""
        for key, wanted in self._wanted.items():
            try:
                cell = get(key)
            except Missing:
                cell = None
            seen = self._seen[key]
            if (text := shown(cell)) in seen or len(seen) < _REMEMBERED:
                seen[text] += 1
            if not any(_fits(cell, value) for value in wanted):
                self.dropped += 1
                return False
        self.chosen += 1
        return True

    def check(self, name: str) -> None:
        """Raise StreamError, with what there is, if there were rows and none was wanted."""
        if self.chosen or not self.dropped:
            return
        held = "; ".join(f"{key} holds " + (", ".join(f"{cell} ({count})" for cell, count in seen.most_common(_NAMED))
                                            + (" and others" if len(seen) > _NAMED else ""))
                         for key, seen in self._seen.items() if seen)
        raise StreamError(f"{name}: where", expected=" and ".join(map(self._condition, self._wanted)),
                          got=f"none of {self.dropped} rows", hint=f"Of those looked at, {held}.")

    def _condition(self, key: str) -> str:
        return f"{key} = {' or '.join(map(repr, self._wanted[key]))}"


def _fits(cell: object, value: bool | int | float | str) -> bool:
    if isinstance(value, str):
        return str(cell) == value
    if isinstance(value, bool) or isinstance(cell, (bool, np.bool_)):
        return str(cell).lower() == str(value).lower()
    if not isinstance(cell, (str, int, float, np.integer, np.floating)):
        return False
    try:
        return float(cell) == value
    except (ValueError, OverflowError):
        return False
