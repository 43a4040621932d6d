"""Runs: a scenario played into a run folder, stopped, resumed, branched and replayed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aura.core.blame import blamed, message_of
from aura.core.brain import Brain
from aura.core.checkpoint import checkpoint_time, latest_checkpoint, list_checkpoints
from aura.core.errors import AuraError, CheckpointError, ScenarioError, StreamError
from aura.core.observer import Observer
from aura.core.pacing import Pacer
from aura.core.time import Time, format_time, parse_time
from aura.plugins.context import RunContext
from aura.plugins.following import Follower
from aura.plugins.manager import PluginManager
from aura.sim.branching import other_rows, tell_branch
from aura.sim.build import build_brain
from aura.sim.environment import tell_changes
from aura.sim.hold import FolderWatch, Hold
from aura.sim.journal import RunJournal
from aura.sim.observers import RunObservers, make_metrics, make_observers
from aura.sim.origin import keep_origin
from aura.sim.phases import PhasePlayer, as_played
from aura.sim.recovery import keep_last_good
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import Scenario
from aura.sim.sources import Source, Sources, rows_of
from aura.sim.summary import RunTally, beginning, summary_of
from aura.sim.tracebacks import Tracebacks

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
    sources : Sources, optional
        Finds the files that the scenario names, knowing those that the run began with.
    """

    until: Time | None = None
    observers: Sequence[Observer] = ()
    report: bool = True
    replay_of: RunFolder | None = None
    sources: Sources | None = None


