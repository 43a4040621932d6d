"""The stream `instructions`: instruction, input and response as tokens, of which the response alone counts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aura.core.errors import StreamError, nearest
from aura.core.paths import InputPath
from aura.plugins.streams import Reader, ReaderKind, Value, checked_indices
from aura.zones.language.reading.documents import files_of, rows_of
from aura.zones.language.reading.tokens import TOKENIZER, UNKNOWN, encoded, token_fields
from aura.zones.language.tokenizers.files import TokenizerName, load_tokenizer
from aura.zones.language.tokenizers.tokenizer import Ids, Tokenizer

__all__ = ["KIND", "InstructionOptions", "InstructionReader", "open_instructions", "prompt"]

_INSTRUCTION, _INPUT, _RESPONSE, _END = "<INST>", "<INP>", "<RESP>", "<SEP>"
_LOG = logging.getLogger("aura.streams")


class InstructionOptions(BaseModel):
    """Rows of an instruction, perhaps an input, and a response."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    path: InputPath = Field(description="A file .jsonl, .csv or .tsv, or a folder or pattern of such files.")
    tokenizer: TokenizerName = Field(default="bytes", description=TOKENIZER)
    length: int = Field(
        default=512, ge=4, le=1 << 20,
        description="Tokens of a window that are read and, each, answered by the next one.")
    instruction: str = Field(default="instruction", description="The column, or key, of the instruction.")
    input: str | None = Field(
        default="input", description="That of the input; rows that have none, or an empty one, are played without.")
    output: str = Field(default="output", description="That of the response.")
    pack: bool = Field(
        default=False,
        description="Play as many rows in a window as have room in it, in their order, each as a document of its own; "
                    "else one.")
    too_long: Literal["stop", "skip", "cut"] = Field(
        default="stop",
        description='Whether a row of more tokens than a window stops the run, is left out and counted (`"skip"`), or '
                    'loses its end (`"cut"`).')
    on_bad: Literal["stop", "skip"] = Field(
        default="stop",
        description="Whether a row without an instruction or a response stops the run, or (`\"skip\"`) is left out and "
                    "counted.")
    unknown: Literal["stop", "mark"] = Field(default="stop", description=UNKNOWN)


def prompt(tokenizer: Tokenizer, instruction: str, given: str = "", *, unknown: str = "mark",
           where: str = "prompt") -> Ids:
    """Return the tokens that stand before a response: ``<INST> instruction <INP> input <RESP>``.

    Raises
    ------
    StreamError
        If the tokenizer lacks one of the symbols.
    """
    parts = [_symbol(tokenizer, _INSTRUCTION, where), encoded(tokenizer, instruction, unknown, where)]
    if given:
        parts += [_symbol(tokenizer, _INPUT, where), encoded(tokenizer, given, unknown, where)]
    return np.concatenate([*parts, _symbol(tokenizer, _RESPONSE, where)])


