"""The check that a zone writes to nothing that it reads, by whatever way round numpy's read-only flag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from aura.core.signals import Inputs
from aura.core.time import Time, format_time
from aura.core.zone import Manifest, Zone
from aura.testing.play import digest, make_brain, running, span_of
from aura.testing.subject import Subject

__all__ = ["inputs_are_left_alone"]


def inputs_are_left_alone(subject: Subject) -> None:
    """Neither step nor learn writes to its inputs: values and item ids."""
    with running(subject):
        kind = subject.load()
        changed: list[str] = []
        watched = replace(subject, zone=_watched(kind, subject.manifest, changed))
        with make_brain(watched)[0] as brain:
            brain.run(until=span_of(subject))
    if changed:
        raise subject.failure(f"{changed[0]}. Copy what is to be written to, before another library has it: "
                              "torch.from_numpy writes through read-only arrays, torch.tensor copies")


def _watched(kind: type[Zone[Any]], manifest: Manifest, changed: list[str]) -> type[Zone[Any]]:
    """Return a subclass that takes down which of its inputs its methods change."""

    def around(method: str) -> Any:
        def called(self: Zone[Any], now: Time, inputs: Inputs) -> Any:
            before = dict(_digests(inputs))
            returned = getattr(super(watched, self), method)(now, inputs)
            changed.extend(f"{method}() at {format_time(now)} changed its input {what}"
                           for what, found in _digests(inputs) if before.get(what) != found)
            return returned

        return called

    methods = {"step": around("step")} | ({} if kind.learn is Zone.learn else {"learn": around("learn")})
    watched = type(kind.__name__, (kind,), {**methods, "manifest": manifest})
    return watched


def _digests(inputs: Inputs) -> Iterator[tuple[str, str]]:
    for port, value in inputs.items():
        for name, part in _parts(port, value):
            yield name, digest(part)
    for port, ids in inputs.ids.items():
        for name, part in _parts(port, ids):
            yield f"{name} (its item ids)", digest(part)


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _parts(f"{name}[{key!r}]", part)
    elif isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
        for place, part in enumerate(value):
            yield from _parts(f"{name}[{place}]", part)
    else:
        yield repr(name) if name.isidentifier() else name, value

