"""One chunk of an MCAP file: whether it is whole, and its content, unpacked within what the file can hold."""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from typing import BinaryIO

import lz4.frame
import zstandard

__all__ = ["ChunkDamage", "chunk_content", "holds_whole_chunk"]

_HEAD = struct.Struct("<QQQII")
"""First and last log time, size and CRC of the content, and how long the name of its compression is."""
_SIZE = struct.Struct("<Q")
_CONTENT_BYTES = 4 << 30
"""Largest content of a chunk (the bound of the `mcap` package)."""
_LZ4_RATIO, _LZ4_FRAME_BYTES = 255, 1 << 16
"""What a byte of lz4 can stand for at most (LZ4 block format), and room for a frame's own bytes."""
_ZSTD_WINDOW_BYTES = 1 << 27
_PIECE_BYTES = 1 << 20
_RECORD_HEAD_BYTES = 9


class ChunkDamage(ValueError):
    """Bytes that are no whole chunk."""


def chunk_content(body: bytes, *, always_checked: bool) -> bytes:
    """Return the records in a chunk record's body.

    Parameters
    ----------
    body : bytes
    always_checked : bool
        Whether the writer always leaves a CRC; others write 0 for none.

    Raises
    ------
    ChunkDamage
        If a length, the compression or the CRC does not fit.
    """
    try:
        _, _, size, crc, name_length = _HEAD.unpack_from(body)
        name = body[_HEAD.size:_HEAD.size + name_length]
        start = _HEAD.size + len(name) + _SIZE.size
        packed_size, = _SIZE.unpack_from(body, _HEAD.size + len(name))
    except struct.error as error:
        raise ChunkDamage(f"a chunk of {len(body)} bytes that ends within its head") from error
    if packed_size != len(body) - start:
        raise ChunkDamage(f"a chunk that says {packed_size} bytes and has {len(body) - start}")
    content = _unpacked(body[start:], name, size)
    if len(content) != size:
        raise ChunkDamage(f"a chunk whose content is not the {size} bytes that it says")
    if (crc or always_checked) and zlib.crc32(content) != crc:
        raise ChunkDamage("a chunk whose content does not have the CRC that it says")
    return content


def holds_whole_chunk(file: BinaryIO, first: int) -> bool:
    """Return whether a whole chunk lies anywhere from byte `first` on, whatever its record says of its length."""
    size = os.fstat(file.fileno()).st_size
    if size <= first:
        return False
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for name in (b"lz4", b"zstd"):
            mark = len(name).to_bytes(4, "little") + name
            place = first - 1
            while (place := data.find(mark, place + 1)) >= 0:
                start = place - (_HEAD.size - 4)
                after = place + len(mark) + _SIZE.size
                if start < first + _RECORD_HEAD_BYTES or after > size:
                    continue
                end = after + _SIZE.unpack_from(data, after - _SIZE.size)[0]
                with suppress(ChunkDamage):
                    if end <= size and chunk_content(data[start:end], always_checked=True):
                        return True
    return False


def _unpacked(packed: bytes, name: bytes, size: int) -> bytes:
    """Return what the packed bytes hold, or, where that is more than `size`, at least one byte more than that."""
    if name == b"":
        return packed
    if size > _CONTENT_BYTES:
        raise ChunkDamage(f"a chunk that says {size} bytes of content")
    try:
        if name == b"lz4":
            # The library makes room for as much as it is told to, so a size that cannot be is never handed on.
            if size > len(packed) * _LZ4_RATIO + _LZ4_FRAME_BYTES:
                raise ChunkDamage(f"{len(packed)} bytes of lz4 that say {size} bytes of content")
            decompressor = lz4.frame.LZ4FrameDecompressor()
            content: bytes = decompressor.decompress(packed, max_length=size + 1)
            if not decompressor.eof or decompressor.unused_data:
                raise ChunkDamage("a chunk whose content is longer or shorter than it says")
            return content
        if name == b"zstd":
            pieces, length = [], 0
            reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES).stream_reader(BytesIO(packed))
            while length <= size and (piece := reader.read(_PIECE_BYTES)):
                pieces.append(piece)
                length += len(piece)
            return b"".join(pieces)
    except (RuntimeError, EOFError, zstandard.ZstdError) as error:  # lz4 raises RuntimeError
        raise ChunkDamage(str(error)) from error
    raise ChunkDamage(f"a compression {name!r}")
