"""The vocabulary of figures: what a metric shows, as data that stand in metrics.json and that one renderer draws.

Times are integers in nanoseconds of simulated time; whole numbers are those of 64 bits. What does not fit together is
refused when a figure is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    model_serializer,
    model_validator,
)

from aura.core.time import LATEST

__all__ = ["FIGURES", "AnyFigure", "Bars", "Card", "Cards", "Column", "Count", "Curves", "Event", "Example",
           "Examples", "Figure", "Fold", "Graph", "Image", "Line", "Lines", "Map", "Matrix", "Pathway", "Picture",
           "Profile", "Raster", "Rate", "Table", "Text", "Timeline", "Traces", "Volume", "Whole", "ZoneInfo", "flat"]

Whole = Annotated[int, Field(ge=-LATEST - 1, le=LATEST)]
"""A whole number of 64 bits."""
Count = Annotated[int, Field(ge=0, le=LATEST)]
"""A whole number of 64 bits from 0 on."""
Length = Annotated[int, Field(ge=1, le=LATEST)]
Pixels = Annotated[int, Field(ge=0, le=1 << 16)]
Time = Whole
Grid = tuple[Length, Length, Length]
Numbers = Annotated[tuple[float, ...], Field(min_length=1)]
Png = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/=]+$", description="a PNG file in base64")]
Cell = str | Whole | float | bool | tuple[float | None, Whole] | None


class _Part(BaseModel):
    """A part of a figure: all its numbers are finite, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    alike: ClassVar[tuple[str, ...]] = ()
    """Parts that are as many as each other."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _alike(*(getattr(self, name) for name in self.alike))
        self.fit()
        return self

    def fit(self) -> None:
        """Raise ValueError if its parts do not fit together in another way."""


class _Read(BaseModel):
    """What others have told; further keys are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Figure(_Part):
    """What all figures have: a sentence below, and words for those who cannot see it (by default the sentence)."""

    figure: str = ""
    caption: str = ""
    alt: str = ""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"figure": self.figure, **write(self)}  # also where defaults are left out


class Text(Figure):
    """A paragraph: what a section is about, a note, or a message that should not be missed."""

    figure: Literal["text"] = "text"
    text: str
    kind: Literal["about", "plain", "note", "message"] = "note"


class Card(_Part):
    """One figure at the top of the page: how it was measured, of what, and where."""

    what: str
    value: float | None
    how: str = ""
    where: str = ""
    beside: str = ""
    learning: bool = False


class Cards(Figure):
    """The headline figures of a metric; they stand at the top of the page."""

    figure: Literal["cards"] = "cards"
    cards: tuple[Card, ...]


class Column(_Part):
    """A column of a table.

    Its cells are texts (`named`: with the dot of the name's colour, in the palette `label`) or numbers: a whole
    `count`, a `figure` of three digits, a number as it was `measured` in `unit`, a `bar` as its share of `most` (with
    `digits` 0 a count), a `time`, or a figure and the number of items that it is `of`.
    """

    name: str
    kind: Literal["text", "named", "count", "figure", "measured", "bar", "time", "of"] = "text"
    unit: str = "1"
    most: float = 1.0
    digits: Annotated[int, Field(ge=0, le=15)] = 3
    label: str = ""
    wide: bool = False

    def fits(self, cell: Cell) -> bool:
        """Return whether a cell can stand in this column."""
        if cell is None or self.kind in ("text", "named"):
            return cell is None or isinstance(cell, str)
        return isinstance(cell, tuple) if self.kind == "of" else isinstance(cell, (int, float))


class Table(Figure):
    """Rows of cells, one for each column; None is drawn as a dash."""

    figure: Literal["table"] = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sortable: bool = True


    def fit(self) -> None:
        for row in self.rows:
            _alike(row, self.columns)
            for column, cell in zip(self.columns, row, strict=True):
                if not column.fits(cell):
                    raise ValueError(f"column {column.name!r}: expected a {column.kind}, got {cell!r}")


