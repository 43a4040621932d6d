"""Reading one MCAP file from its beginning, up to where a crash has cut it off."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from aura.core.errors import RecordingError
from aura.core.time import Time
from aura.plugins.recording.chunks import chunk_content, holds_whole_chunk
from aura.plugins.recording.summary import counts_of, is_message_index
from aura.plugins.recording.writer import LIBRARY, NUMBER_MASK

__all__ = ["Message", "has_end", "read_metadata", "scan"]

_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_OPCODE_MESSAGE = int(Opcode.MESSAGE)
_DAMAGE = (McapError, struct.error, ValueError, KeyError, OverflowError, MemoryError)
"""What the decoders raise on bytes that are no such record."""
_READ_BYTES = 1 << 20
_BLOCK_BYTES = 512
"""The least that a disk writes at once."""
_HINT = "`mcap recover` may save what comes after."
_WRITTEN = frozenset((Opcode.CHUNK, Opcode.MESSAGE_INDEX))
_READ = frozenset((Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE, Opcode.CHUNK, Opcode.MESSAGE_INDEX,
                   Opcode.ATTACHMENT, Opcode.METADATA, *range(0x80, 0x100)))
"""Records among the data: of AURA's own files after the first two, and of others', their own extensions included."""


class Message(NamedTuple):
    """One message as it lies in the file; `schema` is the name of its type."""

    topic: str
    time: Time
    publish_time: Time
    schema: str
    data: bytes


@dataclass(slots=True)
class _Channel:
    """A topic, the name of its type, and how many messages it has had."""

    topic: str
    schema: str
    count: int


@dataclass(slots=True)
class _Known:
    """What was met so far: whether AURA wrote the file, names of schemas, channels, and the last message's number."""

    ours: bool = False
    schemas: dict[int, str] = field(default_factory=lambda: {0: ""})
    channels: dict[int, _Channel] = field(default_factory=dict)
    number: int = 0

    @property
    def counts(self) -> dict[int, int]:
        """Messages by channel, of those that had any."""
        return {identity: channel.count for identity, channel in self.channels.items() if channel.count}


def scan(path: str | Path) -> Iterator[Message]:
    """Give the messages of a file in the order in which they were written.

    A file that ends within a record, as a killed process leaves it, gives what is whole.

    Raises
    ------
    RecordingError
        If the file is missing or is no MCAP file, or if it is damaged before its end: a record that does not belong
        there, a length or CRC that does not fit, a message that is missing between two others, or fewer messages than
        the file's summary counts.
    """
    path = Path(path)
    known = _Known()
    try:
        with path.open("rb") as file:
            for opcode, body, end in _records(file, path, known):
                try:
                    if opcode == Opcode.CHUNK:
                        data = chunk_content(body, always_checked=known.ours)
                    else:
                        data = _HEAD.pack(opcode, len(body)) + body
                    messages = _messages(data, known)
                except _DAMAGE as error:
                    if _is_torn(file, end, len(body)):
                        return
                    raise _damaged(path, end - len(body), str(error) or repr(error)) from error
                yield from messages
    except OSError as error:
        raise RecordingError(str(path), expected="an MCAP file", got=error.strerror or str(error)) from error


