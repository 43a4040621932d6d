"""Whether an audio file holds as many bytes of samples as its header says; libsndfile reads a cut one without a word.

References
----------
SPHERE: NIST, ``SPHERE 2.6``. Ogg: RFC 3533, section 6. MP3: Xing, "Xing VBR header".

RIFF, RIFX: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0". RF64: EBU Tech 3306. W64:
Sony, "Wave64". AIFF and AIFF-C: Apple, "Audio Interchange File Format". AU: Sun, ``audio_filehdr``. CAF: Apple, "Core
Audio Format Specification".
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import BinaryIO

__all__ = ["ends_its_stream", "header_samples", "missing_bytes", "tells_its_frames"]

_PLACEHOLDERS = frozenset((0x7FFFF000, 0x7FFFFFDB, 0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFDB, 0xFFFFFFFF))
"""What writers to a pipe leave in a size that they cannot know: sox, arecord, ffmpeg and others."""
_SIZE_64 = 0xFFFFFFFF
"""RF64 has the size in its chunk ds64 where the data chunk says this."""
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_W64_RIFF = b"riff"
_CHUNKS_MAX = 10_000
_SPHERE_HEAD = 1024
_PAGE_MAX = 27 + 255 + 255 * 255
"""Bytes of an Ogg page at most."""
_TAG_HEAD = 10
_FRAME_MAX = 2881
"""Bytes of an MPEG audio frame at most."""


def missing_bytes(path: Path) -> tuple[int, int] | None:
    """Return how many bytes of samples the header says and how many there are, if there are fewer.

    None for a whole file, for one whose header leaves its length open, and for a format whose length is not in it.
    """
    found = header_samples(path)
    return None if found is None or found[1] >= found[0] else found


def header_samples(path: Path) -> tuple[int, int] | None:
    """Return how many bytes of samples the header says and how many bytes there are from their first on."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        found = _data(file, file.read(12))
    return None if found is None else (found[0], max(size - found[1], 0))


def ends_its_stream(path: Path) -> bool:
    """Return whether the last page of an Ogg file is whole and marked as the last."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _PAGE_MAX))
        tail = file.read()
    page = tail[tail.rfind(b"OggS"):]
    if page[:5] != b"OggS\0" or len(page) < 27:
        return False
    segments = page[27:27 + page[26]]
    return bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(segments)


def tells_its_frames(path: Path) -> bool:
    """Return whether an MP3 file says how many frames it has; without that its length is but guessed."""
    with path.open("rb") as file:
        head = file.read(_TAG_HEAD)
        if head[:3] == b"ID3":  # a tag, its length in four bytes of seven bits
            file.seek(_TAG_HEAD + sum(byte << 7 * (3 - place) for place, byte in enumerate(head[6:10])))
        else:
            file.seek(0)
        frame = file.read(_FRAME_MAX)
    place = next((place for name in (b"Xing", b"Info") if (place := frame.find(name, 0, 64)) >= 0), -1)
    return place >= 0 and bool(frame[place + 7:place + 8] and frame[place + 7] & 1)


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
    if head[:8] == b"NIST_1A\n":
        return _sphere(file)
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


def _sphere(file: BinaryIO) -> tuple[int, int] | None:
    file.seek(0)
    lines = file.read(_SPHERE_HEAD).split(b"\n")
    fields = {words[0]: words[2] for words in map(bytes.split, lines) if len(words) == 3 and words[1] == b"-i"}
    sizes = [fields.get(key, b"") for key in (b"sample_count", b"channel_count", b"sample_n_bytes")]
    place = lines[1].strip() if len(lines) > 1 else b""
    if not place.isdigit() or not all(map(bytes.isdigit, sizes)):
        return None
    return math.prod(map(int, sizes)), int(place)


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
