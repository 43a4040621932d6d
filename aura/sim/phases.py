"""Phases: stretches of a run in which the streams play some of their rows, and zones learn or do not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from aura.core.brain import Brain
from aura.core.errors import ScenarioError
from aura.core.time import Time, parse_time
from aura.sim.build import settle_time
from aura.sim.scenario import PhaseModel, Scenario, read_scenario
from aura.sim.scenario_model import EACH
from aura.sim.streams.beside import Timetable
from aura.sim.streams.stream import Stream

__all__ = ["PhasePlayer", "as_played", "phases_of"]


def as_played(scenario: Scenario, brain: Brain) -> Scenario:
    """Return the scenario with each phase that is played once for each stage of a curriculum in the place of that one.

    Raises
    ------
    ScenarioError
        If there are such phases, and no stream of the brain has a curriculum.
    """
    if not any(phase.repeats for phase in scenario.phases):
        return scenario
    brain.build()
    streams = [cast("Stream", brain[name]) for name in scenario.streams]
    stages: tuple[tuple[str, ...], ...] = max((stream.stages for stream in streams), key=len, default=())
    if not stages:
        raise ScenarioError("phases", expected="a stream with a curriculum, whose stages are played", got="none")
    phases: list[PhaseModel] = []
    group: list[PhaseModel] = []
    for phase in (*scenario.phases, None):
        if phase is None or phase.after is None:
            phases += [_of_stage(each, number, classes) for number, classes in enumerate(stages) for each in group]
            group = []
        if phase is not None:
            (group if phase.repeats else phases).append(phase)
    return read_scenario({**scenario.dump(), "phases": [phase.model_dump() for phase in phases]}, scenario.name,
                         scenario.written)


def _of_stage(phase: PhaseModel, number: int, classes: Sequence[str]) -> PhaseModel:
    name = phase.name.replace("{number}", str(number + 1)).replace("{classes}", "-".join(classes))
    return phase.model_copy(update={"name": name, "after": None, "stage": number if phase.stage == EACH else None})


def phases_of(scenario: Scenario, splits: set[str]) -> tuple[PhaseModel, ...]:
    """Return the scenario's phases; by default one that learns, and one that does not if rows are held out."""
    if scenario.phases:
        return scenario.phases
    learn = PhaseModel(name="learn")
    if "held_out" not in splits:
        return (learn,)
    return learn, PhaseModel(name="held-out", split="held_out", learn=False)


@dataclass
class Progress:
    """Where a run stands: the phase, when it began and with how many items played, and when it ends, if it is known."""

    index: int = 0
    begun: bool = False
    started: Time = 0
    ends: Time | None = None
    wall: float = 0.0
    items: dict[str, int] = field(default_factory=dict)


