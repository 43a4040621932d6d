"""The observers of one brain: who is called when, and what becomes of one that raises."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from aura.core.blame import blamed, described
from aura.core.errors import AuraError, WiringError
from aura.core.notices import Notices
from aura.core.observer import Observer

__all__ = ["Observers"]

T = TypeVar("T")
_log = logging.getLogger("aura.observers")

_METHODS = ("on_start", "before_tick", "on_signal", "on_learn", "on_inject", "after_tick", "on_phase",
            "on_load", "on_zone_error", "on_observer_error", "on_stop")


class Observers:
    """The observers of one brain, indexed by the method they override, so that an unused one costs nothing.

    Parameters
    ----------
    notices : Notices, optional
        Where it is told that one was switched off.
    """

    def __init__(self, notices: Notices | None = None) -> None:
        self.notices = Notices() if notices is None else notices
        self.all: list[Observer] = []
        self.off: list[Observer] = []
        """Those that were switched off; what they have found so far is still saved."""
        self._by_method: dict[str, list[Observer]] = {method: [] for method in _METHODS}

    def add(self, observer: Observer) -> None:
        """Take on an observer.

        Raises
        ------
        WiringError
            If it is none, or it keeps a state and another has its name.
        """
        if not isinstance(observer, Observer):
            raise WiringError("observe", expected="an aura.Observer", got=repr(observer),
                              hint="Derive its class from that one, and hand over an instance.")
        if observer.has_state and observer.name in {one.name for one in self.all}:
            raise WiringError(f"observer {observer.name!r}", expected="a name that no observer has yet",
                              got="a second observer of that name", hint="Its state is saved under that name.")
        self.all.append(observer)
        for method in _METHODS:
            if getattr(type(observer), method) is not getattr(Observer, method):
                self._by_method[method].append(observer)

    def having(self, method: str) -> list[Observer]:
        """Return the live list of the observers that override `method`."""
        return self._by_method[method]

    def watching(self, topic: str) -> list[Observer]:
        """Return the live list of the observers that want the signals of `topic`."""
        group = [o for o in self._by_method["on_signal"] if any(fnmatchcase(topic, p) for p in o.topics)]
        self._by_method[f"on_signal {topic}"] = group
        return group

    def call(self, method: str, *arguments: Any) -> None:
        """Call `method` of those that override it."""
        if self._by_method[method]:
            self.call_each(self._by_method[method], method, *arguments)

    def call_each(self, observers: Iterable[Observer], method: str, *arguments: Any) -> None:
        """Call `method` of these observers; one that raises is switched off.

        Raises
        ------
        AuraError
            If one that is required has raised, except in ``on_stop``: there is nothing more to stop then.
        """
        for observer in tuple(observers):
            try:
                getattr(observer, method)(*arguments)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.failed(observer, method, error)

    def attempt(self, observer: Observer, method: str, call: Callable[[], T]) -> T | None:
        """Return what an observer is asked for by `call`, or None where it raises and is switched off."""
        try:
            return call()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if observer not in self.off:
                self.failed(observer, method, error)
            return None

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the state of each that has one, by its name."""
        states = {observer.name: self._state_of(observer) for observer in self.all}
        return {name: state for name, state in states.items() if state is not None}

    def switch_off(self, observer: Observer) -> None:
        """Call an observer no more."""
        self.off.append(observer)
        for group in self._by_method.values():
            if observer in group:
                group.remove(observer)

    def tell(self, kind: str, name: str, method: str, error: BaseException) -> None:
        """Log, count and pass on that an observer, or a plugin's hook, has raised and is called no more."""
        _log.error("%s %r raised in %s and is switched off; the brain goes on: %s", kind, name, method, blamed(error))
        self.notices.tell(name, f"raised in {method} and was switched off: {described(error)}", fault=True)
        self.call("on_observer_error", name, method, error)

    def _state_of(self, observer: Observer) -> dict[str, Any] | None:
        try:
            return observer.state()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if observer in self.off:
                return None
            self.failed(observer, "state", error)
            return self._state_of(observer)  # what it had found may be told all the same

    def failed(self, observer: Observer, method: str, error: BaseException) -> None:
        """Switch off an observer that has raised, or raise what stops the brain where it is required."""
        if observer.required and method not in ("on_stop", "results"):
            if isinstance(error, AuraError):
                raise error
            raise AuraError(f"observer {observer.name!r}", expected=f"a {method} that does not raise",
                            got=blamed(error, type(observer).__module__)) from error
        self.switch_off(observer)
        self.tell("observer", observer.name, method, error)
