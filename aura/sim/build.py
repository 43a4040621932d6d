"""From a scenario to a brain: streams opened, zones found among the plugins, pathways laid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, Field

from aura.core.blame import blaming
from aura.core.blueprint import Blueprint
from aura.core.brain import Brain
from aura.core.errors import PluginError, ScenarioError, StreamError, WiringError, nearest
from aura.core.executor import ExecutorKind
from aura.core.executors import EXECUTORS
from aura.core.network import Network
from aura.core.params import validated
from aura.core.time import MS, Time, format_time, parse_rate, parse_time
from aura.core.zone import Manifest, Zone
from aura.plugins.streams import Reader, ReaderKind, Source
from aura.sim.columns import require_fitting_column
from aura.sim.readers.columns import Column, timed
from aura.sim.readers.iterable import read_iterable
from aura.sim.scenario import Scenario, StreamModel
from aura.sim.sources import Sources
from aura.sim.streams.beside import in_order
from aura.sim.streams.lanes import in_lanes
from aura.sim.streams.live import Entry, Rows, live_stream
from aura.sim.streams.played import Playing, played_stream
from aura.sim.streams.times import Period

__all__ = ["Journal", "Lookup", "build_brain", "make_blueprint", "settle_time"]

UNSET = "Leave one out: what the scenario's file says, `--set {0}.{1}=` or `--set {0}.{2}=` takes back."
"""A hint where two settings cannot stand together."""

DEFAULT_PERIOD = 10 * MS
"""Time between two ticks of a stream that is told neither period nor rate: long enough for a text's answer to be out
before the next one comes, at a resolution of 1 ms."""

SETTLE_STEP = 100 * MS
"""Step of the time that a phase runs on after its last row (tuned here: above what the zones of one brain take)."""


class Lookup(Protocol):
    """What finds zones, streams and executors by name: the plugin manager."""

    def zone(self, name: str) -> Manifest:
        """Return the manifest of a kind of zone."""

    def stream(self, name: str) -> ReaderKind:
        """Return a kind of reader."""

    def executor(self, name: str) -> ExecutorKind:
        """Return an executor."""


class Journal(Protocol):
    """Where live input is kept, and found again for a replay."""

    @property
    def live(self) -> bool:
        """Whether live input is taken at all; a replay takes none."""

    def write(self, stream: str, now: Time, rows: Rows, read: int | None = None, skipped: int | None = None) -> None:
        """Keep rows before they are used, how far into the input they reach, and the bad rows up to there."""

    def read(self, stream: str) -> Sequence[Entry]:
        """Return what was taken in before, to be played first."""

    def intake(self, stream: str) -> Any:
        """Return where a stream keeps its input as it reads it."""


class _Limit(BaseModel):
    """What `held_out` may say beside the options of the reader."""

    limit: Annotated[int, Field(ge=1, strict=True)] | None = None


def build_brain(scenario: Scenario, lookup: Lookup, *, journal: Journal | None = None, autoplay: bool = False,
                sources: Sources | None = None) -> Brain:
    """Return the brain that a scenario describes, not yet built; takes what `make_blueprint` takes."""
    blueprint = make_blueprint(scenario, lookup, journal=journal, autoplay=autoplay, sources=sources)
    # The executors of the core are there without any plugin.
    named = scenario.executor
    with scenario.written.naming("executor"):
        executor = named if named in EXECUTORS else lookup.executor(named).make()
    brain = Brain.of(blueprint, executor=executor, profile=scenario.profile)
    for plan in brain.plans.values():
        if plan.manifest.deprecated:
            brain.tell(plan.name, f"comes with a warning: {plan.manifest.deprecated}")
    return brain


def make_blueprint(scenario: Scenario, lookup: Lookup, *, journal: Journal | None = None, autoplay: bool = False,
                   sources: Sources | None = None) -> Blueprint:
    """Return the blueprint of the brain that a scenario describes.

    Parameters
    ----------
    scenario : Scenario
    lookup : Lookup
        The plugin manager.
    journal : Journal, optional
        Keeps live input; without one it is not kept.
    autoplay : bool
        Let the streams play their learning rows from 0, as in a notebook; a run tells them itself.
    sources : Sources, optional
        Finds the files that the scenario names, and notes them.

    Raises
    ------
    AuraError
        If a stream cannot be opened, a kind is unknown, or the wiring is wrong; the last when the brain is built.
    """
    sources = sources or Sources(scenario.folder)
    for path in scenario.plugins:  # by now they are loaded, if they are to be; a run notes what it depends on
        sources.plugin(path)
    blueprint = Blueprint(seed=scenario.seed, resolution=scenario.resolution, paths=sources)
    with scenario.written.naming():
        in_order({name: model.beside for name, model in scenario.streams.items()})
    for name, model in scenario.streams.items():
        with scenario.written.naming(f"streams.{name}"), blaming(
                f"streams.{name}", f"a stream of kind {model.kind!r} that can be opened", StreamError):
            stream = _open_stream(name, lookup.stream(model.kind), model, scenario, journal, autoplay, sources)
            blueprint.add(stream, name)
            _refuse_live_lead(name, model, scenario, lookup)
    for name, zone in scenario.zones.items():
        with scenario.written.naming(f"zones.{name}"):
            blueprint.add(lookup.zone(zone.kind or name), name, params=zone.params, period=zone.period,
                          wake_on=zone.wake_on, latency=zone.latency, learn=zone.learn, on_error=zone.on_error)
    for pathway in scenario.pathways:
        with scenario.written.naming("pathways"):
            for end in (pathway.source, pathway.target):
                _require_declared(end.partition(".")[0], f"{pathway.source} -> {pathway.target}", blueprint, lookup)
            require_fitting_column(pathway, blueprint, scenario)
            blueprint.connect(pathway.source, pathway.target, pathway.delay)
    return blueprint


def _refuse_live_lead(name: str, model: StreamModel, scenario: Scenario, lookup: Lookup) -> None:
    """Refuse a stream that goes by one whose end nobody knows before it comes."""
    other = model.beside.other
    if other is not None and lookup.stream(scenario.streams[other].kind).live:
        raise StreamError(f"streams.{name}.{model.beside.key}", expected="a stream whose rows are known before they "
                          "are played", got=f"{other!r}, which is live input")


def _require_declared(zone: str, where: str, blueprint: Blueprint, lookup: Lookup) -> None:
    """Refuse a pathway to a zone that a plugin has and the scenario does not name; others the wiring names."""
    if zone in blueprint.plans:
        return
    try:
        lookup.zone(zone)
    except PluginError:
        return
    raise WiringError(where, expected="a zone of this brain", got=f"{zone!r}, which a plugin has",
                      hint=f"Add [zones.{zone}] to the scenario.")


def settle_time(network: Network) -> Time:
    """Return how long the last row of a phase may take to reach everything: all delays and latencies together.

    It is a whole multiple of `SETTLE_STEP`, so that a zone that is added moves no later phase in time.
    """
    delays = sum(path.delay or 0 for path in network.pathways)
    needed = delays + sum(plan.latency for plan in network.plans.values()) + network.resolution
    step = -(-SETTLE_STEP // network.resolution) * network.resolution
    return -(-needed // step) * step


def _open_stream(name: str, kind: ReaderKind, model: StreamModel, scenario: Scenario, journal: Journal | None,
                 autoplay: bool, sources: Sources) -> type[Zone[Any]]:
    options = _timed(_options(kind, model.reader_options, f"streams.{name}", sources), model)
    truth = model.truth
    if kind.live:
        return _open_live(name, kind, model, options, scenario, journal)
    _check_timing(name, model)
    other, where = dict(model.held_out or {}), f"streams.{name}.held_out"
    limit = validated(_Limit, {key: other.pop(key) for key in ("limit",) if key in other}, where, ScenarioError).limit
    playing = Playing(_period(name, model, parse_time(scenario.resolution)), model.items, model.time, model.time_unit,
                      model.shuffle, model.repeat, model.hold_out, model.hold_out_from, model.stratify,
                      model.hold_out_seed, model.limit, limit, model.curriculum, model.change,
                      model.hold_out_by, model.leave_out_ties, model.folds, model.fold, model.conversations,
                      autoplay and model.beside.other is None)
    reader = _reader(kind, options, scenario, f"streams.{name}")
    held_out = None
    ways = {key: value for key in ("hold_out", "folds", "held_out") if (value := getattr(model, key))}
    if len(ways) > 1:
        raise ScenarioError(f"streams.{name}", expected=" or ".join(ways),
                            got=" and ".join(f"{key} = {value}" for key, value in ways.items()),
                            hint=UNSET.format(name, *list(ways)[:2]))
    if model.held_out is not None:
        changed = _options(kind, {**model.reader_options, **other}, where, sources, "limit")
        held_out = _reader(kind, _timed(changed, model), scenario, where)
    reader, held_out, playing = in_lanes(name, reader, held_out, playing)
    return played_stream(reader, playing, name=name, held_out=held_out, truth=truth, kind=kind.name,
                         deprecated=kind.deprecated, spread=model.spread_over is not None)


def _reader(kind: ReaderKind, options: Any, scenario: Scenario, where: str) -> Reader:
    """Open a kind of reader; an iterable of rows is read to its end, as `aura.stream` does."""
    opened = kind.open(options, scenario.folder)
    if isinstance(opened, Reader):
        return opened
    if isinstance(opened, Iterable):
        return read_iterable(opened, name=where)
    raise StreamError(f"{where}: {kind.name}", expected="an aura.plugins.streams.Reader, or an iterable of rows",
                      got=type(opened).__name__, hint="Derive the reader from that class.")


def _open_live(name: str, kind: ReaderKind, model: StreamModel, options: Any, scenario: Scenario,
               journal: Journal | None) -> type[Zone[Any]]:
    for key in ("shuffle", "time", "spread_over", "follows", "hold_out", "held_out", "stratify", "hold_out_seed",
                "limit", "curriculum", "change", "hold_out_by", "leave_out_ties", "folds", "fold", "conversations"):
        if getattr(model, key) != StreamModel.model_fields[key].default:
            raise StreamError(f"streams.{name}.{key}", expected="no such setting for live input", got=key)
    if model.repeat != 1:
        raise StreamError(f"streams.{name}.repeat", expected="no such setting for live input", got=str(model.repeat))
    source: Source | None = None
    if journal is None or journal.live:
        intake = () if journal is None or not kind.intake else (journal.intake(name),)
        opened: Any = kind.open(options, scenario.folder, *intake)
        if not isinstance(opened, Source):
            raise StreamError(f"streams.{name}: {kind.name}", expected="an aura.plugins.streams.Source",
                              got=type(opened).__name__, hint="Derive the source from that class.")
        source, fields = opened, opened.fields
    elif kind.fields is not None:
        fields = kind.fields(options)
    else:
        raise StreamError(f"streams.{name}: {kind.name}", got="one that tells none without its input",
                          expected="a kind of live stream that tells its fields, to be played again")
    return live_stream(source, name=name, fields=fields, every=_period(name, model, parse_time(scenario.resolution)),
                       items=model.items, wait=not scenario.realtime, truth=model.truth,
                       journal=journal.write if journal else None, replayed=journal.read(name) if journal else (),
                       kind=kind.name, deprecated=kind.deprecated)


def _options(kind: ReaderKind, given: Mapping[str, Any], where: str, sources: Sources, *others: str) -> Any:
    known = {*kind.options_model.model_fields, *(others or StreamModel.model_fields)}
    for key in given:
        if key not in kind.options_model.model_fields:
            raise ScenarioError(f"{where}.{key}", expected=f"a setting of a stream of kind {kind.name!r}",
                                got=repr(key), hint=nearest(key, known))
    return validated(kind.options_model, given, where, ScenarioError, paths=sources)


def _timed(options: Any, model: StreamModel) -> Any:
    """Return a reader's options so that the column that rows are played by is read as exact times."""
    columns = dict(options).get("columns")
    if model.time is None or not (isinstance(columns, dict) and isinstance(columns.get(model.time), Column)):
        return options
    return options.model_copy(update={"columns": timed(columns, model.time, model.time_unit)})


