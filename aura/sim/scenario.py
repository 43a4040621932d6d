"""Scenario files: which streams, zones and pathways make up a brain, and how it is run and judged."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from aura.core.blame import told
from aura.core.errors import ScenarioError, TimeError, WiringError, nearest
from aura.core.params import validated
from aura.core.paths import shell_word
from aura.core.pathway import split_topic
from aura.core.time import parse_rate, parse_time
from aura.sim.streams.change import Change
from aura.sim.streams.curriculum import Curriculum

__all__ = ["CheckpointModel", "PathwayModel", "PhaseModel", "RecordModel", "Scenario", "StreamModel", "ZoneModel",
           "embedded_scenarios", "load_scenario", "read_scenario", "with_settings"]

FORMAT = 1


class _Model(BaseModel):
    # TOML knows nan and inf, and zones refuse them better than a null that no run folder can hold.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=True,
                              ser_json_inf_nan="constants")


def _as_text(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"a time with its unit (Try '{value} ms'.)")
    if not isinstance(value, str):
        return value
    try:
        parse_time(value)
    except TimeError as error:
        raise ValueError(f"{error.expected} ({error.hint})" if error.hint else error.expected) from None
    return value


def _above_zero(value: str) -> str:
    if parse_time(value) == 0:
        raise ValueError("a time above zero")
    return value


TimeText: TypeAlias = Annotated[str, BeforeValidator(_as_text)]
"""A time such as ``"10 ms"``."""


class StreamModel(BaseModel):
    """A sensory stream. The keys that are not listed here are options of its reader `kind`."""

    model_config = ConfigDict(frozen=True, extra="allow", ser_json_inf_nan="constants")

    kind: str = Field(description="What reads the rows: one of those that `aura streams` lists.")
    items: int = Field(1, ge=1, description="Rows played in one tick.")
    period: TimeText | None = Field(
        None,
        description="Time between two ticks of the stream; by default 10 ms. Either this or a rate.")
    rate: str | None = Field(
        None,
        description="The same as a rate, such as '50 Hz', or 50 for the same; it need be no multiple of the "
                    "resolution.")
    time: str | None = Field(
        None,
        description="A numeric field that says when each row is played, counted from the first row; the period is "
                    "then not used.")
    time_unit: Literal["ns", "us", "ms", "s", "min", "h"] | None = Field(
        None,
        description="The unit of that field; by default the field's own, or s.")
    shuffle: bool = Field(
        False,
        description="Play the learning rows in an order drawn anew for each pass from the stream's seed; held-out "
                    "rows keep the file's order.")
    repeat: int = Field(1, ge=1, description="Passes over the rows in a learning phase.")
    hold_out: float = Field(
        0.0, ge=0.0, lt=1.0,
        description="The fraction of the rows that is not learned from, but played with learning off in a phase of "
                    "its own; above zero at least one row.")
    hold_out_from: Literal["end", "random"] = Field(
        "end",
        description="Which rows `hold_out` keeps back: the last ones of the file, or rows drawn by the stream's "
                    "seed.")
    held_out: dict[str, Any] | None = Field(
        None,
        description="The options of the reader that open other rows as the held-out ones, in place of `hold_out`; "
                    "those not said are the stream's own. Its `limit` is the most of them.")
    limit: int | None = Field(
        None, ge=1,
        description="Take only the first so many rows of the file, before any are held out and before they are "
                    "shuffled; rows that `held_out` opens have a `limit` of their own.")
    truth: tuple[str, ...] | None = Field(
        None,
        description="Fields that tell the truth, which a zone is told after it has predicted; by default all tags.")
    curriculum: Curriculum | None = Field(
        None,
        description="Play the learning rows group after group of classes; adds the output `stage`.")
    change: Change | None = Field(None, description="Change a field of the rows in mid-run; adds the output `regime`.")

    @field_validator("rate", mode="before")
    @classmethod
    def _rate(cls, value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = f"{value} Hz"
        if not isinstance(value, str):
            return value
        try:
            parse_rate(value)
        except TimeError as error:
            raise ValueError(error.expected) from None
        return value

    @property
    def reader_options(self) -> dict[str, Any]:
        """The options meant for the reader."""
        return dict(self.model_extra or {})


class ZoneModel(_Model):
    """A zone: its kind, when it wakes, and its own parameters."""

    kind: str | None = None
    period: TimeText | None = None
    wake_on: tuple[str, ...] | None = None
    latency: TimeText | None = None
    learn: bool = True
    on_error: Literal["stop", "silence", "restart"] = "stop"
    params: dict[str, Any] = {}


class PathwayModel(_Model):
    """A pathway; in a file also ``"zone.port -> zone.port"`` or ``"... after 5 ms"``."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    delay: TimeText | None = None

    @field_validator("source", "target")
    @classmethod
    def _topic(cls, value: str) -> str:
        try:
            split_topic(value, "pathway")
        except WiringError as error:
            raise ValueError(error.expected) from None
        return value


