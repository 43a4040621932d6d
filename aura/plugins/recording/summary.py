"""The end of an MCAP file: what is in it and where, so that viewers need not read it all."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from mcap import records
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode

__all__ = ["Summary", "encoded", "summary_bytes"]

_FOOTER_BYTES = 20


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
