"""The end of an MCAP file: what is in it and where, so that viewers need not read it all."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO

from mcap import records
from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

__all__ = ["Summary", "counts_of", "encoded", "is_message_index", "summary_bytes"]

_FOOTER_BYTES = 20
_FOOTER = struct.Struct("<BQQQI")
"""Opcode, length, where the summary and its offsets begin, and the CRC of both and of what stands before it here."""
_HEAD = struct.Struct("<BQ")


@dataclass(slots=True)
class Summary:
    """What a file holds. Chunk indexes are kept encoded, a tenth of the size of the objects."""

    schemas: dict[int, records.Schema] = field(default_factory=dict)
    channels: dict[int, records.Channel] = field(default_factory=dict)
    metadata: records.MetadataIndex | None = None
    counts: dict[int, int] = field(default_factory=dict)
    chunk_indexes: bytearray = field(default_factory=bytearray)
    chunks: int = 0
    first: int | None = None
    last: int = 0

    def count(self, channel: int, messages: int) -> None:
        """Count messages of a channel."""
        self.counts[channel] = self.counts.get(channel, 0) + messages

    def chunk(self, index: records.ChunkIndex, *, keep: bool) -> None:
        """Count a chunk, and keep its index if so told."""
        self.chunks += 1
        self.first = index.message_start_time if self.first is None else min(self.first, index.message_start_time)
        self.last = max(self.last, index.message_end_time)
        if keep:
            self.chunk_indexes += encoded(index)

    def statistics(self) -> records.Statistics:
        """Return the record that counts everything."""
        return records.Statistics(
            attachment_count=0, channel_count=len(self.channels), channel_message_counts=self.counts,
            chunk_count=self.chunks, message_count=sum(self.counts.values()), message_end_time=self.last,
            message_start_time=self.first or 0, metadata_count=1, schema_count=len(self.schemas))


def summary_bytes(summary: Summary, start: int) -> bytes:
    """Return the summary section, its offsets and the footer, for a section that begins at byte `start`."""
    groups = [
        (Opcode.SCHEMA, encoded(*summary.schemas.values())),
        (Opcode.CHANNEL, encoded(*summary.channels.values())),
        (Opcode.STATISTICS, encoded(summary.statistics())),
        (Opcode.CHUNK_INDEX, bytes(summary.chunk_indexes)),
        (Opcode.METADATA_INDEX, b"" if summary.metadata is None else encoded(summary.metadata)),
    ]
    body, offsets = b"", b""
    for opcode, data in groups:
        if data:
            offsets += encoded(records.SummaryOffset(opcode, start + len(body), len(data)))
            body += data
    footer = struct.pack("<BQQQ", Opcode.FOOTER, _FOOTER_BYTES, start, start + len(body))
    body += offsets
    return body + footer + struct.pack("<I", zlib.crc32(footer, zlib.crc32(body)))


def encoded(*group: records.McapRecord) -> bytes:
    """Return records as the bytes that a file holds."""
    builder = RecordBuilder()
    for record in group:
        record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


def is_message_index(body: bytes) -> bool:
    """Return whether a record's body is an index of messages: a channel, how long the list is, and its pairs."""
    return len(body) >= 6 and (len(body) - 6) % 16 == 0 and int.from_bytes(body[2:6], "little") == len(body) - 6


def counts_of(tail: bytes) -> dict[int, int] | None:
    """Return channel to number of messages as a summary counts them; None if a kill has cut it off, or it has none.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    end = len(tail) - len(MCAP0_MAGIC)
    footer = end - _FOOTER.size
    if not tail.endswith(MCAP0_MAGIC):
        return None
    if footer < 0:
        raise ValueError("no footer")
    opcode, length, start, _, crc = _FOOTER.unpack_from(tail, footer)
    if opcode != Opcode.FOOTER or length != _FOOTER_BYTES or (crc and zlib.crc32(tail[:end - 4]) != crc):
        raise ValueError("it does not have the CRC that it says")
    place = 0
    while start and place < footer:
        opcode, length = _HEAD.unpack_from(tail, place)
        place += _HEAD.size
        if opcode == Opcode.STATISTICS:
            statistics = records.Statistics.read(ReadDataStream(BytesIO(tail[place:place + length])))
            return {channel: count for channel, count in statistics.channel_message_counts.items() if count}
        place += length
    return None
