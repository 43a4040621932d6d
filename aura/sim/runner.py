"""Runs: a scenario played into a run folder, stopped, resumed, branched and replayed."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from aura.core.brain import Brain
from aura.core.checkpoint import checkpoint_time, latest_checkpoint, list_checkpoints
from aura.core.errors import AuraError, CheckpointError, ScenarioError
from aura.core.observer import Observer
from aura.core.pacing import Pacer
from aura.core.time import Time, format_time, parse_time
from aura.plugins.context import RunContext
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.journal import RunJournal
from aura.sim.observers import RunObservers, make_metrics, make_observers
from aura.sim.phases import PhasePlayer
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import Scenario
from aura.sim.summary import RunTally, summary_of

__all__ = ["Run", "RunOptions", "Status"]

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


class Run:
    """One run of a scenario in its folder.

    Parameters
    ----------
    scenario : Scenario
    folder : RunFolder
    manager : PluginManager
    options : RunOptions
    """

    def __init__(self, scenario: Scenario, folder: RunFolder, manager: PluginManager,
                 options: RunOptions | None = None) -> None:
        self.scenario, self.folder, self.manager = scenario, folder, manager
        self.options = options or RunOptions()
        self.status: Status = "running"
        self.player: PhasePlayer | None = None
        self.now: Time = 0
        self._tally = RunTally(started=datetime.now(UTC).isoformat(timespec="seconds"))
        self._interrupted = False

    def start(self) -> Status:
        """Play the scenario from its beginning into a new folder."""
        return self._play(None, new=True)

    def resume(self, checkpoint: Path | None = None) -> Status:
        """Go on from a checkpoint of this folder, by default the newest, as if the run had not stopped."""
        self._tally = RunTally.of(self.folder.read())
        return self._play(checkpoint or latest_checkpoint(self.folder.checkpoints), new=False)

    def branch(self, origin: Path) -> Status:
        """Play into a new folder from a checkpoint of another run, with this run's settings."""
        self._tally.messages.append(f"branched from {origin}")
        return self._play(origin, new=True)

    @property
    def building(self) -> bool:
        """Whether the brain is still being built, so that no tick has begun."""
        return self.player is None

    def interrupt(self) -> None:
        """End the run after the present tick, or before the first; safe to call from a signal handler.

        A brain that is being built is built first, so that the run leaves a checkpoint to go on from.
        """
        self._interrupted = True
        if self.player is not None:
            self.player.interrupt()

    def _play(self, checkpoint: Path | None, *, new: bool) -> Status:
        """Build the brain, load it, play it; whatever happens then, leave run.json and the report."""
        self._require_an_end()
        journal = RunJournal(self.folder, self.options.replay_of)
        brain = build_brain(self.scenario, self.manager, journal=journal)
        created = False
        try:
            if new:
                created = self._create_folder()
            self.player = player = PhasePlayer(brain, self.scenario, self._until())
            metrics = make_metrics(self.scenario, self.manager, brain)
            pace = Pacer(self.scenario.realtime, brain.resolution) if self.scenario.realtime else None
            context = RunContext(self.scenario.dump(), brain, self.folder.path, self.scenario.seed, not new)
            observers = make_observers(self.scenario, self.folder, self.manager, context, metrics, self._extra,
                                       self.options.observers)
            # What fails up to here leaves the results of a run that was to go on as they were.
            self._prepare(brain, player, observers, checkpoint, journal)
            if new and checkpoint is not None and player.over:
                raise _nothing_left(checkpoint, brain.resolution)
        except BaseException:
            brain.close()
            journal.close()
            if created:
                self.folder.discard()
            raise
        began = time.perf_counter()
        try:
            brain.loop.pace = pace
            self._run(brain, player, observers, context)
        except BaseException as error:
            failed_at = brain.loop.now
            self.status = "failed"
            self._tally.messages.append(str(error) or type(error).__name__)
            self.manager.call("aura_on_run_error", run=context, error=error)
            self._leave(brain, player, observers, journal, began, context)
            if isinstance(error, AuraError):
                self._keep_last_good(failed_at)
            raise
        self._leave(brain, player, observers, journal, began, context)
        return self.status

    def _create_folder(self) -> bool:
        """Make the folder and return True; if that fails, leave none."""
        try:
            self.folder.create(self.scenario)
        except AuraError:
            raise  # it was refused: what lies there is not this run's
        except Exception:
            self.folder.discard()
            raise
        return True

    def _prepare(self, brain: Brain, player: PhasePlayer, observers: RunObservers, checkpoint: Path | None,
                 journal: RunJournal) -> None:
        """Take on the observers, and load the checkpoint that the run goes on from."""
        for observer in observers.all:
            brain.observe(observer)
            if hasattr(observer, "follow"):
                observer.follow(player)
        if checkpoint is not None:
            extra = brain.load(checkpoint)
            player.load_state(extra["phases"])
            self._tally.ticks = extra["ticks"]
            self._tally.resumed.append(brain.now)
            journal.begins = brain.now

    def _run(self, brain: Brain, player: PhasePlayer, observers: RunObservers, context: RunContext) -> None:
        if self._interrupted:  # Ctrl-C while the brain was built
            player.interrupt()
        self.folder.write("run.json", summary_of(self.scenario, brain, player, self._tally, "running"))
        self.manager.call("aura_before_run", run=context)
        # One from the very beginning, so that there is always one to go back to.
        observers.checkpoints.save()
        ended = player.play() or (not self._interrupted and brain.now >= (self._own_end() or brain.now + 1))
        self.status = "finished" if ended else "stopped"
        observers.checkpoints.save()

    def _leave(self, brain: Brain, player: PhasePlayer, observers: RunObservers, journal: RunJournal, began: float,
               context: RunContext) -> None:
        status, self.now = self.status, brain.now
        self._tally.wall_seconds += time.perf_counter() - began
        self.folder.write("metrics.json", observers.results())
        self.folder.write("run.json", summary_of(self.scenario, brain, player, self._tally, status))
        brain.close()
        journal.close()
        if self.options.report:
            from aura.plugins.report import write_report

            write_report(self.folder.path)
        self.manager.call("aura_after_run", run=context, status=status)
        _log.info("run %s at %s", status, format_time(self.now))

    def _keep_last_good(self, failed_at: Time) -> None:
        """Leave a checkpoint of the last good tick: go on from the newest one, to just before the tick that failed."""
        again = Run(self.scenario, self.folder, self.manager, replace(
            self.options, until=failed_at, observers=(), report=False, replay_of=self.folder))
        kept = self.folder.read()
        try:
            again.resume()
        except AuraError as error:
            _log.warning("the last good tick could not be reached again (%s); the checkpoint before it stands", error)
        self.folder.write("run.json", kept)

    def _extra(self) -> dict[str, object]:
        player = self.player
        if player is None:
            return {}
        return {"phases": player.state(), "ticks": self._tally.ticks + player.brain.ticks}

    def _until(self) -> Time | None:
        ends = [self.options.until, self._own_end()]
        return min((end for end in ends if end is not None), default=None)

    def _own_end(self) -> Time | None:
        """Return the end that the scenario sets; a run that has reached it is finished."""
        return parse_time(self.scenario.until, "until") if self.scenario.until else None

    def _require_an_end(self) -> None:
        spans = self.scenario.phases and all(phase.span for phase in self.scenario.phases)
        if not (self.scenario.streams or self._until() or spans):
            raise ScenarioError(f"{self.scenario.name}: until", expected="an end, as the scenario has no stream",
                                got="none", hint="Set until = '10 s', or give --until.")


def _nothing_left(checkpoint: Path, resolution: Time) -> CheckpointError:
    """Return the error for a branch from the very end of a run; it names the checkpoints before."""
    end = checkpoint_time(checkpoint, resolution)
    times = [checkpoint_time(path, resolution) for path in list_checkpoints(checkpoint.parent)]
    earlier = ", ".join(dict.fromkeys(times[:times.index(end)] if end in times else ()))
    return CheckpointError(
        f"branch from {end}", expected="a checkpoint with something left to play", got="one at the end",
        hint=f"Earlier ones: {earlier}; choose one with --at, or set a later end." if earlier
        else "No earlier one was kept: run it again with a larger checkpoints.keep.")
