"""The tokeniser of a sentence encoder, from its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from aura.core.blame import described
from aura.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["load_tokeniser", "token_numbers"]


def load_tokeniser(path: Path, max_tokens: int) -> Tokenizer:
    """Return the tokeniser of a file, which cuts at so many tokens and pads nothing.

    Raises
    ------
    DataError
        If the file is no tokeniser.
    """
    try:
        tokeniser = Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers package raises plain Exception
        raise DataError(str(path), expected="a tokeniser in JSON", got=described(error)) from error
    tokeniser.no_padding()
    tokeniser.enable_truncation(max_tokens)
    return tokeniser


def token_numbers(tokeniser: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Return the token numbers of texts that have been cleaned."""
    if len(texts) == 1:  # spares one text the tokeniser's thread pool
        return [tokeniser.encode(texts[0]).ids]
    return [encoding.ids for encoding in tokeniser.encode_batch_fast(list(texts))]
