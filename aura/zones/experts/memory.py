"""What was foretold of the latest items, kept until the teacher says what they were."""

from __future__ import annotations

from collections import deque
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
    features: F32
    """What the gate saw, (n, H)."""
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
        return Answers(self.rows[at], self.features[at], self.chosen[at], self.weights[at], self.answers[at],
                       self.entropy[at], self.temperature)


class _Block(NamedTuple):
    serial: int
    ids: Ids
    answers: Answers


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
        self._blocks: deque[_Block] = deque()
        self._block_of: dict[int, int] = {}
        self._serial = 0

    def __len__(self) -> int:
        return len(self._block_of)

    def store(self, ids: Ids, answers: Answers) -> None:
        """Keep the answers for the items `ids`; of an id that stands twice the last counts."""
        self._serial += 1
        self._block_of.update(dict.fromkeys(ids.tolist(), self._serial))
        self._blocks.append(_Block(self._serial, ids, answers))
        while len(self._block_of) > self.capacity and len(self._blocks) > 1:
            oldest = self._waiting(self._blocks[0])
            if len(self._block_of) - len(oldest) < self.capacity:
                break
            block = self._blocks.popleft()
            for place in oldest:
                del self._block_of[int(block.ids[place])]

    def recall(self, ids: Ids) -> list[tuple[NDArray[np.intp], Answers]]:
        """Hand out what is known of the items: in groups, the places in `ids` and the answers there.

        An id that stands twice in `ids` is found once.
        """
        listed = ids.tolist()
        block_of = self._block_of
        first = block_of.get(listed[0]) if listed else None
        if first is not None and self._blocks[0].serial == first and np.array_equal(self._blocks[0].ids, ids):
            block = self._blocks[0]
            if len(self._waiting(block)) == len(ids):
                self._blocks.popleft()
                for identity in listed:
                    block_of.pop(identity, None)
                return [(np.arange(len(ids)), block.answers)]
        return self._search(listed)

    def _search(self, listed: list[int]) -> list[tuple[NDArray[np.intp], Answers]]:
        wanted: dict[int, list[tuple[int, int]]] = {}
        for place, identity in enumerate(listed):
            serial = self._block_of.pop(identity, None)
            if serial is not None:
                wanted.setdefault(serial, []).append((place, identity))
        found = []
        for block in self._blocks:
            if block.serial in wanted:
                # Of an id that stands twice in a block the last place counts.
                where = {identity: place for place, identity in enumerate(block.ids.tolist())}
                pairs = wanted[block.serial]
                found.append((np.array([place for place, _ in pairs], np.intp),
                              block.answers.take([where[identity] for _, identity in pairs])))
        self._blocks = deque(block for block in self._blocks if self._waiting(block))
        return found

    def _waiting(self, block: _Block) -> list[int]:
        """Return the places of a block whose answers still wait."""
        places: dict[int, int] = {}
        for place, identity in enumerate(block.ids.tolist()):
            if self._block_of.get(identity) == block.serial:
                places[identity] = place
        return list(places.values())

    def state(self) -> list[dict[str, Any]]:
        """Return what waits, oldest first."""
        kept = []
        for block in self._blocks:
            places = self._waiting(block)
            answers = block.answers.take(places)
            kept.append({"ids": block.ids[places], **answers._asdict()})
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
        columns.append((group.rows, group.features,
                        np.pad(group.chosen, ((0, 0), (0, lacking)), constant_values=-1),
                        np.pad(group.weights, ((0, 0), (0, lacking))),
                        np.pad(group.answers, ((0, 0), (0, lacking), (0, classes - group.answers.shape[2]))),
                        group.entropy))
    rows, features, chosen, weights, answers, entropy = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return Answers(rows, features, chosen, weights, answers, entropy, groups[-1].temperature)