def read_metadata(path: str | Path, name: str) -> dict[str, str] | None:
    """Return the metadata record called `name` from a file's beginning, or None for a file cut off before it.

    Raises
    ------
    RecordingError
        If the file is missing or is no MCAP file.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            for opcode, body, end in _records(file, path, _Known()):
                if opcode == Opcode.METADATA:
                    try:
                        record = _whole(records.Metadata, body)
                    except _DAMAGE as error:
                        raise _damaged(path, end - len(body), repr(error)) from error
                    if record.name == name:
                        return dict(record.metadata)
                elif opcode == Opcode.CHUNK:
                    break
    except OSError as error:
        raise RecordingError(str(path), expected="an MCAP file", got=error.strerror or str(error)) from error
    return None


def has_end(path: str | Path) -> bool:
    """Return whether a file ends as one that was closed."""
    with Path(path).open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(MCAP0_MAGIC)))
        return file.tell() > len(MCAP0_MAGIC) and file.read() == MCAP0_MAGIC


def _messages(data: bytes, known: _Known) -> list[Message]:
    """Return the messages among the records in `data`; schemas, channels and numbers are remembered."""
    found: list[Message] = []
    position, end, number, channels = 0, len(data), known.number, known.channels
    while position < end:
        opcode, length = _HEAD.unpack_from(data, position)
        position += _HEAD.size
        if position + length > end:
            raise ValueError("a record that is longer than its chunk")
        if opcode == _OPCODE_MESSAGE:
            if length < _MESSAGE.size:
                raise ValueError(f"a message of {length} bytes")
            channel, sequence, time, publish_time = _MESSAGE.unpack_from(data, position)
            # Earlier versions wrote 0 for all of them.
            if sequence != (number + 1) & NUMBER_MASK and known.ours and (sequence or number):
                raise ValueError(f"message {sequence} after message {number}: some are missing")
            number = sequence
            known_channel = channels.get(channel)
            if known_channel is None:
                raise ValueError(f"a message of the unknown channel {channel}")
            known_channel.count += 1
            found.append(Message(known_channel.topic, time, publish_time, known_channel.schema,
                                 data[position + _MESSAGE.size:position + length]))
        elif opcode == Opcode.SCHEMA:
            schema = _whole(records.Schema, data[position:position + length])
            known.schemas[schema.id] = schema.name
        elif opcode == Opcode.CHANNEL:
            record = _whole(records.Channel, data[position:position + length])
            count = channels[record.id].count if record.id in channels else 0  # it may be declared again
            channels[record.id] = _Channel(record.topic, known.schemas[record.schema_id], count)
        elif opcode == Opcode.MESSAGE_INDEX:
            if not is_message_index(data[position:position + length]):
                raise ValueError("a record that says to be an index and is none")
        elif opcode not in _READ:
            raise ValueError(f"an unknown record 0x{opcode:02X}")
        position += length
    known.number = number
    return found


def _records(file: BinaryIO, path: Path, known: _Known) -> Iterator[tuple[int, bytes, int]]:
    """Give opcode, body and where it ends, of the whole records up to the data's end, which the summary must bear out.

    Of AURA's own files the beginning is known to the byte, and that nothing but chunks and their indexes follows.
    """
    size = os.fstat(file.fileno()).st_size
    magic = file.read(len(MCAP0_MAGIC))
    if magic != MCAP0_MAGIC:
        if MCAP0_MAGIC.startswith(magic):  # killed before its first bytes were written
            return
        raise RecordingError(str(path), expected="an MCAP file", got=f"a file that begins with {magic!r}")
    for count in range(size):
        start = file.tell()
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        opcode, length = _HEAD.unpack(head)
        end = start + _HEAD.size + length
        if end > size or opcode == 0:
            _require_cut(file, path, start, opcode)
            return
        if count == 0:
            if opcode != Opcode.HEADER:
                raise _damaged(path, start, f"a record 0x{opcode:02X} in place of the header")
            known.ours = file.read(length).endswith(LIBRARY.encode())
            continue
        if opcode == Opcode.DATA_END:
            _check_end(file, path, start, length, known)
            return
        body = file.read(length)
        allowed = {Opcode.METADATA} if count == 1 else _WRITTEN
        if opcode not in (allowed if known.ours else _READ):
            if _is_torn(file, end, length):
                return
            raise _damaged(path, start, f"a record 0x{opcode:02X}, which does not belong there")
        yield opcode, body, end


def _check_end(file: BinaryIO, path: Path, start: int, length: int, known: _Known) -> None:
    """Raise unless the data end here, and hold as many messages as the summary counts."""
    file.seek(length, os.SEEK_CUR)
    if length != 4 or holds_whole_chunk(file, file.tell()):
        raise _damaged(path, start, "an end of the data that is none")
    try:
        counts = counts_of(file.read())
    except _DAMAGE as error:
        raise _damaged(path, start, f"a summary that cannot be read ({error})") from error
    if counts is not None and counts != known.counts:
        found = sum(known.counts.values())
        raise _damaged(path, start, f"{found} messages where its summary counts {sum(counts.values())}")


def _require_cut(file: BinaryIO, path: Path, start: int, opcode: int) -> None:
    """Raise if a file that seems to be cut off in the record that begins here holds more than a piece of that."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(start, size - len(MCAP0_MAGIC)))
    if (file.read() == MCAP0_MAGIC or holds_whole_chunk(file, start) or (opcode == 0 and not _only_zeros(file, start))
            or opcode not in {0, Opcode.HEADER, Opcode.DATA_END, *_READ}):
        raise _damaged(path, start, "one whose length or kind is wrong")


def _is_torn(file: BinaryIO, end: int, length: int) -> bool:
    """Return whether a record that cannot be read was torn by a power failure, and is not damaged.

    The last blocks that were written are then zeros: those after the record, or some within it.
    """
    if not _only_zeros(file, end):
        return False
    if file.tell() > end:
        return True
    first = -(-(end - length) // _BLOCK_BYTES) * _BLOCK_BYTES
    file.seek(first)
    blocks = (file.read(_BLOCK_BYTES) for _ in range(first, end - _BLOCK_BYTES + 1, _BLOCK_BYTES))
    return any(not block.strip(b"\0") for block in blocks)


def _only_zeros(file: BinaryIO, start: int) -> bool:
    """Return whether a file holds nothing but zeros from here on."""
    file.seek(start)
    return not any(block.strip(b"\0") for block in iter(lambda: file.read(_READ_BYTES), b""))


def _whole(kind: Any, body: bytes) -> Any:
    """Return a record that takes up its body to the last byte."""
    stream = ReadDataStream(BytesIO(body))
    record = kind.read(stream)
    if stream.count != len(body):
        raise ValueError(f"a record of {stream.count} bytes in {len(body)}")
    return record


def _damaged(path: Path, place: int, got: str) -> RecordingError:
    return RecordingError(str(path), expected="whole records", got=f"a damaged one at byte {place}: {got}", hint=_HINT)
