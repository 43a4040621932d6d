"""Bytes of a good file, damaged: bits flipped, numbers replaced, pieces cut out, doubled, moved or put in."""

from __future__ import annotations

import random

__all__ = ["mutated"]

_NUMBERS = [value.to_bytes(size, order, signed=False) for size in (1, 2, 4, 8) for order in ("little", "big")
            for value in (0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1)]
_TOKENS = [b"\0", b"\n", b"\r\n", b'"', b",", b"\t", b"NaN", b"1e999", b"-1", b"0", b"[" * 2000, b'{"a":' * 500,
           b"9" * 5000, b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "é".encode(), b"x" * 300, b"$tuple", b"../../x",
           b"null", b"true", b"{}", b"[]", b"''"]
_PIECE_BYTES = 64


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Return damaged bytes; the same for the same `draw`."""
    found = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        _change(found, draw)
    return bytes(found)


def _change(data: bytearray, draw: random.Random) -> None:
    size = len(data)
    place = draw.randrange(size + 1)
    end = min(size, place + draw.randint(1, _PIECE_BYTES))
    match draw.randrange(10):
        case 0 | 1 if place < size:
            data[place] ^= 1 << draw.randrange(8)
        case 2 if place < size:
            data[place] = draw.randrange(256)
        case 3:
            number = draw.choice(_NUMBERS)
            data[place:place + len(number)] = number
        case 4:
            del data[place:draw.choice((end, size))]
        case 5:
            data[place:end] = bytes(end - place)
        case 6:
            data[place:place] = data[place:end]
        case 7:
            other = draw.randrange(size + 1)
            data[place:end] = data[other:other + end - place]
        case 8:
            data[place:place] = draw.choice(_TOKENS)
        case _:
            token = draw.choice(_TOKENS)
            data[place:place + len(token)] = token
