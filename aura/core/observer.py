"""Observers see what happens in a brain; they cannot change it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from aura.core.blame import blamed, described
from aura.core.errors import AuraError
from aura.core.handed import sketch
from aura.core.lasting import Stateful
from aura.core.notices import Notices
from aura.core.signals import Signal
from aura.core.time import Time, format_time

if TYPE_CHECKING:
    from aura.core.brain import Brain
    from aura.core.zone import Scalars

__all__ = ["Observer", "Observers", "Probe"]

T = TypeVar("T")
_log = logging.getLogger("aura.observers")


class Observer(Stateful):
    """The base of all observers. Only the methods that a subclass overrides are ever called.

    An observer that raises is logged and switched off; the brain goes on. One that is `required` stops the brain
    instead. `topics` are shell patterns that choose which signals `on_signal` is shown. `lasting` names what a resumed
    run needs to go on as if it had not stopped.
    """

    name: str = "observer"
    topics: tuple[str, ...] = ("*",)
    required: bool = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def on_start(self, brain: Brain) -> None:
        """Called once, after the brain is built and before its first tick."""

    def before_tick(self, now: Time) -> None:
        """Called before a tick is delivered."""

    def on_signal(self, signal: Signal) -> None:
        """Called for each published signal, at the end of its tick, in the order of the zones."""

    def on_learn(self, zone: str, now: Time, scalars: Scalars) -> None:
        """Called with what a zone's learn returned, if it returned anything."""

    def on_inject(self, topic: str, now: Time, signal: Signal) -> None:
        """Called when a value from outside is put into the input `topic`, to arrive at the signal's time."""

    def after_tick(self, now: Time) -> None:
        """Called when a tick is over; the brain may be saved here."""

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        """Called when a phase of a scenario begins."""

    def on_load(self, now: Time) -> None:
        """Called when the brain has taken over a checkpoint and goes on from `now`.

        It may have been further on before; what it said at `now` or later is none of its past any more.
        """

    def on_zone_error(self, zone: str, now: Time, error: BaseException) -> None:
        """Called when a zone has raised, before its policy is applied."""

    def on_observer_error(self, observer: str, method: str, error: BaseException) -> None:
        """Called when another observer, or a plugin's hook, has raised and was switched off."""

    def on_stop(self, brain: Brain) -> None:
        """Called once, when the brain is closed."""

    def state(self) -> dict[str, Any] | None:  # type: ignore[override]
        """Return what a resumed run needs to go on as if it had not stopped, or None for nothing."""
        return super().state() or None

    @property
    def has_state(self) -> bool:
        """Whether a state of it is saved, under its name."""
        return bool(self._lasting) or type(self).state is not Observer.state


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
        """Take on an observer."""
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
                self._failed(observer, method, error)

    def attempt(self, observer: Observer, method: str, call: Callable[[], T]) -> T | None:
        """Return what an observer is asked for by `call`, or None where it raises and is switched off."""
        try:
            return call()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if observer not in self.off:
                self._failed(observer, method, error)
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
            self._failed(observer, "state", error)
            return self._state_of(observer)  # what it had found may be told all the same

    def _failed(self, observer: Observer, method: str, error: BaseException) -> None:
        if observer.required and method not in ("on_stop", "results"):
            if isinstance(error, AuraError):
                raise error
            raise AuraError(f"observer {observer.name!r}", expected=f"a {method} that does not raise",
                            got=blamed(error, type(observer).__module__)) from error
        self.switch_off(observer)
        self.tell("observer", observer.name, method, error)


class Probe(Observer):
    """Keeps the last signals of one topic, to be read in mid-run; those later than a checkpoint go when it is loaded.

    Parameters
    ----------
    topic : str
        ``zone.port``.
    every : int
        Keep one signal in every so many nanoseconds; 0 keeps each.
    keep : int
        How many to keep; the oldest go.
    """

    def __init__(self, topic: str, every: Time = 0, keep: int = 10_000) -> None:
        from collections import deque

        self.name = f"probe:{topic}"
        self.topics = (topic,)
        self.signals: deque[Signal] = deque(maxlen=keep)
        self._every, self._next = every, 0

    def __repr__(self) -> str:
        if not self.signals:
            return f"<Probe {self.topics[0]}: nothing yet>"
        first, last = self.signals[0], self.signals[-1]
        return (f"<Probe {self.topics[0]}: {len(self.signals)} signals from {format_time(first.time)} to "
                f"{format_time(last.time)}, the last {sketch(last.value)}>")

    def on_signal(self, signal: Signal) -> None:
        if signal.time >= self._next:
            self.signals.append(signal)
            self._next = signal.time + self._every

    def on_load(self, now: Time) -> None:
        while self.signals and self.signals[-1].time >= now:
            self.signals.pop()
        self._next = self.signals[-1].time + self._every if self.signals else 0

    @property
    def times(self) -> np.ndarray:
        """Instants of the kept signals in nanoseconds, int64 (n,)."""
        return np.array([signal.time for signal in self.signals], dtype=np.int64)

    @property
    def values(self) -> list[Any]:
        """The kept values, oldest first."""
        return [signal.value for signal in self.signals]