class PhasePlayer:
    """Plays the phases of a scenario, from the beginning or from where a checkpoint stands.

    Parameters
    ----------
    brain : Brain
    scenario : Scenario
    until : int, optional
        Stop before this instant, whatever is left to play.
    """

    def __init__(self, brain: Brain, scenario: Scenario, until: Time | None) -> None:
        brain.build()
        self.brain, self.until = brain, until
        self.streams = {name: cast("Stream", brain[name]) for name in scenario.streams}
        splits = {split for stream in self.streams.values() for split in stream.splits()}
        self.phases: Sequence[PhaseModel] = phases_of(as_played(scenario, brain), splits)
        self._timetable = Timetable(self.streams, {name: scenario.streams[name].beside for name in self.streams})
        self._check_stages()
        for phase in self.phases:
            self._timetable.check(phase.split, cast("int | None", phase.stage))
        self.settle = parse_time(scenario.settle) if scenario.settle else settle_time(brain)
        self.at = Progress()
        self.log: list[dict[str, Any]] = []
        self.interrupted = False
        self._since = time.perf_counter()
        for stream in self.streams.values():
            stream.on_end = brain.stop

    @property
    def phase(self) -> PhaseModel:
        """The phase that is being played, or was last."""
        return self.phases[min(self.at.index, len(self.phases) - 1)]

    @property
    def items(self) -> dict[str, int]:
        """Items that each stream has published."""
        return {name: stream.played for name, stream in self.streams.items()}

    @property
    def remaining(self) -> int | None:
        """Items left to play in this phase, or None if a live stream takes part."""
        counts = [stream.remaining for stream in self.streams.values()]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def over(self) -> bool:
        """Whether nothing is left to play: the last phase is over, or the time is up."""
        return self.at.index >= len(self.phases) or (self.until is not None and self.brain.now >= self.until)

    def listen(self, *, interrupted: bool = False) -> None:
        """Let live streams begin to take their input in, unless nothing is left to play.

        One that was interrupted meanwhile lets no writer in, and keeps what was sent to it already.
        """
        if interrupted:
            self.interrupt()
        for stream in self.streams.values():
            if not self.over:
                stream.listen()

    def play(self) -> bool:
        """Play until the last phase is over (True), the time is up, or `interrupt` is called."""
        while self.at.index < len(self.phases):
            if not self.at.begun:
                self._begin()
            if not self._run_phase():
                return False
            self._end()
        return True

    def history(self) -> list[dict[str, Any]]:
        """Return the phases so far, the present one included."""
        return [*self.log, self._entry()] if self.at.begun else list(self.log)

    def interrupt(self) -> None:
        """End `play` after the present tick; safe to call from a signal handler."""
        self.interrupted = True
        for stream in self.streams.values():
            stream.interrupt()
        self.brain.stop()

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs, as JSON values."""
        return {"index": self.at.index, "begun": self.at.begun, "started": self.at.started, "ends": self.at.ends,
                "wall": self.at.wall + time.perf_counter() - self._since, "items": self.at.items, "log": self.log}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from where `state` stood."""
        self.at = Progress(state["index"], state["begun"], state["started"], state["ends"], state["wall"],
                           dict(state["items"]))
        self._since = time.perf_counter()
        self.log = list(state["log"])

    def _check_stages(self) -> None:
        most = max((len(stream.stages) for stream in self.streams.values()), default=0)
        for number, phase in enumerate(self.phases):
            if isinstance(phase.stage, int) and phase.stage >= most:
                raise ScenarioError(
                    f"phases.{number}.stage", got=str(phase.stage),
                    expected=f"a stage of a stream's curriculum, from 0 to {most - 1}" if most
                    else "a stream with a curriculum")

    def _begin(self) -> None:
        brain, phase = self.brain, self.phase
        grid = brain.resolution
        start = -(-brain.now // grid) * grid
        # First: rows that cannot be played stop the run before the phase begins.
        self._timetable.begin(phase.split, start, cast("int | None", phase.stage), learning=phase.learn)
        self.at = Progress(self.at.index, begun=True, started=start, items=self.items)
        self._since = time.perf_counter()
        brain.begin_phase(phase.name, learning=phase.learn)
        for name in self.streams:
            brain.wake(name)

    def _run_phase(self) -> bool:
        """Run to the end of the phase and return whether it came."""
        brain, phase = self.brain, self.phase
        limit = self.at.started + parse_time(phase.span) if phase.span else None
        while self.at.ends is None:
            # Looked at first: a checkpoint may have been taken in the very tick in which the last stream ended.
            if self.streams and all(stream.ended for stream in self.streams.values()):
                self.at.ends = (brain.now // brain.resolution) * brain.resolution + self.settle
            elif self._run_until(limit):
                return False
            elif limit is not None and brain.now >= limit:
                self.at.ends = limit
            elif brain.next_time is None:
                self.at.ends = brain.now
            if self.at.ends is not None and phase.learn:
                self._tell_what_was_taught_too_late()
        return not self._run_until(self.at.ends)

    def _tell_what_was_taught_too_late(self) -> None:
        """Tell of zones that hear of the first label of a phase only when they have answered its last row."""
        brain, lasted = self.brain, self.brain.now // self.brain.resolution * self.brain.resolution - self.at.started
        played = self._entry()["items"]
        taught: dict[str, Time] = {}
        asked: dict[str, Time] = {}
        for stream in self.streams:
            for (zone, port), after in brain.arrivals(stream).items() if played[stream] > 1 else ():
                if brain.plans[zone].inputs[port].role == "label":
                    taught[zone] = min(after, taught.get(zone, after))
                else:
                    asked[zone] = max(lasted + after, asked.get(zone, 0))
        for zone, first in taught.items():
            if brain.plans[zone].learn and first >= asked.get(zone, first + 1):
                brain.tell(zone, f"was first told what is right after its last prediction of the phase "
                                         f"{self.phase.name!r}, which was judged before anything of it was learned")

    def _run_until(self, limit: Time | None) -> bool:
        """Run to `limit`, the end of a stream, or the run's own end; return whether the run is to stop here."""
        bounds = [bound for bound in (limit, self.until) if bound is not None]
        if not self.interrupted:
            self.brain.run(min(bounds, default=None))
        return self.interrupted or (self.until is not None and self.brain.now >= self.until)

    def _end(self) -> None:
        self.log.append(self._entry())
        self.at = Progress(self.at.index + 1)

    def _entry(self) -> dict[str, Any]:
        played = {name: count - self.at.items.get(name, 0) for name, count in self.items.items()}
        return {"name": self.phase.name, "learning": self.phase.learn, "start": self.at.started,
                "end": self.brain.now, "items": played,
                "wall_seconds": round(self.at.wall + time.perf_counter() - self._since, 3)}
