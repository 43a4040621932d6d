"""The observer that writes what a brain says and learns to MCAP files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from fnmatch import filter as fitting
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from aura.core.blame import message_of
from aura.core.errors import AuraError, RecordingError, nearest
from aura.core.observer import BrainView, Observer
from aura.core.signals import Signal
from aura.core.time import Time, parse_time
from aura.plugins.recording.exact_json import dumps
from aura.plugins.recording.schemas import ERROR, LEARN, PHASE, MessageType, codec_for, encode_scalars
from aura.plugins.recording.segments import Origin, open_segment, segment_path

if TYPE_CHECKING:
    import numpy as np

    from aura.core.ports import Port
    from aura.core.zone import Scalars
    from aura.plugins.recording.writer import Channel, McapFile

__all__ = ["Recorder"]

Encode: TypeAlias = "Callable[[Any, np.ndarray | None], bytes]"
Sink: TypeAlias = "tuple[Channel, Encode, Time]"
"""Where the messages of a topic go, how they are encoded, and the span of which one signal is kept (0: all)."""


class Recorder(Observer):
    """Records signals, learn scalars, phases, injected values and zone errors.

    Topics are ``zone.port`` for signals, ``learn/zone``, ``inject/zone.port``, ``error/zone`` and ``phase`` for the
    rest; shell patterns choose among all of them. Times are simulated nanoseconds, so that two runs record the same
    messages; the publish time of an injected value is its arrival.

    Parameters
    ----------
    folder : Path
        Where the segments go, ``0000.mcap`` first; a resumed run begins another.
    topics, leave_out : tuple of str
        Patterns of what is recorded, and of what of that is not.
    every : mapping of str to time
        Pattern to span: of a signal that matches, the first in each such span of simulated time is recorded. The
        first pattern that matches holds; a span of zero keeps all.
    on_error : {"stop", "go on"}
        Whether the brain stops if something cannot be recorded, or goes on without; a recording that has ended so is
        not taken up again in its folder, so that it never has a hole.
    clock : function, seconds
        The wall clock that decides when a chunk is a second old.
    resumed : bool
        Whether the run goes on in its folder, so that what it has recorded up to its checkpoint must lie there.
    sizes
        ``chunk_bytes``, ``file_bytes``, ``index_bytes`` of `McapFile`; a file that reaches the latter two is ended
        and the next segment follows it.

    Raises
    ------
    TimeError
        If a span is no time.
    """

    def __init__(self, folder: str | Path, *, topics: tuple[str, ...] = ("*",), leave_out: tuple[str, ...] = (),
                 every: Mapping[str, str | Time] | None = None, on_error: str = "stop",
                 clock: Callable[[], float] = time.monotonic, resumed: bool = False,
                 **sizes: int) -> None:
        self.name, self.topics, self.required = "recorder", tuple(topics), on_error == "stop"
        self.folder = Path(folder)
        self._leave_out = tuple(leave_out)
        self._every = {pattern: max(1, parse_time(span, f"recorder.every[{pattern!r}]"))
                       for pattern, span in (every or {}).items()}
        self._options: dict[str, Any] = {"clock": clock, **sizes}
        self._brain: BrainView | None = None
        self._ports: dict[str, Port] = {}
        self._inputs: dict[str, Port] = {}
        self._origin = Origin()
        self._segment, self._over, self._resumed = 0, False, resumed
        self._bytes: dict[str, int] = {}
        """The segments before the present one, by number, and how much of each counts."""
        self._file: McapFile | None = None
        self._sinks: dict[str, Sink | None] = {}
        self._spans: dict[str, int] = {}

    @property
    def over(self) -> bool:
        """Whether something could not be written, so that this recording has ended."""
        return self._over or (self._file is not None and self._file.broken)

    # --- what the brain tells -------------------------------------------------------------------------------------

    def on_start(self, brain: BrainView) -> None:
        self._brain, self._origin = brain, Origin(brain.now)
        for name, plan in brain.plans.items():
            self._ports.update({f"{name}.{port.name}": port for port in plan.outputs.values()})
            self._inputs.update({f"{name}.{port.name}": port for port in plan.inputs.values()})
        self._require_fitting(brain)

    def on_signal(self, signal: Signal) -> None:
        topic, now, value, ids = signal
        try:
            sink = self._sinks[topic]
        except KeyError:
            sink = self._open_port(topic, self._ports[topic])
        if sink is None:
            return
        channel, encode, every = sink
        if every:
            span = now // every
            if self._spans.get(topic) == span:
                return
            self._spans[topic] = span
        file = channel.file  # `_add`, written out: this runs for every signal
        file.add(channel, now, now, encode(value, ids))
        if file.full:
            self.close()

    def on_inject(self, topic: str, now: Time, signal: Signal) -> None:
        name = f"inject/{topic}"
        if name in self._sinks:
            sink = self._sinks[name]
        else:  # after zone and port, the topic of a modulator has its name
            sink = self._open_port(name, self._inputs[".".join(topic.split(".")[:2])])
        if sink is not None:
            self._add(sink[0], now, signal.time, sink[1](signal.value, signal.ids))

    def on_learn(self, zone: str, now: Time, scalars: Scalars) -> None:
        self._event(f"learn/{zone}", now, LEARN, encode_scalars, scalars)

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        self._event("phase", now, PHASE, dumps, {"phase": phase, "learning": learning})

    def on_zone_error(self, zone: str, now: Time, error: BaseException) -> None:
        self._event(f"error/{zone}", now, ERROR, dumps, {"zone": zone, "error": _described(error)})

    def on_stop(self, brain: BrainView) -> None:
        self.close()

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Bring all that was recorded onto the disk and return how much that is."""
        if not self.over:
            (self._file or self._open()).sync()
        segment, messages = self._origin[1:] if self._file is None else (self._segment, self._file.messages)
        there = self._bytes if self._file is None else {**self._bytes, str(self._segment): self._file.length}
        return {"segment": segment, "messages": messages, "start": self._next_instant(), "spans": dict(self._spans),
                "over": self.over, "bytes": dict(there)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Begin a segment that follows what was recorded up to the checkpoint, if that lies in this folder.

        Raises
        ------
        RecordingError
            If the run is resumed and not all of that lies here, or no segment can be begun.
        """
        self.close()
        if self._resumed and not state["over"]:
            self._require_whole(state)
        here = state["segment"] is not None and segment_path(self.folder, state["segment"]).exists()
        self._spans = dict(state["spans"])
        self._bytes = dict(state["bytes"]) if here else {}
        self._origin = Origin(state["start"], *((state["segment"], state["messages"]) if here else ()))
        self._over = state["over"] and here
        if not self._over:
            self._open()

    def flush(self) -> None:
        """Hand what was recorded to the operating system, as happens about every second while messages come."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """End the file with the summary that viewers open it by; what is recorded later follows it in another."""
        if self._file is not None:
            self._file.close()
            self._origin = Origin(self._next_instant(), self._segment, self._file.messages)
            self._bytes[str(self._segment)] = self._file.length
            self._file = None
        self._sinks.clear()

    # --- within ---------------------------------------------------------------------------------------------------

    def _event(self, topic: str, now: Time, kind: MessageType, encode: Callable[[Any], bytes], content: Any) -> None:
        sink = self._sinks.get(topic)
        if sink is None and topic not in self._sinks:
            sink = self._open_sink(topic, kind, lambda value, _: encode(value))
        if sink is not None:
            self._add(sink[0], now, now, sink[1](content, None))

    def _add(self, channel: Channel, now: Time, publish_time: Time, data: bytes) -> None:
        file = channel.file
        file.add(channel, now, publish_time, data)
        if file.full:
            self.close()

    def _require_whole(self, state: Mapping[str, Any]) -> None:
        """Refuse to follow segments that are gone or have lost what they held at the checkpoint; none is read."""
        for number, least in state["bytes"].items():
            path = segment_path(self.folder, int(number))
            found = path.stat().st_size if path.is_file() else None
            if found is None or found < least:
                raise RecordingError(str(path), expected="all that was recorded up to the checkpoint",
                                     got="no file" if found is None else f"{found} bytes, not {least} or more",
                                     hint="Put it back, or go on in another folder with `aura branch`.")

    def _next_instant(self) -> Time:
        return 0 if self._brain is None else self._brain.now

    def _open(self) -> McapFile:
        try:
            self._segment, self._file = open_segment(self.folder, self._origin, filter(self._wants, self._ports),
                                                     **self._options)
        except RecordingError:
            self._over = True
            raise
        return self._file

    def _require_fitting(self, brain: BrainView) -> None:
        """Refuse a pattern of what is recorded that fits no topic, and tell of others that fit none."""
        steered = [f"{name}.modulators.{one}" for name, plan in brain.plans.items() for one in plan.modulators]
        known = [*self._ports, *(f"inject/{topic}" for topic in (*self._inputs, *steered)),
                 *(f"{what}/{name}" for what in ("learn", "error") for name in brain.plans), "phase"]
        for pattern in self.topics:
            if not fitting(known, pattern):
                raise RecordingError("record.topics", expected="patterns that fit topics of this brain",
                                     got=repr(pattern), hint=nearest(pattern, known))
        for option, patterns in (("every", self._every), ("leave_out", self._leave_out)):
            for pattern in patterns:
                if not fitting(known, pattern):
                    brain.tell(f"record.{option}", f"{pattern!r} fits no topic of this brain")

    def _wants(self, topic: str) -> bool:
        """Return whether a topic is recorded."""
        wanted = any(fnmatchcase(topic, pattern) for pattern in self.topics)
        return wanted and not any(fnmatchcase(topic, pattern) for pattern in self._leave_out)

    def _open_sink(self, topic: str, kind: MessageType, encode: Encode, metadata: Mapping[str, str] | None = None,
                   every: Time = 0) -> Sink | None:
        sink = None
        if self._wants(topic):
            file = self._file or self._open()
            sink = (file.channel(topic, kind, metadata), encode, every)
        self._sinks[topic] = sink
        return sink

    def _open_port(self, topic: str, port: Port) -> Sink | None:
        codec = codec_for(port)
        metadata = {"dtype": port.dtype, "axes": ", ".join(map(str, port.shape)), "unit": port.unit, "doc": port.doc}
        every = next((span for pattern, span in self._every.items() if fnmatchcase(topic, pattern)), 0)
        return self._open_sink(topic, codec.type, codec.encode, metadata, every)


def _described(error: BaseException) -> str:
    """Return what an error says, less its hint: the place in a file, which is another on another machine."""
    if isinstance(error, AuraError):
        return f"{error.where}: expected {error.expected}, got {error.got}"
    return message_of(error)
