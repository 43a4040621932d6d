"""Reading one MCAP file from its beginning, up to where a crash has cut it off."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard
from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.stream_reader import get_chunk_data_stream
from mcap.writer import MCAP0_MAGIC

from aura.core.errors import RecordingError
from aura.core.time import Time

__all__ = ["Message", "read_metadata", "scan"]

_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_DAMAGE = (McapError, struct.error, ValueError, RuntimeError, zstandard.ZstdError)
"""What the decoders raise on bytes that are no such record (lz4 raises RuntimeError)."""
_READ_BYTES = 1 << 20
_HINT = "`mcap recover` may save what comes after."


class Message(NamedTuple):
    """One message as it lies in the file; `schema` is the name of its type."""

    topic: str
    time: Time
    publish_time: Time
    schema: str
    data: bytes


@dataclass(slots=True)
class _Known:
    """The schemas and channels met so far: names by id, and topic and schema by id."""

    schemas: dict[int, str] = field(default_factory=lambda: {0: ""})
    channels: dict[int, tuple[str, str]] = field(default_factory=dict)


def scan(path: Path) -> Iterator[Message]:
    """Give the messages of a file in the order in which they were written.

    A file that ends within a record, as a killed process leaves it, gives what is whole.

    Raises
    ------
    RecordingError
        If the file is missing or is no MCAP file, or if it is damaged before its end.
    """
    known = _Known()
    for opcode, body, end in _records(path):
        try:
            if opcode == Opcode.CHUNK:
                chunk = records.Chunk.read(ReadDataStream(BytesIO(body)))
                stream, length = get_chunk_data_stream(chunk, validate_crc=True)
                messages = list(_messages(stream.read(length), known))
            else:
                messages = list(_messages(_HEAD.pack(opcode, len(body)) + body, known))
        except (*_DAMAGE, KeyError) as error:
            if _nothing_after(path, end):  # torn by a power failure; with records after it, it would be damage
                return
            raise RecordingError(str(path), expected="whole chunks", got=f"a damaged one ({error!r})",
                                 hint=_HINT) from error
        yield from messages


def read_metadata(path: Path, name: str) -> dict[str, str] | None:
    """Return the metadata record called `name` from a file's beginning, or None for a file cut off before it.

    Raises
    ------
    RecordingError
        If the file is missing or is no MCAP file.
    """
    for opcode, body, _ in _records(path):
        if opcode == Opcode.METADATA:
            try:
                record = records.Metadata.read(ReadDataStream(BytesIO(body)))
            except _DAMAGE as error:
                raise RecordingError(str(path), expected="a whole metadata record", got=repr(error)) from error
            if record.name == name:
                return dict(record.metadata)
        elif opcode == Opcode.CHUNK:
            break
    return None


def _messages(data: bytes, known: _Known) -> Iterator[Message]:
    """Give the messages among the records in `data`; schemas and channels are remembered."""
    position, end = 0, len(data)
    while position < end:
        opcode, length = _HEAD.unpack_from(data, position)
        position += _HEAD.size
        if position + length > end:
            raise ValueError("a record that is longer than its chunk")
        if opcode == Opcode.MESSAGE:
            channel, _, time, publish_time = _MESSAGE.unpack_from(data, position)
            topic, schema = known.channels[channel]
            yield Message(topic, time, publish_time, schema, data[position + _MESSAGE.size:position + length])
        elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
            stream = ReadDataStream(BytesIO(data[position:position + length]))
            if opcode == Opcode.SCHEMA:
                schema_record = records.Schema.read(stream)
                known.schemas[schema_record.id] = schema_record.name
            else:
                channel_record = records.Channel.read(stream)
                known.channels[channel_record.id] = channel_record.topic, known.schemas[channel_record.schema_id]
        position += length


def _records(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """Give opcode, body and where it ends, of the whole records up to the data's end."""
    try:
        with path.open("rb") as file:
            yield from _records_of(file, path)
    except OSError as error:
        raise RecordingError(str(path), expected="an MCAP file", got=error.strerror or str(error)) from error


def _records_of(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes, int]]:
    size = os.fstat(file.fileno()).st_size
    magic = file.read(len(MCAP0_MAGIC))
    if magic != MCAP0_MAGIC:
        if MCAP0_MAGIC.startswith(magic):  # killed before its first bytes were written
            return
        raise RecordingError(str(path), expected="an MCAP file", got=f"a file that begins with {magic!r}")
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        opcode, length = _HEAD.unpack(head)
        end = file.tell() + length
        if end > size or opcode == 0:
            _require_cut(file, path, size, opcode)
            return
        if opcode == Opcode.DATA_END:
            return
        yield opcode, file.read(length), end


def _require_cut(file: BinaryIO, path: Path, size: int, opcode: int) -> None:
    """Raise if a file that seems to be cut off here has an end, or anything but zeros after a zero."""
    position = file.tell()
    file.seek(max(position, size - len(MCAP0_MAGIC)))
    if file.read() == MCAP0_MAGIC or (opcode == 0 and not _nothing_after(path, position)):
        raise RecordingError(str(path), expected="whole records", got=f"a damaged one at byte {position}", hint=_HINT)


def _nothing_after(path: Path, position: int) -> bool:
    """Return whether a file holds nothing but zeros from here on, as a power failure may leave it."""
    with path.open("rb") as file:
        file.seek(position)
        return not any(block.strip(b"\0") for block in iter(lambda: file.read(_READ_BYTES), b""))