class InstructionReader(Reader):
    """Rows that are windows of tokens, each of one row of the source or of several.

    Parameters
    ----------
    name : str
    rows : sequence of (array, int)
        The tokens of each row, and where its response begins.
    tokenizer : Tokenizer
    length : int
        Tokens of a window that are read; no row has more than one more.
    pack : bool
        Play several rows in a window.
    """

    def __init__(self, name: str, rows: Sequence[tuple[Ids, int]], tokenizer: Tokenizer, length: int, *,
                 pack: bool = False) -> None:
        if not rows:
            raise StreamError(name, expected="at least one row with an instruction and a response", got="none")
        self.name, self.fields, self._length = name, token_fields(length), length
        self._rows, self._bytes, self._pad = rows, tokenizer.byte_lengths(), tokenizer.separator or 0
        lengths = [len(tokens) for tokens, _ in rows]
        self._firsts = [0]
        """The first row of each window, and behind them the number of rows."""
        room = length + 1 - lengths[0]
        for number, count in enumerate(lengths[1:], 1):
            if not pack or count > room:
                self._firsts.append(number)
                room = length + 1
            room -= count
        self._firsts.append(len(rows))

    def __len__(self) -> int:
        return len(self._firsts) - 1

    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the windows at these indices, in this order."""
        chosen = checked_indices(indices, len(self)).tolist()
        tokens = np.full((len(chosen), self._length + 1), self._pad, dtype=np.int32)
        begins, counts = np.zeros(tokens.shape, dtype=bool), np.zeros(tokens.shape, dtype=bool)
        for place, window in enumerate(chosen):
            at = 0
            for row, response in self._rows[self._firsts[window]:self._firsts[window + 1]]:
                tokens[place, at:at + len(row)] = row
                counts[place, at + response:at + len(row)] = True
                begins[place, at] = True
                at += len(row)
        mask = counts[:, 1:]
        return {"tokens": tokens, "begins": begins, "mask": np.ascontiguousarray(mask),
                "document": np.array([self._firsts[window] for window in chosen], dtype=np.int64),
                "bytes": (self._bytes[tokens[:, 1:]] * mask).sum(axis=1, dtype=np.int32)}


def open_instructions(options: InstructionOptions, base: Path) -> InstructionReader:
    """Read and encode the rows.

    Raises
    ------
    StreamError
        If a file cannot be read, there is no good row, or at the first bad or too long one, if told to stop.
    """
    tokenizer = load_tokenizer(options.tokenizer)
    name = Path(options.path).name
    rows: list[tuple[Ids, int]] = []
    bad, long = 0, 0
    for path in files_of(options.path, base):
        for where, row in rows_of(path):
            try:
                before, response = _texts(options, row, where)
            except StreamError as error:
                if options.on_bad == "stop":
                    raise
                bad += 1
                if bad <= 10:
                    _LOG.warning("skipped: %s", error)
                continue
            lead = prompt(tokenizer, *before, unknown=options.unknown, where=where)
            tokens = np.concatenate([lead, encoded(tokenizer, response, options.unknown, where),
                                     _symbol(tokenizer, _END, where)])
            if len(tokens) > options.length + 1:
                if options.too_long == "stop":
                    raise StreamError(where, expected=f"at most {options.length + 1} tokens, as a window has",
                                      got=str(len(tokens)), hint="Say too_long = 'skip' or 'cut', or more `length`.")
                long += 1
                tokens = tokens[:options.length + 1]
                if options.too_long == "skip" or len(lead) >= len(tokens):
                    continue
            rows.append((tokens, len(lead)))
    reader = InstructionReader(name, rows, tokenizer, options.length, pack=options.pack)
    reader.skipped = bad
    if long:
        what = "cut the end off, or left out, {count}" if options.too_long == "cut" else "left out {count}"
        reader.notices = {f"{what} rows of more than {options.length + 1} tokens": long}
    return reader


def _texts(options: InstructionOptions, row: dict[str, Any], where: str) -> tuple[tuple[str, str], str]:
    """Return instruction and input, and the response; StreamError if the row lacks one that it must have."""
    found = {}
    for role, column in (("instruction", options.instruction), ("response", options.output)):
        text = row.get(column)
        if not isinstance(text, str) or not text.strip():
            raise StreamError(where, expected=f"the {role} as a text in {column!r}", got=repr(text)[:80],
                              hint="" if column in row else nearest(column, row))
        found[role] = text
    given = row.get(options.input) if options.input is not None else None
    if given is not None and not isinstance(given, str):
        raise StreamError(where, expected=f"the input as a text in {options.input!r}", got=repr(given)[:80])
    return (found["instruction"], given or ""), found["response"]


def _symbol(tokenizer: Tokenizer, name: str, where: str) -> Ids:
    if name not in tokenizer.symbols:
        raise StreamError(where, expected=f"a tokenizer with the symbol {name!r}",
                          got=f"one with {', '.join(tokenizer.symbols) or 'none'}",
                          hint="`aura tokenizer` makes one with all four.")
    return np.array([tokenizer.symbols[name]], dtype=np.int32)


KIND = ReaderKind("instructions", "Instructions and responses as tokens, of which the response alone counts.",
                  InstructionOptions, open_instructions)
