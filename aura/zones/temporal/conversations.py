"""The conversations that are going on: their latest turns, bounded in number and in length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.core.signals import seen_before
from aura.zones.common.arrays import Array

__all__ = ["Conversation", "Conversations", "Place", "Turn"]

Rows = NDArray[np.float32]
KEPT_WINDOWS = 2
"""A conversation keeps so many windows of turns, so that of the latest window each turn has the whole window that it
was seen in; it grows by half before the oldest go, so that this is rare."""
NO_ID = -2**63
"""Stands for the id of a turn by which another has come since."""


class Turn(NamedTuple):
    """What comes with a turn."""

    id: int
    conversation: str
    author: str
    number: int | None


class Conversation:
    """The latest turns of one conversation."""

    __slots__ = ("authors", "begun", "first", "ids", "key", "last", "named", "rows", "scores", "speakers", "waiting")

    def __init__(self, key: str) -> None:
        self.key = key
        self.rows: Rows = np.zeros((0, 0), np.float32)
        """Embeddings of the turns kept, and room for more."""
        self.ids: list[int] = []
        self.authors: list[str] = []
        self.speakers: list[int] = []
        """Of each turn the number of its author in this conversation, from 1; 0 for a turn without author."""
        self.waiting: list[int] = []
        """Of each turn a bit for each task that it has not been taught."""
        self.scores: dict[str, Rows] = {}
        """Of each task what was said of the turns, (turns, outputs)."""
        self.named: list[str] = []
        """The authors in the order of their first turns, as far as they are told apart."""
        self.begun = 0
        """Turns so far."""
        self.first: int | None = None
        self.last: int | None = None
        """The first and the largest number that turns said they have."""

    def __len__(self) -> int:
        return len(self.ids)

    def number_of(self, place: int) -> int:
        """Return which turn of the conversation is kept at a place, from 1."""
        return self.begun - len(self.ids) + place + 1


class Place(NamedTuple):
    """A turn that is kept."""

    conversation: Conversation
    at: int


class Conversations:
    """Keeps the latest turns of the latest conversations.

    Parameters
    ----------
    window : int
        Turns that a belief is made from.
    most : int
        Conversations at most; beyond, the one that has been silent longest goes.
    speakers : int
        Authors told apart in one.
    tasks : sequence of str
        Whose scores are kept with the turns.
    least : float
        The score of earlier turns for a class that came later.
    kept : int, optional
        Turns of one that are kept at least; two windows by default, and where it is less.

    Notes
    -----
    A number that falls to the first of its conversation, or below it, begins the conversation anew: it is another one
    of the same name. Any other that falls back is out of order, and the turn is taken when it comes. Both are counted.
    """

    def __init__(self, window: int, most: int, speakers: int, tasks: Sequence[str], least: float,
                 kept: int | None = None) -> None:
        self._window, self._most, self._speakers, self._tasks, self._least = window, most, speakers, tuple(tasks), least
        self._kept = max(kept or 0, KEPT_WINDOWS * window)
        self._known: dict[str, Conversation] = {}
        """By key, the longest silent first."""
        self._where: dict[int, Conversation] = {}
        self.evicted = self.restarted = self.unordered = 0

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(self._known.values())

    @property
    def turns(self) -> int:
        """How many turns are kept."""
        return len(self._where)

    def add(self, turn: Turn, row: Rows) -> tuple[Place, str | None]:
        """Keep a turn; return where, and the key of the conversation that ended with it, begun anew."""
        key = f"c{turn.conversation}" if turn.conversation else f"i{turn.id}"
        found = self._known.pop(key, None)
        ended = None
        if found is not None and turn.number is not None and found.last is not None and turn.number < found.last:
            if found.first is not None and turn.number <= found.first:
                self.restarted += not seen_before(np.array(turn.id))  # else it was told that its rows come again
                self._forget(found)
                found, ended = None, key
            else:
                self.unordered += 1
        if found is None:
            found = Conversation(key)
        self._known[key] = found
        self._append(found, turn, row)
        return Place(found, len(found) - 1), ended

    def trim(self) -> list[str]:
        """Let go of what is beyond the bounds; return the keys of conversations that went."""
        gone = []
        while len(self._known) > self._most:
            oldest = self._known.pop(next(iter(self._known)))
            self._forget(oldest)
            self.evicted += 1
            gone.append(oldest.key)
        return gone

    def shorten(self, conversation: Conversation) -> None:
        """Let the oldest turns of a conversation go where there are too many."""
        if len(conversation) < self._kept + self._kept // 2:
            return
        cut = len(conversation) - self._kept
        self._unlist(conversation.ids[:cut], conversation)
        kept = conversation.rows[cut:len(conversation)].copy()
        conversation.rows[:len(kept)] = kept
        for part in (conversation.ids, conversation.authors, conversation.speakers, conversation.waiting):
            del part[:cut]
        conversation.scores = {task: scores[cut:] for task, scores in conversation.scores.items()}

    def find(self, identity: int) -> Place | None:
        """Return where a turn is kept, by its id."""
        found = self._where.get(identity)
        if found is None:
            return None
        return Place(found, len(found) - 1 - found.ids[::-1].index(identity))

    def note(self, place: Place, scores: Mapping[str, Array]) -> None:
        """Keep what was said of a turn, once for each in their order."""
        for task, row in scores.items():
            before = place.conversation.scores.get(task)
            new = row[None].astype(np.float32)
            if before is None or not len(before):
                before = np.zeros((0, new.shape[1]), np.float32)
            place.conversation.scores[task] = np.concatenate([_widened(before, new.shape[1], self._least), new])

    def _append(self, conversation: Conversation, turn: Turn, row: Rows) -> None:
        count = len(conversation)
        if count == len(conversation.rows):
            rows = np.zeros((max(4, 2 * count), len(row)), np.float32)
            if count:
                rows[:count] = conversation.rows[:count]
            conversation.rows = rows
        conversation.rows[count] = row
        before = self.find(turn.id)
        if before is not None:  # the id now names this turn alone
            before.conversation.ids[before.at] = NO_ID
        self._where[turn.id] = conversation
        conversation.ids.append(turn.id)
        conversation.authors.append(turn.author)
        conversation.speakers.append(self._speaker(conversation, turn.author))
        conversation.waiting.append((1 << len(self._tasks)) - 1)
        conversation.begun += 1
        if turn.number is not None:
            if conversation.first is None or conversation.last is None:
                conversation.first = conversation.last = turn.number
            conversation.last = max(conversation.last, turn.number)

    def _speaker(self, conversation: Conversation, author: str) -> int:
        if not author or not self._speakers:
            return 0
        if author not in conversation.named:
            if len(conversation.named) == self._speakers:
                return self._speakers
            conversation.named.append(author)
        return conversation.named.index(author) + 1

    def _forget(self, conversation: Conversation) -> None:
        self._unlist(conversation.ids, conversation)

    def _unlist(self, ids: Sequence[int], conversation: Conversation) -> None:
        for identity in ids:
            if self._where.get(identity) is conversation:
                del self._where[identity]

    # --- state ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return all of it in a few arrays, the longest silent conversation first."""
        known = list(self._known.values())
        width = max((one.rows.shape[1] for one in known), default=0)
        rows = [one.rows[:len(one)] for one in known]

        def joined(name: str, dtype: type) -> NDArray[Any]:
            return np.array([value for one in known for value in getattr(one, name)], dtype)

        def scores(task: str) -> Rows:
            parts = [one.scores[task] for one in known if task in one.scores]
            outputs = max((part.shape[1] for part in parts), default=0)
            return np.concatenate([np.zeros((0, outputs), np.float32),
                                   *(_widened(part, outputs, self._least) for part in parts)])

        return {
            "keys": [one.key for one in known], "lengths": np.array([len(one) for one in known], np.int64),
            "rows": np.concatenate([np.zeros((0, width), np.float32), *rows]), "ids": joined("ids", np.int64),
            "authors": [author for one in known for author in one.authors], "speakers": joined("speakers", np.int64),
            "waiting": joined("waiting", np.int64), "scores": {task: scores(task) for task in self._tasks},
            "named": [list(one.named) for one in known], "begun": np.array([one.begun for one in known], np.int64),
            "numbers": [[one.first, one.last] for one in known],
            "counts": [self.evicted, self.restarted, self.unordered]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; of more conversations than are kept, those that spoke last."""
        self._known, self._where = {}, {}
        begin = 0
        for place, (key, length) in enumerate(zip(state["keys"], state["lengths"].tolist(), strict=True)):
            one, part = Conversation(key), slice(begin, begin + length)
            one.rows = state["rows"][part].copy()
            one.ids, one.authors = state["ids"][part].tolist(), list(state["authors"][part])
            one.speakers, one.waiting = state["speakers"][part].tolist(), state["waiting"][part].tolist()
            one.scores = {task: scores[part].copy() for task, scores in state["scores"].items()}
            one.named, one.begun = list(state["named"][place]), int(state["begun"][place])
            one.first, one.last = state["numbers"][place]
            self._known[key] = one
            self._where.update((identity, one) for identity in one.ids if identity != NO_ID)
            begin += length
        self.evicted, self.restarted, self.unordered = map(int, state["counts"])
        self.trim()


def _widened(scores: Rows, outputs: int, least: float) -> Rows:
    """Return scores with a column for each of so many outputs."""
    missing = outputs - scores.shape[1]
    return scores if missing <= 0 else np.pad(scores, ((0, 0), (0, missing)), constant_values=least)
