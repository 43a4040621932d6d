"""Texts that wait for the gradients of what was said of them, as token numbers, with their graphs for a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aura.core.lasting import Free, Made, Stateful

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.sensory.plastic_bert import Pass

__all__ = ["Block", "WaitingTexts"]

_TOKENS_IN_GRAPHS = 8192
"""Tokens whose graphs are kept at once, of about 0.16 MB each for MiniLM; beyond, the oldest are worked out again."""


class Block(Stateful):
    """Texts that went through the encoder together, shortest first.

    Parameters
    ----------
    ids : array of int64, (text,)
    texts : sequence of sequence of int
        Token numbers; none for a text without a word, of which there is nothing to be learned.
    """

    lasting = (Free("ids", 0), Free("tokens", 0), Free("lengths", 0), Free("taught", 0), "fresh")

    def __init__(self, ids: NDArray[np.int64] | None = None, texts: Sequence[Sequence[int]] = ()) -> None:
        self.ids = np.zeros(0, np.int64) if ids is None else ids
        self.tokens = np.array([token for text in texts for token in text], np.int32)
        self.lengths = np.array([len(text) for text in texts], np.int32)
        self.taught = np.zeros(len(texts), np.bool_)
        """Of which texts a gradient has come."""
        self.fresh = True
        """Whether no weight has moved and no gradient has come since."""
        self.graph: Pass | None = None

    def text(self, row: int) -> list[int]:
        """Return the token numbers of one text."""
        end = int(self.lengths[:row + 1].sum())
        found: list[int] = self.tokens[end - int(self.lengths[row]):end].tolist()
        return found

    def texts(self) -> list[list[int]]:
        """Return the token numbers of each text."""
        return [part.tolist() for part in np.split(self.tokens, np.cumsum(self.lengths)[:-1])]


class WaitingTexts(Stateful):
    """Blocks of texts by the ids of their items, bounded: the oldest go first.

    Gradients may come for a text again and again, from several zones and for several tasks; it waits until there is no
    more room.

    Parameters
    ----------
    capacity : int
        Texts that wait at most; the newest block stays whatever its size.

    Attributes
    ----------
    untaught : int
        Texts that went before a gradient came.
    unmatched : int
        Gradients for texts that did not wait.
    """

    lasting = (Made("_blocks", Block), "untaught", "unmatched", "_number")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._blocks: dict[int, Block] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self.untaught = self.unmatched = self._number = 0

    def store(self, block: Block) -> None:
        """Keep a block; of an id that is here already the later text counts."""
        number, self._number = self._number, self._number + 1
        self._blocks[number] = block
        self._places.update((identity, (number, row)) for row, identity in enumerate(block.ids.tolist()))
        while sum(len(kept.ids) for kept in self._blocks.values()) > self._capacity and len(self._blocks) > 1:
            self._drop(next(iter(self._blocks)))
        tokens = 0
        for kept in reversed(self._blocks.values()):
            tokens += len(kept.tokens) if kept.graph is not None else 0
            if tokens > _TOKENS_IN_GRAPHS:
                kept.graph = None

    def _drop(self, number: int) -> None:
        block = self._blocks.pop(number)
        for row, identity in enumerate(block.ids.tolist()):
            if self._places.get(identity) == (number, row):
                del self._places[identity]
                self.untaught += not block.taught[row]

    def find(self, ids: NDArray[np.int64]) -> list[tuple[Block, list[int], list[int]]]:
        """Return the blocks of these items, the oldest first, with the rows of each and which of `ids` they are."""
        found: dict[int, tuple[Block, list[int], list[int]]] = {}
        for index, identity in enumerate(ids.tolist()):
            place = self._places.get(identity)
            if place is None:
                self.unmatched += 1
                continue
            number, row = place
            _, rows, indices = found.setdefault(number, (self._blocks[number], [], []))
            rows.append(row)
            indices.append(index)
        return [found[number] for number in sorted(found)]

    def drawn(self, count: int, rng: np.random.Generator) -> Block:
        """Return so many texts from which was learned as a block of their own, drawn at random, each once at most."""
        known = [(identity, number, row) for identity, (number, row) in self._places.items()
                 if self._blocks[number].taught[row] and self._blocks[number].lengths[row]]
        picked = rng.choice(len(known), min(count, len(known)), replace=False).tolist() if known else []
        found = [(known[place][0], self._blocks[known[place][1]].text(known[place][2])) for place in picked]
        found.sort(key=lambda one: (len(one[1]), one[0]))
        return Block(np.array([identity for identity, _ in found], np.int64), [text for _, text in found])

    def outdate(self) -> None:
        """Let all graphs go, as the weights have moved."""
        for block in self._blocks.values():
            block.fresh, block.graph = False, None

    def after_load(self) -> None:
        self._places = {identity: (number, row) for number, block in self._blocks.items()
                        for row, identity in enumerate(block.ids.tolist())}
