"""From the label sets that a teacher tells to the targets that a relay learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError, nearest
from aura.core.time import Time, format_time
from aura.zones.amygdala.params import TaskOptions

__all__ = ["LabelSets", "Targets", "Vocabulary"]

LabelSets: TypeAlias = Sequence[tuple[str, ...]]


class Targets(NamedTuple):
    """What a block of label sets asks of the relay."""

    rows: NDArray[np.intp]
    """Which of the items can be learned from."""

    matrix: NDArray[np.float64]
    """For each of those, one for the classes that it has and zero for the others, (rows, classes)."""

    unknown: int
    """Labels left out because they are no class."""


class Vocabulary:
    """The classes of one task, in the order in which they were met.

    Parameters
    ----------
    task : str
        Its name, for errors.
    options : TaskOptions
        First classes, and what becomes of other labels.

    Examples
    --------
    >>> words = Vocabulary("emotion", TaskOptions(classes=("joy",)))
    >>> words.targets([("fear",), (), ("joy", "fear")], "emotion").matrix.tolist()
    [[0.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    >>> words.names
    ['joy', 'fear']
    """

    def __init__(self, task: str, options: TaskOptions) -> None:
        self._task, self._options = task, options
        self.names: list[str] = []
        self._places: dict[str, int] = {}
        self.replace(options.classes)

    def __len__(self) -> int:
        return len(self.names)

    def replace(self, names: Sequence[str]) -> None:
        """Take these classes instead of the present ones."""
        self.names = list(names)
        self._places = {name: place for place, name in enumerate(self.names)}

    def targets(self, label_sets: LabelSets, where: str, now: Time = 0) -> Targets:
        """Return the targets of label sets; an open task grows by the labels that are new.

        A label that stands twice in a set counts once. An item without labels is a negative for every class; where
        an item has exactly one class, there is nothing to learn from it.

        Raises
        ------
        SignalError
            For a label that is no class of a task that is not open, and for several labels where one is asked for;
            `where` names the port, `now` the instant.
        """
        places: list[list[int]] = []
        rows: list[int] = []
        unknown = 0
        for index, labels in enumerate(label_sets):
            known = [place for label in labels if (place := self._place(label, where, now)) is not None]
            unknown += len(labels) - len(known)
            if not self._options.multi_label:
                if len(set(labels)) > 1:
                    raise SignalError(f"{where} at {format_time(now)}",
                                      expected=f"one label for each item of the task {self._task!r}",
                                      got=f"{len(set(labels))} labels: {', '.join(labels)}",
                                      hint=f"Set tasks.{self._task}.multi_label = true.")
                if not known:
                    continue
            rows.append(index)
            places.append(known)
        matrix = np.zeros((len(rows), len(self.names)))
        for row, known in enumerate(places):
            matrix[row, known] = 1.0
        return Targets(np.array(rows, dtype=np.intp), matrix, unknown)

    def _place(self, label: str, where: str, now: Time) -> int | None:
        place = self._places.get(label)
        if place is not None:
            return place
        if self._options.open:
            place = self._places[label] = len(self.names)
            self.names.append(label)
            return place
        if self._options.on_unknown == "skip":
            return None
        raise SignalError(f"{where} at {format_time(now)}", got=repr(label),
                          expected=f"labels that are classes of the task {self._task!r}",
                          hint=f"{nearest(label, self.names)} Or set tasks.{self._task}.open = true, or "
                               "on_unknown = 'skip'.")
