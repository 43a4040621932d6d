"""A curriculum: the learning rows of a stream are played class after class, or group after group of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator, model_validator
from pydantic import Field as Setting

from aura.core.errors import StreamError, nearest
from aura.core.ports import Port
from aura.plugins.streams import Reader
from aura.sim.readers.order import by_stage
from aura.sim.streams.classes import class_field, classes_of, row_classes

__all__ = ["NO_STAGE", "STAGE", "Curriculum", "Stages"]

STAGE = Port("stage", "int64", ("item",), role="label",
             doc="The stage of the curriculum that each item belongs to, from 0; -1 for a held-out item of no stage.")
"""It has the role of a label: a stage tells of the true class, and no zone may see that before it has predicted."""

NO_STAGE = -1
"""The stage of an item whose classes are in no group."""

_NAMED_MOST = 5


class Curriculum(BaseModel):
    """Which classes are played in which stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Setting(description="The field with the class: tags, text or integers.")
    groups: tuple[tuple[str, ...], ...] | None = Setting(
        None,
        description="The classes of each stage. By default each class is a stage, in the order in which the field "
                    "declares its classes, or else in which they first appear.")
    per_stage: int = Setting(
        1, ge=1,
        description="Without groups: how many classes make a stage, in that order; the last stage may have fewer.")

    @model_validator(mode="after")
    def _one_way(self) -> Curriculum:
        if self.groups is not None and self.per_stage != 1:
            raise ValueError("groups or per_stage, as groups say how many classes a stage has")
        return self

    @field_validator("groups")
    @classmethod
    def _classes_once(cls, groups: tuple[tuple[str, ...], ...] | None) -> tuple[tuple[str, ...], ...] | None:
        if groups is not None and not (groups and all(groups)):
            raise ValueError("groups of one class or more")
        classes = [label for group in groups or () for label in group]
        twice = [label for number, label in enumerate(classes) if label in classes[:number]]
        if twice:
            raise ValueError(f"each class in one group, and once; {twice[0]!r} stands twice")
        return groups


class Stages:
    """The stages of the rows that a stream learns from.

    Parameters
    ----------
    curriculum : Curriculum
    reader : Reader
    rows : numpy.ndarray
        int64, the learning rows.
    name : str
        What errors call the stream.

    Raises
    ------
    StreamError
        If there is no such field, it names no classes, a row is of no group, or a group has no row.
    """

    def __init__(self, curriculum: Curriculum, reader: Reader, rows: np.ndarray, name: str) -> None:
        self._field, self._where = curriculum.field, f"{name}.curriculum"
        declared = class_field(reader.fields, curriculum.field, f"{self._where}.field").classes
        groups = curriculum.groups
        if groups is None:
            present = dict.fromkeys(label for _, labels in row_classes(reader, rows, self._field) for label in labels)
            order = [label for label in declared if label in present] or list(present)
            groups = tuple(tuple(order[start:start + curriculum.per_stage])
                           for start in range(0, len(order), curriculum.per_stage))
        self._stage_of = {label: stage for stage, group in enumerate(groups) for label in group}
        self.groups = groups
        self._rows = np.full(len(reader), NO_STAGE, dtype=np.int64)
        self._take(reader, rows)
        for stage, group in enumerate(groups):
            if not (self._rows[rows] == stage).any():
                raise StreamError(f"{self._where}.groups[{stage}]", expected="classes of the learning rows",
                                  got=", ".join(map(repr, group)), hint=nearest(group[0], declared))

    def order(self, rows: np.ndarray, stage: int | None = None) -> np.ndarray:
        """Return `rows` stage after stage, each stage's in the order given; only those of `stage`, if it is given."""
        return by_stage(rows, self._rows[rows], stage)

    def of(self, rows: Mapping[str, Any]) -> np.ndarray:
        """Return the stage of each of some rows that the reader gave, int64 (item,)."""
        return np.array([self._stage(labels) for labels in classes_of(rows[self._field])], dtype=np.int64)

    def _stage(self, labels: tuple[str, ...]) -> int:
        stages = {self._stage_of.get(label, NO_STAGE) for label in labels}
        return stages.pop() if len(stages) == 1 else NO_STAGE

    def _take(self, reader: Reader, rows: np.ndarray) -> None:
        """Settle the stage of each row."""
        homeless: dict[str, int] = {}
        for row, labels in row_classes(reader, rows, self._field):
            stage = self._rows[row] = self._stage(labels)
            if stage == NO_STAGE:
                homeless.setdefault(" and ".join(map(repr, labels)) or "no class", row)
        if homeless:
            first = next(iter(homeless.values()))
            shown = list(homeless)[:_NAMED_MOST]
            more = f", and {len(homeless) - len(shown)} more" if len(homeless) > len(shown) else ""
            raise StreamError(f"{self._where}.groups", expected="a group for the class of every learning row",
                              got=f"{', '.join(shown)}{more} (first in row {first})",
                              hint="Name it in a group, or leave such rows out of the file.")
