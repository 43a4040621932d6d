"""The tracebacks of what raised in a run, kept in its folder; the terminal shows a sentence."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from aura.core.errors import AuraError
from aura.core.observer import Observer
from aura.core.time import Time, format_time

__all__ = ["FILE", "Tracebacks"]

FILE = "tracebacks.txt"
MOST = 20
"""How many are kept (tuned here: who raises more often than that, raises the same again)."""

_log = logging.getLogger("aura.run")


class Tracebacks(Observer):
    """Writes the traceback of each zone, observer and hook that raises, the first time that it does.

    Parameters
    ----------
    folder : Path
        The run's folder; the file is made when the first traceback comes.
    """

    name = "run.tracebacks"
    topics = ()

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._seen: set[str] = set()

    def on_zone_error(self, zone: str, now: Time, error: BaseException) -> None:
        self.keep(f"zone {zone}", f"at {format_time(now)}", error)

    def on_observer_error(self, observer: str, method: str, error: BaseException) -> None:
        self.keep(f"{observer}, {method}", "", error)

    def keep(self, who: str, when: str, error: BaseException) -> None:
        """Write one traceback, unless there is one of the same already."""
        if isinstance(error, AuraError) and error.__cause__ is None:
            return  # it says all there is
        if who in self._seen or len(self._seen) >= MOST:
            return
        self._seen.add(who)
        lines = "".join(traceback.format_exception(error))
        try:
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{who} {when}".strip() + f"\n{lines}\n")
        except OSError as refused:
            _log.warning("the traceback could not be kept: %s", refused)
