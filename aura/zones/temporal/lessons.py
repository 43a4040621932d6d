"""Turns laid side by side for the network: those that have come, and those that are taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aura.zones.common.arrays import Array
from aura.zones.temporal.conversations import Conversation, Place
from aura.zones.temporal.model import Lesson, Sequences

__all__ = ["Batch", "TaughtTurns", "batches", "side_by_side", "taught_by"]


@dataclass
class TaughtTurns:
    """What one task is told: turns, and the target of each."""

    places: list[Place]
    targets: list[Array]


@dataclass(frozen=True)
class Batch:
    """Some turns that are taught, and what each task is told of them."""

    places: list[Place]
    sequences: Sequences
    lessons: dict[str, Lesson]

    @property
    def ids(self) -> list[int]:
        """Of the turns."""
        return [place.conversation.ids[place.at] for place in self.places]

    def beliefs(self, task: str, outputs: int, least: float) -> Array:
        """Return what was believed when those turns came that a task is told of, (u, outputs)."""
        used = [self.places[row] for row in self.lessons[task].used.tolist()]
        found = np.full((len(used), outputs), least)
        for row, place in enumerate(used):
            scores = place.conversation.scores[task][place.at]
            found[row, :len(scores)] = scores
        return found


def taught_by(place: Place, of: str, teaches: str | tuple[int, ...]) -> list[Place]:
    """Return the turns that a truth teaches which comes with one of them, the oldest first."""
    conversation = place.conversation
    if of == "turn" or teaches == "last":
        return [place]
    author = conversation.authors[place.at]
    if of != "conversation" and not author:
        return [place]
    return [Place(conversation, index) for index in range(len(conversation))
            if (of == "conversation" or conversation.authors[index] == author)
            and (teaches == "all" or conversation.number_of(index) in teaches)]


def side_by_side(places: Sequence[Place], window: int) -> Sequences:
    """Return the sequences that end with some turns; those that begin with the same turn are one.

    A turn sees no later one, so that what is said of it is the same in a longer sequence.
    """
    known: dict[tuple[int, int], int] = {}
    begins: list[tuple[Conversation, int]] = []
    which, ends = [], []
    for conversation, index in places:
        begin = max(0, index - window + 1)
        number = known.setdefault((id(conversation), begin), len(begins))
        if number == len(begins):
            begins.append((conversation, begin))
        which.append(number)
        ends.append(index - begin)
    lengths = np.zeros(len(begins), np.int64)
    np.maximum.at(lengths, which, np.array(ends) + 1)
    features = places[0].conversation.rows.shape[1]
    rows = np.zeros((len(begins), int(lengths.max()), features), np.float32)
    speakers = np.zeros(rows.shape[:2], np.int64)
    for number, ((conversation, begin), length) in enumerate(zip(begins, lengths.tolist(), strict=True)):
        rows[number, :length] = conversation.rows[begin:begin + length]
        speakers[number, :length] = conversation.speakers[begin:begin + length]
    return Sequences(rows, lengths, speakers, np.array(which, np.int64), np.array(ends, np.int64))


def batches(turns: Mapping[str, TaughtTurns], window: int, most: int) -> Iterator[Batch]:
    """Return the turns that tasks are told of, each once in the order in which they first are, in batches of sequences
    of which each has so many at most.
    """
    order: dict[tuple[int, int], Place] = {}
    for one in turns.values():
        for place in one.places:
            order.setdefault((id(place.conversation), place.at), place)
    begins: dict[tuple[int, int], int] = {}
    parts: list[list[Place]] = []
    for place in order.values():
        key = id(place.conversation), max(0, place.at - window + 1)
        number = begins.setdefault(key, len(begins)) // most
        if number == len(parts):
            parts.append([])
        parts[number].append(place)
    for part in parts:
        rows = {(id(place.conversation), place.at): row for row, place in enumerate(part)}
        lessons = {}
        for name, one in turns.items():
            pairs = [(row, target) for place, target in zip(one.places, one.targets, strict=True)
                     if (row := rows.get((id(place.conversation), place.at))) is not None]
            if pairs:
                lessons[name] = Lesson(np.array([row for row, _ in pairs], np.intp),
                                       np.stack([target for _, target in pairs]))
        yield Batch(part, side_by_side(part, window), lessons)
