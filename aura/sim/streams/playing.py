"""How a stream plays its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from aura.core.errors import StreamError
from aura.core.ports import Port
from aura.core.time import MS
from aura.sim.streams.change import REGIME, Change
from aura.sim.streams.conversations import PLACE, Conversations
from aura.sim.streams.curriculum import STAGE, Curriculum
from aura.sim.streams.times import Period

__all__ = ["Playing"]


@dataclass(frozen=True, slots=True)
class Playing:
    """How a stream plays its rows.

    Parameters
    ----------
    period : int or Fraction
        Nanoseconds between two ticks of the stream; each comes at the nearest point of the brain's grid.
    items : int
        Rows in one tick.
    time, time_unit : str
        A numeric field that says when each row is played, counted from the first row; the period is then the
        pause between two passes. The unit is the field's own, or seconds, unless it is given.
    shuffle, repeat : bool, int
        Passes in a learning phase; held-out rows are played once, in their order.
    hold_out, hold_out_from, limit
        As in `aura.sim.readers.order.plan`.
    stratify : str, optional
        A field of classes, of each of which the rows drawn hold the same fraction.
    hold_out_seed : int, optional
        What the rows that are held out are drawn by, whatever the stream's own seed.
    held_out_limit : int, optional
        Play only the first so many rows of a reader of held-out rows.
    hold_out_by : tuple of str, optional
        Fields of which no value is on both sides. By default, of conversations, these and their authors.
    leave_out_ties : bool
        Leave out the rows that tie together what is too large for a part.
    folds, fold : int, optional
        Hold out one of so many parts of the rows, as alike in size as can be, counted from 0.
    conversations : Conversations, optional
        Rows are turns; `limit` and `held_out_limit` then count conversations.
    curriculum : Curriculum, optional
        Play the learning rows stage after stage, shuffled or not within a stage; an output ``stage`` tells of it.
    change : Change, optional
        Change a field of the rows in mid-run; an output ``regime`` tells of it.
    autoplay : bool
        Begin with the learning rows at 0, without being told.
    """

    period: Period = 10 * MS
    items: int = 1
    time: str | None = None
    time_unit: str | None = None
    shuffle: bool = False
    repeat: int = 1
    hold_out: float = 0.0
    hold_out_from: Literal["end", "random"] = "end"
    stratify: str | None = None
    hold_out_seed: int | None = None
    limit: int | None = None
    held_out_limit: int | None = None
    curriculum: Curriculum | None = None
    change: Change | None = None
    hold_out_by: tuple[str, ...] | None = None
    leave_out_ties: bool = False
    folds: int | None = None
    fold: int = 0
    conversations: Conversations | None = None
    autoplay: bool = True

    @property
    def apart(self) -> tuple[str, ...]:
        """The fields of which no value is on both sides."""
        how = self.conversations
        by = self.hold_out_by if self.hold_out_by is not None or how is None or how.author is None else (how.author,)
        return tuple(dict.fromkeys((*(() if how is None else (how.by,)), *(by or ()))))

    def ports(self, fields: Iterable[str], name: str) -> tuple[Port, ...]:
        """Return the outputs that conversations, a curriculum and a change add to those of the fields.

        Raises
        ------
        StreamError
            If a field has the name of one of them.
        """
        added = (("conversations", PLACE, self.conversations), ("curriculum", STAGE, self.curriculum),
                 ("change", REGIME, self.change))
        ports = tuple(port for _, port, declared in added if declared is not None)
        for key, port, declared in added:
            if declared is not None and port.name in fields:
                raise StreamError(f"{name}.{key}", got="one that has it",
                                  expected=f"a stream without a field {port.name!r}, as that is the name of an output")
        return ports
