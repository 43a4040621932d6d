"""Files opened so that whatever is wrong with them becomes a StreamError."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from aura.core.blame import described
from aura.core.errors import StreamError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ENCODING_HINT", "UNPACKED_BYTES", "checked_file", "escaped_byte", "is_gzip", "open_binary", "read_exactly",
           "read_text", "reading", "text_lines", "unpacks_to_more"]

ENCODING_HINT = "Try another `encoding`, such as 'latin-1'."
UNPACKED_BYTES = 1 << 30
"""What a compressed file may unpack to unless its stream is told otherwise (tuned here: twice the largest of the idx
files in use; a megabyte that unpacks to more is no data)."""
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 24
_MARK = "\ufeff"
_WIDE = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""Byte order marks of encodings that no other text begins with, the longer ones first."""
_PROBED = 64
# Bytes that an encoding cannot read come through "surrogateescape" as these characters (PEP 383).
_ESCAPED = re.compile("[\udc80-\udcff]")


def checked_file(path: Path) -> Path:
    """Return the path if it is a file; StreamError with the nearest name if it is not."""
    try:
        if path.is_file():
            return path
        if path.is_dir():
            raise StreamError(str(path), expected="a file", got="a folder")
        if path.exists():
            raise StreamError(str(path), expected="a file", got="a device, a pipe or a socket",
                              hint="Copy what it gives into a file, or read it as it comes by a kind of live stream.")
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    except (OSError, ValueError) as error:
        raise StreamError(repr(str(path)), expected="a file's path", got=str(error)) from error
    hint = nearest(path.name, beside) if path.parent.is_dir() else f"The folder {path.parent} does not exist."
    raise StreamError(str(path), expected="a file", got="nothing there", hint=hint if len(hint) < 300 else "")


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what a file may do wrong while it is read into StreamError."""
    try:
        yield
    except UnicodeDecodeError as error:
        where = f"byte {error.start}" + (f" (0x{error.object[error.start]:02X})" if error.object else "")
        raise StreamError(name, expected=f"text in {error.encoding}", got=f"{error.reason} at {where}",
                          hint="Tell the file's encoding with `encoding`.") from error
    except (LookupError, UnicodeError) as error:
        raise StreamError(name, expected="a text encoding that Python knows", got=str(error)) from error
    except (OSError, EOFError, zlib.error) as error:
        raise StreamError(name, expected="a file that can be read", got=described(error)) from error


def is_gzip(path: Path) -> bool:
    """Return whether a file is a gzip file, whatever it is called."""
    with open(path, "rb") as probe:
        return probe.read(2) == _GZIP_MAGIC


def open_binary(path: Path, max_unpacked: int = UNPACKED_BYTES) -> IO[bytes]:
    """Open a file for reading bytes, decompressing it if it is a gzip file, up to so many bytes."""
    return io.BufferedReader(_Unpacked(path, max_unpacked)) if is_gzip(path) else open(path, "rb")


def unpacks_to_more(name: str, limit: int) -> StreamError:
    """Return the error for a compressed file that holds more than it may."""
    return StreamError(name, expected=f"at most {limit} bytes when it is unpacked", got="more",
                       hint="If that is meant, set max_unpacked.")


class _Unpacked(io.RawIOBase):
    """What a gzip file holds; reading more than it may raises StreamError."""

    def __init__(self, path: Path, limit: int) -> None:
        self._stream = gzip.GzipFile(path)
        self._name, self._limit, self._read = path.name, limit, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)
        self._read += count
        if self._read > self._limit:
            raise unpacks_to_more(self._name, self._limit)
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def read_exactly(stream: IO[bytes], count: int) -> bytearray:
    """Return `count` bytes, or fewer if the stream ends; never asks for memory that the file does not fill."""
    data = bytearray()
    while len(data) < count:
        chunk = stream.read(min(_CHUNK_BYTES, count - len(data)))
        if not chunk:
            break
        data += chunk
    return data


def text_lines(path: Path, encoding: str, *, newline: str, max_unpacked: int = UNPACKED_BYTES) -> Iterator[str]:
    r"""Yield a text file's lines with their ends; bytes that do not decode come as lone surrogates.

    A byte order mark is dropped. `newline` is as in `open`: ``""`` ends lines at ``\n``, ``\r`` and ``\r\n``,
    ``"\n"`` at ``\n`` alone.
    """
    name = path.name
    with reading(name), open_binary(path, max_unpacked) as raw:
        wide = _wide_encoding(raw, encoding)
        if wide is not None:
            raise StreamError(name, expected=f"text in {encoding}", got=f"bytes as {wide} has them",
                              hint=f"Try encoding = {wide!r}.")
        with io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline=newline) as text:
            first = next(text, "").removeprefix(_MARK)
            if first:  # of a file that is a mark alone, nothing is left
                yield first
            yield from text


def _wide_encoding(raw: IO[bytes], encoding: str) -> str | None:
    """Return the encoding of two or four bytes a character that a file plainly has, if it is to be read as another."""
    if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return None
    begin = raw.peek(_PROBED)[:_PROBED]  # type: ignore[attr-defined]
    for mark, name in _WIDE:
        if begin.startswith(mark):
            return name
    begin = begin[:len(begin) // 2 * 2]
    if len(begin) < 8:
        return None
    low, high = set(begin[::2]) == {0}, set(begin[1::2]) == {0}
    return "utf-16-be" if low and not high else "utf-16-le" if high and not low else None


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Return a small text file whole; StreamError if it is missing or does not decode."""
    checked_file(path)
    text = "".join(text_lines(path, encoding, newline="\n"))
    if (found := escaped_byte(text, encoding)) is not None:
        raise StreamError(path.name, expected=f"text in {encoding}", got=found)
    return text


def escaped_byte(line: str, encoding: str) -> str | None:
    """Return a description of the first byte of a line that did not decode, or None."""
    match = _ESCAPED.search(line)
    if match is None:
        return None
    try:
        before = len(line[: match.start()].encode(encoding, "surrogateescape"))
    except (UnicodeError, LookupError):
        before = match.start()
    return f"byte 0x{ord(match[0]) - 0xDC00:02X} at byte {before + 1} of the line"
