"""What a scenario may say of a stream: the keys that every kind has."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from aura.core.errors import TimeError
from aura.core.time import RATE_PATTERN, TIME_PATTERN, parse_rate, parse_time
from aura.sim.streams.beside import Beside
from aura.sim.streams.change import Change
from aura.sim.streams.conversations import Conversations
from aura.sim.streams.curriculum import Curriculum

__all__ = ["Model", "StreamModel", "TimeText"]


_RATE_SCHEMA = {"anyOf": [{"type": "string", "pattern": RATE_PATTERN}, {"type": "number", "exclusiveMinimum": 0}]}


class Model(BaseModel):
    """The base of every table: frozen, and unknown keys are errors."""

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


TimeText: TypeAlias = Annotated[str, BeforeValidator(_as_text), Field(json_schema_extra={"pattern": TIME_PATTERN})]
"""A time such as ``"10 ms"``."""


class StreamModel(BaseModel):
    """A sensory stream. The keys that are not listed here are options of its reader `kind`."""

    model_config = ConfigDict(frozen=True, extra="allow", ser_json_inf_nan="constants")

    kind: str = Field(description="What reads the rows: one of those that `aura streams` lists.")
    items: int = Field(default=1, ge=1, description="Rows played in one tick.")
    period: TimeText | None = Field(
        default=None,
        description="Time between two ticks of the stream; by default 10 ms. Either this or a rate.")
    rate: Annotated[str, WithJsonSchema(_RATE_SCHEMA)] | None = Field(
        default=None,
        description="The same as a rate, such as '50 Hz', or 50 for the same; it need be no multiple of the "
                    "resolution.")
    time: str | None = Field(
        default=None,
        description="A numeric field that says when each row is played, counted from the first row; the period is "
                    "then not used.")
    time_unit: Literal["ns", "us", "ms", "s", "min", "h"] | None = Field(
        default=None,
        description="The unit of that field; by default the field's own, or s.")
    spread_over: str | None = Field(
        default=None,
        description="Another stream: the rows come evenly over the time that it takes in each phase, the first with "
                    "its first and the last with its last. Where it plays none, they come at this stream's own rate.")
    follows: str | None = Field(
        default=None,
        description="Another stream: the first row comes one tick after the last one that it plays in a phase.")
    shuffle: bool = Field(
        default=False,
        description="Play the learning rows in an order drawn anew for each pass from the stream's seed; held-out "
                    "rows keep the file's order.")
    repeat: int = Field(default=1, ge=1, description="Passes over the rows in a learning phase.")
    hold_out: float = Field(
        default=0.0, ge=0.0, lt=1.0,
        description="The fraction of the rows that is not learned from, but played with learning off in a phase of "
                    "its own; above zero at least one row.")
    hold_out_from: Literal["end", "random"] = Field(
        default="end",
        description="Which rows `hold_out` keeps back: the last ones of the file, or rows drawn by the stream's "
                    "seed.")
    stratify: str | None = Field(
        default=None,
        description="A field of tags, text or integers: of each of its classes the rows that are drawn hold the same "
                    "fraction, of the rarest ones as nearly as can be.")
    hold_out_seed: int | None = Field(
        default=None, ge=0,
        description="What the rows are drawn by that `hold_out` keeps back: the same ones whatever the scenario's seed "
                    "and the stream's name. By default these two.")
    hold_out_by: tuple[str, ...] | None = Field(
        default=None,
        description="Fields of tags, text or integers of which no value is both learned and held out: rows that share "
                    "one are held out together or not at all. By default, of conversations, their authors; a "
                    "conversation is never parted.")
    leave_out_ties: bool = Field(
        default=False,
        description="Where more rows hang together than a part is to have, as of authors who have talked to one "
                    "another by way of others, part them and leave the conversations out that tie them: such a one is "
                    "not held out, nor learned from while one of its authors is.")
    folds: int | None = Field(
        default=None, ge=2,
        description="Part the rows into so many of like size, of which one `fold` is held out, in place of "
                    "`hold_out`.")
    fold: int = Field(
        default=0, ge=0,
        description="Which of the `folds` is held out, counted from 0.")
    held_out: dict[str, Any] | None = Field(
        default=None,
        description="The options of the reader that open other rows as the held-out ones, in place of `hold_out`; "
                    "those not said are the stream's own. Its `limit` is the most of them.")
    limit: int | None = Field(
        default=None, ge=1,
        description="Take only the first so many rows of the file, before any are held out and before they are "
                    "shuffled; rows that `held_out` opens have a `limit` of their own.")
    truth: tuple[str, ...] | None = Field(
        default=None,
        description="Fields that tell the truth, which a zone is told after it has predicted; by default all tags.")
    conversations: Conversations | None = Field(
        default=None,
        description="How rows make conversations, whose turns are played in order and whose labels come at their end; "
                    "`limit` then counts conversations, and `shuffle` orders them and not their turns.")
    curriculum: Curriculum | None = Field(
        default=None,
        description="Play the learning rows group after group of classes; adds the output `stage`.")
    change: Change | None = Field(
        default=None,
        description="Change a field of the rows in mid-run; adds the output `regime`.")

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
    def beside(self) -> Beside:
        """How it goes by another stream."""
        return Beside(self.spread_over, self.follows)

    @property
    def reader_options(self) -> dict[str, Any]:
        """The options meant for the reader."""
        return dict(self.model_extra or {})
