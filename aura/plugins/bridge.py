"""Turns what a brain's observers see into hook calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aura.core.observer import BrainView, Observer
from aura.core.time import Time

if TYPE_CHECKING:
    from aura.plugins.context import RunContext
    from aura.plugins.manager import PluginManager

__all__ = ["bridge_observers"]


def bridge_observers(manager: PluginManager, run: RunContext) -> list[Observer]:
    """Return the observers through which plugins see ticks, phases and zone errors.

    There is one only for what some plugin implements, so that an unused hook costs a tick nothing.
    """
    bridges = (
        (_BeforeTick, ("aura_before_tick",)),
        (_AfterTick, ("aura_after_tick",)),
        (_Phases, ("aura_before_phase", "aura_after_phase")),
        (_ZoneErrors, ("aura_on_zone_error",)),
    )
    return [bridge(manager, run) for bridge, hooks in bridges if any(map(manager.implements, hooks))]


class _Bridge(Observer):
    topics = ()

    def __init__(self, manager: PluginManager, run: RunContext) -> None:
        self._manager, self._run = manager, run
        self.name = f"plugins:{type(self).__name__.strip('_')}"

    def _call(self, hook: str, **arguments: Any) -> None:
        self._manager.call(hook, run=self._run, **arguments)


class _BeforeTick(_Bridge):
    def before_tick(self, now: Time) -> None:
        self._call("aura_before_tick", now=now)


class _AfterTick(_Bridge):
    def after_tick(self, now: Time) -> None:
        self._call("aura_after_tick", now=now)


class _Phases(_Bridge):
    def __init__(self, manager: PluginManager, run: RunContext) -> None:
        super().__init__(manager, run)
        self._phase: str | None = None

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        self._end()
        self._phase = phase
        self._call("aura_before_phase", phase=phase)

    def on_stop(self, brain: BrainView) -> None:
        self._end()

    def _end(self) -> None:
        if self._phase is not None:
            phase, self._phase = self._phase, None
            self._call("aura_after_phase", phase=phase)


class _ZoneErrors(_Bridge):
    def on_zone_error(self, zone: str, now: Time, error: BaseException) -> None:
        self._call("aura_on_zone_error", zone=zone, now=now, error=error)