class PhaseModel(_Model):
    """A stretch of a run: which rows the streams play, and whether zones learn.

    With a `stage`, streams that have a curriculum play only the learning rows of that stage, from 0, and go on to the
    held-out rows or another stage in a later phase; other streams play their learning rows as ever.
    """

    name: str
    split: Literal["learn", "held_out"] = "learn"
    learn: bool = True
    stage: Annotated[int, Field(ge=0)] | None = None
    span: TimeText | None = None  # end after this time, also if rows are left

    @model_validator(mode="after")
    def _fits(self) -> PhaseModel:
        if self.stage is not None and self.split != "learn":
            raise ValueError("no stage where held-out rows are played: a curriculum is of the learning rows")
        return self


class RecordModel(_Model):
    """What is recorded."""

    topics: tuple[str, ...] = ("*",)
    leave_out: tuple[str, ...] = ()
    every: dict[str, TimeText] = {}
    enabled: bool = True
    on_error: Literal["stop", "go on"] = "stop"  # what becomes of the run if something cannot be recorded


class CheckpointModel(_Model):
    """When checkpoints are written, in simulated time, and how many are kept."""

    every: TimeText = "10 s"  # "0 s": only at the end
    keep: int = Field(default=3, ge=0)


class Scenario(_Model):
    """A whole scenario, as its file says it."""

    aura: Literal[1] = Field(description="version of the format")
    name: str
    summary: str = ""
    seed: int = Field(0, ge=0)
    resolution: Annotated[TimeText, AfterValidator(_above_zero)] = "1 ms"
    until: TimeText | None = None
    executor: Literal["serial", "threads", "processes"] = "serial"
    realtime: float = Field(0.0, ge=0.0, allow_inf_nan=False)
    profile: bool = False
    settle: TimeText | None = Field(None, description="time to let signals arrive after a phase's last row")
    plugins: tuple[str, ...] = ()
    streams: dict[str, StreamModel] = {}
    zones: dict[str, ZoneModel] = {}
    pathways: tuple[PathwayModel, ...] = ()
    phases: tuple[PhaseModel, ...] = ()
    metrics: dict[str, dict[str, Any]] = {}
    record: RecordModel = RecordModel()
    checkpoints: CheckpointModel = CheckpointModel()
    base: str = Field(".", description="the folder that relative paths refer to")

    @field_validator("pathways", mode="before")
    @classmethod
    def _short_pathways(cls, value: Any) -> Any:
        return [_short_pathway(item) for item in value] if isinstance(value, (list, tuple)) else value

    @property
    def folder(self) -> Path:
        """The folder that relative paths refer to."""
        return Path(self.base)

    def dump(self) -> dict[str, Any]:
        """Return plain values that `read_scenario` takes back."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)


def embedded_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with AURA, by name."""
    folder = Path(str(files("aura.sim") / "scenarios"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_scenario(source: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """Return a scenario from a file, or an embedded one by name, with ``key=value`` settings applied.

    Raises
    ------
    ScenarioError
        If there is no such file or name, the TOML is broken, or a key or value is wrong.
    """
    path, known = Path(source), embedded_scenarios()
    if str(source) in known and not path.exists():
        path = known[str(source)]
    if (path / "run.json").is_file():
        raise ScenarioError(str(path), expected="a scenario", got="the folder of a run",
                            hint=f"Go on with it by `aura resume {shell_word(path)}`.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ScenarioError(f"scenario {str(source)!r}", expected="a file, or the name of an embedded scenario",
                            got="neither", hint=nearest(str(source), known)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(str(path), expected="a readable UTF-8 file", got=told(error)) \
            from None
    except (ValueError, RecursionError) as error:  # beside broken TOML: numbers of thousands of digits, deep nesting
        raise ScenarioError(str(path), expected="valid TOML", got=str(error)) from None
    base = table.get("base", ".")
    if isinstance(base, str):
        table["base"] = str(path.resolve().parent / base)
    return read_scenario(with_settings(table, settings), path.name)


def read_scenario(table: Mapping[str, Any], where: str = "scenario") -> Scenario:
    """Return the scenario that a table of plain values describes."""
    if table.get("aura") not in (FORMAT, None):
        raise ScenarioError(f"{where}: aura", expected=f"format version {FORMAT}", got=repr(table["aura"]),
                            hint="A newer AURA may read it.")
    try:
        scenario = validated(Scenario, table, "", ScenarioError)
    except ScenarioError as error:
        place = error.where.removeprefix(".") or "the file"
        raise ScenarioError(f"{where}: {place}", expected=error.expected, got=error.got, hint=error.hint) from None
    _refuse_lone_surrogates(scenario.dump(), where, ())
    taken = set(scenario.streams) & set(scenario.zones)
    if taken:
        raise ScenarioError(f"{where}: zones.{min(taken)}", expected="a name that no stream has", got=min(taken))
    for kind, names in (("streams", scenario.streams), ("zones", scenario.zones), ("metrics", scenario.metrics)):
        for name in names:
            if not name.isidentifier():
                raise ScenarioError(f"{where}: {kind}.{name}", expected="a name of letters, digits and '_'",
                                    got=repr(name))
    phases = [phase.name for phase in scenario.phases]
    if len(set(phases)) < len(phases):
        raise ScenarioError(f"{where}: phases", expected="names that differ, as figures are kept by phase",
                            got=", ".join(phases))
    return scenario


def _refuse_lone_surrogates(value: Any, where: str, path: tuple[str, ...]) -> None:
    """Refuse text that no file can hold, as it comes from a command line whose bytes are no UTF-8."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            place = ascii(".".join(path))[1:-1]
            raise ScenarioError(f"{where}: {place}", expected="text that UTF-8 can write", got=ascii(value)) from None
    elif isinstance(value, Mapping):
        for key, part in value.items():
            _refuse_lone_surrogates(key, where, (*path, key))
            _refuse_lone_surrogates(part, where, (*path, key))
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            _refuse_lone_surrogates(part, where, (*path, str(number)))


def with_settings(table: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return the table with settings such as ``"amygdala.rule=logistic"`` or ``"until=2 s"`` applied.

    A first part that names a zone sets a parameter of the zone, one that names a stream a key of the stream; anything
    else is a path from the top of the file. Values are read as TOML, and as text where they are no TOML; nothing after
    the sign takes the key out of the table, and ``""`` is the empty text.
    """
    for setting in settings:
        path, sign, text = setting.partition("=")
        shown = " ".join(setting.split())  # in one line
        keys = path.strip().split(".")
        if not sign or not all(keys):
            raise ScenarioError(f"--set {shown}", expected="'zone.param=value'", got=repr(setting))
        zones, streams = (found if isinstance(found := table.get(key), dict) else {} for key in ("zones", "streams"))
        if keys[0] in zones and len(keys) > 1:
            own = keys[1] in ZoneModel.model_fields and keys[1] != "params"
            keys = ["zones", keys[0], *(keys[1:] if own or keys[1] == "params" else ["params", *keys[1:]])]
        elif keys[0] in streams and len(keys) > 1:
            keys = ["streams", *keys]
        elif keys[0] not in Scenario.model_fields:
            raise ScenarioError(f"--set {shown}", expected="a zone, a stream or a key of the scenario",
                                got=repr(keys[0]), hint=nearest(keys[0], [*zones, *streams, *Scenario.model_fields]))
        _assign(table, keys, _parse(text) if text.strip() else None, shown)
    return table


def _assign(table: dict[str, Any], keys: Sequence[str], value: Any, shown: str) -> None:
    """Give a key of a table a value, or take it out for None, which TOML does not know."""
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise ScenarioError(f"--set {shown}", expected="a path through tables", got=f"a value at {key!r}")
    if value is not None:
        table[keys[-1]] = value
    elif table.pop(keys[-1], None) is None:
        raise ScenarioError(f"--set {shown}", expected="a key that the scenario sets, to be taken back",
                            got=repr(keys[-1]), hint=nearest(keys[-1], table))


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _short_pathway(item: Any) -> Any:
    if not isinstance(item, str):
        return item
    source, arrow, rest = item.partition("->")
    target, _, delay = rest.partition(" after ")
    if not arrow:
        raise ValueError(f"'zone.port -> zone.port' or '... after 5 ms', not {item!r}")
    table = {"from": source.strip(), "to": target.strip()}
    return {**table, "delay": delay.strip()} if delay else table

