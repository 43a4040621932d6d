"""Reading a recording back: the signals of a run, across the segments that its resumes have made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from aura.core.blame import described
from aura.core.errors import RecordingError, nearest
from aura.core.signals import Signal
from aura.core.time import Time, format_time, parse_time
from aura.plugins.recording.scan import Message, has_end, read_metadata, scan
from aura.plugins.recording.schemas import decode
from aura.plugins.recording.segments import Origin, list_segments, read_origin
from aura.plugins.recording.writer import METADATA

__all__ = ["Recording"]


class Recording:
    """A recording on disk; it may still be written to, or have been cut off by a crash.

    Parameters
    ----------
    path : str or Path
        A run folder, its folder ``recording``, or one MCAP file, which is then read by itself.

    Raises
    ------
    RecordingError
        If there is none, or if it is no recording.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from aura import Brain, Manifest, Port, Zone
    >>> from aura.plugins.recording.recorder import Recorder
    >>> class Counter(Zone):
    ...     manifest = Manifest("counter", "", outputs=(Port("count", dtype="int64"),), period="10 ms")
    ...     def step(self, now, inputs):
    ...         return {"count": np.asarray(now // 10_000_000)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Brain() as brain:
    ...         name = brain.add(Counter)
    ...         brain.observe(Recorder(folder))
    ...         ticks = brain.run(until="30 ms")
    ...     times, values = Recording(folder).series("counter.count")
    >>> times.tolist(), values.tolist()
    ([0, 10000000, 20000000], [0, 1, 2])
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.parts: tuple[tuple[Path, int | None], ...] = _parts(self.path)
        self._topics: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"<Recording {self.path}: {len(self.topics)} topics ({', '.join(self.topics)})>"

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that were recorded, in the order of their first message."""
        if self._topics is None:
            self._topics = tuple(dict.fromkeys(message.topic for message in self.raw()))
        return self._topics

    @property
    def declared(self) -> tuple[str, ...]:
        """The topics of signals that were to be recorded, whether one came or not; none in files of earlier versions.
        """
        found = (read_metadata(path, METADATA) or {} for path, _ in self.parts)
        return tuple(dict.fromkeys(topic for metadata in found for topic in metadata.get("topics", "").split()))

    @property
    def ended(self) -> bool:
        """Whether the last file has its end, which it has not while it is written, after a kill, or if it was cut."""
        return has_end(self.parts[-1][0])

    def raw(self) -> Iterator[Message]:
        """Give all messages as bytes, in the order in which they were recorded.

        Raises
        ------
        RecordingError
            If a segment is damaged, or lacks messages that the one after it follows.
        """
        for path, count in self.parts:
            if count is None:
                yield from scan(path)
                continue
            given = 0
            for message in islice(scan(path), count):
                given += 1
                yield message
            if given < count:
                raise RecordingError(str(path), expected=f"at least the {count} messages that a resumed run follows",
                                     got=f"{given}", hint="The file has lost its end since.")

    def messages(self, topics: str | Iterable[str] | None = None, start: str | Time | None = None,
                 end: str | Time | None = None) -> Iterator[Signal]:
        """Give the signals of the topics that match any pattern, from `start` up to before `end`.

        Signals of ``learn/zone``, ``phase`` and ``error/zone`` have a dict as value. Those of ``inject/zone.port`` have
        the time at which the value was put in.
        """
        patterns = (topics,) if isinstance(topics, str) else None if topics is None else tuple(topics)
        first = 0 if start is None else parse_time(start, "recording: start")
        last = None if end is None else parse_time(end, "recording: end")
        wanted: dict[str, bool] = {}
        for message in self.raw():
            topic, time, _, schema, data = message
            if topic not in wanted:
                wanted[topic] = patterns is None or any(fnmatchcase(topic, pattern) for pattern in patterns)
            if wanted[topic] and time >= first and (last is None or time < last):
                try:
                    value, ids = decode(schema, data)
                except ValueError as error:
                    raise RecordingError(f"{self.path}: {topic} at {format_time(time)}",
                                         expected=f"a message of type {schema!r}",
                                         got=described(error)) from error
                yield Signal(topic, time, value, ids)  # type: ignore[arg-type]

    def series(self, topic: str) -> tuple[np.ndarray, Any]:
        """Return the instants of a topic in nanoseconds, int64 (n,), and its values.

        Arrays of one shape are stacked, (n, ...); other values are a list. Of a topic that was to be recorded and
        never came, both are empty.

        Raises
        ------
        RecordingError
            If the topic was not recorded.
        """
        signals = [signal for signal in self.messages() if signal.topic == topic]
        if not signals and topic not in self.declared:
            raise RecordingError(f"{self.path}: {topic}", expected="a topic of this recording", got="no message of it",
                                 hint=nearest(topic, (*self.topics, *self.declared)))
        times = np.array([signal.time for signal in signals], dtype=np.int64)
        values: list[Any] = [signal.value for signal in signals]
        shapes = {value.shape if isinstance(value, np.ndarray) else None for value in values}
        return (times, np.stack(values)) if len(shapes) == 1 and None not in shapes else (times, values)


def _parts(path: Path) -> tuple[tuple[Path, int | None], ...]:
    """Return the files to read in turn, and how many messages of each count (None: all)."""
    if path.is_file():
        read_metadata(path, METADATA)
        return ((path, None),)
    folder = path / "recording" if (path / "recording").is_dir() else path
    segments = list_segments(folder)
    if not segments:
        raise RecordingError(str(path), expected="a run folder, or an MCAP file",
                             got="a folder without a recording" if path.is_dir() else "nothing of that name",
                             hint="Was the run recorded?")
    origins: dict[int, Origin] = {}
    for number, file in segments.items():
        metadata = read_metadata(file, METADATA)
        if metadata is not None:  # else killed while it was begun
            origins[number] = read_origin(metadata, file)
    if not origins:
        return tuple((file, None) for file in segments.values())
    parts: list[tuple[Path, int | None]] = []
    following: int | None = max(origins)
    count: int | None = None
    while following is not None:
        number = following
        if number not in origins:
            raise RecordingError(str(folder / f"{number:04d}.mcap"), expected="the segment that a later one follows",
                                 got="none", hint="Was it moved? The later segment can be read by itself.")
        parts.append((segments[number], count))
        origin = origins[number]
        if origin.follows is not None and origin.follows >= number:
            raise RecordingError(str(segments[number]), expected="a segment that follows an earlier one",
                                 got=f"one that follows segment {origin.follows}")
        following, count = origin.follows, origin.messages
    return tuple(reversed(parts))
