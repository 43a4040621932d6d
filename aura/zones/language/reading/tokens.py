"""The tokens of documents, one after the other in one array, and where each document begins."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aura.core.errors import StreamError
from aura.plugins.streams import Field as StreamField
from aura.zones.language.reading.documents import DocumentOptions, documents
from aura.zones.language.tokenizers.files import TokenizerName
from aura.zones.language.tokenizers.tokenizer import Ids, Tokenizer

__all__ = ["TOKENIZER", "UNKNOWN", "TextOptions", "Tokens", "encoded", "read_tokens", "token_fields"]

TOKENIZER = "`bytes`, `ascii`, or a folder that `aura tokenizer` wrote."
UNKNOWN = ('Whether a character that the tokenizer does not know stops the run, or (`"mark"`) is played as its unknown '
           "token.")


class TextOptions(DocumentOptions):
    """Texts as windows of tokens, side by side in lanes that each go on where they were."""

    tokenizer: TokenizerName = Field(default="bytes", description=TOKENIZER)
    streams: int = Field(
        default=1, ge=1, le=65536,
        description="Lanes into which the tokens are parted; each tick plays the next window of every lane.")
    length: int = Field(
        default=128, ge=1, le=1 << 20,
        description="Tokens of a window that are read and, each, answered by the next one.")
    most: int | None = Field(default=None, ge=2, description="Take only the first so many tokens.")
    unknown: Literal["stop", "mark"] = Field(default="stop", description=UNKNOWN)


class Tokens(NamedTuple):
    """Tokens (n,), unsigned, of as few bytes as there are; and the place at which each document begins, (document,)."""

    values: NDArray[np.unsignedinteger]
    begins: NDArray[np.int64]


def token_fields(length: int) -> dict[str, StreamField]:
    """Return the fields of windows of tokens: what they mean is the same whatever reads them."""
    return {
        "tokens": StreamField("int32", (length + 1,), doc="Tokens; each but the last is answered by the next one."),
        "begins": StreamField("bool", (length + 1,), doc="Where nothing is carried over: a document begins here, or a "
                              "pass."),
        "mask": StreamField("bool", (length,), doc="Which answers count: neither padding nor what is only to be read."),
        "document": StreamField("int64", doc="The number of the document of the first token."),
        "bytes": StreamField("int32", doc="Bytes of text that the answers that count stand for."),
    }


def encoded(tokenizer: Tokenizer, text: str, unknown: str, where: str) -> Ids:
    """Return the tokens of a text.

    Raises
    ------
    StreamError
        At a character that the tokenizer does not know, unless it is to be marked.
    """
    tokens = tokenizer.encode(text)
    if unknown == "stop" and tokenizer.unknown is not None and (tokens == tokenizer.unknown).any():
        lost = next((one for one in text if tokenizer.unknown in tokenizer.encode(one)), text[:1])
        raise StreamError(where, expected="characters that the tokenizer knows", got=f"{lost!r} (U+{ord(lost):04X})",
                          hint="Say unknown = 'mark', or take a tokenizer that spells by bytes or cleans its texts.")
    return tokens


def read_tokens(options: TextOptions, base: Path, tokenizer: Tokenizer) -> Tokens:
    """Return the tokens of all documents, each behind a separator, if the tokenizer has one.

    Texts are read and encoded part by part: what is held is two bytes a token, or four beyond 65,536 tokens.

    Raises
    ------
    StreamError
        If a file cannot be read, a character is unknown, or there are fewer than two tokens.
    """
    dtype = np.dtype(np.uint16 if tokenizer.size <= 1 << 16 else np.uint32)
    kept, begins, new, name = array("B"), [], False, options.name
    lead = np.array([] if tokenizer.separator is None else [tokenizer.separator], dtype=dtype)
    for part in documents(options, base):
        new = new or part.begins
        tokens = encoded(tokenizer, part.text, options.unknown, name)
        if not len(tokens):
            continue
        if new:
            begins.append(len(kept) // dtype.itemsize)
            kept.frombytes(lead.tobytes())
            new = False
        kept.frombytes(tokens.astype(dtype).tobytes())
        if options.most is not None and len(kept) >= options.most * dtype.itemsize:
            break
    values = np.frombuffer(kept, dtype=dtype)[:options.most]
    if len(values) < 2:
        raise StreamError(name, expected="a text of at least two tokens", got=f"{len(values)}")
    return Tokens(values, np.array([place for place in begins if place < len(values)], dtype=np.int64))
