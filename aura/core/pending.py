"""Items that wait for what is said of them later: a label, a lesson, another topic; found again by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.signals import Inputs, source_of
from aura.core.time import Time, format_time

__all__ = ["PENDING_ITEMS", "UNMATCHED", "PendingItems", "received"]

PENDING_ITEMS = 1024
"""Items that may wait where the wiring tells nothing of their number."""

UNMATCHED = "found nothing that waited for {count} labels: they came too late, twice, or for items that it never saw"
"""What a zone tells of labels that taught nothing."""

Ids = NDArray[np.int64]


class _Block:
    """Values that were stored together; they are let go when none of them waits any more."""

    __slots__ = ("number", "size", "values")
    number: int
    size: int
    values: Any

    def rows(self, places: list[int]) -> Any:
        """Return the values at these places; the very block where they are all of it in order."""
        if len(places) == self.size and places == list(range(self.size)):
            return self.values
        return _rows(self.values, places)


class PendingItems:
    """Keeps a value for each item by its id, until all readers have taken it or it is displaced.

    An item is handed to each reader once for each time it was stored, so that a label told twice is learned once. An
    id stored again replaces its earlier value. Beyond the bound the oldest item goes first. Blocks are kept as they
    come, and handed back without a copy when they are asked for as they came: whoever stores or takes values leaves
    them as they are.

    Parameters
    ----------
    capacity : int
        How many items wait at most; it may be changed at any time and holds from the next `store` on.
    readers : int
        How many parties take items independently of each other.
    on_displaced : callable, optional
        Called with the value of each item that goes because too many wait.
    sources : sequence of frozenset of int, optional
        For each reader from which sources the items come that it may ask for, as `aura.core.signals.source_of` numbers
        them (`ZoneContext.sources`); None for any. What no reader may ask for is not kept, but for items that were
        injected without an id of their own.

    Examples
    --------
    >>> pending = PendingItems(capacity=2)
    >>> pending.store(np.array([7, 8, 9]), np.array([[0.5], [0.25], [2.0]]))
    >>> which, rows = pending.take(np.array([9, 7, 9]))
    >>> which.tolist(), rows.tolist()
    ([0], [[2.0]])
    >>> len(pending), pending.displaced, pending.unmatched
    (1, 1, 2)
    """

    def __init__(self, capacity: int = PENDING_ITEMS, readers: int = 1,
                 on_displaced: Callable[[Any], None] | None = None,
                 sources: Sequence[frozenset[int] | None] | None = None) -> None:
        self.capacity, self.on_displaced = capacity, on_displaced
        self.displaced = 0
        """Items that went because too many waited."""
        self.unmatched = 0
        """Ids that were asked for and found nothing: unknown, displaced, or taken before."""
        self._readers = readers
        self._sources = None if sources is None or not any(one is not None for one in sources) else tuple(sources)
        self._items: dict[int, tuple[_Block, int, int]] = {}
        """Of each id its block, its place there, and a bit for each reader that has not taken it; the oldest first."""
        self._stored = 0

    def __len__(self) -> int:
        return len(self._items)

    def store(self, ids: Ids | Iterable[int], values: Any) -> None:
        """Keep the values of some items.

        Parameters
        ----------
        ids : array of int64 (n,), or other integers
            Of an id that stands twice the last counts.
        values : array (n, ...), dict, or sequence of n values
            One row an item; or columns by name, each an array (n, ...) or what holds for the whole block (any scalar);
            or any values, one an item. To be saved they are what a state may hold.
        """
        self._stored += 1
        listed = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
        block, items, waiting = _Block(), self._items, (1 << self._readers) - 1
        block.number, block.size, block.values = self._stored, len(listed), values
        for place, identity in enumerate(listed):
            items.pop(identity, None)  # so that it counts as new
            if self._sources is not None and not (waiting := self._asking(identity)):
                continue
            items[identity] = block, place, waiting
        while len(items) > self.capacity:
            oldest, place, _ = items.pop(next(iter(items)))
            self.displaced += 1
            if self.on_displaced is not None:
                self.on_displaced(_one(oldest.values, place))

    def _asking(self, identity: int) -> int:
        """Return a bit for each reader that may ask for an item."""
        source = source_of(identity)
        return sum(1 << reader for reader, known in enumerate(self._sources or ())
                   if known is None or source < 0 or source in known)

    def take(self, ids: Ids | Iterable[int], reader: int = 0) -> tuple[NDArray[np.intp], Any]:
        """Hand out what waits for a reader of these items.

        Returns
        -------
        which : array of int (m,)
            Which of `ids` were found, as indices, ascending.
        values : array, dict or list
            Their values in this order, as they were stored; an empty list where nothing was found.
        """
        groups = self.take_blocks(ids, reader)
        if len(groups) == 1:
            return groups[0]
        if not groups:
            return np.zeros(0, np.intp), []
        which = np.concatenate([places for places, _ in groups])
        order = np.argsort(which)
        return which[order], _rows(_joined([values for _, values in groups]), order.tolist())

    def take_blocks(self, ids: Ids | Iterable[int], reader: int = 0) -> list[tuple[NDArray[np.intp], Any]]:
        """Hand out the same block by block, in the order in which these were stored.

        Blocks may differ then in the lengths of their rows.
        """
        bit, items = 1 << reader, self._items
        found: dict[_Block, tuple[list[int], list[int]]] = {}
        for index, identity in enumerate(ids.tolist() if isinstance(ids, np.ndarray) else ids):
            item = items.get(identity)
            if item is None or not item[2] & bit:
                self.unmatched += 1
                continue
            block, place, waiting = item
            if waiting == bit:
                del items[identity]
            else:
                items[identity] = block, place, waiting ^ bit
            indices, places = found.setdefault(block, ([], []))
            indices.append(index)
            places.append(place)
        blocks = sorted(found, key=lambda block: block.number) if len(found) > 1 else found
        return [(np.array(found[block][0], np.intp), block.rows(found[block][1])) for block in blocks]

    def get(self, identity: int, default: Any = None) -> Any:
        """Return the value of one item that waits, and let it wait on."""
        item = self._items.get(identity)
        if item is None:
            return default
        values = item[0].values
        return _one(values, item[1]) if type(values) is dict else values[item[1]]

    def pop(self, identity: int, default: Any = None) -> Any:
        """Return the value of one item, which waits no more, whoever has taken it."""
        item = self._items.pop(identity, None)
        if item is None:
            return default
        values = item[0].values
        return _one(values, item[1]) if type(values) is dict else values[item[1]]

    def values(self) -> list[Any]:
        """Return the values of all items that wait, the oldest first."""
        return [_one(block.values, place) for block, place, _ in self._items.values()]

    def clear(self) -> None:
        """Let all items go; the counts stay."""
        self._items.clear()

    def state(self) -> dict[str, Any]:
        """Return the counts and what waits, the oldest first, blocks that are alike as one."""
        blocks: dict[_Block, list[int]] = {}
        for block, place, _ in self._items.values():
            blocks.setdefault(block, []).append(place)
        kept: list[list[Any]] = []
        for block, places in blocks.items():
            values = block.rows(places)
            if kept and _alike(kept[-1][0], values):
                kept[-1].append(values)
            else:
                kept.append([values])
        return {
            "ids": np.array(list(self._items), np.int64), "blocks": [_joined(values) for values in kept],
            "waiting": np.array([[waiting >> reader & 1 for reader in range(self._readers)]
                                 for *_, waiting in self._items.values()], np.bool_).reshape(-1, self._readers),
            "displaced": self.displaced, "unmatched": self.unmatched}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; where less may wait, the newest of it."""
        self._items.clear()
        begin, ids = 0, state["ids"].tolist()
        for values in state["blocks"]:
            end = begin + _count(values)
            self.store(ids[begin:end], values)
            begin = end
        for identity, row in zip(ids, state["waiting"].tolist(), strict=True):
            if identity in self._items:
                block, place, asking = self._items[identity]
                left = asking & sum(1 << reader for reader, waits in enumerate(row) if waits)
                if left:
                    self._items[identity] = block, place, left
                else:
                    del self._items[identity]
        self.displaced, self.unmatched = int(state["displaced"]), int(state["unmatched"])


