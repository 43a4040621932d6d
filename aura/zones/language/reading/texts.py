"""The stream `texts`: documents as windows of tokens, in lanes that each go on where they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aura.core.errors import StreamError
from aura.plugins.streams import Reader, ReaderKind, Value, checked_indices
from aura.zones.language.reading.tokens import TextOptions, Tokens, read_tokens, token_fields
from aura.zones.language.tokenizers.files import load_tokenizer
from aura.zones.language.tokenizers.tokenizer import Tokenizer

__all__ = ["KIND", "TextReader", "open_texts"]


class TextReader(Reader):
    """Rows that are windows of tokens: row n is window n // streams of lane n % streams.

    Parameters
    ----------
    name : str
    tokens : Tokens
    tokenizer : Tokenizer
    streams, length : int
        Lanes, and tokens of a window that are read.
    start, stop : int
        Which of the tokens.

    Notes
    -----
    The m answers (all tokens but the first) are parted into lanes of m / streams, as nearly as can be, which lie one
    behind the other in the text. Lane i of window k goes on where that of window k - 1 ended: its first token is the
    last one there, which was an answer and is now read. Every answer counts once; the last window of a lane is filled
    up with separators that count for nothing. A lane that begins within a document begins as a document does, with
    nothing carried over.
    """

    def __init__(self, name: str, tokens: Tokens, tokenizer: Tokenizer, streams: int, length: int,
                 start: int = 0, stop: int | None = None) -> None:
        self._tokens, self._tokenizer = tokens, tokenizer
        self._start, self._stop = start, len(tokens.values) if stop is None else stop
        answers = self._stop - self._start - 1
        if answers < streams:
            raise StreamError(name, expected=f"at least {streams + 1} tokens, for {streams} lanes",
                              got=f"{self._stop - self._start}", hint="Play fewer `streams`, or a longer text.")
        self.name, self.lanes, self._length = name, streams, length
        self.fields = token_fields(length)
        self._edges = self._start + np.arange(streams + 1, dtype=np.int64) * answers // streams
        self._windows = -(-int(np.diff(self._edges).max()) // length)
        self._bytes = tokenizer.byte_lengths()
        self._pad = tokenizer.separator or 0

    def __len__(self) -> int:
        return self._windows * self.lanes

    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the windows at these indices, in this order."""
        chosen = checked_indices(indices, len(self))
        window, lane = np.divmod(chosen, self.lanes)
        first = self._edges[lane] + window * self._length
        places = first[:, None] + np.arange(self._length + 1)
        last = self._edges[lane + 1][:, None]
        there = places <= last
        inside = np.minimum(places, last)
        tokens = np.where(there, self._tokens.values[inside].astype(np.int32), np.int32(self._pad))
        documents = self._tokens.begins
        following = np.minimum(np.searchsorted(documents, inside), len(documents) - 1)
        begins = there & (documents[following] == inside)
        # What begins a document without a separator is to be answered by nothing that came before it.
        mask = there[:, 1:] & ~(begins[:, 1:] & (tokens[:, 1:] != self._tokenizer.separator))
        begins[window == 0, 0] = True
        return {"tokens": tokens, "begins": begins, "mask": mask,
                "document": np.searchsorted(documents, inside[:, 0], side="right").astype(np.int64) - 1,
                "bytes": (self._bytes[tokens[:, 1:]] * mask).sum(axis=1, dtype=np.int32)}

    def parted(self, hold_out: float) -> tuple[Reader, Reader]:
        """Return what to learn from and the last part of the tokens, each in lanes of its own."""
        count = self._stop - self._start
        least = self.lanes + 1
        cut = self._start + min(max(round((1.0 - hold_out) * count), least), count - least)
        made = [TextReader(self.name, self._tokens, self._tokenizer, self.lanes, self._length, start, stop)
                for start, stop in ((self._start, cut), (cut, self._stop))]
        return made[0], made[1]


def open_texts(options: TextOptions, base: Path) -> TextReader:
    """Read and encode the texts; raises as `read_tokens` does, and if there are fewer answers than lanes."""
    tokenizer = load_tokenizer(options.tokenizer)
    return TextReader(options.name, read_tokens(options, base, tokenizer), tokenizer, options.streams,
                      options.length)


KIND = ReaderKind("texts", "Texts as windows of tokens, in lanes that each go on where they were.", TextOptions,
                  open_texts)
