"""What a report knows of a run: run.json and metrics.json as models, and the rolling rows as series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from aura.core.notices import Notice
from aura.core.time import Time
from aura.plugins.figures import Figure, Pathway, ZoneInfo, flat
from aura.plugins.metrics.results import Results
from aura.plugins.report.svg import HUGE

__all__ = ["Graph", "PhaseInfo", "Point", "RunInfo", "RunRecord", "Series", "SeriesByName"]


class _Read(BaseModel):
    """Read as far as it is known; a newer run may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Graph(_Read):
    """The brain's graph."""

    zones: tuple[ZoneInfo, ...] = ()
    pathways: tuple[Pathway, ...] = ()


class PhaseInfo(_Read):
    """A phase as it was played, with the items of each stream."""

    name: str
    learning: bool = True
    start: Time = 0
    end: Time | None = None
    items: dict[str, int] = {}
    wall_seconds: float | None = None


class RunInfo(_Read):
    """run.json."""

    scenario: str
    status: str
    aura: str = ""
    summary: str = ""
    seed: int | None = None
    resolution: Time | None = None
    executor: str = ""
    started: str = ""
    wall_seconds: float = 0.0
    ticks: int = 0
    now: Time = 0
    items: dict[str, int] = {}
    phases: tuple[PhaseInfo, ...] = ()
    graph: Graph = Graph()
    schedule: str = ""
    profile: dict[str, dict[str, tuple[int, int]]] = {}
    realtime: float | None = None
    missed_deadlines: int = 0
    notices: tuple[Notice, ...] = ()
    messages: tuple[str, ...] = ()
    resumed: tuple[Time, ...] = ()
    versions: dict[str, str] = {}


Point = tuple[Time, str, float]
"""Time, phase, value."""


class Series:
    """A series of points that stays short: whenever it is full, every other point goes.

    Parameters
    ----------
    most : int
        Points that are kept at most.
    """

    def __init__(self, most: int = 2000) -> None:
        self.points: list[Point] = []
        self._most, self._stride, self._seen = most, 1, 0

    def add(self, time: Time, phase: str, value: float) -> None:
        """Take one more point, in the order of time; one too large to be drawn as the largest that can be."""
        value = max(min(value, HUGE), -HUGE)
        if self._seen % self._stride == 0:
            if len(self.points) >= self._most:
                self.points = self.points[::2]
                self._stride *= 2
            if self._seen % self._stride == 0:
                self.points.append((time, phase, value))
        self._seen += 1

    @property
    def never_changes(self) -> bool:
        """Whether all points have one value."""
        return len({value for _, _, value in self.points}) < 2

    def by_phase(self) -> list[tuple[str, list[Time], list[float]]]:
        """Return the stretches of one phase each: its name, times and values."""
        stretches: list[tuple[str, list[Time], list[float]]] = []
        for time, phase, value in self.points:
            if not stretches or stretches[-1][0] != phase:
                stretches.append((phase, [], []))
            stretches[-1][1].append(time)
            stretches[-1][2].append(value)
        return stretches


SeriesByName = dict[str, Series]


@dataclass(frozen=True)
class RunRecord:
    """All that the report is made from.

    `rolling` are the series of each metric, `learned` those of each zone's learning; `notes` say what could not be
    read.
    """

    folder: str
    run: RunInfo
    metrics: dict[str, Results] = field(default_factory=dict)
    rolling: dict[str, SeriesByName] = field(default_factory=dict)
    learned: dict[str, SeriesByName] = field(default_factory=dict)
    scenario: str = ""
    notes: tuple[str, ...] = ()

    def figures(self) -> Iterator[Figure]:
        """Return the figures of all metrics, folded ones too."""
        for result in self.metrics.values():
            yield from flat(result.figures or ())
