"""Which rows zones have learned from, so that no row that was learned is called held-out."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np

from aura.core.lasting import Stateful
from aura.plugins.streams import Reader

__all__ = ["Sights"]

_LEARN, _HELD_OUT = "learn", "held_out"
_ALIKE = "held out {count} rows that say the same as learned ones, and are judged as held-out all the same"
_LEARNED = "held out {count} rows that were learned before; their figures stand apart, as seen before"
_SOME = 64
"""Rows by which a reader's rows are known again."""


class Sights(Stateful):
    """Which rows were played while zones learned, as they are and changed.

    Rows of one reader are known by their number, whatever split they are in: a branch may hold out others than the
    run that it comes from. Rows of another reader, and those of a reader whose rows are others than when the state was
    saved, are known by what they say.

    Parameters
    ----------
    splits : mapping of str to (Reader, array)
        The reader of each split, and its rows.
    """

    lasting = ("_seen", "_contents", "_alike", "_elsewhere")

    def __init__(self, splits: Mapping[str, tuple[Reader, np.ndarray]]) -> None:
        own = splits[_LEARN][0]
        self._readers = {_LEARN if reader is own else split: reader for split, (reader, _) in splits.items()}
        self._keys = {split: _LEARN if reader is own else split for split, (reader, _) in splits.items()}
        self._seen = {key: np.zeros((2, len(reader)), dtype=bool) for key, reader in self._readers.items()}
        self._contents: set[int] = set()
        """What the learned rows say."""
        self._elsewhere: set[int] = set()
        """What those said that were learned from rows other than these, by the run that a branch comes from."""
        held_out = _HELD_OUT in splits
        self._alike = np.zeros(len(splits[_HELD_OUT][0]) if held_out else 0, dtype=bool)
        """Held-out rows that said what a learned one has said, though it was another by its number."""
        self._two_readers = held_out and self._keys[_HELD_OUT] != _LEARN

    def see(self, split: str, chosen: np.ndarray, changed: np.ndarray, rows: Mapping[str, Any],
            learning: bool) -> np.ndarray:
        """Return which of the rows `chosen`, about to be played, were learned before; and remember them."""
        seen, sights = self._seen[self._keys[split]], (changed.astype(np.int64), chosen)
        before: np.ndarray = seen[sights]
        contents = _contents(rows, changed) if learning or split == _HELD_OUT or self._elsewhere else []
        if split == _HELD_OUT:
            alike = _among(self._contents, contents) & ~before
            self._alike[chosen[alike]] = True
            before = before | alike if self._by_content else before
        elif self._elsewhere:
            before = before | _among(self._elsewhere, contents)
        if learning:
            self._contents.update(contents)
            seen[sights] = True
        return before

    def notices(self) -> dict[str, int]:
        """Return how many held-out rows say what learned rows have said."""
        return {_LEARNED if self._by_content else _ALIKE: int(self._alike.sum())}

    def after_load(self) -> None:
        if not self._are_known():
            self._elsewhere |= self._contents
            for seen in self._seen.values():
                seen[:] = False

    @property
    def _by_content(self) -> bool:
        """Whether held-out rows are known by what they say."""
        return self._two_readers or bool(self._elsewhere)

    def _are_known(self) -> bool:
        """Return whether the learned rows, of which some are looked at, say what they said when they were learned."""
        changed, learned = np.nonzero(self._seen[_LEARN])
        some = np.unique(np.linspace(0, len(learned) - 1, min(_SOME, len(learned))).astype(np.int64))
        return not len(some) or self._contents.issuperset(
            _contents(self._readers[_LEARN].rows(learned[some]), changed[some].astype(bool)))


def _among(known: set[int], contents: list[int]) -> np.ndarray:
    return np.array([content in known for content in contents], dtype=bool)


def _contents(rows: Mapping[str, Any], changed: np.ndarray) -> list[int]:
    """Return a digest of what each row says in all its fields, and of whether it comes changed."""
    found = []
    for index, late in enumerate(changed.tolist()):
        digest = blake2b(b"1" if late else b"0", digest_size=8)
        for name in sorted(rows):
            item = rows[name][index]
            part = item.tobytes() if isinstance(item, np.ndarray | np.generic) else repr(item).encode(
                "utf-8", "replace")
            digest.update(b"%s\0%d\0" % (name.encode(), len(part)))
            digest.update(part)
        found.append(int.from_bytes(digest.digest(), "little"))
    return found
