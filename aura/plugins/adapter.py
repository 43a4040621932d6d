"""Adapts hooks to observers: turns what a brain shows its observers into hook calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura.core.observer import BrainView, Observer
from aura.core.time import Time

if TYPE_CHECKING:
    from aura.plugins.context import RunContext
    from aura.plugins.manager import PluginManager

__all__ = ["hook_adapters"]


def hook_adapters(manager: PluginManager, run: RunContext) -> list[Observer]:
    """Return the observers through which plugins see ticks, phases and zone errors.

    There is one only for what some plugin implements, so that an unused hook costs a tick nothing.
    """
    adapters = (
        (_BeforeTick, ("aura_before_tick",)),
        (_AfterTick, ("aura_after_tick",)),
        (_Phases, ("aura_before_phase", "aura_after_phase")),
        (_ZoneErrors, ("aura_on_zone_error",)),
    )
    return [adapter(manager, run) for adapter, hooks in adapters if any(map(manager.implements, hooks))]


class _Adapter(Observer):
    topics = ()

    def __init__(self, manager: PluginManager, run: RunContext) -> None:
        self._manager, self._run = manager, run
        self.name = f"plugins:{type(self).__name__.strip('_')}"


class _BeforeTick(_Adapter):
    def before_tick(self, now: Time) -> None:
        self._manager.call("aura_before_tick", run=self._run, now=now)


class _AfterTick(_Adapter):
    def after_tick(self, now: Time) -> None:
        self._manager.call("aura_after_tick", run=self._run, now=now)


class _Phases(_Adapter):
    def __init__(self, manager: PluginManager, run: RunContext) -> None:
        super().__init__(manager, run)
        self._phase: str | None = None

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        self._end()
        self._phase = phase
        self._manager.call("aura_before_phase", run=self._run, phase=phase)

    def on_stop(self, brain: BrainView) -> None:
        self._end()

    def _end(self) -> None:
        if self._phase is not None:
            phase, self._phase = self._phase, None
            self._manager.call("aura_after_phase", run=self._run, phase=phase)


class _ZoneErrors(_Adapter):
    def on_zone_error(self, zone: str, now: Time, error: BaseException) -> None:
        self._manager.call("aura_on_zone_error", run=self._run, zone=zone, now=now, error=error)
