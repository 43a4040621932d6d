"""What a scenario may say: its tables as models, every key with its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PrivateAttr, field_validator, model_validator
from pydantic_core import to_jsonable_python

from aura.core.errors import ScenarioError, WiringError
from aura.core.params import validated
from aura.core.paths import TextFrom
from aura.core.pathway import split_topic
from aura.core.time import parse_time
from aura.sim.stream_model import Model, StreamModel, TimeText
from aura.sim.written import Written

__all__ = ["EACH", "FORMAT", "CheckpointModel", "Extending", "PathwayModel", "PhaseModel", "RecordModel", "Scenario",
           "StreamModel", "ZoneModel", "checked"]

M = TypeVar("M", bound=BaseModel)

FORMAT = 1


def _above_zero(value: str) -> str:
    if parse_time(value) == 0:
        raise ValueError("a time above zero")
    return value


class ZoneModel(Model):
    """A zone: its kind, when it wakes, and its own parameters."""

    kind: str | None = Field(
        default=None,
        description="Which zone it is: one of those that `aura zones` lists; by default the one of its name.")
    period: TimeText | None = Field(
        default=None,
        description="It wakes at every multiple of this time; by default as its kind does.")
    wake_on: tuple[str, ...] | None = Field(
        default=None,
        description="It wakes when a signal reaches one of these inputs; by default those of its kind.")
    latency: TimeText | None = Field(
        default=None,
        description="It works in the background, and what it publishes comes so much later; by default as its kind "
                    "says.")
    learn: bool = Field(default=True, description="Whether it learns, in phases that learn.")
    on_error: Literal["stop", "silence", "restart"] = Field(
        default="stop",
        description="What becomes of it when it raises: the run stops, it takes part no more, or it goes back to its "
                    "last checkpoint.")
    params: dict[str, Any] = Field(
        default={},
        description="Its own parameters; `aura zones NAME` shows those of a kind.")


class PathwayModel(Model):
    """A pathway; in a file also ``"zone.port -> zone.port"`` or ``"... after 5 ms"``."""

    source: str = Field(alias="from", description="The output that is carried, as 'zone.port'.")
    target: str = Field(alias="to", description="The input that it is carried to, as 'zone.port'.")
    delay: TimeText | None = Field(
        default=None,
        description="How long it takes; by default one resolution, and for a label longer than the stimulus takes.")

    @field_validator("source", "target")
    @classmethod
    def _topic(cls, value: str) -> str:
        try:
            split_topic(value, "pathway")
        except WiringError as error:
            raise ValueError(error.expected) from None
        return value


EACH: Literal["each"] = "each"
"""The stage of a phase that is played once for each stage."""


def _stage(value: Any) -> Any:
    if value == EACH or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ValueError(f"a stage from 0 on, or {EACH!r}")


class PhaseModel(Model):
    """A stretch of a run: which rows the streams play, and whether zones learn."""

    name: str = Field(
        min_length=1,
        description="What figures call it. Of a phase that is played once for each stage, `{number}` in it is the "
                    "stage's, counted from 1, and `{classes}` its classes, as in 'classes-{classes}'.")
    split: Literal["learn", "held_out"] = Field(default="learn", description="Which rows the streams play.")
    learn: bool = Field(default=True, description="Whether zones learn.")
    stage: Annotated[int | Literal["each"], BeforeValidator(_stage)] | None = Field(
        default=None,
        description="Streams that have a curriculum play only the learning rows of this stage, from 0, and go on to "
                    "the held-out rows or another stage in a later phase; other streams play their learning rows as "
                    "ever. 'each' plays the phase once for each stage, one after the other.")
    after: Literal["each stage"] | None = Field(
        default=None,
        description="'each stage': played after every one of the stages of the phase before it that has `stage = "
                    "\"each\"`.")
    span: TimeText | None = Field(default=None, description="End after this time, also if rows are left.")

    @model_validator(mode="after")
    def _fits(self) -> PhaseModel:
        if self.stage is not None and self.split != "learn":
            raise ValueError("no stage where held-out rows are played: a curriculum is of the learning rows")
        if self.stage is not None and self.after is not None:
            raise ValueError("no stage of its own for a phase that is played after each stage")
        if self.repeats and not ("{number}" in self.name or "{classes}" in self.name):
            raise ValueError(f"a name with '{{number}}' or '{{classes}}' for a phase that is played once for each "
                             f"stage, as '{self.name}-{{number}}'")
        return self

    @property
    def repeats(self) -> bool:
        """Whether it is played once for each stage of a curriculum."""
        return self.stage == EACH or self.after is not None


class RecordModel(Model):
    """What is recorded."""

    topics: tuple[str, ...] = Field(
        default=("*",),
        description="The topics that are recorded, as 'zone.port'; `*` is any text.")
    leave_out: tuple[str, ...] = Field(default=(), description="Those of them that are not.")
    every: dict[str, TimeText] = Field(default={}, description="A topic that is recorded at most once in so much time.")
    enabled: bool = Field(default=True, description="Whether anything is recorded at all.")
    on_error: Literal["stop", "go on"] = Field(
        default="stop",
        description="What becomes of the run if something cannot be recorded.")


class CheckpointModel(Model):
    """When checkpoints are written, in simulated time, and how many are kept."""

    every: TimeText = Field(
        default="10 s",
        description="The simulated time between two of them; '0 s': only at the end.")
    keep: int = Field(default=3, ge=0, description="How many of them are kept, the newest; 0 keeps all.")


class Extending(Model):
    """What a file says of the scenario that it extends, beside all that a scenario says."""

    extends: str | None = Field(
        default=None,
        description="The scenario that this one is made from: a file, as seen from this one, or the name of an "
                    "embedded scenario. Tables are merged key by key, anything else is replaced; '...' in a list "
                    "stands for what that scenario has there.")
    without: tuple[str, ...] = Field(
        default=(),
        description="Keys of that scenario that are left out before anything is merged, as 'metrics.growth'.")


class Scenario(Model):
    """A whole scenario, as its file says it."""

    aura: Literal[1] = Field(description="The version of the format.")
    name: str = Field(min_length=1, description="What the scenario is called; run folders are named after it.")
    summary: str = Field(default="", description="What it does, in one sentence.")
    seed: int = Field(default=0, ge=0, description="The seed of every random stream.")
    resolution: Annotated[TimeText, AfterValidator(_above_zero)] = Field(
        default="1 ms",
        description="The grid of time: periods and delays are whole multiples of it.")
    until: TimeText | None = Field(default=None, description="End at this simulated time, also if rows are left.")
    executor: str = Field(
        default="serial",
        description="Where zones compute: `serial`, one after the other; `threads`; `processes` of their own; or as a "
                    "plugin has it. The bits are the same.")
    realtime: float = Field(
        default=0.0, ge=0.0, allow_inf_nan=False,
        description="Pace by the clock: 1.0 is real time, 0.0 as fast as it goes.")
    profile: bool = Field(default=False, description="Measure how long each zone computes, and tell it in the report.")
    settle: TimeText | None = Field(
        default=None,
        description="The time that a phase runs on after its last row, to let signals arrive; by default as long as "
                    "all delays and latencies together.")
    plugins: tuple[str, ...] = Field(
        default=(),
        description="Files of Python code that bring zones, streams or metrics.")
    streams: dict[str, StreamModel] = Field(default={}, description="The sensory streams by name.")
    zones: dict[str, ZoneModel] = Field(default={}, description="The zones by name.")
    pathways: tuple[PathwayModel, ...] = Field(
        default=(),
        description="What is carried where: 'zone.port -> zone.port', '... after 5 ms', or a table.")
    phases: tuple[PhaseModel, ...] = Field(
        default=(),
        description="What is played one after the other; by default all learning rows, then, with learning off, those "
                    "that are held out.")
    metrics: dict[str, dict[str, Any]] = Field(
        default={},
        description="The metrics by name, each with its `kind`, one of those that `aura metrics` lists, and that "
                    "kind's options.")
    record: RecordModel = Field(default=RecordModel(), description="What is recorded.")
    checkpoints: CheckpointModel = Field(default=CheckpointModel(), description="When checkpoints are written.")
    base: str = Field(default=".", description="The folder that relative paths refer to, as seen from the file.")

    @field_validator("pathways", mode="before")
    @classmethod
    def _short_pathways(cls, value: Any) -> Any:
        return [_short_pathway(item) for item in value] if isinstance(value, (list, tuple)) else value

    _written: Written = PrivateAttr(default_factory=Written)

    @property
    def written(self) -> Written:
        """What knows the files that it was read from, if it was read from files."""
        return self._written

    def with_written(self, written: Written) -> Scenario:
        """Let the scenario know the files that it was read from, and return it."""
        self._written = written
        return self

    @property
    def folder(self) -> Path:
        """The folder that relative paths refer to."""
        return Path(self.base)

    def dump(self) -> dict[str, Any]:
        """Return plain values that `read_scenario` takes back.

        Paths of a scenario that this one extends are as seen from this one's folder, once its brain was built.
        """
        table: dict[str, Any] = _plain(self.model_dump(by_alias=True, exclude_none=True, exclude_defaults=False))
        return table


def checked(model: type[M], table: Mapping[str, Any], where: str) -> M:
    """Return a table of a file as its model; a `ScenarioError` names the file and the key."""
    try:
        return validated(model, table, "", ScenarioError)
    except ScenarioError as error:
        place = error.where.removeprefix(".") or "the file"
        raise ScenarioError(f"{where}: {place}", expected=error.expected, got=error.got, hint=error.hint) from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, TextFrom):
        return value.here if value.is_path else value
    return value if isinstance(value, (str, bool, int, float)) else to_jsonable_python(value)


def _short_pathway(item: Any) -> Any:
    if not isinstance(item, str):
        return item
    source, arrow, rest = item.partition("->")
    target, _, delay = rest.partition(" after ")
    if not arrow:
        raise ValueError(f"'zone.port -> zone.port' or '... after 5 ms', not {item!r}")
    table = {"from": source.strip(), "to": target.strip()}
    return {**table, "delay": delay.strip()} if delay else table

