"""Rows that are turns of conversations: in order within one, with labels that come when it ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from aura.core.errors import StreamError, nearest
from aura.core.ports import Port
from aura.plugins.streams import Field, Item, Reader
from aura.sim.readers.cells import shown
from aura.sim.streams.classes import BLOCK_ROWS
from aura.sim.streams.talk_order import last_of_each, place_in_each, talk_order

__all__ = ["PLACE", "Conversations", "Talks", "with_labels"]

PLACE = Port("place", "int64", ("item",),
             doc="Where each row stands in its conversation as it is played, from 0: no two rows of one are alike.")

_REORDERED = "put {count} rows in the order of their turns, which the file does not have"
_UNKNOWN = "played {count} rows without an author"
_NO_AUTHOR = -1
LABELS = ("labels", "author_labels", "speaker_labels")
"""Settings that name fields which come at an end."""


class Conversations(BaseModel):
    """How rows make conversations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str = Setting("conversation",
                      description="The field that says which conversation a row belongs to: text or integers.")
    turn: str | None = Setting(
        None,
        description="A field of numbers by which the rows of a conversation are ordered; those of one turn keep the "
                    "file's order. Without one all of them do.")
    author: str | None = Setting(
        None,
        description="The field that says who speaks: text or integers; empty where nobody knows.")
    labels: tuple[str, ...] = Setting(
        (),
        description="Fields that tell something of the conversation as a whole: published with the last row of it "
                    "alone, whichever rows have them.")
    author_labels: tuple[str, ...] = Setting(
        (),
        description="Fields that tell something of the author: published with the last row that he has in a "
                    "conversation.")
    speaker_labels: tuple[str, ...] = Setting(
        (),
        description="Fields that tell something of an author within one conversation, such as the role there: "
                    "published with the last row that he has in it.")
    together: int = Setting(
        1, ge=1,
        description="How many conversations are open at once: 1 plays one after the other; of several the next row is "
                    "that of one drawn by the stream's seed, and where one ends, the next begins.")
    shuffle_turns: bool = Setting(
        False,
        description="Play the rows within a conversation in an order drawn by the stream's seed, to learn whether "
                    "their order matters.")

    def key_of(self, label: str) -> str:
        """Return the setting in which a field that comes at the end stands."""
        return next(key for key in LABELS if label in getattr(self, key))

    @property
    def published_last(self) -> tuple[str, ...]:
        """The fields that come at the end."""
        return (*self.labels, *self.author_labels, *self.speaker_labels)


def with_labels(fields: Mapping[str, Field], how: Conversations | None) -> Mapping[str, Field]:
    """Return the fields as they are published: what comes at an end, most rows lack."""
    last = how.published_last if how else ()
    return {name: replace(field, optional=True) if name in last else field for name, field in fields.items()}


