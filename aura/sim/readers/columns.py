"""The column map: which cell of a row feeds which port, and as what type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, StrictInt, StrictStr, model_validator
from pydantic import Field as Setting

from aura.core.errors import StreamError
from aura.plugins.streams import Field, Item
from aura.sim.readers.bad import BadValue, Missing
from aura.sim.readers.cells import TIME_UNITS, number, number_array, shown, tags, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Column", "ColumnMap", "RowParser", "timed"]

Key: TypeAlias = Annotated[StrictInt, Setting(ge=0)] | StrictStr

_DTYPES = {"text": "text", "tags": "tags", "float": "float32", "float64": "float64", "int": "int64", "time": "int64"}

_EMPTY = "Where rows may lack it, set the column `optional`, or a `default`; on_bad = \"skip\" leaves such rows out."


class Column(BaseModel):
    """Where one port's values stand in a row, and what they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    _clock: str = PrivateAttr("")

    source: Key | tuple[Key, ...] = Setting(
        alias="from",
        description="Column name or 0-based index; in JSON a key, or a dotted path. Several make a vector of "
                    "numbers.")
    type: Literal["text", "tags", "float", "float64", "int", "time"] = Setting(
        "text",
        description='What the values are: `"tags"` labels, `"float"` float32; `"time"` becomes nanoseconds (int64).')
    separator: str = Setting(",", description="Between the tags of one cell; empty: the whole cell is one tag.")
    classes: tuple[str, ...] = Setting((), description="The only tags allowed; empty: any.")
    values: dict[str, str] = Setting(
        default_factory=dict,
        description='Of `text` and `tags`: other names for what the cells say, `{ "0" = "asks", "1" = "answers" }`.')
    others: str | None = Setting(
        None,
        description="Of `text` and `tags`: the name for all that is neither in `values` nor in `classes`. An empty "
                    "cell is none of them.")
    shape: tuple[Annotated[int, Setting(ge=1)], ...] | None = Setting(
        None,
        description="Shape of one item where a JSON value is an array; without it the first good row tells.")
    range: tuple[float, float] | None = Setting(
        None,
        description="Of `float` and `float64`: the scale of the cells, such as [1, 5], which is mapped onto 0 to 1; a "
                    "number outside it is bad.")
    unit: str = Setting("", description='Unit of the numbers; for `"time"` that of the cell: ns, us, ms, s, min or h.')
    doc: str = Setting("", description="One sentence on what it is.")
    optional: bool = Setting(
        False,
        description="Whether a row may lack it: a key that is absent or null, an empty cell. What it feeds is then "
                    "told nothing of that row, so that a row without its label is a stimulus without a teacher.")
    default: Any = Setting(None, description="Taken where a row lacks it: a text, a number, or a list of them.")

    @model_validator(mode="after")
    def _consistent(self) -> Column:
        if isinstance(self.source, tuple) and (self.type in ("text", "tags", "time") or not self.source):
            raise ValueError("several columns make a vector of numbers: expected type 'float', 'float64' or 'int'")
        if self.type == "time" and self.unit not in TIME_UNITS:
            raise ValueError(f"expected one of the units {', '.join(TIME_UNITS)} for a time, got {self.unit!r}")
        if self.range is not None and (self.type not in ("float", "float64") or not self.range[0] < self.range[1]):
            raise ValueError("a range is of type 'float' or 'float64', from its least number to its largest")
        if (self.values or self.others is not None) and self.type not in ("text", "tags"):
            raise ValueError("values and others are names: expected type 'text' or 'tags'")
        if self.others is not None and not (self.values or self.classes):
            raise ValueError("others are all but some: expected values or classes beside it")
        if self.optional and self.default is not None:
            raise ValueError("expected optional = true or a default, got both")
        if self.default is not None:
            try:
                self.item(lambda _: self.default)
            except BadValue as bad:
                raise ValueError(f"expected as default {bad.expected}, got {bad.got}") from bad
        return self

    @property
    def keys(self) -> tuple[str | int, ...]:
        """The columns that it reads, in order."""
        return self.source if isinstance(self.source, tuple) else (self.source,)

    @property
    def dtype(self) -> str:
        """The field's dtype."""
        return _DTYPES[self.type]

    @property
    def numeric(self) -> bool:
        """Whether a cell is one number."""
        return self.type not in ("text", "tags") and not isinstance(self.source, tuple)

    @property
    def exact(self) -> bool:
        """Whether cells are read as times, and so are wanted to the last digit."""
        return self.type == "time" or bool(self._clock)

    @property
    def clock(self) -> str:
        """The unit of the times if rows are played by this column, else empty."""
        return self._clock

    def timed(self, unit: str | None) -> Column:
        """Return the column as one that rows are played by, in `unit`, or else its own or seconds."""
        timed = self.model_copy()
        timed._clock = unit or (self.unit if self.unit in TIME_UNITS else "s")
        return timed

    def instant(self, get: Callable[[str | int], object]) -> int:
        """Return when a row that this column times is played, in nanoseconds; BadValue if the cell is no time."""
        cell = self._filled(get, self.keys[0]) if self.lenient else get(self.keys[0])
        return int(number(cell, "clock", self._clock))

    def field(self, shape: tuple[int, ...]) -> Field:
        """Return the field that this column becomes."""
        unit = "ns" if self.type == "time" else self.unit
        return Field(self.dtype, shape, unit, self.doc, self._classes if self.type == "tags" else (), self.optional)

    @property
    def _classes(self) -> tuple[str, ...]:
        """The labels that the field may hold, where they are known."""
        if self.others is None:
            return self.classes
        return tuple(dict.fromkeys((*self.classes, *self.values.values(), self.others)))

    def _named(self, label: str) -> str:
        """Return what a text or label is called here."""
        label = self.values.get(label, label)
        return label if self.others is None or not label or label in self._classes else self.others

    @property
    def lenient(self) -> bool:
        """Whether a row may lack it."""
        return self.optional or self.default is not None

    def item(self, get: Callable[[str | int], object]) -> Item:
        """Return one row's item, or None if the row lacks an optional one; BadValue if the cell does not fit."""
        if self.lenient:
            cells = {key: self._filled(get, key) for key in self.keys}
            if any(cell is None for cell in cells.values()):
                return None
            get = cells.__getitem__
        if self.type == "text":
            return self._named(text(get(self.keys[0])))
        if self.type == "tags":
            return tags(get(self.keys[0]), self.separator, self._classes, self._named)
        if isinstance(self.source, tuple):
            return self._ranged(number_array([number(get(key), self.type, self.unit) for key in self.source],
                                             self.dtype))
        cell = get(self.source)
        if self.type != "time" and not isinstance(cell, (str, int, float)):
            return self._ranged(number_array(cell, self.dtype))
        return self._ranged(number(cell, self.type, self.unit))

    def _ranged(self, item: np.ndarray | np.generic) -> np.ndarray | np.generic:
        """Return numbers as they lie in the scale that the column tells, from 0 to 1."""
        if self.range is None:
            return item
        (least, most), numbers = self.range, np.asarray(item, dtype=np.float64)
        if not ((numbers >= least) & (numbers <= most)).all():
            raise BadValue(f"numbers from {least:g} to {most:g}, the column's range", shown(item.tolist()))
        ranged: np.ndarray | np.generic = ((numbers - least) / (most - least)).astype(self.dtype)[()]
        return ranged

    def _filled(self, get: Callable[[str | int], object], key: str | int) -> object:
        try:
            cell = get(key)
        except Missing:
            return self.default
        return self.default if _is_empty(cell) else cell

    def lacks(self, get: Callable[[str | int], object]) -> bool:
        """Whether one of a row's cells is there and empty."""
        try:
            return any(_is_empty(get(key)) for key in self.keys)
        except Missing:
            return False


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _shorthand(value: object) -> object:
    return {"from": value} if isinstance(value, (str, int, list, tuple)) else value


