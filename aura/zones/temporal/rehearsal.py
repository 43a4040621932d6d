"""What was told of turns, kept for a while, so that they are learned again when their embeddings have become others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.temporal.conversations import Conversations
from aura.zones.temporal.lessons import TaughtTurns

__all__ = ["KeptTruths"]


class KeptTruths(Stateful):
    """The truths of the latest turns taught, by the ids of these.

    Parameters
    ----------
    most : int
        Turns at most; the one that was taught first goes first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._truths: dict[int, dict[str, Array]] = {}

    def __len__(self) -> int:
        return len(self._truths)

    def keep(self, turns: Mapping[str, TaughtTurns]) -> None:
        """Keep what tasks are told of some turns."""
        for name, one in turns.items() if self._most else ():
            for place, target in zip(one.places, one.targets, strict=True):
                self._truths.setdefault(place.conversation.ids[place.at], {})[name] = target
        while len(self._truths) > self._most:
            del self._truths[next(iter(self._truths))]

    def refreshed(self, ids: NDArray[np.int64], rows: NDArray[np.float32], conversations: Conversations,
                  outputs: Mapping[str, int]) -> dict[str, TaughtTurns]:
        """Put new embeddings (n, features) in place of those of turns, as far as these are kept; return what tasks, of
        so many outputs, were told of them.
        """
        turns = {name: TaughtTurns([], []) for name in outputs}
        for identity, row in zip(ids.tolist(), rows, strict=True):
            place = conversations.find(identity)
            if place is None:
                continue
            place.conversation.rows[place.at] = row
            for name, target in self._truths.get(identity, {}).items():
                turns[name].places.append(place)
                # Classes that came later were not what it was.
                turns[name].targets.append(np.pad(target, (0, outputs[name] - len(target))))
        return {name: one for name, one in turns.items() if one.places}

    def state(self) -> dict[str, Any]:
        """Return all of it in a few arrays for each task, in their order."""
        names = dict.fromkeys(name for one in self._truths.values() for name in one)
        found: dict[str, Any] = {}
        for name in names:
            told = [(identity, one[name]) for identity, one in self._truths.items() if name in one]
            width = max(len(target) for _, target in told)
            found[name] = [np.array([identity for identity, _ in told], np.int64),
                           np.stack([np.pad(target, (0, width - len(target))) for _, target in told])]
        return {"order": np.array(list(self._truths), np.int64), "told": found}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; of more turns than are kept, the latest."""
        self._truths = {identity: {} for identity in state["order"].tolist()}
        for name, (ids, targets) in state["told"].items():
            for identity, target in zip(ids.tolist(), targets, strict=True):
                self._truths[identity][name] = target.copy()
        self.keep({})
