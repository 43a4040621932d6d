"""Who watches a brain, and what is to be told of it beside its signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from aura.core.notices import Notices
from aura.core.observer import Observer
from aura.core.observers import Observers

__all__ = ["Watched"]

T = TypeVar("T")


class Watched:
    """What has observers and notices.

    Attributes
    ----------
    notices : Notices
        What was left out, lost or repaired without stopping the run.
    """

    def __init__(self) -> None:
        self.notices = Notices()
        self._observers = Observers(self.notices)

    @property
    def observers(self) -> tuple[Observer, ...]:
        """The observers, those that were switched off among them."""
        return tuple(self._observers.all)

    @property
    def off(self) -> list[str]:
        """The names of the observers that were switched off."""
        return [observer.name for observer in self._observers.off]

    def switch_off(self, *names: str) -> None:
        """Call the observers of these names no more."""
        for observer in self.observers:
            if observer.name in names:
                self._observers.switch_off(observer)

    def attempt(self, observer: Observer, method: str, call: Callable[[], T]) -> T | None:
        """Return what an observer is asked for by `call`, or None where it raises and is switched off."""
        return self._observers.attempt(observer, method, call)

    def tell(self, source: str, text: str, count: int = 1, *, fault: bool = False) -> None:
        """Add to the count of what `source` has to tell when the run is over; see `aura.core.notices.Notice`."""
        self.notices.tell(source, text, count, fault=fault)

    def tell_switched_off(self, kind: str, name: str, method: str, error: BaseException) -> None:
        """Log, count and pass on that a plugin's hook has raised and is called no more."""
        self._observers.tell(kind, name, method, error)