def _check_timing(name: str, model: StreamModel) -> None:
    """Raise a ScenarioError if rows that a column times are given a rate too, or a period that nothing waits for."""
    if model.time is None:
        return
    if model.spread_over is not None:
        raise ScenarioError(f"streams.{name}.spread_over", expected="a time column or the time of another stream",
                            got=f"time = {model.time!r} and spread_over = {model.spread_over!r}",
                            hint="The column says when each row is played: leave one of them out.")
    if model.rate is not None:
        raise ScenarioError(f"streams.{name}.rate", expected="a time column or a rate",
                            got=f"time = {model.time!r} and rate = {model.rate!r}",
                            hint="The column says when each row is played: leave the rate out, or the time.")
    if model.period is not None and model.repeat == 1 and model.change is None:
        raise ScenarioError(f"streams.{name}.period", expected="no period beside a time column, but for several passes",
                            got=f"time = {model.time!r} and period = {model.period!r}",
                            hint="The column says when each row is played; a period is the pause between two passes.")


def _period(name: str, model: StreamModel, resolution: Time) -> Period:
    if model.period is not None and model.rate is not None:
        raise ScenarioError(f"streams.{name}", expected="a period or a rate",
                            got=f"period = {model.period!r} and rate = {model.rate!r}",
                            hint=UNSET.format(name, "period", "rate"))
    where = f"streams.{name}"
    if model.rate is not None:
        rate = parse_rate(model.rate, f"{where}.rate")
        if rate < resolution:
            raise ScenarioError(f"{where}.rate", got=model.rate,
                                expected=f"at most one tick in a resolution, {format_time(resolution)}",
                                hint="Choose a lower rate with more `items`, or a finer resolution.")
        return rate
    period = max(DEFAULT_PERIOD, resolution) if model.period is None else parse_time(model.period, f"{where}.period")
    if period == 0 or period % resolution:
        raise ScenarioError(f"{where}.period", expected=f"a multiple of the resolution, {format_time(resolution)}",
                            got=format_time(period),
                            hint="Choose another period, a rate, which need be no multiple, or a finer resolution.")
    return period
