"""What a tokenizer is: texts to numbers and back, and symbols that no text spells."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.language.tokenizers.cleaning import Cleaning

__all__ = ["REPLACEMENT", "SEPARATOR", "SYMBOLS", "Ids", "Tokenizer", "require_size"]

Ids = NDArray[np.int32]
SYMBOLS = ("<INST>", "<INP>", "<RESP>", "<SEP>")
"""The symbols that a tokenizer has unless it is told otherwise: before an instruction, its input, the response, and
between documents."""
SEPARATOR = "<SEP>"
REPLACEMENT = "\ufffd"
"""What stands in a decoded text for what is no character (Unicode's own)."""


class Tokenizer(ABC):
    """The base of all tokenizers.

    A text never spells a symbol: ``"<SEP>"`` in what somebody writes becomes the five characters, and the symbol of
    that name is put between texts by its number. What `decode` gives of a symbol is its name.

    Parameters
    ----------
    symbols : sequence of str
        Their names, each of one token.
    cleaning : Cleaning
        What is done to a text first.
    """

    kind: ClassVar[str]
    size: int
    """How many tokens there are; each is a number from 0 to below it."""
    unknown: int | None = None
    """The token of what the tokenizer has no other for; None where there is no such thing."""

    def __init__(self, symbols: Sequence[str], cleaning: Cleaning) -> None:
        if len(set(symbols)) != len(symbols) or not all(symbols):
            raise ParameterError("symbols", expected="names that differ from each other", got=repr(list(symbols)))
        self.cleaning = cleaning
        self.symbols: dict[str, int] = dict.fromkeys(symbols, 0)
        """The number of each symbol by its name."""

    @property
    def separator(self) -> int | None:
        """The token between documents, if there is one."""
        return self.symbols.get(SEPARATOR)

    @property
    @abstractmethod
    def exact(self) -> bool:
        """Whether `decode` gives back every text as `cleaning` leaves it; else what is unknown is lost."""

    def encode(self, text: str) -> Ids:
        """Return the tokens of a text, int32 (token,); one of half a surrogate pair counts as `REPLACEMENT`."""
        return self._encode(self.cleaning.clean(text))

    @abstractmethod
    def _encode(self, text: str) -> Ids:
        """Return the tokens of a text that is clean."""

    @abstractmethod
    def decode(self, tokens: Sequence[int] | NDArray[np.integer]) -> str:
        """Return the text of tokens; ParameterError if one is none of this tokenizer's."""

    @abstractmethod
    def pieces(self) -> list[str]:
        """Return what each token is called, in the order of their numbers."""

    @abstractmethod
    def byte_lengths(self) -> NDArray[np.int32]:
        """Return how many bytes of UTF-8 each token stands for, (size,); 0 for symbols, 1 for `unknown`."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """Return what tells this tokenizer from any other, as JSON values."""

    @property
    def fingerprint(self) -> str:
        """A SHA-256 of `description`: alike for tokenizers that give the same tokens for every text."""
        told = {"kind": self.kind, "symbols": list(self.symbols), "cleaning": self.cleaning.model_dump(),
                **self.description()}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def checked(self, tokens: Sequence[int] | NDArray[np.integer]) -> Ids:
        """Return tokens as int32 (token,); ParameterError names the first that is none."""
        found = np.asarray(tokens, dtype=np.int64).reshape(-1)
        wrong = (found < 0) | (found >= self.size)
        if wrong.any():
            raise ParameterError(f"tokenizer {self.kind}", expected=f"tokens from 0 to {self.size - 1}",
                                 got=str(int(found[wrong.argmax()])))
        return found.astype(np.int32)


def require_size(tokenizer: Tokenizer, size: int, where: str) -> None:
    """Raise a ParameterError, at `where`, unless the tokenizer has `size` tokens, as a zone's model has."""
    if tokenizer.size != size:
        raise ParameterError(where, expected=f"a tokenizer of {size} tokens, as the model has",
                             got=f"one of {tokenizer.kind} with {tokenizer.size}",
                             hint=f"Take the tokenizer that the model was made with, or a model of {tokenizer.size}.")
