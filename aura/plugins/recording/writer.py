"""One MCAP file, written in chunks, with bounded memory.

The `mcap` package encodes every record but the messages: its own writer spends 5 us on a small message where this one
spends well under 1 us, and keeps an object for every chunk (`benchmarks/recording.py` shows both).
The format is that of https://mcap.dev/spec.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import ENOENT
from pathlib import Path

import lz4.frame
from mcap import records
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from aura.core.checkpoint import sync_path
from aura.core.errors import RecordingError, unwritable
from aura.core.time import Time
from aura.plugins.recording.schemas import MessageType
from aura.plugins.recording.summary import Summary, encoded, summary_bytes

__all__ = ["CHUNK_BYTES", "FLUSH_S", "LIBRARY", "METADATA", "NUMBER_MASK", "Channel", "McapFile"]

CHUNK_BYTES = 256 * 1024
"""Size at which a chunk is closed, before compression (tuned here: large enough to compress, small enough to lose)."""
FLUSH_S = 1.0
"""Longest a message waits for its chunk to be written while messages come, in seconds of the wall clock."""
FILE_BYTES = 1 << 30
"""Size at which the next segment begins (tuned here: opened at once by viewers, yet one file for most runs)."""
INDEX_BYTES = 1 << 19
"""Memory the index of one file may take; the next segment begins then (tuned here: 1 % of the smallest brain)."""
LIBRARY = "aura"
"""What a file's header names as its writer."""
METADATA = "aura"
"""Name of the metadata record that says what a segment follows."""

_COMPRESSION = "lz4"
"""Measured on chunks of 256 KB: random float32 pass at 7.6 GB/s, where zstd gains 8 % at 0.5 GB/s; spike trains shrink
to 10 % at 2.4 GB/s, with zstd to 4 % at 0.4 GB/s."""
_MESSAGE = struct.Struct("<BQHIQQ")
"""Opcode, length, channel, sequence, log time, publish time."""
_MESSAGE_FIXED_BYTES = 22
NUMBER_MASK = 0xFFFFFFFF
"""The messages of a file are numbered from 1, as a sequence of so many bits, so that a missing chunk is seen."""
_HEADER_BYTES = _MESSAGE.size


class Channel:
    """One topic of one file. `index` lists log time and offset of its messages in the chunk at hand."""

    __slots__ = ("file", "id", "index")

    def __init__(self, file: McapFile, identity: int) -> None:
        self.file, self.id = file, identity
        self.index: list[int] = []


