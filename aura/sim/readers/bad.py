"""What happens to a bad row: it stops the stream, or it is counted, logged and left out."""

from __future__ import annotations

import logging
from typing import Literal, TypeAlias

from aura.core.errors import StreamError

__all__ = ["BAD_ROWS", "LOGGED_ROWS", "BadRows", "BadValue", "Missing", "OnBad"]

OnBad: TypeAlias = Literal["stop", "skip"]

LOGGED_ROWS = 10
"""Bad rows that are logged one by one before only their number is (tuned here: one screen)."""

BAD_ROWS = "left out {count} bad rows"
"""What a stream tells of them when a run is over."""

_LOG = logging.getLogger("aura.streams")


class BadValue(ValueError):
    """A value that does not fit its column; the reader adds where it stood."""

    def __init__(self, expected: str, got: str, hint: str = "", *, port: str = "") -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected, self.got, self.hint, self.port = expected, got, hint, port


class Missing(BadValue):
    """A column that a row does not have."""


class BadRows:
    """The bad rows of one source, handled as it was told.

    Parameters
    ----------
    name : str
        The source, as errors and logs call it.
    on_bad : {"stop", "skip"}
        Whether a bad row raises or is left out.
    """

    def __init__(self, name: str, on_bad: OnBad) -> None:
        self.name, self.on_bad, self.count = name, on_bad, 0

    def report(self, where: str, *, expected: str, got: str, hint: str = "", rows: int = 1) -> None:
        """Count a bad row (or several at one place), or raise StreamError if bad rows stop the stream."""
        known = not where or f"/{self.name}".endswith(f"/{where}")  # a source of one file has that file's name
        place = self.name if known else f"{self.name}: {where}"
        error = StreamError(place, expected=expected, got=got, hint=hint)
        if self.on_bad == "stop":
            raise error
        self.count += rows
        if self.count - rows < LOGGED_ROWS:
            _LOG.warning("skipped: %s", error)

    def value(self, where: str, bad: BadValue) -> None:
        """Count a row by its bad value, or raise."""
        place = f"{where}, {bad.port!r}" if bad.port else where
        self.report(place, expected=bad.expected, got=bad.got, hint=bad.hint)

    def finish(self) -> int:
        """Log how many rows were skipped in all, if not each was logged, and return the number."""
        if self.count > LOGGED_ROWS:
            _LOG.warning("skipped %d bad rows of %s in all", self.count, self.name)
        return self.count