@dataclass(frozen=True)
class Sitting:
    """What plays from a start or resume to its end: the brain and all around it."""

    brain: Brain
    player: PhasePlayer
    observers: RunObservers
    journal: RunJournal
    context: RunContext
    tracebacks: Tracebacks
    began: float

    def close(self) -> None:
        """End the brain, then the journal that its streams write to."""
        try:
            self.brain.close()
        finally:
            self.journal.close()


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
        self.trouble: list[str] = []
        """What went wrong when the run was over: what could not be saved or written, and why."""
        self.moved: Path | None = None
        """Where the folder lies, if it was moved while the run went on."""
        self._tally = RunTally(started=datetime.now(UTC).isoformat(timespec="seconds"))
        self._remarks: list[str] = []
        self._interrupted = False

    def __repr__(self) -> str:
        return f"<Run of {self.scenario.name} in {self.folder.path}: {self.status} at {format_time(self.now)}>"

    def start(self) -> Status:
        """Play the scenario from its beginning, or a replay of a branch from where that began, into a new folder."""
        self.folder.require_free()  # before anything is loaded; `create` asks once more
        played_again, origin = self.options.replay_of, None
        if played_again is not None:
            self._tally.replay_of = str(played_again.path.absolute())
            origin = played_again.origin()
            self._tally.branched_from = str(origin.absolute()) if origin else ""
        return self._play(origin)

    def resume(self, checkpoint: str | Path | None = None) -> Status:
        """Go on from a checkpoint of this folder, by default the newest, as if the run had not stopped.

        A run that was ended before its first checkpoint begins anew.

        Raises
        ------
        AuraError
            If another process plays it, or it has nothing to go on from.
        """
        checkpoint = None if checkpoint is None else Path(checkpoint)
        if not self.folder.path.is_dir():
            latest_checkpoint(self.folder.checkpoints)  # raises
        with Hold(self.folder.path) as hold:
            self._tally = tally = RunTally.of(self.folder.read())
            if tally.replay_of:
                self.options = replace(self.options, replay_of=RunFolder(tally.replay_of))
            known = list_checkpoints(self.folder.checkpoints)
            if checkpoint is None and not known and self.folder.unplayed:
                origin = self.folder.origin()
                self.folder.begin_anew()
                self._remarks.append("was ended before its first checkpoint and began anew")
                return self._play(origin, hold)
            if checkpoint is None:
                checkpoint = latest_checkpoint(self.folder.checkpoints)
                if checkpoint != known[-1]:
                    went_on, damaged = (checkpoint_time(path, parse_time(self.scenario.resolution))
                                        for path in (checkpoint, known[-1]))
                    self._remarks.append(f"went on from {went_on}, as the checkpoint of {damaged} cannot be read")
            return self._play(checkpoint, hold, resumed=True)

    def branch(self, origin: str | Path) -> Status:
        """Play into a new folder from a checkpoint of another run, with this run's settings."""
        origin = Path(origin)
        self.folder.require_free()
        self._tally.branched_from = str(origin.absolute())
        self._tally.messages.append(f"branched from {origin}")
        return self._play(origin)

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

    def _play(self, checkpoint: Path | None, hold: Hold | None = None, *, resumed: bool = False) -> Status:
        """Build the brain, load it, play it; whatever happens then, leave run.json and the report."""
        self._require_an_end()
        new = hold is None
        journal = RunJournal(self.folder, self.options.replay_of, self._branched_from(checkpoint))
        sources = self.options.sources or Sources(self.scenario.folder, self._begun_with(checkpoint, new=new))
        brain = build_brain(self.scenario, self.manager, journal=journal, sources=sources)
        changed = self._take_sources(sources)
        try:
            self.scenario = self._as_played(brain)
            if hold is None:
                hold = self.folder.create(self.scenario, beginning(self.scenario, self._tally))
            journal.take_over()
            self.player = player = self._new_player(brain)
            metrics = make_metrics(self.scenario, self.manager, brain.view)
            brain.pace = Pacer(self.scenario.realtime, brain.resolution) if self.scenario.realtime else None
            context = RunContext(self.scenario.dump(), brain.view, self.folder.path, self.scenario.seed, resumed)
            tracebacks = Tracebacks(self.folder.path)
            observers = make_observers(self.scenario, self.folder, self.manager, brain, context, metrics, self._extra,
                                       [*self.options.observers, tracebacks, FolderWatch(hold)])
            # What fails up to here leaves the results of a run that was to go on as they were.
            self._prepare(brain, player, observers, checkpoint, journal, resumed=resumed)
            for name in changed:
                brain.tell(name, "is not as it was when the run began")
            for text in self._remarks:
                _log.warning("the run %s", text)
                brain.tell("the run", text)
            if checkpoint is not None and not resumed:
                if new and player.over and self.options.replay_of is None:
                    raise _nothing_left(checkpoint, brain.resolution)
                keep_origin(self.folder.path, checkpoint)
            player.listen(interrupted=self._interrupted)  # last: what a writer has given cannot be given back
        except BaseException:
            brain.close()
            journal.close()
            self._give_up(hold if new else None)
            raise
        sitting = Sitting(brain, player, observers, journal, context, tracebacks, time.perf_counter())
        try:
            self._run(sitting)
        except BaseException as error:
            if new and not brain.ticks and not journal.taken:
                sitting.close()
                self._give_up(hold)  # nothing was played, so there is nothing to keep
            else:
                self._fail(sitting, error)
            raise
        else:
            self._leave(sitting, observers.results())
        finally:
            self.moved = hold.moved
            if new:
                hold.release()
        return self.status

    def _as_played(self, brain: Brain) -> Scenario:
        with self.scenario.written.naming():
            return as_played(self.scenario, brain)

    def _new_player(self, brain: Brain) -> PhasePlayer:
        """Build the brain, if nothing has, and return what plays the phases."""
        with self.scenario.written.naming():  # what is wrong with the wiring is told here, too
            return PhasePlayer(brain, self.scenario, self._until())

    def _begun_with(self, checkpoint: Path | None, *, new: bool) -> list[Source] | None:
        """Return the files that the run began with that is resumed, branched from or played again."""
        origin = self.folder if not new else self.options.replay_of or self._branched_from(checkpoint)
        return origin.sources() if origin is not None else None

    def _branched_from(self, checkpoint: Path | None) -> RunFolder | None:
        """Return the other run that a branch begins from, by its checkpoint."""
        if self.options.replay_of is not None:
            return None
        folder = checkpoint.parent.parent if checkpoint is not None else self.folder.path
        return None if folder.resolve() == self.folder.path.resolve() else RunFolder(folder)

    def _take_sources(self, sources: Sources) -> list[str]:
        """Keep what the scenario's files are, unless the run knows already, and return the names of those changed."""
        now = sources.take()
        self._tally.base = str(self.scenario.folder.absolute())
        self._tally.inputs = self._tally.inputs or rows_of(now)
        changed = sources.changed(now)
        for name in changed:
            _log.warning("%s is not as it was when the run began", name)
        return changed

    def _give_up(self, hold: Hold | None) -> None:
        """Leave no folder of a run that could not begin."""
        if hold is not None:
            self.folder.discard()
            hold.release()

    def _prepare(self, brain: Brain, player: PhasePlayer, observers: RunObservers, checkpoint: Path | None,
                 journal: RunJournal, *, resumed: bool) -> None:
        """Take on the observers, and load the checkpoint that the run goes on from."""
        for observer in observers.all:
            brain.observe(observer)
            if isinstance(observer, Follower):
                observer.follow(player)
        if checkpoint is None:
            return
        try:
            extra = self._go_to(brain, player, checkpoint)
        except StreamError as error:
            raise other_rows(error, self.scenario, checkpoint) from error
        self._tally.resumed.append(brain.now)
        journal.begins = brain.now
        if self._tally.branched_from and not resumed:
            tell_branch(self.scenario, Path(self._tally.branched_from), player.streams, brain.notices)
        if resumed:
            brain.switch_off(*extra["off"])

    def _go_to(self, brain: Brain, player: PhasePlayer, checkpoint: Path) -> dict[str, Any]:
        """Take brain and player to a checkpoint and return what else it keeps."""
        extra = brain.load(checkpoint)
        player.load_state(extra["phases"])
        self._tally.ticks = extra["ticks"] - brain.ticks
        return extra

    def _go_back(self, sitting: Sitting, checkpoint: Path) -> None:
        """Take the run back to a checkpoint, to play from there what it has played already."""
        self._go_to(sitting.brain, sitting.player, checkpoint)
        for name, stream in sitting.player.streams.items():
            stream.play_again(sitting.journal.read(name))

    def _run(self, sitting: Sitting) -> None:
        brain, player, checkpoints = sitting.brain, sitting.player, sitting.observers.checkpoints
        tell_changes(brain, (self.options.replay_of or self.folder).read().get("environment", {}))
        self.folder.write("run.json", summary_of(self.scenario, brain, player, self._tally, "running"))
        self.manager.call("aura_before_run", run=sitting.context)
        # One from the very beginning, so that there is always one to go back to.
        checkpoints.save()
        ended = player.play() or (not self._interrupted and brain.now >= (self._own_end() or brain.now + 1))
        self.status = "finished" if ended else "stopped"
        checkpoints.save()

    def _fail(self, sitting: Sitting, error: BaseException) -> None:
        """Keep the last good tick, and leave what the run has come to."""
        self.status = "failed"
        self._tally.messages.append(message_of(error))
        if isinstance(error, KeyboardInterrupt):  # told to stop at once
            self._attempt("run.json", lambda: self._write_summary(sitting))
            sitting.close()
            return
        brain, player, checkpoints = sitting.brain, sitting.player, sitting.observers.checkpoints
        sitting.tracebacks.keep("the run", f"at {format_time(brain.last_tick)}", error)
        self.manager.call("aura_on_run_error", run=sitting.context, error=error)
        results = sitting.observers.results()
        lost = keep_last_good(brain, player, checkpoints, brain.last_tick, error,
                              lambda path: self._go_back(sitting, path))
        if lost:
            self.trouble.append(f"the last good tick could not be saved: {lost}")
        self._leave(sitting, results if lost else sitting.observers.results())

    def _leave(self, sitting: Sitting, results: dict[str, Any]) -> None:
        """Close the brain and write down what has become of the run; what cannot be written is trouble, no error."""
        self.now = sitting.brain.now
        self._tally.wall_seconds += time.perf_counter() - sitting.began
        self._attempt("end of the brain", sitting.close)
        written = self._attempt("metrics.json", lambda: self.folder.write("metrics.json", results))
        written &= self._attempt("run.json", lambda: self._write_summary(sitting))
        if self.options.report and written:
            self._attempt("report", self._write_report)
        before = len(list(sitting.brain.notices))
        self.manager.call("aura_after_run", run=sitting.context, status=self.status)
        if len(list(sitting.brain.notices)) > before:
            self._attempt("run.json", lambda: self._write_summary(sitting))
        _log.info("run %s at %s", self.status, format_time(self.now))

    def _write_summary(self, sitting: Sitting) -> None:
        self.folder.write("run.json", summary_of(self.scenario, sitting.brain, sitting.player, self._tally,
                                                 self.status))

    def _write_report(self) -> None:
        from aura.plugins.report import write_report

        write_report(self.folder.path)

    def _attempt(self, name: str, what: Callable[[], object]) -> bool:
        """Return whether something could be done; why not is trouble, which is told at the end."""
        try:
            what()
            return True
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.trouble.append(
                message_of(error) if isinstance(error, AuraError) else f"the {name} failed: {blamed(error)}")
            return False

    def _extra(self) -> dict[str, object]:
        player = self.player
        if player is None:
            return {}
        return {"phases": player.state(), "ticks": self._tally.ticks + player.brain.ticks,
                "off": player.brain.off}

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