class Talks:
    """The conversations that the rows of a reader make.

    Parameters
    ----------
    how : Conversations
    reader : Reader
    name : str
        What errors call the stream.
    timed : bool
        Whether a time column says when rows are played, and so in which order.

    Raises
    ------
    StreamError
        If a field is not there or of another type, a row is of no conversation, a turn comes again after others of its
        conversation, a label differs within what it tells of, or times and turns disagree.
    """

    def __init__(self, how: Conversations, reader: Reader, name: str, *, timed: bool = False) -> None:
        self._how, self._name, self._timed = how, f"{name}.conversations", timed
        _check_fields(how, reader.fields, self._name)
        if timed and (how.together > 1 or how.shuffle_turns):
            raise StreamError(self._name, expected="no order but that of the time column",
                              got="shuffle_turns" if how.shuffle_turns else f"together = {how.together}")
        columns = _columns(reader, [how.by, how.turn, how.author, *how.published_last])
        ids = columns[how.by]
        self._require_ids(ids)
        self._talk, self._names = _numbered(ids)
        """Which conversation each row is of, counted as they begin in the file."""
        self._turn = np.zeros(len(ids)) if how.turn is None else np.asarray(columns[how.turn])
        authors = ["" if one is None else one for one in columns[how.author]] if how.author else [""] * len(ids)
        known, _ = _numbered(authors)
        self._author = np.where([one == "" for one in authors], _NO_AUTHOR, known)
        self._speaker = np.where(self._author == _NO_AUTHOR, _NO_AUTHOR,
                                 self._talk * (self._author.max(initial=0) + 1) + self._author)
        self._check_turns()
        self._values = {label: self._one_each(label, columns[label], self._talk, how.by) for label in how.labels}
        self._values |= {label: self._one_each(label, columns[label], self._author, str(how.author))
                         for label in how.author_labels}
        self._values |= {label: self._one_each(label, columns[label], self._speaker, f"{how.author} of a {how.by}")
                         for label in how.speaker_labels}

    def first(self, limit: int | None) -> np.ndarray:
        """Return the rows of the first so many conversations, or of all, int64."""
        return np.flatnonzero(self._talk < (len(self._names) if limit is None else limit))

    def order(self, rows: np.ndarray, *, seed: int, number: int, shuffle: bool) -> np.ndarray:
        """Return rows in the order in which pass `number` plays them; with `shuffle` conversations change places."""
        if self._timed:
            return rows
        return talk_order(rows, self._talk, self._turn, seed=seed, number=number, shuffle=shuffle,
                          together=self._how.together, shuffle_turns=self._how.shuffle_turns)

    def places(self, order: np.ndarray) -> np.ndarray:
        """Return, int64 (3, row): the place of each row of a pass, and if it is the last of its talk, and author."""
        talk, speaker = self._talk[order], self._speaker[order]
        ends = last_of_each(speaker) & (speaker != _NO_AUTHOR)
        return np.array([place_in_each(talk), last_of_each(talk), ends], dtype=np.int64)

    def published(self, rows: Mapping[str, Any], chosen: np.ndarray, places: np.ndarray) -> dict[str, Any]:
        """Return the rows `chosen` of the reader with their places, and of the labels those of what ends with them."""
        published = {**rows, PLACE.name: places[0]}
        for labels, keys, last in ((self._how.labels, self._talk, places[1]),
                                   (self._how.author_labels, self._author, places[2]),
                                   (self._how.speaker_labels, self._speaker, places[2])):
            for label in labels:
                of = self._values[label]
                published[label] = tuple(of.get(key) if ended else None for key, ended in
                                         zip(keys[chosen].tolist(), last.tolist(), strict=True))
        return published

    def notices(self) -> dict[str, int]:
        """Return what was put in order, and what is not known."""
        moved = 0 if self._timed else int((self._sorted() != np.argsort(self._talk, kind="stable")).sum())
        return {_REORDERED: moved, _UNKNOWN: int((self._author == _NO_AUTHOR).sum()) if self._how.author else 0}

    def _sorted(self) -> np.ndarray:
        """Return all rows, conversation after conversation, each in the order of its turns."""
        return np.lexsort((self._turn, self._talk))

    def _require_ids(self, ids: Collection[Any]) -> None:
        without = [row for row, one in enumerate(ids) if one is None or one == ""]
        if without:
            raise StreamError(f"{self._name}.by", expected=f"a {self._how.by!r} in every row",
                              got=f"none in {len(without)} of {len(ids)} (first in row {without[0]})")

    def _check_turns(self) -> None:
        """Refuse turns that come again, as of two conversations with one id, and a time column that goes against them.

        Rows of one turn may follow one another in a conversation; other conversations may lie between them.
        """
        by_file = np.argsort(self._talk, kind="stable")
        talk, turn = self._talk[by_file], self._turn[by_file]
        same_talk = np.append(False, talk[1:] == talk[:-1])
        back = same_talk & np.append(False, turn[1:] < turn[:-1])
        if self._timed and back.any():
            at = int(np.argmax(back))
            raise self._turn_error(f"turns of {self._describe(talk[at])} in the order of their times",
                                   f"{turn[at]} after {turn[at - 1]}", by_file[at], "")
        begins = ~(same_talk & np.append(False, turn[1:] == turn[:-1]))
        runs = by_file[begins]
        ordered = runs[np.lexsort((runs, self._turn[runs], self._talk[runs]))]
        again = (self._talk[ordered][1:] == self._talk[ordered][:-1]) \
            & (self._turn[ordered][1:] == self._turn[ordered][:-1])
        if self._how.turn is not None and again.any():
            row = int(ordered[1:][again].min())
            raise self._turn_error(f"the rows of a turn of {self._describe(self._talk[row])} one after the other",
                                   f"turn {self._turn[row]} again after other turns", row,
                                   "Have two conversations one id? Else give `turn` a column that tells its rows "
                                   "apart.")

    def _turn_error(self, expected: str, got: str, row: int, hint: str) -> StreamError:
        return StreamError(f"{self._name}.turn", expected=expected, got=f"{got} (row {row})", hint=hint)

    def _describe(self, talk: int) -> str:
        return f"{self._how.by} {shown(_plain(self._names[talk]))}"

    def _one_each(self, label: str, items: Iterable[Item], keys: np.ndarray, by: str) -> dict[int, Item]:
        """Return what a field says of each conversation or author; StreamError where it says two things."""
        found: dict[int, Item] = {}
        for row, (key, item) in enumerate(zip(keys.tolist(), items, strict=True)):
            if item is None or key == _NO_AUTHOR:
                continue
            if not _same(found.setdefault(key, item), item):
                raise StreamError(f"{self._name}.{self._how.key_of(label)}",
                                  expected=f"one {label!r} for each {by}",
                                  got=f"{shown(_plain(found[key]))} and {shown(_plain(item))} (row {row})",
                                  hint="What differs from row to row is no label of the whole: leave it out here, or "
                                       "make it optional and empty but in one row.")
        return found


