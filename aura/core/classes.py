"""Classes by their names: what a teacher's labels say in numbers, in the order in which they were met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError, nearest
from aura.core.lasting import Stateful
from aura.core.time import Time, format_time

__all__ = ["OTHER", "ClassIndex", "LabelSets", "Labels", "Targets"]

OTHER = "(other)"
"""The class that stands for all beyond the bound."""

BEYOND_MAX = 100_000
"""Classes beyond the bound that are counted; each costs some 60 bytes."""

LabelSets = Sequence[tuple[str, ...]]
"""The labels of each item, as an output of tags has them."""


class Labels(NamedTuple):
    """What label sets say where each item has one class."""

    rows: NDArray[np.intp]
    """Which of the items can be learned from."""
    places: NDArray[np.intp]
    """The class of each of those."""
    unknown: int
    """Labels left out because they are no class."""


class Targets(NamedTuple):
    """What label sets say where an item may have several classes."""

    rows: NDArray[np.intp]
    """Which of the items can be learned from."""
    matrix: NDArray[np.float64]
    """For each of those, one for the classes that it has and zero for the others, (rows, classes)."""
    unknown: int
    """Labels left out because they are no class."""


class ClassIndex(Stateful):
    """Names of classes and their places; an open one grows by the names that are new.

    Parameters
    ----------
    names : sequence of str
        The classes known from the start.
    open : bool
        Whether a label that is no class yet becomes one.
    on_unknown : {"stop", "skip"}
        What another label does where it cannot become one: it stops the zone, or is left out and counted.
    most : int, optional
        Classes told apart, `OTHER` among them, which stands for all that come beyond; those are only counted.
    setting : str
        Where `open` and `on_unknown` are set, for the hint of an error, such as ``"tasks.emotion."``.

    Examples
    --------
    >>> classes = ClassIndex(["joy"])
    >>> classes.targets([("fear",), (), ("joy", "fear")], "zone.teacher").matrix.tolist()
    [[0.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    >>> classes.one_each([("fear",), (), ("joy",)], "zone.teacher").places.tolist(), classes.names
    ([1, 0], ['joy', 'fear'])
    >>> bounded = ClassIndex(most=2)
    >>> [bounded.place(label) for label in ("joy", "love", "fear", "love")], bounded.beyond
    ([0, 1, 1, 1], 2)
    """

    lasting = ("names", "_beyond")

    def __init__(self, names: Sequence[str] = (), *, open: bool = True, on_unknown: Literal["stop", "skip"] = "stop",
                 most: int | None = None, setting: str = "") -> None:
        self._open, self._on_unknown, self._most, self._setting = open, on_unknown, most, setting
        self.names: list[str] = []
        """The classes in the order of their places."""
        self._places: dict[str, int] = {}
        self._beyond: set[int] = set()
        self.replace(names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, label: str) -> bool:
        """Return whether a class that was met is told apart from all others."""
        return label in self._places and not (label == OTHER and bool(self._beyond))

    @property
    def beyond(self) -> int:
        """How many classes are not told apart, up to `BEYOND_MAX`."""
        return len(self._beyond)

    def replace(self, names: Sequence[str]) -> None:
        """Take these classes instead of the present ones."""
        self.names = list(names)
        self._beyond = set()
        self.after_load()

    def after_load(self) -> None:
        self._places = {name: place for place, name in enumerate(self.names)}

    def place(self, label: str) -> int:
        """Return the place of a class, known or new; -1 for a label that is none and cannot become one."""
        place = self._places.get(label)
        if place is not None:
            return place
        if not self._open:
            return -1
        if self._most is not None and len(self.names) >= self._most - 1:
            if len(self._beyond) < BEYOND_MAX:
                digest = blake2b(label.encode(errors="surrogatepass"), digest_size=7)
                self._beyond.add(int.from_bytes(digest.digest()))
            label = OTHER
        place = self._places.setdefault(label, len(self.names))
        if place == len(self.names):
            self.names.append(label)
        return place

    def places(self, labels: Iterable[str]) -> tuple[int, ...]:
        """Return the places of a label set, ascending, each once; -1 among them for a label that is no class."""
        places = {self.place(label) for label in labels}
        return tuple(places) if len(places) < 2 else tuple(sorted(places))

    # --- label sets -----------------------------------------------------------------------------------------------

    def one_each(self, label_sets: LabelSets, where: str, now: Time = 0, *,
                 hint: str = "These classes exclude each other.") -> Labels:
        """Return what label sets say; from an item without a class there is nothing to learn.

        Parameters
        ----------
        label_sets : sequence of tuple of str
            The labels of each item; one that stands twice in a set counts once.
        where : str
            Names the port in errors, such as ``"amygdala.emotion_teacher"``.
        now : int
            The instant, for errors.
        hint : str
            What to try where an item has several.

        Raises
        ------
        SignalError
            For a label that can be no class, unless they are skipped, and for an item with several.
        """
        for labels in label_sets:
            if len(labels) > 1 and len(set(labels)) > 1:
                raise SignalError(f"{where} at {format_time(now)}", expected="one label for each item",
                                  got=f"{len(set(labels))}: {', '.join(map(repr, labels))}", hint=hint)
        places = [self._place_of(labels[0], where, now) if labels else None for labels in label_sets]
        rows = [row for row, place in enumerate(places) if place is not None and place >= 0]
        return Labels(np.array(rows, np.intp), np.array([places[row] for row in rows], np.intp), places.count(-1))

    def targets(self, label_sets: LabelSets, where: str, now: Time = 0) -> Targets:
        """Return the targets of label sets; an item without labels is a negative for every class.

        Parameters are those of `one_each`.

        Raises
        ------
        SignalError
            For a label that can be no class, unless they are skipped.
        """
        known, rows, columns, unknown = self._places, [], [], 0
        for row, labels in enumerate(label_sets):
            for label in dict.fromkeys(labels):
                place = known.get(label)
                if place is None:
                    place = self._place_of(label, where, now)
                if place < 0:
                    unknown += 1
                else:
                    rows.append(row)
                    columns.append(place)
        matrix = np.zeros((len(label_sets), len(self.names)))
        matrix[rows, columns] = 1.0
        return Targets(np.arange(len(label_sets)), matrix, unknown)

    def _place_of(self, label: str, where: str, now: Time) -> int:
        """Return the place of a label, or -1 if it is left out."""
        place = self._places.get(label)
        if place is None:
            place = self.place(label)
        if place < 0 and self._on_unknown == "stop":
            raise SignalError(f"{where} at {format_time(now)}", got=repr(label),
                              expected=f"a label among the {len(self)} classes",
                              hint=f"{nearest(label, self.names)} Or set {self._setting}open = true, or "
                                   "on_unknown = 'skip'.")
        return place
