"""Documents out of files: text files, and columns of delimited files and of JSON lines, part by part."""

from __future__ import annotations

import codecs
import csv
import glob
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from aura.core.blame import described
from aura.core.errors import StreamError, nearest
from aura.core.paths import InputPath

__all__ = ["DocumentOptions", "Part", "documents", "files_of", "rows_of"]

_BLOCK = 1 << 20
"""Bytes that are read at once."""
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


class DocumentOptions(BaseModel):
    """Where documents are, and where one ends."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    path: InputPath | tuple[InputPath, ...] = Field(
        min_length=1,
        description="A file, a folder or a pattern, or several; of a folder all files but hidden ones, by name.")
    column: str | None = Field(
        default=None,
        description="Read the texts of this column, or key, of files .csv, .tsv and .jsonl: each is a document.")
    group: str | None = Field(
        default=None,
        description="With `column`: rows that follow each other and say the same in this one are one document, a line "
                    "each, as the turns of a conversation.")
    documents: Literal["files", "lines", "paragraphs"] = Field(
        default="files",
        description="What is a document of a text file: the file, each line, or what stands between blank lines.")
    invalid: Literal["stop", "replace"] = Field(
        default="stop",
        description="Whether bytes that are no UTF-8 stop the run, or (`\"replace\"`) are read as U+FFFD.")


    @property
    def paths(self) -> tuple[str, ...]:
        """The paths, one or several."""
        return (self.path,) if isinstance(self.path, str) else self.path

    @property
    def name(self) -> str:
        """What errors call it all: the file's name, or that of the first one."""
        return Path(self.paths[0]).name


class Part(NamedTuple):
    """Some text of a document, and whether it is its first."""

    text: str
    begins: bool


def documents(options: DocumentOptions, base: Path) -> Iterator[Part]:
    """Yield the documents in parts of about a megabyte that end with a line, so that no file is held whole.

    Raises
    ------
    StreamError
        If a file is missing, is no UTF-8, or lacks the column.
    """
    for path in (file for one in options.paths for file in files_of(one, base)):
        if options.column is not None:
            yield from _rows(path, options, options.column)
        elif options.documents == "files":
            yield from _whole(path, options.invalid)
        else:
            yield from _cut(path, options)


def _rows(path: Path, options: DocumentOptions, column: str) -> Iterator[Part]:
    """Yield the text of each row."""
    before = None
    for where, row in rows_of(path, options.invalid):
        text = row.get(column)
        if not isinstance(text, str):
            raise StreamError(where, expected=f"a text as {column!r}", got=repr(text),
                              hint=nearest(column, row) if text is None else "")
        group = None if options.group is None else row.get(options.group)
        goes_on = group is not None and group == before
        yield Part(f"\n{text}" if goes_on else text, not goes_on)
        before = group


def files_of(text: str, base: Path) -> list[Path]:
    """Return the files that a path means, in the order of their names; StreamError if there is none."""
    path = base / Path(text).expanduser()
    if path.is_file():
        return [path]
    found = [one for one in path.iterdir() if not one.name.startswith(".")] if path.is_dir() else [
        Path(one) for one in glob.glob(str(path), recursive=True)]
    files = sorted(one for one in found if one.is_file())
    if not files:
        there = [one.name for one in path.parent.iterdir() if one.name[0] != "."] if path.parent.is_dir() else []
        hint = nearest(path.name, there) if there and not path.is_dir() else ""
        raise StreamError(str(path), expected="a file, or a folder with files", hint=hint if len(hint) < 300 else "",
                          got="a folder without files" if path.is_dir() else "nothing there")
    return files


def rows_of(path: Path, invalid: str = "stop") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each row of a file .csv, .tsv or .jsonl, by its columns, with where it stands.

    Raises
    ------
    StreamError
        If the file is of another kind, or a row is none.
    """
    suffix = path.suffix.lower()
    if suffix in _DELIMITERS:
        lines = csv.DictReader(_lines(path, invalid), delimiter=_DELIMITERS[suffix], strict=True)
        try:
            for row in lines:
                yield f"{path.name}: line {lines.line_num}", {str(key): value for key, value in row.items()}
        except csv.Error as error:
            raise StreamError(f"{path.name}: line {lines.line_num}", expected="a row of its columns",
                              got=str(error)) from None
    elif suffix == ".jsonl":
        for number, line in enumerate(_lines(path, invalid), 1):
            if line.strip():
                yield f"{path.name}: line {number}", _object(line, f"{path.name}: line {number}")
    else:
        raise StreamError(path.name, expected="a file .csv, .tsv or .jsonl, to read a column of", got=repr(suffix))


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StreamError(where, expected="a JSON object", got=described(error)) from None
    if not isinstance(found, dict):
        raise StreamError(where, expected="a JSON object", got=type(found).__name__)
    return found


def _blocks(path: Path, invalid: str) -> Iterator[str]:
    """Yield a file's text block by block, without a byte order mark."""
    decode = codecs.getincrementaldecoder("utf-8")("strict" if invalid == "stop" else "replace").decode
    at, first = 0, True
    try:
        with path.open("rb") as file:
            while block := _read(file):
                text = decode(block)
                at += len(block)
                yield text.removeprefix("\ufeff") if first else text
                first = False
            yield decode(b"", True)
    except UnicodeDecodeError as error:
        # The decoder holds back the bytes of a character that a block has cut.
        byte = at + error.start - (len(error.object) - len(block))
        raise StreamError(path.name, expected="text in UTF-8", got=f"byte 0x{error.object[error.start]:02X} at {byte}",
                          hint="Convert the file, or say invalid = 'replace'.") from None
    except OSError as error:
        raise StreamError(path.name, expected="a file that can be read", got=described(error)) from error


def _read(file: IO[bytes]) -> bytes:
    return file.read(_BLOCK)


def _whole(path: Path, invalid: str) -> Iterator[Part]:
    """Yield a file in parts that end with a line; a line of more than a block is cut anywhere."""
    begins, kept = True, ""
    for block in _blocks(path, invalid):
        kept += block
        end = kept.rfind("\n") + 1 or (len(kept) if len(kept) >= _BLOCK else 0)
        if end:
            yield Part(kept[:end], begins)
            begins, kept = False, kept[end:]
    if kept:
        yield Part(kept, begins)


def _lines(path: Path, invalid: str) -> Iterator[str]:
    """Yield the lines of a file, with their ends."""
    kept = ""
    for block in _blocks(path, invalid):
        *lines, kept = (kept + block).split("\n")
        yield from (f"{line}\n" for line in lines)
    if kept:
        yield kept


def _cut(path: Path, options: DocumentOptions) -> Iterator[Part]:
    """Yield each line, or each paragraph, that is not blank."""
    if options.documents == "lines":
        yield from (Part(line.rstrip("\r\n"), True) for line in _lines(path, options.invalid) if line.strip())
        return
    kept: list[str] = []
    for line in _lines(path, options.invalid):
        if line.strip():
            kept.append(line)
        elif kept:
            yield Part("".join(kept).rstrip("\r\n"), True)
            kept = []
    if kept:
        yield Part("".join(kept).rstrip("\r\n"), True)
