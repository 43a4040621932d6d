"""Runs: a scenario played into a run folder, stopped, resumed, branched and replayed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import aura
from aura.core.brain import Brain
from aura.core.checkpoint import latest_checkpoint, list_checkpoints
from aura.core.errors import AuraError, CheckpointError, ScenarioError
from aura.core.observer import Observer
from aura.core.pacing import Pacer
from aura.core.schedule import clock_text
from aura.core.time import Time, format_time, parse_time
from aura.plugins.checkpoints import Checkpoints
from aura.plugins.context import RunContext
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.journal import RunJournal
from aura.sim.observers import RunObservers, make_observers
from aura.sim.phases import PhasePlayer
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import Scenario

__all__ = ["Run", "RunOptions"]

_log = logging.getLogger("aura.run")
Status = Literal["running", "finished", "stopped", "failed"]


@dataclass(frozen=True)
class RunOptions:
    """What a run is told beside its scenario.

    Parameters
    ----------
    until : int, optional
        Stop before this instant, leaving a checkpoint.
    observers : sequence of Observer
        Further observers, such as the progress line.
    report : bool
        Write report.html when the run is over.
    replay_of : RunFolder, optional
        Play the journal of that run in place of live input.
    """

    until: Time | None = None
    observers: Sequence[Observer] = ()
    report: bool = True
    replay_of: RunFolder | None = None


@dataclass
class Run:
    """One run of a scenario in its folder.

    Parameters
    ----------
    scenario : Scenario
    folder : RunFolder
    manager : PluginManager
    options : RunOptions
    """

    scenario: Scenario
    folder: RunFolder
    manager: PluginManager
    options: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        self.status: Status = "running"
        self.messages: list[str] = []
        self.brain: Brain | None = None
        self.player: PhasePlayer | None = None
        self._ticks, self._wall, self._resumed = 0, 0.0, []  # type: ignore[var-annotated]
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._pacer: Pacer | None = None

    def start(self) -> Status:
        """Play the scenario from its beginning into a new folder."""
        self.folder.create(self.scenario)
        return self._guarded(lambda: None)

    def resume(self, checkpoint: Path | None = None) -> Status:
        """Go on from a checkpoint of this folder, by default the newest, as if the run had not stopped."""
        known = self.folder.read()
        self._ticks, self._wall = known.get("ticks", 0), known.get("wall_seconds", 0.0)
        self._started, self._resumed = known.get("started", self._started), known.get("resumed", [])
        return self._guarded(lambda: checkpoint or latest_checkpoint(self.folder.checkpoints), resumed=True)

    def branch(self, origin: Path) -> Status:
        """Start a new folder from a checkpoint of another run, with this run's settings."""
        self.folder.create(self.scenario)
        self.messages.append(f"branched from {origin}")
        return self._guarded(lambda: origin)

    def interrupt(self) -> None:
        """End the run after the present tick; safe to call from a signal handler."""
        if self.player is not None:
            self.player.interrupt()

    def _guarded(self, find: Callable[[], Path | None], *, resumed: bool = False) -> Status:
        """Build, load, play; whatever happens, leave run.json, a checkpoint and the report."""
        began = time.perf_counter()
        journal = RunJournal(self.folder, self.options.replay_of)
        try:
            brain = self.brain = build_brain(self.scenario, self.manager, journal=journal)
        except BaseException:
            journal.close()
            raise
        self._require_an_end()
        context = RunContext(self.scenario.dump(), brain, self.folder.path, self.scenario.seed, resumed)
        observers = make_observers(self.scenario, self.folder, self.manager, context, self._extra,
                                   self.options.observers)
        try:
            self._play(brain, observers, find(), context)
        except AuraError as error:
            self._fail(error, context)
            raise
        finally:
            self._wall += time.perf_counter() - began
            self._leave(brain, observers, journal)
        return self.status

    def _play(self, brain: Brain, observers: RunObservers, checkpoint: Path | None, context: RunContext) -> None:
        for observer in observers.all:
            brain.observe(observer)
        self.player = PhasePlayer(brain, self.scenario, self.options.until or self._scenario_end())
        for observer in observers.all:
            if hasattr(observer, "follow"):
                observer.follow(self.player)
        if self.scenario.realtime:
            self._pacer = Pacer(self.scenario.realtime, brain.resolution)
            brain.loop.pace = self._pacer
        if checkpoint is not None:
            self._load(brain, checkpoint, observers)
        self.folder.write("run.json", self._summary())
        self.manager.call("aura_before_run", run=context)
        if checkpoint is None or not list_checkpoints(self.folder.checkpoints):
            observers.checkpoints.save()
        finished = self.player.play()
        self.status = "finished" if finished else "stopped"
        observers.checkpoints.save()
        self.manager.call("aura_after_run", run=context, status=self.status)

    def _load(self, brain: Brain, checkpoint: Path, observers: RunObservers) -> None:
        extra = brain.load(checkpoint)
        if self.player is not None:
            self.player.load_state(extra["phases"])
        self._ticks = extra["ticks"]
        self._resumed = [*self._resumed, brain.now]
        for observer in observers.all:
            if hasattr(observer, "on_resume"):
                observer.on_resume(brain.now)

    def _extra(self) -> dict[str, Any]:
        return {"phases": self.player.state() if self.player else {}, "ticks": self._ticks + self._count()}

    def _count(self) -> int:
        return self.brain.ticks if self.brain is not None else 0

    def _scenario_end(self) -> Time | None:
        return parse_time(self.scenario.until, "until") if self.scenario.until else None

    def _require_an_end(self) -> None:
        spans = self.scenario.phases and all(phase.span for phase in self.scenario.phases)
        if not (self.scenario.streams or self.options.until or self.scenario.until or spans):
            raise ScenarioError(f"{self.scenario.name}: until", expected="an end, as the scenario has no stream",
                                got="none", hint="Set until = '10 s', or give --until.")

    def _fail(self, error: AuraError, context: RunContext) -> None:
        self.status = "failed"
        self.messages.append(str(error))
        self.manager.call("aura_on_run_error", run=context, error=error)

    def _leave(self, brain: Brain, observers: RunObservers, journal: RunJournal) -> None:
        if self.status == "running":  # an exception that is no AuraError: a bug, or a second Ctrl-C
            self.status = "failed"
        now = brain.now
        with suppress(AuraError):
            self.folder.write("metrics.json", observers.results())
        self.folder.write("run.json", self._summary())
        brain.close()
        journal.close()
        if self.options.report:
            from aura.plugins.report import write_report

            write_report(self.folder.path)
        _log.info("run %s at %s", self.status, format_time(now))

    def _summary(self) -> dict[str, Any]:
        brain, player, scenario = self.brain, self.player, self.scenario
        if brain is None:
            raise CheckpointError(str(self.folder.path), expected="a run that has begun", got="none")
        members = [plan.member for plan in brain.plans.values()]
        pacer = self._pacer
        return {
            "aura": aura.__version__, "scenario": scenario.name, "summary": scenario.summary, "status": self.status,
            "seed": scenario.seed, "resolution": brain.resolution, "executor": scenario.executor,
            "started": self._started, "wall_seconds": self._wall, "ticks": self._ticks + self._count(),
            "now": brain.now, "items": player.items if player else {},
            "phases": self._phases(), "schedule": brain.schedule(), "profile": brain.profile_table(),
            "graph": {"zones": [{"name": m.name, "kind": m.kind, "clock": clock_text(m)} for m in members],
                      "pathways": [{"source": p.source, "source_port": p.source_port, "target": p.target,
                                    "target_port": p.target_port, "delay": p.delay} for p in brain.pathways]},
            "realtime": scenario.realtime, "missed_deadlines": pacer.missed if pacer else 0,
            "messages": self.messages, "resumed": self._resumed,
        }

    def _phases(self) -> list[dict[str, Any]]:
        player = self.player
        if player is None:
            return []
        log = list(player.log)
        if player.at.begun:
            log.append({"name": player.phase.name, "learning": player.phase.learn, "start": player.at.started,
                        "end": player.brain.now, "items": player.items})
        return log
