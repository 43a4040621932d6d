"""A change in mid-run: from some learning row on, one field of a stream's rows comes changed in a fixed way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, StrictFloat, StrictInt, field_validator
from pydantic import Field as Setting

from aura.core.errors import StreamError, nearest
from aura.core.ports import Port
from aura.plugins.streams import Field
from aura.sim.readers.order import fixed_permutation

__all__ = ["AFTER", "BEFORE", "REGIME", "Change", "Changing"]

REGIME = Port("regime", "text", ("item",), role="label",
              doc="'before' or 'after' for each item: whether it came as it is, or changed.")
"""It has the role of a label, so that no zone can be told of the change by it before it has predicted."""

BEFORE, AFTER = "before", "after"


class Change(BaseModel):
    """What changes, how, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Setting(description="A field of arrays, such as images.")
    after: StrictInt | StrictFloat = Setting(
        description="Learning rows that are played unchanged; below 1 the fraction of a learning phase's rows, all "
                    "passes together.")
    how: Literal["permute"] = Setting(
        "permute",
        description='`"permute"`: the elements of every row change places, always in the same way.')
    held_out: Literal["both", "before", "after"] = Setting(
        "both",
        description="Whether held-out rows are played unchanged, changed, or first the one and then the other.")
    seed: Annotated[int, Setting(ge=0)] | None = Setting(
        None,
        description="What the permutation is drawn from; by default the stream's own seed.")

    @field_validator("after")
    @classmethod
    def _rows_or_a_share(cls, after: int | float) -> int | float:
        if after >= 0 if isinstance(after, int) else 0.0 < after < 1.0:
            return after
        raise ValueError("a whole number of learning rows, or a fraction between 0.0 and 1.0")


class Changing:
    """A change as one stream makes it.

    Parameters
    ----------
    change : Change
    fields : mapping of str to Field
        The stream's.
    rows : int
        Learning rows of one phase, all passes together.
    seed : int
        The stream's own seed.
    name : str
        What errors call the stream.

    Raises
    ------
    StreamError
        If the field is no array.
    """

    def __init__(self, change: Change, fields: Mapping[str, Field], rows: int, seed: int, name: str) -> None:
        field = fields.get(change.field)
        if field is None or field.listed or math.prod(field.shape) < 2:
            arrays = [key for key, known in fields.items() if not known.listed and math.prod(known.shape) >= 2]
            raise StreamError(f"{name}.change.field",
                              expected="a field of arrays of two elements or more that no row lacks",
                              got=_shown(change.field, field),
                              hint=f"Those of this stream: {', '.join(arrays)}." if arrays and field is not None
                              else nearest(change.field, fields) if field is None else "This stream has none.")
        self._change = change
        self._start = change.after if isinstance(change.after, int) else int(change.after * rows + 0.5)
        self._order = fixed_permutation(math.prod(field.shape), seed=seed if change.seed is None else change.seed)

    @property
    def held_out_passes(self) -> int:
        """How often the held-out rows are played."""
        return 2 if self._change.held_out == "both" else 1

    def learning(self, played: int, count: int) -> np.ndarray:
        """Return which of the next `count` learning rows come changed, after `played` of them."""
        changed: np.ndarray = np.arange(played, played + count) >= self._start
        return changed

    def held_out(self, number: int, count: int) -> np.ndarray:
        """Return which of `count` rows of the held-out pass `number` come changed: all or none."""
        late = number == 1 if self._change.held_out == "both" else self._change.held_out == AFTER
        return np.full(count, late)

    def apply(self, rows: Mapping[str, Any], changed: np.ndarray) -> dict[str, Any]:
        """Return rows of which those that are told come changed; what was given stays as it is."""
        if not changed.any():
            return dict(rows)
        given = np.asarray(rows[self._change.field])
        flat = given.reshape(len(given), -1)
        moved = flat.take(self._order, axis=1)
        if not changed.all():
            moved[~changed] = flat[~changed]
        return {**rows, self._change.field: moved.reshape(given.shape)}


def _shown(name: str, field: Field | None) -> str:
    if field is None:
        return repr(name)
    lacking = ", which rows may lack" if field.optional else ""
    return f"{name!r}, a field of {field.dtype if field.dtype in ('text', 'tags') else f'shape {field.shape}'}{lacking}"
