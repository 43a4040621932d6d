"""Whether an audio file holds as many bytes of samples as its header says; libsndfile reads a cut one without a word.

References
----------
RIFF, RIFX: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0". RF64: EBU Tech 3306. W64:
Sony, "Wave64". AIFF and AIFF-C: Apple, "Audio Interchange File Format". AU: Sun, ``audio_filehdr``. CAF: Apple, "Core
Audio Format Specification".
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

__all__ = ["missing_bytes"]

_PLACEHOLDERS = frozenset((0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFDB, 0xFFFFFFFF))
"""What writers to a pipe leave in a size that they cannot know: sox, arecord, ffmpeg and others."""
_SIZE_64 = 0xFFFFFFFF
"""RF64 has the size in its chunk ds64 where the data chunk says this."""
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_W64_RIFF = b"riff"
_CHUNKS_MAX = 10_000


def missing_bytes(path: Path) -> tuple[int, int] | None:
    """Return how many bytes of samples the header says and how many there are, if there are fewer.

    None for a whole file, for one whose header leaves its length open, and for a format whose length is not in it.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        found = _data(file, file.read(12))
        if found is None:
            return None
        length, place = found
    return (length, size - place) if size - place < length else None


def _data(file: BinaryIO, head: bytes) -> tuple[int, int] | None:
    """Return the length of the samples and where they begin, or None if the header does not say."""
    form, kind = head[:4], head[8:12]
    if form in (b"RIFF", b"RIFX", b"RF64", b"BW64") and kind == b"WAVE":
        return _riff(file, "big" if form == b"RIFX" else "little")
    if form == b"FORM" and kind in (b"AIFF", b"AIFC"):
        return _chunk(file, b"SSND", 4, "big", 1)
    if form == _W64_RIFF:
        return _w64(file)
    if form == b".snd":
        place, length = int.from_bytes(head[4:8], "big"), int.from_bytes(kind, "big")
        return None if length in _PLACEHOLDERS else (length, place)
    if form == b"caff":
        file.seek(8)
        found = _chunk(file, b"data", 8, "big", 0)
        return None if found is None or found[0] >= 1 << 63 else found  # -1: to the end of the file
    return None


def _riff(file: BinaryIO, order: str) -> tuple[int, int] | None:
    long = None
    for _ in range(_CHUNKS_MAX):
        head = file.read(8)
        if len(head) < 8:
            return None
        length, place = int.from_bytes(head[4:], order), file.tell()  # type: ignore[arg-type]
        if head[:4] == b"ds64":
            long = int.from_bytes(file.read(16)[8:], "little")
        elif head[:4] == b"data":
            if length == _SIZE_64 and long is not None:
                return None if long in (0, (1 << 64) - 1) else (long, place)
            return None if length in _PLACEHOLDERS else (length, place)
        file.seek(place + length + length % 2)
    return None


def _chunk(file: BinaryIO, name: bytes, size_bytes: int, order: str, padding: int) -> tuple[int, int] | None:
    for _ in range(_CHUNKS_MAX):
        head = file.read(4 + size_bytes)
        if len(head) < 4 + size_bytes:
            return None
        length, place = int.from_bytes(head[4:], order), file.tell()  # type: ignore[arg-type]
        if head[:4] == name:
            return None if length in _PLACEHOLDERS and size_bytes == 4 else (length, place)
        if length >= 1 << 62:
            return None
        file.seek(place + length + (length % 2 if padding else 0))
    return None


def _w64(file: BinaryIO) -> tuple[int, int] | None:
    file.seek(40)  # past the GUIDs of riff and wave, and the size between them
    for _ in range(_CHUNKS_MAX):
        head = file.read(24)
        if len(head) < 24:
            return None
        length, place = int.from_bytes(head[16:], "little"), file.tell()  # the size counts these 24 bytes too
        if head[:16] == _W64_DATA:
            return length - 24, place
        if not 24 <= length < 1 << 62:
            return None
        file.seek(place - 24 + (length + 7) // 8 * 8)
    return None
