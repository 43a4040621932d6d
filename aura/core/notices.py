"""Notices: what went wrong or was left out without stopping a run, counted, and told when it is over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Any

__all__ = ["Notice", "Notices"]

_PLACE = "{count}"
_PLURAL = re.compile(r"(\{count\}(?: \w+)*? \w+)s\b")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told.

    Parameters
    ----------
    source : str
        The zone, stream or observer that it is about.
    text : str
        A sentence without its first word, ``"left {count} items unlearned"``, in which the next word that ends in an
        s loses it where the count is one; where it has no ``{count}``, a count above one is put behind it.
    count : int
        How often it happened.
    fault : bool
        Whether something was switched off or lost, so that the run is not what was asked for.

    Examples
    --------
    >>> print(Notice("amygdala", "left {count} items unlearned", 1200))
    amygdala left 1,200 items unlearned
    >>> print(Notice("ear", "left out {count} bad rows", 1))
    ear left out 1 bad row
    >>> print(Notice("recorder", "was switched off", fault=True))
    recorder was switched off
    >>> print(Notice("touch", "raised and was built anew", 3))
    touch raised and was built anew (3 times)
    """

    source: str
    text: str
    count: int = 1
    fault: bool = False

    def __str__(self) -> str:
        if _PLACE in self.text:
            text = _PLURAL.sub(r"\1", self.text, count=1) if self.count == 1 else self.text
            return f"{self.source} {text.replace(_PLACE, f'{self.count:,}')}"
        return f"{self.source} {self.text}" + (f" ({self.count:,} times)" if self.count > 1 else "")


class Notices:
    """The notices of one brain, in the order in which each came first; they last over save and load."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, bool], int] = {}

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "<no notices>"

    def __iter__(self) -> Iterator[Notice]:
        return (Notice(source, text, count, fault) for (source, text, fault), count in self._counts.items())

    def tell(self, source: str, text: str, count: int = 1, *, fault: bool = False) -> None:
        """Add to the count of what `source` has to tell."""
        key = (source, text, fault)
        self._counts[key] = self._counts.get(key, 0) + count

    def state(self) -> list[list[Any]]:
        """Return what a checkpoint keeps, as JSON values."""
        return [list(astuple(notice)) for notice in self]

    def load_state(self, state: Iterable[Iterable[Any]]) -> None:
        """Take over what `state` returned."""
        self._counts = {(source, text, fault): count for source, text, count, fault in state}
