"""Records of delimited text whose fields may be quoted, and where reading is taken up after a broken one."""

from __future__ import annotations

import csv
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Record", "long_fields", "split_lines", "split_quoted"]

_LOOK_AHEAD = 1_000
"""Lines within which the end of a broken field is looked for (tuned here: a long chapter)."""
_UNCLOSED = "unexpected end of data"
"""What `csv` says of a quote that is never closed."""

_limit = threading.Lock()


class Record(NamedTuple):
    """One record: its first line, the line after its last, its cells, and what is wrong with its quoting.

    `rows` counts those that may have been lost with a broken one.
    """

    start: int
    end: int
    cells: list[str]
    error: str = ""
    rows: int = 1

    @property
    def where(self) -> str:
        """Its lines, as errors name them, counted from 1."""
        return f"line {self.end}" if self.end == self.start + 1 else f"lines {self.start + 1} to {self.end}"


@contextmanager
def long_fields(characters: int) -> Iterator[None]:
    """Let `csv` take fields of so many characters, which else refuses more than 131,072.

    Its limit holds for the whole process, so it is only ever raised, by one reader at a time, and put back.
    """
    with _limit:
        before = csv.field_size_limit()
        csv.field_size_limit(max(before, characters))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def split_lines(lines: Sequence[str], delimiter: str) -> Iterator[Record]:
    """Give a record for each line that is not empty; a quote is a character like any other."""
    for i, line in enumerate(lines):
        if bare := line.removesuffix("\n").removesuffix("\r"):
            yield Record(i, i + 1, bare.split(delimiter))


def split_quoted(lines: Sequence[str], delimiter: str) -> Iterator[Record]:
    """Give the records of quoted text (RFC 4180); after a broken one reading goes on where the next begins.

    That is the next line, unless the broken record had opened a field that goes on: what is within it is no record,
    however it looks.
    """
    start, width = 0, 0
    resumption = _Resumption(lines, delimiter)
    while start < len(lines):
        first = start
        parser = csv.reader((lines[i] for i in range(first, len(lines))), delimiter=delimiter, strict=True)
        try:
            for cells in parser:
                end = first + parser.line_num
                width = width or len(cells)
                if cells and len(cells) != width and any('"' in lines[i] for i in range(start, end)):
                    end, _ = resumption.after(end, 0)
                if cells:
                    yield Record(start, end, cells)
                start = end
                if end > first + parser.line_num:
                    break
            else:
                return
        except csv.Error as error:
            end, rows = resumption.after(start + 1, width, unclosed=_UNCLOSED in str(error))
            yield Record(start, end, [], str(error), rows)
            start = end


class _Resumption:
    """Finds where the records of a file go on after a broken one."""

    def __init__(self, lines: Sequence[str], delimiter: str) -> None:
        self._lines, self._delimiter = lines, delimiter
        self._endless = self._silent = 0
        """No line before these, from where it was last looked for, ends an open field, or has quotes that tell."""

    def after(self, place: int, width: int, *, unclosed: bool = False) -> tuple[int, int]:
        """Return the first line after a broken record that may go on at `place`, and how many rows may be lost with it.

        It goes on if a line further down ends a field that it has not opened, or if lines of other than `width` cells
        come before the next quote. It does not if what comes next are rows up to one that opens a field, or if no
        quote tells.
        """
        within = False
        i, stop = place, min(len(self._lines), place + _LOOK_AHEAD)
        while i < stop:
            known = self._endless if within else 0 if width else self._silent
            if i < known:
                i = known
                continue
            line = self._lines[i].rstrip("\r\n")
            cells, tells = _alone(line, self._delimiter)
            within = within or bool(width and line and cells and cells != width)
            if tells == "closes" or (within and _ends(line, self._delimiter)):
                return i + 1, 1 + self._rows(place, i, width)
            if tells == "opens" and not within:
                return place, 1
            i += 1
        if within and unclosed:
            return len(self._lines), 1 + self._rows(place, len(self._lines), width)
        if within:
            self._endless = stop
        elif not width:
            self._silent = stop
        return place, 1

    def _rows(self, start: int, stop: int, width: int) -> int:
        """Return how many lines would be rows."""
        return sum(_alone(line.rstrip("\r\n"), self._delimiter)[0] == width for line in self._lines[start:stop])


def _alone(line: str, delimiter: str) -> tuple[int, str]:
    """Return how many cells a line has on its own, 0 if it ends in an open field, and what its quotes tell.

    ``closes``: it ends a field that it has not opened. ``opens``: it has a quoted field. Else nothing.
    """
    if '"' not in line:
        return line.count(delimiter) + 1, ""
    if line[:2] in ('"', f'"{delimiter}'):
        return 0, "closes"
    tells, cells, place = "", 0, 0
    while place <= len(line):
        if line.startswith('"', place):
            tells = "opens"
            place = _lone_quote(line, place + 1) + 1
            if place == 0:
                return 0, tells
        end = line.find(delimiter, place)
        end = len(line) if end < 0 else end
        if line[place:end].endswith('"'):
            return 0, "closes"
        cells, place = cells + 1, end + 1
    return cells, tells


def _ends(line: str, delimiter: str) -> bool:
    """Return whether a field that is open where the line begins is closed on it."""
    place = _lone_quote(line, 0)
    while place >= 0:
        if line[place + 1:place + 2] in ("", delimiter):
            return True
        place = _lone_quote(line, place + 1)
    return False


def _lone_quote(line: str, place: int) -> int:
    """Return where the next quote stands that is not doubled, or -1."""
    while (place := line.find('"', place)) >= 0 and line.startswith('"', place + 1):
        place += 2
    return place
