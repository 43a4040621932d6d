"""Tokenizers that need no training: the bytes of UTF-8, and characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.language.tokenizers.cleaning import Cleaning
from aura.zones.language.tokenizers.tokenizer import REPLACEMENT, SYMBOLS, Ids, Tokenizer

__all__ = ["ASCII", "ByteTokenizer", "CharacterTokenizer", "characters_of"]

ASCII = "\n" + "".join(map(chr, range(32, 127)))
"""The line feed and the 95 characters of ASCII that can be seen."""
_UTF32 = "<u4"


class ByteTokenizer(Tokenizer):
    """The 256 bytes of UTF-8, and behind them the symbols; every text comes back.

    Bytes that are no UTF-8, as a model may say them, are decoded to `REPLACEMENT`.

    Examples
    --------
    >>> tokenizer = ByteTokenizer()
    >>> tokenizer.encode("h\u00e9").tolist(), tokenizer.decode([104, 195, 169, tokenizer.symbols["<SEP>"]])
    ([104, 195, 169], 'h\u00e9<SEP>')
    """

    kind = "bytes"
    exact = True

    def __init__(self, symbols: Sequence[str] = SYMBOLS, cleaning: Cleaning | None = None) -> None:
        super().__init__(symbols, cleaning or Cleaning())
        self.symbols = {name: 256 + place for place, name in enumerate(symbols)}
        self.size = 256 + len(symbols)

    def _encode(self, text: str) -> Ids:
        return np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int32)

    def decode(self, tokens: Sequence[int] | NDArray[np.integer]) -> str:
        """Return the text of tokens."""
        found, names, parts, start = self.checked(tokens), list(self.symbols), [], 0
        for place in np.flatnonzero(found >= 256).tolist():
            parts += [found[start:place].astype(np.uint8).tobytes(), names[found[place] - 256].encode()]
            start = place + 1
        return b"".join([*parts, found[start:].astype(np.uint8).tobytes()]).decode("utf-8", "replace")

    def pieces(self) -> list[str]:
        """Return ``<0x00>`` to ``<0xFF>``, and the symbols."""
        return [*(f"<0x{byte:02X}>" for byte in range(256)), *self.symbols]

    def byte_lengths(self) -> NDArray[np.int32]:
        """Return 1 for each byte, 0 for each symbol."""
        return (np.arange(self.size) < 256).astype(np.int32)

    def description(self) -> dict[str, Any]:
        """Return nothing more: all such tokenizers are alike."""
        return {}


class CharacterTokenizer(Tokenizer):
    """Characters of one alphabet: the unknown one, the symbols, then the characters in Unicode's order.

    A text of the alphabet comes back; any other character is decoded to `REPLACEMENT`.

    Examples
    --------
    >>> tokenizer = CharacterTokenizer("abc", symbols=())
    >>> tokenizer.encode("cab?").tolist(), tokenizer.decode([3, 1, 2, 0])
    ([3, 1, 2, 0], 'cab\ufffd')
    """

    kind = "characters"
    unknown = 0
    exact = False

    def __init__(self, characters: Iterable[str] = ASCII, symbols: Sequence[str] = SYMBOLS,
                 cleaning: Cleaning | None = None) -> None:
        super().__init__(symbols, cleaning or Cleaning())
        self.characters = "".join(sorted(set(characters)))
        if not self.characters:
            raise ParameterError("characters", expected="at least one character", got="none")
        self.symbols = {name: 1 + place for place, name in enumerate(symbols)}
        self._first = 1 + len(symbols)
        self._codes = np.frombuffer(self.characters.encode("utf-32-le"), dtype=_UTF32)
        self._pieces = [REPLACEMENT, *symbols, *self.characters]
        self.size = len(self._pieces)

    def _encode(self, text: str) -> Ids:
        codes = np.frombuffer(text.encode("utf-32-le"), dtype=_UTF32)
        places = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.where(self._codes[places] == codes, places + self._first, 0).astype(np.int32)

    def decode(self, tokens: Sequence[int] | NDArray[np.integer]) -> str:
        """Return the text of tokens."""
        return "".join(map(self._pieces.__getitem__, self.checked(tokens).tolist()))

    def pieces(self) -> list[str]:
        """Return what each token stands for."""
        return ["<unk>", *self._pieces[1:]]

    def byte_lengths(self) -> NDArray[np.int32]:
        """Return the length of each character in UTF-8, 0 for each symbol, 1 for the unknown."""
        return np.array([1, *[0] * len(self.symbols), *(len(one.encode()) for one in self.characters)], dtype=np.int32)

    def description(self) -> dict[str, Any]:
        """Return the alphabet."""
        return {"characters": self.characters}


def characters_of(texts: Iterable[str]) -> str:
    """Return every character that stands in any of the texts, in Unicode's order."""
    found: set[str] = set()
    for text in texts:
        found.update(text)
    return "".join(sorted(found))
