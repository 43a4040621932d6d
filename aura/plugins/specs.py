"""The hooks by which a plugin may observe a run; those that bring something follow from the extension points.

None of them decides what happens at a tick. An implementation may leave out arguments that it does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aura.core.time import Time
from aura.plugins.context import RunContext
from aura.plugins.extension import hookspec

if TYPE_CHECKING:
    from aura.core.observer import Observer

__all__ = [
    "aura_after_checkpoint", "aura_after_phase", "aura_after_run", "aura_after_tick", "aura_before_checkpoint",
    "aura_before_phase", "aura_before_run", "aura_before_tick", "aura_observers", "aura_on_run_error",
    "aura_on_zone_error",
]

OBSERVING = frozenset(__all__) - {"aura_observers"}
"""Those whose return is ignored, and which are called no more once they have raised."""


@hookspec
def aura_observers(run: RunContext) -> Sequence[Observer]:  # type: ignore[empty-body]
    """Return observers that are to see this run.

    Called once a run, when its brain is built and before its first tick. They join the run's own observers, after
    those; one that raises is switched off, as any observer is.
    """


@hookspec
def aura_before_run(run: RunContext) -> None:
    """The brain is built, the observers are on, and no tick has run. What the hook returns is ignored."""


@hookspec
def aura_after_run(run: RunContext, status: str) -> None:
    """The run is over and its folder is complete, whatever the end was.

    `status` is "finished", "stopped" or "failed". What the hook returns is ignored.
    """


@hookspec
def aura_on_run_error(run: RunContext, error: BaseException) -> None:
    """The run fails with `error`; `aura_after_run` follows. What the hook returns is ignored: no hook saves a run."""


@hookspec
def aura_before_phase(run: RunContext, phase: str) -> None:
    """A phase of the scenario begins, and none of its ticks has run. What the hook returns is ignored."""


@hookspec
def aura_after_phase(run: RunContext, phase: str) -> None:
    """A phase is over: the next one begins, or the brain is closed, after an error too. The return is ignored."""


@hookspec
def aura_before_tick(run: RunContext, now: Time) -> None:
    """A tick begins at `now`, in nanoseconds; nothing is delivered yet. What the hook returns is ignored.

    Called at every tick, so keep it short. Where no plugin implements it, it costs nothing.
    """


@hookspec
def aura_after_tick(run: RunContext, now: Time) -> None:
    """The tick at `now`, in nanoseconds, is over. What the hook returns is ignored.

    Called at every tick, so keep it short. Where no plugin implements it, it costs nothing. To see signals, bring an
    observer with `aura_observers`.
    """


@hookspec
def aura_before_checkpoint(run: RunContext) -> None:
    """A checkpoint is about to be written. What the hook returns is ignored."""


@hookspec
def aura_after_checkpoint(run: RunContext, path: Path) -> None:
    """The checkpoint folder `path` is whole and on disk. What the hook returns is ignored."""


@hookspec
def aura_on_zone_error(run: RunContext, zone: str, now: Time, error: BaseException) -> None:
    """The zone `zone` has raised `error` at `now`, and its policy is not applied yet. The return is ignored."""
