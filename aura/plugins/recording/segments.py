"""The segments of a recording or journal: ``0000.mcap``, ``0001.mcap``, ..., and what each says it follows.

A resumed run begins a new segment and leaves the earlier ones as they are. The new one says how many messages of which
segment come before it, so that what a run wrote after the checkpoint it is resumed from is left out by the reader.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aura.core.errors import RecordingError, unwritable
from aura.core.time import Time
from aura.plugins.recording.writer import McapFile

__all__ = ["Origin", "list_segments", "open_segment", "read_origin", "segment_path"]

FORMAT = "1"
_NAME = re.compile(r"([0-9]{4,9})\.mcap")


class Origin(NamedTuple):
    """What a segment follows.

    Parameters
    ----------
    start : int
        The instant from which it tells, in nanoseconds.
    follows : int or None
        The segment before it.
    messages : int
        How many messages of that segment, with all that it follows in turn cut off, come before.
    """

    start: Time = 0
    follows: int | None = None
    messages: int = 0


def segment_path(folder: Path, number: int) -> Path:
    """Return the file of a segment."""
    return folder / f"{number:04d}.mcap"


def list_segments(folder: str | Path) -> dict[int, Path]:
    """Return the segments in a folder by number, in order."""
    folder = Path(folder)
    if not folder.is_dir():
        return {}
    found = {int(match[1]): path for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))}
    return dict(sorted(found.items()))


def open_segment(folder: Path, origin: Origin, topics: Iterable[str] = (), **options: Any) -> tuple[int, McapFile]:
    """Begin the next segment of a folder, made if it is not there, and return its number and file.

    `topics` are those that may come; a reader then knows one that is silent from one that is misspelt.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error, RecordingError) from error
    number = max(list_segments(folder), default=-1) + 1
    metadata = {"format": FORMAT, "segment": str(number), "start": str(origin.start),
                "follows": "" if origin.follows is None else str(origin.follows), "messages": str(origin.messages)}
    if declared := " ".join(topics):
        metadata["topics"] = declared
    metadata["check"] = _check(metadata)
    return number, McapFile(segment_path(folder, number), metadata, **options)


def read_origin(metadata: Mapping[str, str], path: Path) -> Origin:
    """Return what a segment's metadata says it follows.

    Raises
    ------
    RecordingError
        If the metadata are of another format, or damaged.
    """
    if metadata.get("format") != FORMAT:
        raise RecordingError(str(path), expected=f"a recording of format {FORMAT}",
                             got=f"format {metadata.get('format')!r}",
                             hint="It was written by another version of AURA.")
    try:
        follows = metadata["follows"]
        if metadata.keys() - {"format", "segment", "start", "follows", "messages", "topics", "check"}:
            raise ValueError("unknown keys")
        if "check" in metadata and metadata["check"] != _check(metadata):  # earlier versions wrote none
            raise ValueError("other values than were written")
        return Origin(int(metadata["start"]), int(follows) if follows else None, int(metadata["messages"]))
    except (KeyError, ValueError) as error:
        raise RecordingError(str(path), expected="the metadata of a segment", got=f"{dict(metadata)} ({error})",
                             hint="Is the file damaged?") from error


def _check(metadata: Mapping[str, str]) -> str:
    """Return the CRC of metadata, for MCAP has none of them."""
    return f"{zlib.crc32(repr(sorted((k, v) for k, v in metadata.items() if k != 'check')).encode()):08x}"
