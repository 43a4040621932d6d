"""What a report is made from: what lies in a run folder, read as models, and the rolling rows as series."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from aura.core.blame import described
from aura.core.errors import AuraError
from aura.core.json_text import parse_json
from aura.core.notices import Notice
from aura.core.params import validated
from aura.core.time import LATEST
from aura.plugins.figures import Figure, Pathway, Time, Whole, ZoneInfo, flat
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.plugin import aura_metrics
from aura.plugins.metrics.results import Results
from aura.plugins.report.svg import HUGE

__all__ = ["Graph", "PhaseInfo", "Point", "RunInfo", "RunRecord", "Series", "SeriesByName", "read_metrics", "read_run"]

SERIES_MAX = 300
"""Series drawn at most, of metrics and of zones each; a metric that names its values anew each time stays bounded."""

_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

T = TypeVar("T")


class _Read(BaseModel):
    """Read as far as it is known; a newer run may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


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
    items: dict[str, Whole] = {}
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
    ticks: Whole = 0
    now: Time = 0
    items: dict[str, Whole] = {}
    phases: tuple[PhaseInfo, ...] = ()
    graph: Graph = Graph()
    schedule: str = ""
    profile: dict[str, dict[str, tuple[Whole, Whole]]] = {}
    realtime: float | None = None
    missed_deadlines: Whole = 0
    notices: tuple[Notice, ...] = ()
    messages: tuple[str, ...] = ()
    resumed: tuple[Time, ...] = ()
    versions: dict[str, str] = {}


Point = tuple[Time, str, float]
"""Time, phase, value."""


class Series:
    """A series of points that stays short: whenever it has `most` of them, every other one goes."""

    def __init__(self, most: int = 2000) -> None:
        self.points: list[Point] = []
        self._most, self._stride, self._seen = most, 1, 0

    def add(self, time: Time, phase: str, value: float) -> None:
        """Take one more point, in the order of time; one too large to be drawn as the largest that can be."""
        if self._seen % self._stride == 0 and len(self.points) >= self._most:
            self.points = self.points[::2]
            self._stride *= 2
        if self._seen % self._stride == 0:
            self.points.append((time, phase, max(min(value, HUGE), -HUGE)))
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


def read_run(folder: str | Path) -> RunRecord:
    """Read what a run has left. Only run.json must be there; what else is missing or damaged is noted.

    Raises
    ------
    AuraError
        If the folder is no run folder.
    """
    folder = Path(folder)
    run = validated(RunInfo, _run_json(folder), f"{folder.name}/run.json")
    notes: list[str] = []
    metrics = read_metrics(folder / "metrics.json", notes)
    rolling, learned = _rows(folder / "metrics.jsonl", notes)
    return RunRecord(str(folder.resolve()), run, metrics, rolling, learned, _text(folder / "scenario.toml"),
                     tuple(notes))


def _run_json(folder: Path) -> dict[str, Any]:
    path, hint = folder / "run.json", "Give the folder that `aura run` has left."
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise AuraError(str(folder), expected="the folder of a run", got="no run.json in it", hint=hint) from None
    except (OSError, ValueError) as error:
        raise AuraError(str(path), expected="a JSON file", got=described(error), hint=hint) from None
    if not isinstance(found, dict):
        raise AuraError(str(path), expected="a JSON object", got=type(found).__name__, hint=hint)
    return dict(_clean(found))


def read_metrics(path: Path, notes: list[str]) -> dict[str, Results]:
    """Read metrics.json; what cannot be read is left out, and said in `notes`."""
    try:
        found = _clean(parse_json(_text(path) or "{}"))
    except ValueError as error:
        notes.append(f"{path.name} cannot be read: {error}")
        return {}

    def known(name: str, make: Callable[[], T]) -> dict[str, T]:
        """Return what is made of a metric's results by its name, or nothing where they are of another form."""
        try:
            return {name: make()}
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            message = repr(error)
            if isinstance(error, ValidationError):
                first = error.errors(include_url=False)[0]
                message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            notes.append(f"{path.name}: the results of {name!r} are of a form that is not known here ({message})")
            return {}

    results: dict[str, Results] = {}
    for name, result in found.items() if isinstance(found, dict) else ():
        results |= known(name, lambda result=result: Results.model_validate(result))  # type: ignore[misc]
    drawn: dict[str, Results] = {}
    for name, one in results.items():
        drawn |= known(name, lambda one=one: _with_figures(one, results))  # type: ignore[misc]
    return drawn


def _with_figures(found: Results, others: dict[str, Results]) -> Results:
    """Return results with what is drawn of them, in runs of before metrics had written it."""
    if found.figures is not None:
        return found
    kind = next((known.load() for known in aura_metrics() if known.name == found.kind), Metric)
    return found.model_copy(update={"figures": tuple(kind.figures(found, others))})


def _rows(path: Path, notes: list[str]) -> tuple[dict[str, SeriesByName], dict[str, SeriesByName]]:
    """Return the series of the metrics and of the zones' learning."""
    found: dict[str, dict[str, SeriesByName]] = {"metric": {}, "zone": {}}
    bad = 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            row = _clean(parse_json(line))
            kind = "zone" if "zone" in row else "metric"
            series = found[kind].setdefault(str(row[kind]), {})
            for name, value in row["values"].items():
                known = name in series or len(series) < SERIES_MAX
                if isinstance(value, (int, float)) and math.isfinite(value) and known:
                    series.setdefault(name, Series()).add(_instant(row["time"]), str(row["phase"]), float(value))
        except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError):
            bad += 1
    if bad:
        notes.append(f"{path.name}: {bad} of its lines could not be read and stand nowhere in this report.")
    return found["metric"], found["zone"]


def _instant(value: Any) -> Time:
    time = int(value)
    if abs(time) > LATEST:
        raise ValueError(f"expected a time in nanoseconds, got {value!r}")
    return time


def _clean(value: Any) -> Any:
    """Return JSON values in which no text holds what neither HTML nor a font knows: controls, lone surrogates."""
    if isinstance(value, str):
        return value if value.isprintable() else _UNSHOWABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_clean(key): _clean(part) for key, part in value.items()}
    return [_clean(part) for part in value] if isinstance(value, list) else value


def _text(path: Path) -> str:
    return _UNSHOWABLE.sub("\ufffd", path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else ""