class McapFile:
    """An MCAP file being written.

    A chunk goes to the operating system when it is full or a second old, so that a killed process loses at most that
    second; `sync` makes it safe against a power failure too.

    Parameters
    ----------
    path : Path
        Must not exist.
    metadata : mapping of str to str
        Written first, as the metadata record ``aura``.
    indexed : bool
        Write an index for viewers to seek by; without one memory does not grow at all.
    clock : function, seconds
        The wall clock that decides when a chunk is a second old.

    Raises
    ------
    RecordingError
        If the file cannot be written, here or in any method. What was written before stays, cut off after the last
        whole chunk; `messages` counts what is in it, and `broken` says that it takes no more.
    """

    def __init__(self, path: Path, metadata: Mapping[str, str], *, indexed: bool = True,
                 chunk_bytes: int = CHUNK_BYTES, file_bytes: int = FILE_BYTES, index_bytes: int = INDEX_BYTES,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self.messages, self.full, self.broken = path, 0, False, False
        self._chunk_bytes, self._file_bytes, self._index_bytes = chunk_bytes, file_bytes, index_bytes
        self._indexed, self._clock = indexed, clock
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise unwritable(path, error, RecordingError) from error
        self._summary = Summary()
        self._channels: list[Channel] = []
        self._parts: list[bytes] = []
        self._size = 0
        self._deadline = clock() + FLUSH_S
        self._position = self._written = 0
        self._begin(metadata)

    def channel(self, topic: str, kind: MessageType, metadata: Mapping[str, str] | None = None) -> Channel:
        """Return a new channel for a topic."""
        known = {schema.name: identity for identity, schema in self._summary.schemas.items()}
        if kind.name not in known:
            schema = records.Schema(id=len(known) + 1, name=kind.name, encoding=kind.schema_encoding, data=kind.schema)
            self._summary.schemas[schema.id] = schema
            self._append(encoded(schema))
        identity = len(self._channels) + 1
        record = records.Channel(identity, topic, kind.encoding, dict(metadata or {}),
                                 known.get(kind.name, len(known) + 1))
        self._summary.channels[identity] = record
        channel = Channel(self, identity)
        self._channels.append(channel)
        self._append(encoded(record))
        return channel

    def add(self, channel: Channel, log_time: Time, publish_time: Time, data: bytes) -> None:
        """Add a message to the chunk at hand, and write the chunk if it is full or a second old."""
        length = len(data)
        number = self.messages = self.messages + 1
        self._parts += (_MESSAGE.pack(5, length + _MESSAGE_FIXED_BYTES, channel.id, number & NUMBER_MASK, log_time,
                                      publish_time), data)
        channel.index += (log_time, self._size)
        size = self._size = self._size + length + _HEADER_BYTES
        if size > self._chunk_bytes or self._clock() >= self._deadline:
            self.flush()

    def flush(self) -> None:
        """Write the chunk at hand, if there is any message in it."""
        self._deadline = self._clock() + FLUSH_S
        used = [channel for channel in self._channels if channel.index]
        if not used:
            return
        content = b"".join(self._parts)
        squeezed = lz4.frame.compress(content)
        times = [time for channel in used for time in channel.index[::2]]
        first, last = min(times), max(times)
        chunk = encoded(records.Chunk(
            compression=_COMPRESSION, data=squeezed, message_start_time=first, message_end_time=last,
            uncompressed_crc=zlib.crc32(content), uncompressed_size=len(content)))
        message_indexes = bytearray()
        offsets = {}
        for channel in used:
            self._summary.count(channel.id, len(channel.index) // 2)
            if self._indexed:
                offsets[channel.id] = self._position + len(chunk) + len(message_indexes)
                message_indexes += _message_index(channel)
            channel.index.clear()
        index = records.ChunkIndex(
            chunk_length=len(chunk), chunk_start_offset=self._position, compression=_COMPRESSION,
            compressed_size=len(squeezed), message_end_time=last, message_index_length=len(message_indexes),
            message_index_offsets=offsets, message_start_time=first, uncompressed_size=len(content))
        self._summary.chunk(index, keep=self._indexed)
        self._parts.clear()
        self._size = 0
        self._write(chunk + message_indexes)
        self._written = self.messages
        self.full = self._position > self._file_bytes or len(self._summary.chunk_indexes) > self._index_bytes

    @property
    def length(self) -> int:
        """How many bytes the file has."""
        return self._position

    def sync(self) -> None:
        """Write what there is and wait until the disk has it."""
        self.flush()
        with self._writing():
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write what there is and the summary that viewers open the file by; a second call does nothing."""
        if self._file.closed:
            return
        self.flush()
        end = encoded(records.DataEnd(0))
        self._write(end + summary_bytes(self._summary, self._position + len(end)) + MCAP0_MAGIC)
        with self._writing():
            os.fsync(self._file.fileno())
        self._file.close()

    def _begin(self, metadata: Mapping[str, str]) -> None:
        # The library's name carries no version, so that a recording's bytes depend on what was recorded only.
        start = MCAP0_MAGIC + encoded(records.Header("", LIBRARY))
        record = encoded(records.Metadata(METADATA, dict(metadata)))
        self._summary.metadata = records.MetadataIndex(len(start), len(record), METADATA)
        self._write(start + record)
        with self._writing():
            sync_path(self.path.parent)

    def _append(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        with self._writing():
            while view:  # an unbuffered write may take only a part
                view = view[self._file.write(view):]
            if not os.fstat(self._file.fileno()).st_nlink:
                raise FileNotFoundError(ENOENT, "the file has been removed")
        self._position += len(data)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Cut the file off after its last whole record if writing fails, and take no more."""
        try:
            yield
        except OSError as error:
            self.broken, self.messages = True, self._written
            self._parts.clear()
            with suppress(OSError):
                self._file.truncate(self._position)
            with suppress(OSError):
                self._file.close()
            raise unwritable(self.path, error, RecordingError) from error


def _message_index(channel: Channel) -> bytes:
    entries = channel.index
    size = 8 * len(entries)
    return struct.pack(f"<BQHI{len(entries)}Q", Opcode.MESSAGE_INDEX, size + 6, channel.id, size, *entries)

