"""What live streams have read of their input, kept the moment it is read and before anything else is done with it.

A stream reads ahead of the ticks that use its rows. The journal says what each tick used and how far into the input
that reached; what lies beyond is played first when the run is resumed.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aura.plugins.recording.scan import scan
from aura.plugins.recording.schemas import MessageType
from aura.plugins.recording.segments import Origin, list_segments, open_segment
from aura.plugins.recording.writer import Channel, McapFile

__all__ = ["Intake", "IntakeFolder"]

_BYTES = MessageType("aura.Input", "", "application/octet-stream", b"")
_END = MessageType("aura.InputEnd", "jsonschema", "json", b'{"title":"aura.InputEnd","type":"boolean"}')
_END_TOPIC = "{}/end"
_log = logging.getLogger("aura.streams")


class IntakeFolder:
    """The input of a run's live streams: a segment for each sitting, written from the streams' own threads.

    Parameters
    ----------
    folder : Path
        Made at the first byte.
    origin : Path, optional
        The same of the run that this one branches from: its input comes first.
    """

    def __init__(self, folder: Path, origin: Path | None = None) -> None:
        self.folder, self._branched = folder, origin is not None
        self._parts = list(list_segments(origin or folder).values())
        self._file: McapFile | None = None
        self._channels: dict[str, Channel] = {}
        self._dirty = False
        self._lock = threading.Lock()

    def add(self, topic: str, kind: MessageType, offset: int, data: bytes) -> None:
        """Hand a message to the operating system; from then on it survives this process."""
        with self._lock:
            if self._file is None:
                _, self._file = open_segment(self.folder, Origin(), indexed=False)
            if topic not in self._channels:
                self._channels[topic] = self._file.channel(topic, kind)
            self._file.add(self._channels[topic], offset, offset, data)
            self._file.flush()
            self._dirty = True

    @property
    def begun(self) -> bool:
        """Whether anything was added."""
        return self._file is not None

    def commit(self) -> None:
        """Wait until the disk has all that was added."""
        with self._lock:
            if self._file is not None and self._dirty:
                self._file.sync()
                self._dirty = False

    def close(self) -> None:
        """End the file; a second call does nothing."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def stream(self, name: str, used: int) -> Intake:
        """Return the intake of a stream of which `used` bytes have been played."""
        return Intake(self, self._parts, name, used, branched=self._branched)


class Intake:
    """What one stream has read, over all sittings of the run.

    Parameters
    ----------
    folder : IntakeFolder
    parts : list of Path
        The files of earlier sittings.
    name : str
        The stream.
    used : int
        How many bytes the journal's ticks have used.
    branched : bool
        Whether this is the first sitting of a branch, which may be given new input though that of its origin has ended.

    Attributes
    ----------
    rest : bytes
        What was read and not used.
    total : int
        How many bytes were read.
    lines : int
        How many lines were used.
    ended : bool
        Whether the input has ended.
    """

    def __init__(self, folder: IntakeFolder, parts: list[Path], name: str, used: int, *,
                 branched: bool = False) -> None:
        self._folder, self._parts, self._name, self.branched = folder, parts, name, branched
        self.total, self.lines, self.ended = 0, 0, False
        rest = bytearray()
        for offset, data in self._pieces():
            first = max(0, used - offset)
            self.lines += data.count(b"\n", 0, first)
            rest += data[first:]
            self.total = offset + len(data)
        self.rest = bytes(rest)
        if self.total < used:
            if parts:
                _log.warning("%s: %d bytes of input that were played are no longer kept", name, used - self.total)
            self.total = used
        for part in parts:
            for message in scan(part):
                if message.topic == _END_TOPIC.format(name):
                    self.ended = json.loads(message.data)

    def keep(self, data: bytes) -> None:
        """Keep what was read."""
        self._folder.add(self._name, _BYTES, self.total, data)
        self.total += len(data)

    def end(self, ended: bool = True) -> None:
        """Keep that the input has ended, or that it may go on after all."""
        self.ended = ended
        self._folder.add(_END_TOPIC.format(self._name), _END, self.total, b"true" if ended else b"false")

    def commit(self) -> None:
        """Wait until the disk has it."""
        self._folder.commit()

    def begins(self, file: BinaryIO) -> bool:
        """Return whether a file begins with all that was read, and leave it just behind that."""
        return all(file.read(len(data)) == data for _, data in self._pieces())

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        return ((message.time, message.data) for part in self._parts for message in scan(part)
                if message.topic == self._name)
