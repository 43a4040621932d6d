"""What a report knows of a run: run.json and metrics.json as models, and the rolling rows as series."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from aura.core.notices import Notice
from aura.core.time import Time
from aura.plugins.report.mixture_record import (
    ByTable,
    ComponentRow,
    CrossTable,
    Forgetting,
    GrowthEvent,
    OneSided,
)
from aura.plugins.report.view_record import GroupRow, MapView, RasterView, RateView, Region, TraceLine, VolumeView

__all__ = ["ClassRow", "Confusion", "Example", "MetricResult", "Model", "Pathway", "PhaseInfo", "PhaseResult", "Point",
           "RunInfo", "RunRecord", "Series", "SeriesByName", "Stimulus", "ZoneInfo"]


class _Read(BaseModel):
    """Read as far as it is known; a newer run may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ZoneInfo(_Read):
    """A zone of the brain."""

    name: str
    kind: str = ""
    clock: str = ""


class Pathway(_Read):
    """A pathway of the brain; the delay in nanoseconds."""

    source: str
    source_port: str
    target: str
    target_port: str
    delay: Time | None = None


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


class ClassRow(_Read):
    """One class of a classification."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int | None = None


class Confusion(_Read):
    """Counts, true class by best class."""

    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]


class Stimulus(_Read):
    """What was judged: a text, or a picture as a PNG file in base64."""

    text: str | None = None
    png: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/=]+$")] | None = None
    width: int = 0
    height: int = 0


class Example(_Read):
    """An item as it was judged."""

    stimulus: Stimulus | None = None
    truth: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    best: str | None = None
    sure: float | None = None
    right: bool = False


class PhaseResult(_Read):
    """What a metric has found in one phase."""

    learning: bool = True
    again: bool = False
    how: str = ""
    items: int | None = None
    unlabelled: NonNegativeInt = 0
    one_label: bool = False
    summary: dict[str, float | None] = {}
    per_class: tuple[ClassRow, ...] = ()
    per_dimension: tuple[dict[str, str | float], ...] = ()
    confusion: Confusion | None = None
    examples: tuple[Example, ...] = ()
    traces: tuple[TraceLine, ...] = ()
    raster: RasterView | None = None
    map: MapView | None = None
    regions: tuple[Region, ...] = ()
    volume: VolumeView | None = None
    groups: tuple[GroupRow, ...] = ()
    components: tuple[ComponentRow, ...] = ()
    one_sided: OneSided | None = None
    by: tuple[ByTable, ...] = ()
    cross: CrossTable | None = None


class Model(_Read):
    """A batch baseline on one held-out phase."""

    name: str
    phase: str
    about: str = ""
    items: int = 0
    fitted_items: int = 0
    seconds: float | None = None
    converged: bool = True
    summary: dict[str, float | None] = {}


class MetricResult(_Read):
    """What a metric has found."""

    kind: str = ""
    truth: str = ""
    prediction: str = ""
    signal: str = ""
    group: str = ""
    unit: str = "1"
    all: NonNegativeInt = 0
    shape: tuple[PositiveInt, ...] = ()
    rate: RateView | None = None
    label: str = ""
    stacked: bool = False
    names: tuple[str, ...] = ()
    events: tuple[GrowthEvent, ...] = ()
    left_out: NonNegativeInt = 0
    forgetting: Forgetting | None = None
    phases: dict[str, PhaseResult] = {}
    models: tuple[Model, ...] = ()
    unmatched: dict[str, int] = {}
    unlabelled: NonNegativeInt = 0
    beyond: NonNegativeInt = 0
    told_apart: NonNegativeInt = 0
    note: str = ""

    @model_validator(mode="after")
    def _fits(self) -> MetricResult:
        for phase in self.phases.values():
            if phase.map is not None and max(phase.map.units, default=0) >= math.prod(self.shape):
                raise ValueError(f"expected units of a map of {self.shape}, got {max(phase.map.units)}")
        return self


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
        """Take one more point, in the order of time."""
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
    metrics: dict[str, MetricResult] = field(default_factory=dict)
    rolling: dict[str, SeriesByName] = field(default_factory=dict)
    learned: dict[str, SeriesByName] = field(default_factory=dict)
    scenario: str = ""
    notes: tuple[str, ...] = ()
