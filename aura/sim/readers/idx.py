"""The idx format of MNIST: an array behind a short big-endian header, gzipped or plain.

References
----------
LeCun, Cortes, Burges, The MNIST database, "File formats": two zero bytes, a type code, the number of axes, then each
axis as a 32-bit big-endian integer, then the items, big-endian, last axis fastest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field as Setting

from aura.core.errors import StreamError
from aura.plugins.streams import Field
from aura.sim.readers.arrays import ArrayReader, label_field
from aura.sim.readers.bad import BadRows
from aura.sim.readers.files import (
    UNPACKED_BYTES,
    checked_file,
    is_gzip,
    open_binary,
    read_exactly,
    reading,
    unpacks_to_more,
)
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["IdxOptions", "open_idx", "read_idx"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP_RATIO = 1032
"""What a byte of gzip stands for at most (zlib's technical details, "Maximum compression factor")."""
_AXES_MAX = 32
"""As many axes as numpy 1 held; numpy 2 holds 64."""


class IdxOptions(ReaderOptions):
    """An idx file of images (or any items) and, if there is one, that of their labels."""

    images: PathText = Setting(description="The file of images, or of any items.")
    labels: PathText | None = Setting(None, description="The file of their labels, if there is one.")
    classes: tuple[str, ...] = Setting(
        (),
        description="Names of the labels 0, 1, ...; empty: the number itself is the label.")
    scale: bool = Setting(True, description="Give bytes 0..255 as float32 0..1.")


def open_idx(options: IdxOptions, base: Path) -> ArrayReader:
    """Read idx files as the fields ``image`` and, with labels, ``label`` (tags).

    A truncated file is an error that names both sizes. With ``on_bad = "skip"`` its whole items are kept and the
    missing ones counted; so are the items of the longer file, if images and labels are not equally many.

    Raises
    ------
    StreamError
        If a file is missing or is no idx file; or if anything is wrong with it, if told to stop.
    """
    path = checked_file(resolve_path(options.images, base))
    bad = BadRows(path.name, options.on_bad)
    images = read_idx(path, bad, options.max_unpacked)
    scaled = options.scale and images.dtype == np.uint8
    dtype = "float32" if scaled else images.dtype.newbyteorder("=").name
    fields = {"image": Field(dtype, images.shape[1:], doc="0 to 1" if scaled else "")}
    arrays = {"image": images}
    if options.labels is not None:
        labels_path = checked_file(resolve_path(options.labels, base))
        labels = read_idx(labels_path, BadRows(labels_path.name, options.on_bad), options.max_unpacked)
        if len(labels) != len(images):
            bad.report("", expected=f"{len(images)} labels, as many as images", got=f"{len(labels)}",
                       rows=abs(len(labels) - len(images)))
        count = min(len(labels), len(images))
        arrays = {"image": images[:count], "label": labels[:count]}
        fields["label"] = label_field(labels_path.name, arrays["label"], options.classes)
    return ArrayReader(path.name, fields, arrays, bad, scaled=frozenset({"image"} if scaled else ()))


def read_idx(path: Path, bad: BadRows, max_unpacked: int = UNPACKED_BYTES) -> np.ndarray:
    """Return the array of an idx file, memory-mapped if it is not gzipped.

    Raises
    ------
    StreamError
        If the header is none, or a gzip file holds more than `max_unpacked` bytes; or if there are fewer or more
        bytes than the header says, if told to stop.
    """
    name = path.name
    with reading(name), open_binary(path, max_unpacked) as stream:
        dtype, shape = _header(name, bytes(read_exactly(stream, 4)), stream)
        start = 4 + 4 * len(shape)
        item_bytes = dtype.itemsize * math.prod(shape[1:])
        expected = shape[0] * item_bytes
        zipped = is_gzip(path)
        if zipped and max_unpacked < expected <= path.stat().st_size * _GZIP_RATIO:
            raise unpacks_to_more(name, max_unpacked)
        data = read_exactly(stream, expected) if zipped else b""
        got = len(data) + len(stream.read(1)) if zipped else path.stat().st_size - start
    if got != expected:
        whole = min(got // item_bytes, shape[0]) if item_bytes else 0
        more = "more than " if zipped and got > expected else ""
        bad.report("", expected=f"{expected} bytes ({shape[0]} items) after the header",
                   got=f"{more}{got - bool(more)} bytes ({whole} whole items)", rows=max(1, shape[0] - whole))
        shape = (whole, *shape[1:])
    if math.prod(shape) == 0:
        raise StreamError(name, expected="at least one item", got="no rows")
    if zipped:
        return np.frombuffer(data, dtype, count=math.prod(shape)).reshape(shape)
    return np.memmap(path, dtype, mode="r", offset=start, shape=shape)


def _header(name: str, magic: bytes, stream: object) -> tuple[np.dtype, tuple[int, ...]]:
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        got = f"the first bytes {magic.hex(' ')}" if magic else "no rows: an empty file"
        raise StreamError(name, expected="an idx file: 00 00, a type from 08 to 0e, a number of axes", got=got)
    axes = read_exactly(stream, 4 * magic[3])  # type: ignore[arg-type]
    if len(axes) < 4 * magic[3]:
        raise StreamError(name, expected=f"a header of {4 + 4 * magic[3]} bytes", got=f"{4 + len(axes)} bytes")
    shape = tuple(int(n) for n in np.frombuffer(axes, ">u4"))
    if len(shape) > _AXES_MAX:
        raise StreamError(name, expected=f"at most {_AXES_MAX} axes", got=str(len(shape)))
    return np.dtype(_TYPES[magic[2]]), shape
