"""The classes that are told apart, in the order in which they were met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError, nearest
from aura.core.time import Time, format_time

__all__ = ["Classes", "Told"]


class Told(NamedTuple):
    """What a block of label sets says."""

    rows: NDArray[np.intp]
    """Which of the items can be learned from."""
    places: NDArray[np.intp]
    """The class of each of those."""
    unknown: int
    """Labels left out because they are no class."""


class Classes:
    """Names and their places; grows by new names where it is open.

    Parameters
    ----------
    names : sequence of str
        The classes known from the start.
    open : bool
        Whether a label that is no class yet becomes one.
    on_unknown : {"stop", "skip"}
        What another label does where it cannot become one.

    Examples
    --------
    >>> classes = Classes(("0",))
    >>> classes.read([("1",), (), ("0",)], "experts.teacher").places.tolist(), classes.names
    ([1, 0], ['0', '1'])
    """

    def __init__(self, names: Sequence[str], *, open: bool = True,
                 on_unknown: Literal["stop", "skip"] = "stop") -> None:
        self._open, self._on_unknown = open, on_unknown
        self.names: list[str] = []
        self._places: dict[str, int] = {}
        self.replace(names)

    def __len__(self) -> int:
        return len(self.names)

    def replace(self, names: Sequence[str]) -> None:
        """Take these classes instead of the present ones."""
        self.names = list(names)
        self._places = {name: place for place, name in enumerate(self.names)}

    def read(self, label_sets: Sequence[tuple[str, ...]], where: str, now: Time = 0) -> Told:
        """Return what label sets say; from an item without a label there is nothing to learn.

        Raises
        ------
        SignalError
            For a label that can be no class, and for an item with several; `where` names the port, `now` the instant.
        """
        rows: list[int] = []
        places: list[int] = []
        unknown = 0
        for row, labels in enumerate(label_sets):
            if len(set(labels)) > 1:
                raise SignalError(f"{where} at {format_time(now)}", expected="one label for each item",
                                  got=", ".join(map(repr, labels)),
                                  hint="A mixture of experts tells classes apart that exclude each other.")
            for label in labels[:1]:
                place = self._place(label, where, now)
                if place is None:
                    unknown += 1
                else:
                    rows.append(row)
                    places.append(place)
        return Told(np.array(rows, np.intp), np.array(places, np.intp), unknown)

    def _place(self, label: str, where: str, now: Time) -> int | None:
        place = self._places.get(label)
        if place is not None:
            return place
        if self._open:
            place = self._places[label] = len(self.names)
            self.names.append(label)
            return place
        if self._on_unknown == "skip":
            return None
        raise SignalError(f"{where} at {format_time(now)}", got=repr(label),
                          expected=f"a label among the {len(self.names)} classes",
                          hint=f"{nearest(label, self.names)} Or set open = true, or on_unknown = 'skip'.")