def _check_fields(how: Conversations, fields: Mapping[str, Field], where: str) -> None:
    def find(key: str, name: str) -> Field:
        field = fields.get(name)
        if field is None:
            raise StreamError(f"{where}.{key}", expected="a field of the stream", got=repr(name),
                              hint=nearest(name, fields))
        return field

    for key, name in (("by", how.by), ("author", how.author)):
        field = find(key, name) if name is not None else Field("text")
        if field.shape or not field.dtype.startswith(("text", "int", "uint")):
            raise StreamError(f"{where}.{key}", expected="a field of text or of integers",
                              got=f"{name!r}: {field.dtype}")
    if how.turn is not None and ((field := find("turn", how.turn)).shape or field.listed):
        raise StreamError(f"{where}.turn", expected="a field of numbers that every row has", got=repr(how.turn),
                          hint=f"Try columns.{how.turn} = {{ from = {how.turn!r}, type = 'int' }}.")
    for key in LABELS:
        for name in getattr(how, key):
            find(key, name)
            if name in (how.by, how.turn, how.author) or how.published_last.count(name) > 1:
                raise StreamError(f"{where}.{key}", expected="fields that are nothing else beside", got=repr(name))
    for key in LABELS[1:]:
        if getattr(how, key) and how.author is None:
            raise StreamError(f"{where}.author", expected=f"a field that says whom {key} tell of", got="none")


def _columns(reader: Reader, names: Iterable[str | None]) -> dict[str, list[Any]]:
    """Return some fields of all rows."""
    wanted = [name for name in names if name is not None]
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    for start in range(0, len(reader), BLOCK_ROWS):
        rows = reader.rows(np.arange(start, min(start + BLOCK_ROWS, len(reader))))
        for name in columns:
            columns[name] += list(rows[name])
    return columns


def _numbered(names: Collection[Any]) -> tuple[np.ndarray, list[Any]]:
    """Return the number of each name, counted as they first come, and the names in that order."""
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64), list(numbers)


def _same(one: Item, other: Item) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, np.asarray(other)))
    return bool(one == other)


def _plain(item: Item) -> Any:
    return item.tolist() if isinstance(item, np.ndarray | np.generic) else item
