"""What was foretold of the latest items, kept until the teacher says what they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answers", "WaitingAnswers", "joined"]

Ids = NDArray[np.int64]
F32 = NDArray[np.float32]


class Answers(NamedTuple):
    """What the mixture made of a block of items."""

    rows: F32
    """The stimuli, (n, *shape)."""
    projections: F32
    """Their random projections for the gate, (n, m)."""
    features: F32
    """What the gate made of them, (n, H)."""
    chosen: NDArray[np.int64]
    """The experts that were asked, (n, K); -1 for none."""
    weights: F32
    """What each answer weighed, (n, K)."""
    answers: F32
    """The probability of each class by each expert, (n, K, classes known then)."""
    entropy: F32
    """Of the gate, (n,)."""
    temperature: float
    """Of the gate."""

    def take(self, places: Sequence[int] | NDArray[np.intp]) -> Answers:
        """Return the answers at these places."""
        at = np.asarray(places, np.intp)
        return Answers(self.rows[at], self.projections[at], self.features[at], self.chosen[at], self.weights[at],
                       self.answers[at], self.entropy[at], self.temperature)


class _Block:
    """Answers that came together, and how many of them still wait."""

    __slots__ = ("answers", "ids", "waiting")

    def __init__(self, ids: Ids, answers: Answers, waiting: int) -> None:
        self.ids, self.answers, self.waiting = ids, answers, waiting


class WaitingAnswers:
    """Keeps answers by the ids of their items, block by block, each until it is recalled or displaced.

    An item is handed out once; an id stored again displaces its earlier answer. When there are more than `capacity`
    items, the oldest blocks go.

    Parameters
    ----------
    capacity : int
        So many items are kept at least.

    Notes
    -----
    Labels mostly come in the blocks in which their items were shown. Such a block is handed back as it was stored,
    without a copy; only else are items looked for one by one.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._blocks: dict[int, _Block] = {}  # by serial number, the oldest first
        self._block_of: dict[int, int] = {}
        self._serial = 0

    def __len__(self) -> int:
        return len(self._block_of)

    def store(self, ids: Ids, answers: Answers) -> None:
        """Keep the answers for the items `ids`; of an id that stands twice the last counts."""
        listed = ids.tolist()
        for identity in listed:
            self._let_go(identity)
        self._serial += 1
        own = dict.fromkeys(listed, self._serial)
        self._block_of.update(own)
        self._blocks[self._serial] = _Block(ids, answers, len(own))
        while len(self._block_of) > self.capacity and len(self._blocks) > 1:
            oldest = next(iter(self._blocks.values()))
            if len(self._block_of) - oldest.waiting < self.capacity:
                break
            for identity in self._waiting(next(iter(self._blocks))):
                self._let_go(identity)

    def recall(self, ids: Ids) -> list[tuple[NDArray[np.intp], Answers]]:
        """Hand out what is known of the items: in groups, the places in `ids` and the answers there.

        An id that stands twice in `ids` is found once.
        """
        listed = ids.tolist()
        first = self._block_of.get(listed[0]) if listed else None
        if first is not None:
            block = self._blocks[first]
            if block.waiting == len(listed) == len(block.ids) and (block.ids == ids).all():
                for identity in listed:
                    del self._block_of[identity]
                del self._blocks[first]
                return [(np.arange(len(listed)), block.answers)]
        return self._search(listed)

    def _search(self, listed: list[int]) -> list[tuple[NDArray[np.intp], Answers]]:
        wanted: dict[int, list[tuple[int, int]]] = {}
        for identity, place in dict(zip(reversed(listed), range(len(listed) - 1, -1, -1), strict=True)).items():
            serial = self._block_of.get(identity)
            if serial is not None:
                wanted.setdefault(serial, []).append((place, identity))
        found = []
        for serial, pairs in sorted(wanted.items()):
            pairs.sort()
            places, answers = self._waiting(serial), self._blocks[serial].answers
            found.append((np.array([place for place, _ in pairs], np.intp),
                          answers.take([places[identity] for _, identity in pairs])))
            for _, identity in pairs:
                self._let_go(identity)
        return found

    def _let_go(self, identity: int) -> None:
        serial = self._block_of.pop(identity, None)
        if serial is not None:
            block = self._blocks[serial]
            block.waiting -= 1
            if not block.waiting:
                del self._blocks[serial]

    def _waiting(self, serial: int) -> dict[int, int]:
        """Return the items of a block that still wait, with their places; of one that stands twice the last."""
        return {identity: place for place, identity in enumerate(self._blocks[serial].ids.tolist())
                if self._block_of.get(identity) == serial}

    def state(self) -> list[dict[str, Any]]:
        """Return what waits, oldest first."""
        kept = []
        for serial, block in self._blocks.items():
            places = list(self._waiting(serial).values())
            kept.append({"ids": block.ids[places], **block.answers.take(places)._asdict()})
        return kept

    def load_state(self, state: list[dict[str, Any]]) -> None:
        """Take over what `state` returned."""
        self._blocks.clear()
        self._block_of.clear()
        self._serial = 0
        for kept in state:
            columns = dict(kept)
            self.store(columns.pop("ids"), Answers(**columns))


def joined(groups: Sequence[Answers], classes: int) -> Answers:
    """Return blocks of answers as one, with the classes that have come since at probability 0.

    All blocks are of one gate; where they differ in temperature, that of the last counts.
    """
    if len(groups) == 1 and groups[0].answers.shape[2] == classes:
        return groups[0]
    width = max(group.chosen.shape[1] for group in groups)
    columns = []
    for group in groups:
        lacking = width - group.chosen.shape[1]
        columns.append((group.rows, group.projections, group.features,
                        np.pad(group.chosen, ((0, 0), (0, lacking)), constant_values=-1),
                        np.pad(group.weights, ((0, 0), (0, lacking))),
                        np.pad(group.answers, ((0, 0), (0, lacking), (0, classes - group.answers.shape[2]))),
                        group.entropy))
    rows, projections, features, chosen, weights, answers, entropy = (
        np.concatenate(parts) for parts in zip(*columns, strict=True))
    return Answers(rows, projections, features, chosen, weights, answers, entropy, groups[-1].temperature)