class Curves(Figure):
    """The metric's own rolling values over the run (`Metric.add_row`), phases without learning shaded.

    `names` are those to draw and what they are called, all of them if it is empty. Curves may be `stacked`, be given
    the colours of the palette `label`, or be smoothed by a running mean.
    """

    figure: Literal["curves"] = "curves"
    names: dict[str, str] = {}
    quantity: str = ""
    label: str | None = None
    stacked: bool = False
    smooth: bool = False


class Line(_Part):
    """One line: its name and its points."""

    name: str
    x: Numbers
    y: Numbers
    alike = ("x", "y")


class Lines(Figure):
    """Lines over one axis."""

    figure: Literal["lines"] = "lines"
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    x: str = ""
    y: str = ""


class Trace(_Part):
    """One trace: its name, and the points of its line, times in nanoseconds."""

    name: str
    times: Annotated[tuple[Time, ...], Field(min_length=1)]
    values: Numbers
    alike = ("times", "values")


class Traces(Figure):
    """Lines over a stretch of time, each in a row of its own, all to one scale."""

    figure: Literal["traces"] = "traces"
    traces: Annotated[tuple[Trace, ...], Field(min_length=1)]
    quantity: str = ""


class Bars(Figure):
    """A bar for each name, made of one value for each part, with a note at its end.

    The bars stand from top to bottom in the order of `names`, as those of a histogram do; with `sort` the largest is
    on top, and equal ones stand by name.
    """

    figure: Literal["bars"] = "bars"
    names: tuple[str, ...]
    parts: Annotated[dict[str, tuple[float, ...]], Field(max_length=1000)]
    notes: tuple[str, ...] = ()
    quantity: str = ""
    sort: bool = False


    def fit(self) -> None:
        _alike(self.names, *self.parts.values(), *((self.notes,) if self.notes else ()))


class Matrix(Figure):
    """Counts by row and column, drawn as the share of each row."""

    figure: Literal["matrix"] = "matrix"
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[Count, ...], ...]
    down: str = ""
    across: str = ""
    alike = ("counts", "rows")

    def fit(self) -> None:
        for row in self.counts:
            _alike(row, self.columns)


class Raster(Figure):
    """The spikes of a stretch of time: the shown cells, and for each spike its row among them and its time."""

    figure: Literal["raster"] = "raster"
    start: Time
    end: Time
    cells: tuple[Whole, ...] = ()
    rows: tuple[Count, ...] = ()
    times: tuple[Time, ...] = ()
    alike = ("rows", "times")

    def fit(self) -> None:
        _below(self.rows, len(self.cells))


class Rate(Figure):
    """Events of all `cells` by bin, from time 0 to `end`; `width` is that of a bin in nanoseconds."""

    figure: Literal["rate"] = "rate"
    width: Length
    end: Time
    counts: tuple[Count, ...] = ()
    cells: Count = 1


class Map(Figure):
    """The units of a map that have won: their wins, and the number of their majority label (-1 for none)."""

    figure: Literal["map"] = "map"
    shape: Grid
    units: tuple[Count, ...] = ()
    wins: tuple[Length, ...] = ()
    labels: tuple[str, ...] = ()
    majority: tuple[Annotated[int, Field(ge=-1)], ...] = ()
    alike = ("units", "wins", "majority")

    def fit(self) -> None:
        _below(self.majority, len(self.labels))
        _below(self.units, math.prod(self.shape))


class Profile(_Part):
    """Means over the planes across one axis."""

    axis: str
    mean: Numbers
    last: Numbers
    alike = ("mean", "last")


