"""The journal of live input: written and on the disk before it is used, so that a live run can be replayed exactly."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aura.core.blame import described
from aura.core.errors import RecordingError
from aura.core.time import Time, format_time
from aura.plugins.recording.exact_json import dumps, loads, pack, unpack
from aura.plugins.recording.scan import Message, read_metadata, scan
from aura.plugins.recording.schemas import MessageType
from aura.plugins.recording.segments import Origin, list_segments, open_segment, read_origin
from aura.plugins.recording.writer import METADATA, Channel

__all__ = ["JournalEntry", "JournalReader", "JournalWriter"]

Rows = Sequence[Mapping[str, Any]]

class JournalEntry(NamedTuple):
    """What a stream took in at one tick; no rows are the end of its input.

    Parameters
    ----------
    time : int
        The tick, in nanoseconds.
    rows : list of dict
    read : int or None
        How far into its input that reached, in bytes, if the stream knows.
    skipped : int or None
        How many bad rows were left out up to there, since the beginning of the run; earlier versions kept none.
    """

    time: Time
    rows: list[dict[str, Any]]
    read: int | None = None
    skipped: int | None = None


_ROWS = MessageType("aura.Rows", "jsonschema", "json", b'{"title":"aura.Rows","type":"object","properties":'
                    b'{"rows":{"type":"array","items":{"type":"object"}},"read":{"type":"integer"},'
                    b'"skipped":{"type":"integer"}}}')


class JournalWriter:
    """Writes what live streams have taken in, tick by tick; several zones may use it from their threads.

    Parameters
    ----------
    folder : str or Path
        Where the segments go; each writer begins a new one.
    start : int
        The instant at which the run begins or is resumed.
    """

    def __init__(self, folder: str | Path, start: Time = 0) -> None:
        # Not indexed: a commit is a chunk, and their index would grow with every tick.
        self.number, self._file = open_segment(Path(folder), Origin(start), indexed=False)
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()

    def add(self, stream: str, now: Time, rows: Rows, read: int | None = None, skipped: int | None = None) -> None:
        """Write what a stream took in at the tick `now`; it is safe once `commit` has returned.

        `read` says how far into its input that reached, `skipped` how many bad rows were left out up to there.

        Raises
        ------
        TypeError
            If a row holds anything but plain values, tuples, bytes and numpy arrays.
        """
        entry: dict[str, Any] = {"rows": [pack(dict(row)) for row in rows]}
        entry |= {name: value for name, value in (("read", read), ("skipped", skipped)) if value is not None}
        data = dumps(entry)
        with self._lock:
            if stream not in self._channels:
                self._channels[stream] = self._file.channel(stream, _ROWS)
            self._file.add(self._channels[stream], now, now, data)

    def commit(self) -> None:
        """Wait until the disk has all that was added: one wait for all the streams of a tick."""
        with self._lock:
            self._file.sync()

    def write(self, stream: str, now: Time, rows: Rows, read: int | None = None, skipped: int | None = None) -> None:
        """Add and commit."""
        self.add(stream, now, rows, read, skipped)
        self.commit()

    def close(self) -> None:
        """End the file; a second call does nothing."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> JournalWriter:
        """Return the writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


class JournalReader:
    """What live streams took in, across the segments of resumed runs; a segment cut off by a crash gives what is whole.

    A resumed run plays again, and journals again, what was taken in after its checkpoint before it takes in more. So
    an entry of an earlier segment gives way to a later segment from that one's start up to its last entry of the same
    stream; what the resumed run had not come to when it was killed in turn still stands.

    Raises
    ------
    RecordingError
        If the folder holds no journal.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        segments = list_segments(self.folder)
        if not segments:
            raise RecordingError(str(self.folder), expected="a folder with a journal", got="none",
                                 hint="Only runs with live streams keep one.")
        self._parts: list[tuple[Path, Time]] = []
        for path in segments.values():
            metadata = read_metadata(path, METADATA)
            if metadata is not None:  # else killed while it was begun
                self._parts.append((path, read_origin(metadata, path).start))

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that took anything in, in the order of their first entry."""
        return tuple(dict.fromkeys(message.topic for path, _ in self._parts for message in scan(path)))

    def entries(self, stream: str) -> Iterator[tuple[Time, list[dict[str, Any]]]]:
        """Give instant and rows of each entry of a stream, in order; no rows are the end of its input.

        Raises
        ------
        RecordingError
            If a segment is damaged before its end, or is no journal.
        """
        return ((entry.time, entry.rows) for entry in self.kept(stream))

    def kept(self, stream: str) -> Iterator[JournalEntry]:
        """Give the entries of a stream whole."""
        chosen = sorted(self._chosen(stream), key=lambda entry: entry[1].time)
        for path, message in chosen:
            try:
                found = loads(message.data)
                rows, counts = [unpack(row) for row in found["rows"]], (found.get("read"), found.get("skipped"))
                if not all(isinstance(row, dict) for row in rows) or {type(n) for n in counts} - {int, type(None)}:
                    raise ValueError("no rows, or no count of bytes or of rows")
                yield JournalEntry(message.time, rows, *counts)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise RecordingError(f"{path}: {stream} at {format_time(message.time)}",
                                     expected="an entry of a journal",
                                     got=described(error)) from error

    def _chosen(self, stream: str) -> list[tuple[Path, Message]]:
        """Return the entries that count, the newest segment's first."""
        chosen: list[tuple[Path, Message]] = []
        replaced: list[tuple[Time, Time]] = []
        for path, start in reversed(self._parts):
            messages = [message for message in scan(path) if message.topic == stream]
            chosen += [(path, message) for message in messages
                       if not any(first <= message.time <= last for first, last in replaced)]
            if messages:
                replaced.append((start, messages[-1].time))
        return chosen