ColumnMap: TypeAlias = dict[str, Annotated[Column, BeforeValidator(
    _shorthand, json_schema_input_type=Key | tuple[Key, ...] | Column)]]
"""Port name to column; ``text = "Unit"`` is short for ``text = {from = "Unit"}``."""


def timed(columns: Mapping[str, Column], port: str | None, unit: str | None) -> dict[str, Column]:
    """Return the columns, of which the one that feeds `port` is also read as exact times if it is one of numbers.

    Raises
    ------
    StreamError
        If that one is optional.
    """
    if port is not None and port in columns and columns[port].optional:
        raise StreamError(f"columns.{port}.optional", expected="a column that every row has, as rows are played by it",
                          got="true", hint="Leave `optional` out; a `default` may stand for a time that is lacking.")
    return {name: column.timed(unit) if name == port and column.numeric else column for name, column in columns.items()}


class RowParser:
    """Turns rows into items of fields.

    Parameters
    ----------
    columns : mapping of str to Column
    settle : bool
        Let the first good row settle a shape that the map leaves open; without, it is a scalar's.
    """

    def __init__(self, columns: Mapping[str, Column], *, settle: bool = True) -> None:
        self.columns = dict(columns)
        self.exact = any(column.exact for column in self.columns.values())
        """Whether a number is wanted as its source writes it."""
        self._shapes: dict[str, tuple[int, ...] | None] = {}
        for port, column in self.columns.items():
            fixed = (len(column.source),) if isinstance(column.source, tuple) else column.shape
            fixed = () if fixed is None and not settle else fixed
            self._shapes[port] = () if column.type in ("text", "tags", "time") else fixed

    @property
    def fields(self) -> dict[str, Field]:
        """The fields; a shape that nothing has settled yet is that of a scalar."""
        return {port: column.field(self._shapes[port] or ()) for port, column in self.columns.items()}

    def parse(self, get: Callable[[str | int], object]) -> dict[str, Item]:
        """Return a row's items by port, where `get` returns the cell of a column; BadValue names the port."""
        row: dict[str, Item] = {}
        shapes = dict(self._shapes)
        for port, column in self.columns.items():
            try:
                row[port] = item = column.item(get)
                if item is not None and column.dtype not in ("text", "tags"):
                    _fit_shape(shapes, port, item)  # type: ignore[arg-type]
            except BadValue as bad:
                hint = bad.hint or (_EMPTY if column.lacks(get) and not column.lenient else "")
                raise BadValue(bad.expected, bad.got, hint, port=port) from bad
        self._shapes = shapes
        return row


def _fit_shape(shapes: dict[str, tuple[int, ...] | None], port: str, item: np.ndarray | np.generic) -> None:
    expected = shapes[port]
    if expected is None:
        shapes[port] = item.shape
    elif item.shape != expected:
        raise BadValue(f"shape {expected}", f"shape {item.shape}")