class Volume(Figure):
    """A grid as means over blocks of these sides, in C order, and the profiles along its axes."""

    figure: Literal["volume"] = "volume"
    shape: Grid
    sides: Grid
    mean: Numbers
    last: Numbers
    profiles: tuple[Profile, ...] = ()
    quantity: str = ""
    unit: str = "1"

    @property
    def blocks(self) -> tuple[int, ...]:
        """How many blocks there are along each axis."""
        return tuple(-(-length // side) for length, side in zip(self.shape, self.sides, strict=True))


    def fit(self) -> None:
        _alike(self.mean, self.last)
        if len(self.mean) != math.prod(self.blocks):
            raise ValueError(f"expected {math.prod(self.blocks)} blocks, got {len(self.mean)}")


class Event(_Read):
    """One event of growth: when, after how many items, what befell whom, of which kind and group that one is, what it
    was grown from and how it began, why it happened, and what it was drawn from. Further keys are left out.
    """

    time: Count
    items: Count
    action: Literal["grow", "prune", "revive", "freeze", "thaw"]
    expert: Annotated[str, Field(min_length=1)]
    kind: str = ""
    parents: tuple[str, ...] = ()
    start: str = ""
    reason: str = ""
    seed: int | None = None
    group: Whole = 0


class Timeline(Figure):
    """A line for the life of each part that grew, in the colours of the palette `label`."""

    figure: Literal["timeline"] = "timeline"
    events: tuple[Event, ...]
    label: str = ""


class ZoneInfo(_Read):
    """A zone of a brain."""

    name: str
    kind: str = ""
    clock: str = ""


class Pathway(_Read):
    """A pathway of a brain; the delay in nanoseconds."""

    source: str
    source_port: str
    target: str
    target_port: str
    delay: Time | None = None


class Graph(Figure):
    """Zones with their ports, and pathways with their delays."""

    figure: Literal["graph"] = "graph"
    zones: tuple[ZoneInfo, ...]
    pathways: tuple[Pathway, ...] = ()


class Picture(_Part):
    """What was judged: a text, or a picture."""

    text: str | None = None
    png: Png | None = None
    width: Pixels = 0
    height: Pixels = 0


class Example(_Read):
    """An item as it was judged. Runs of before called `predicted` said, and `confidence` sure."""

    stimulus: Picture | None = None
    truth: tuple[str, ...] = ()
    predicted: tuple[str, ...] = Field((), validation_alias=AliasChoices("predicted", "said"))
    best: str | None = None
    confidence: float | None = Field(None, validation_alias=AliasChoices("confidence", "sure"))
    right: bool = False


class Examples(Figure):
    """Items to look at: mistakes, and some that were right."""

    figure: Literal["examples"] = "examples"
    examples: tuple[Example, ...]


class Image(Figure):
    """A picture as a PNG file."""

    figure: Literal["image"] = "image"
    png: Png
    width: Pixels
    height: Pixels


class Fold(Figure):
    """Figures below a title that opens and closes."""

    figure: Literal["fold"] = "fold"
    title: str
    figures: tuple[AnyFigure, ...]
    opened: bool = False


AnyFigure = Annotated[
    Text | Cards | Table | Curves | Lines | Traces | Bars | Matrix | Raster | Rate | Map | Volume | Timeline | Graph
    | Examples | Image | Fold, Field(discriminator="figure")]
"""Any figure, told apart by its `figure`."""

Fold.model_rebuild()
FIGURES: TypeAdapter[tuple[AnyFigure, ...]] = TypeAdapter(tuple[AnyFigure, ...])
"""Reads figures from JSON values and writes them."""


def flat(figures: Iterable[Any]) -> Iterator[Figure]:
    """Return figures and those that are folded in them."""
    for figure in figures:
        yield figure
        if isinstance(figure, Fold):
            yield from flat(figure.figures)


def _alike(*parts: Sequence[Any]) -> None:
    if len({len(part) for part in parts}) > 1:
        raise ValueError(f"expected parts of one length, got {', '.join(str(len(part)) for part in parts)}")


def _below(numbers: Sequence[int], end: int) -> None:
    if max(numbers, default=-1) >= end:
        raise ValueError(f"expected numbers below {end}, got {max(numbers)}")
