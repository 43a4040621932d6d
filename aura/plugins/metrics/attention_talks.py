"""What each turn of a few conversations attended to, kept and shown beside what the turns say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aura.core.lasting import Stateful
from aura.plugins.figures import Column, Table
from aura.plugins.words import short

__all__ = ["Talks", "talk_tables"]

TURNS_MAX = 60
"""Turns of a conversation that are shown."""
LETTERS_MAX = 160
"""Of a turn that is shown."""
FOREMOST = 3
"""Turns that a turn attended to most, which are named."""
LEAST = 0.01
"""The share that such a turn has at least."""


class Talks(Stateful):
    """The conversations that began last, turn by turn.

    Parameters
    ----------
    most : int
        How many.

    Examples
    --------
    >>> talks = Talks(1)
    >>> talks.add("a", "Hello.", (1.0,))
    >>> talks.add("a", "Will you give?", (0.25, 0.75))
    >>> talks.add("b", "not from its beginning", (0.5, 0.5))
    >>> talks.tell()
    [[['Hello.', [1.0]], ['Will you give?', [0.25, 0.75]]]]
    """

    lasting = ("talks",)

    def __init__(self, most: int) -> None:
        self._most = most
        self.talks: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
        """Of each conversation what its turns say, and how much those up to each weigh for it, itself the last."""

    def add(self, group: str, text: str, weights: tuple[float, ...]) -> None:
        """Take in one more turn; where nothing but itself weighs, a conversation begins."""
        if len(weights) == 1 and self._most:
            self.talks.pop(group, None)
            self.talks[group] = []
            if len(self.talks) > self._most:
                del self.talks[next(iter(self.talks))]
        turns = self.talks.get(group)
        if turns is not None and len(turns) < TURNS_MAX:
            turns.append((short(text, LETTERS_MAX), weights))

    def tell(self) -> list[Any]:
        """Return them as JSON values: of each turn its text, and the weights."""
        return [[[text, list(weights)] for text, weights in turns] for turns in self.talks.values()]


def talk_tables(talks: Sequence[Sequence[Any]]) -> Iterator[Table]:
    """Return a table for each conversation: what was said, how much the turn itself weighed, and which others most."""
    for number, turns in enumerate(talks, 1):
        rows = []
        for place, (text, weights) in enumerate(turns):
            first = place + 1 - len(weights)
            before = sorted(((weight, turn) for turn, weight in enumerate(weights[:-1], first + 1) if weight >= LEAST),
                            key=lambda one: (-one[0], one[1]))[:FOREMOST]
            rows.append((place + 1, text, weights[-1],
                         ", ".join(f"turn {turn} ({100 * weight:.0f} %)" for weight, turn in before) or None))
        yield Table(columns=(Column(name="turn", kind="count"), Column(name="what was said", wide=True),
                             Column(name="attends to itself", kind="bar"),
                             Column(name="and to earlier turns, most to", wide=True)),
                    rows=tuple(rows), sortable=False,
                    caption=f"Conversation {number} of the latest. All that a turn attends to adds up to 1.")
