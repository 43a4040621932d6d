"""Observers see what happens in a brain; they cannot change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from aura.core.flow import Wait
from aura.core.lasting import Stateful
from aura.core.notices import Notice
from aura.core.pathway import Pathway
from aura.core.plan import Plan
from aura.core.signals import Signal
from aura.core.time import Time
from aura.core.zone import Scalars

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["BrainView", "Observer"]

T = TypeVar("T")


class BrainView(Protocol):
    """What observers and plugins see of a brain: they may read it and tell of it, and change nothing of its run."""

    @property
    def seed(self) -> int:
        """The seed from which every random stream derives."""

    @property
    def resolution(self) -> Time:
        """What all times are multiples of, in nanoseconds."""

    @property
    def now(self) -> Time:
        """The instant up to which the brain has run, in nanoseconds; nothing before it is left to do."""

    @property
    def ticks(self) -> int:
        """Ticks run since the brain was built."""

    @property
    def learning(self) -> bool:
        """Whether zones learn."""

    @property
    def topics(self) -> list[str]:
        """The topics of all outputs."""

    @property
    def plans(self) -> Mapping[str, Plan]:
        """The zones as they were asked for, by name."""

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """The pathways, with every delay settled."""

    @property
    def graph(self) -> nx.MultiDiGraph:
        """The brain as a networkx graph, made anew each time."""

    def schedule(self) -> str:
        """Return who wakes when, as a text."""

    def wait_between(self, topics: Iterable[str]) -> Wait:
        """Return how many items the last of these topics to speak of an item is behind the first."""

    def sources_in_common(self, topics: Iterable[str]) -> frozenset[int] | None:
        """Return from which sources those items come that all of these topics speak of, as `source_of` numbers them.

        None where there is nothing to tell apart.
        """

    def arrivals(self, source: str) -> dict[tuple[str, str], Time]:
        """Return for each zone and input how many nanoseconds after `source` published an item it hears of it."""

    def latest(self, topic: str) -> Signal | None:
        """Return the last signal of a topic, or None if it has published nothing."""

    def read(self, topic: str) -> Any:
        """Return the last value of a topic, or None."""

    def profile_table(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Return zone to (calls, nanoseconds) of step and learn, if they are measured."""

    def all_notices(self) -> list[Notice]:
        """Return what is to be told of this brain beside its signals."""

    def tell(self, source: str, text: str, count: int = 1, *, fault: bool = False) -> None:
        """Add to the count of what `source` has to tell when the run is over."""

    @property
    def observers(self) -> tuple[Observer, ...]:
        """The observers, those that were switched off among them."""

    def attempt(self, observer: Observer, method: str, call: Callable[[], T]) -> T | None:
        """Return what an observer is asked for by `call`, or None where it raises and is switched off."""

    def tell_switched_off(self, kind: str, name: str, method: str, error: BaseException) -> None:
        """Log, count and pass on that a plugin's hook has raised and is called no more."""


class Observer(Stateful):
    """The base of all observers. Only the methods that a subclass overrides are ever called.

    An observer that raises is logged and switched off; the brain goes on. One that is `required` stops the brain
    instead. `topics` are shell patterns that choose which signals `on_signal` is shown. `lasting` names what a resumed
    run needs to go on as if it had not stopped.
    """

    name: str = "observer"
    topics: tuple[str, ...] = ("*",)
    required: bool = False
    due: Time = 0
    """The first instant at whose end it is asked for `after_tick`, which moves it; to be asked sooner, set it to 0."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def on_start(self, brain: BrainView) -> None:
        """Called once, after the brain is built and before its first tick."""

    def before_tick(self, now: Time) -> None:
        """Called before a tick is delivered."""

    def on_signal(self, signal: Signal) -> None:
        """Called for each published signal, at the end of its tick, in the order of the zones."""

    def on_learn(self, zone: str, now: Time, scalars: Scalars) -> None:
        """Called with what a zone's learn returned, if it returned anything."""

    def on_inject(self, topic: str, now: Time, signal: Signal) -> None:
        """Called when a value from outside is put into the input `topic`, to arrive at the signal's time."""

    def after_tick(self, now: Time) -> Time | None:
        """Called when a tick is over; the brain may be saved here.

        Returns
        -------
        int or None
            The instant before which it wants no further call, as `NEVER`, or None to be called at the next tick. What
            it is shown in between may set `due` to 0; so does a checkpoint that is taken over.
        """

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

    def on_stop(self, brain: BrainView) -> None:
        """Called once, when the brain is closed."""

    def state(self) -> dict[str, Any] | None:  # type: ignore[override]
        """Return what a resumed run needs to go on as if it had not stopped, or None for nothing."""
        return super().state() or None

    @property
    def has_state(self) -> bool:
        """Whether a state of it is saved, under its name."""
        return bool(self._lasting) or type(self).state is not Observer.state