def received(inputs: Inputs, port: str, zone: str, now: Time, *, what: str = "labels") -> tuple[Ids, Any] | None:
    """Return the ids and the values of the items that have come to an input, as one block; None where nothing has.

    Parameters
    ----------
    inputs : Inputs
        What a zone reads.
    port : str
        An input of one pathway; one with ``keep="all"`` brings several blocks.
    zone : str
        The zone's name, for errors.
    now : int
        The instant, for errors.
    what : str
        What they are, for errors.

    Raises
    ------
    SignalError
        If they have no ids.
    """
    values, ids = inputs[port], inputs.ids.get(port)
    if values is None:
        return None
    if ids is None or (isinstance(ids, tuple) and len(ids) != len(values)):
        raise SignalError(f"{zone}.{port} at {format_time(now)}", expected=f"{what} with the ids of their items",
                          got=f"{what} without ids",
                          hint=f"The output that brings them must carry items_from, or return Items({what}, ids).")
    if not isinstance(ids, tuple):
        return ids, values
    return (ids[0], values[0]) if len(ids) == 1 else (np.concatenate(ids), _joined(values))


# --- what a block may be: an array, columns by name, or a sequence of any values --------------------------------------


def _is_column(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def _count(values: Any) -> int:
    """Return how many items a block has."""
    return len(next(filter(_is_column, values.values()))) if isinstance(values, dict) else len(values)


def _one(values: Any, place: int) -> Any:
    if isinstance(values, dict):
        return {name: value[place] if _is_column(value) else value for name, value in values.items()}
    return values[place]


def _rows(values: Any, places: list[int]) -> Any:
    if isinstance(values, np.ndarray):
        return values[places]
    if isinstance(values, dict):
        return {name: value[places] if _is_column(value) else value for name, value in values.items()}
    return [values[place] for place in places]


def _joined(blocks: Sequence[Any]) -> Any:
    """Return blocks as one; what holds for a whole block is that of the last."""
    last = blocks[-1]
    if len(blocks) == 1:
        return last
    if isinstance(last, np.ndarray):
        return np.concatenate(blocks)
    if isinstance(last, dict):
        return {name: np.concatenate([block[name] for block in blocks]) if _is_column(value) else value
                for name, value in last.items()}
    return [value for block in blocks for value in block]


def _alike(one: Any, other: Any) -> bool:
    """Return whether blocks can be joined and nothing is lost."""
    if _is_column(one) or _is_column(other):
        return (_is_column(one) and _is_column(other) and one.dtype == other.dtype
                and bool(one.shape[1:] == other.shape[1:]))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_alike(one[name], other[name]) if _is_column(one[name])
                                                else one[name] is other[name] or one[name] == other[name]
                                                for name in one)
    return not isinstance(one, dict) and not isinstance(other, dict)
