"""Plays a feed to the zone under test and records all that it says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from aura.core.blame import described
from aura.core.brain import Brain
from aura.core.observer import Observer
from aura.core.plan import clocks_itself
from aura.core.ports import MODULATORS, Port
from aura.core.signals import Signal
from aura.core.time import MS, Time, format_time, parse_time
from aura.core.zone import Scalars, Zone
from aura.testing.feeder import Feed, feeder
from aura.testing.subject import ConformanceError, Subject

__all__ = ["NAME", "Message", "Played", "Recorder", "difference", "digest", "make_brain", "play", "running", "span_of"]

NAME = "subject"
"""The name of the zone under test in every brain."""
FEEDER = "feeder"


class Message(NamedTuple):
    """One signal of the zone under test, or the scalars of one learn, with a digest taken at that moment."""

    topic: str
    time: Time
    value: Any
    digest: str
    ids: np.ndarray | None


class Recorder(Observer):
    """Keeps all signals of a brain: those of the zone under test, and those that it was fed."""

    name = "recorder"

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.fed: list[Message] = []

    def on_signal(self, signal: Signal) -> None:
        kept = Message(signal.topic, signal.time, signal.value, digest(signal.value, signal.ids), signal.ids)
        if signal.topic.startswith(f"{NAME}."):
            self.published.append(kept)
        elif signal.topic.startswith(f"{FEEDER}."):
            self.fed.append(kept)

    def on_learn(self, zone: str, now: Time, scalars: Scalars) -> None:
        if zone == NAME and scalars:
            values = tuple((name, float(scalars[name]).hex()) for name in sorted(scalars))
            self.published.append(Message(f"{NAME}.learn()", now, values, digest(values), None))


@dataclass(frozen=True)
class Played:
    """What came of one run: the signals of the zone, those it was fed, and the state it ended in."""

    published: list[Message]
    fed: list[Message]
    state: Any


def digest(value: Any, ids: np.ndarray | None = None) -> str:
    """Return a digest of all bits of a value on the bus and of its item ids."""
    parts = []
    for part in (value, ids):
        if isinstance(part, np.ndarray):
            parts.append(f"{part.dtype} {part.shape}".encode() + part.tobytes())
        else:
            parts.append(repr(part).encode("utf-8", "surrogatepass"))
    return sha256(b"\0".join(parts)).hexdigest()


def difference(one: Sequence[Message], other: Sequence[Message]) -> str | None:
    """Return where two recordings first differ, or None if they are identical to the bit."""
    for first, second in zip(one, other, strict=False):
        if (first.topic, first.time) != (second.topic, second.time):
            return f"{first.topic} at {format_time(first.time)} against {second.topic} at {format_time(second.time)}"
        if first.digest != second.digest:
            return f"{first.topic} at {format_time(first.time)}: {_sketch(first.value)} against {_sketch(second.value)}"
    if len(one) != len(other):
        return f"{len(one)} signals against {len(other)}"
    return None


def make_brain(subject: Subject, feed: Feed | None = None, *, executor: str = "serial", learning: bool = True,
               copies: Sequence[str] = (), required_only: bool = False, extra: Sequence[type[Zone[Any]]] = (),
               modulators: Mapping[str, float] | None = None) -> tuple[Brain, Recorder]:
    """Return a brain with the zone under test, its feeder, `copies` of the zone and `extra` zones, not built yet.

    What `modulators` says reaches the zone under test at the first instant after 0.
    """
    brain = Brain(seed=7, resolution=_resolution(subject), executor=executor, profile=True)
    for zone in extra:
        brain.add(zone)
    for name in (*copies, NAME):
        brain.add(subject.zone, name, params=subject.params, **_clock(subject))
    period = _feed_period(subject)
    ports = [port for port in brain.plans[NAME].inputs.values() if _is_fed(port, required_only)]
    if ports:
        brain.add(feeder(subject, ports, feed or Feed(), period), FEEDER)
        for name in (*copies, NAME):
            for port in ports:
                brain.connect(f"{FEEDER}.{port.name}", f"{name}.{port.name}")
    recorder = Recorder()
    brain.observe(recorder)
    brain.learning = learning
    for name, value in (modulators or {}).items():
        brain.inject(f"{NAME}.{MODULATORS.name}.{name}", value)
    return brain, recorder


def play(subject: Subject, feed: Feed | None = None, **options: Any) -> Played:
    """Run a brain of `make_brain` to its end and return what was recorded."""
    with running(subject):
        brain, recorder = make_brain(subject, feed, **options)
        with brain:
            brain.run(until=span_of(subject))
            return Played(recorder.published, recorder.fed, brain[NAME].state())


@contextmanager
def running(subject: Subject) -> Iterator[None]:
    """Turn whatever the zone raises into a `ConformanceError` that says so."""
    try:
        yield
    except (ConformanceError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise subject.failure(f"raised {described(error)}") from error


def span_of(subject: Subject) -> Time:
    """Return how long a run lasts: all stimuli, and the time to answer the last."""
    return subject.ticks * _feed_period(subject) + _latency(subject) + 10 * _resolution(subject)


def _is_fed(port: Port, required_only: bool) -> bool:
    return port.name != "modulators" and (port.required or not required_only)


def _period(subject: Subject) -> Time:
    given = subject.settings.get("period", subject.manifest.period)
    return 0 if given is None else parse_time(given, "period")


def _latency(subject: Subject) -> Time:
    return parse_time(subject.settings.get("latency", subject.manifest.latency), "latency")


def _resolution(subject: Subject) -> Time:
    return math.gcd(MS, _period(subject), _latency(subject))


def _feed_period(subject: Subject) -> Time:
    return _period(subject) or 10 * _resolution(subject)


def _clock(subject: Subject) -> dict[str, Any]:
    """Return the clock settings; a zone that leaves its clock to the scenario wakes by the feed's period."""
    settings, manifest = dict(subject.settings), subject.manifest
    known = manifest.period or manifest.wake_on or settings.keys() & {"period", "wake_on"}
    if not (known or manifest.self_clocked or clocks_itself(subject.load())):
        settings["period"] = _feed_period(subject)
    return settings


def _sketch(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
