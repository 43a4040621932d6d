"""Checks of what a zone takes and gives: any declared input, within its declared outputs."""

from __future__ import annotations

import numpy as np

from aura.core.blame import described
from aura.core.errors import AuraError, ZoneError
from aura.core.ports import TEXTUAL
from aura.core.time import format_time
from aura.testing.feeder import Feed
from aura.testing.play import NAME, digest, make_brain, play, running, span_of
from aura.testing.subject import Subject

__all__ = ["foreign_labels_are_survived", "no_items_are_no_trouble", "optional_inputs_are_optional",
           "outputs_keep_their_word", "published_values_stay", "runs", "wrong_inputs_are_named"]


def runs(subject: Subject) -> None:
    """The zone takes any value of its declared inputs, and wakes."""
    with running(subject), make_brain(subject)[0] as brain:
        brain.run(until=span_of(subject))
        calls = brain.profile_table()[NAME]
    if calls["step"][0] == 0:
        raise subject.failure(f"it never woke in {subject.ticks} stimuli. Look at its period and wake_on")


def optional_inputs_are_optional(subject: Subject) -> None:
    """The zone runs with nothing but its required inputs fed."""
    with running(subject), make_brain(subject, required_only=True)[0] as brain:
        brain.run(until=span_of(subject))


def no_items_are_no_trouble(subject: Subject) -> None:
    """The zone takes stimuli that carry no items: at first, between others, and with learning on."""
    play(subject, Feed(counts=lambda tick: 0 if tick < 2 or tick % 2 else subject.items))


def outputs_keep_their_word(subject: Subject) -> None:
    """Every output lies within its declared range, and one with an item axis says which items."""
    manifest = subject.manifest
    with running(subject):
        brain, _ = make_brain(subject)
        outputs = brain.plans[NAME].outputs
    for message in play(subject).published:
        port = outputs.get(message.topic.partition(".")[2])
        if port is None:
            continue
        at = f"output {port.name!r} at {format_time(message.time)}"
        if port.has_items and message.ids is None:
            raise subject.failure(f"{at} carries items without ids. Declare items_from, or return aura.Items")
        if port.range is None or port.dtype in TEXTUAL or message.value.size == 0:
            continue
        low, high = float(np.min(message.value)), float(np.max(message.value))
        least, largest = _as_published(port.range, np.dtype(port.dtype))
        if low < least or high > largest:
            raise subject.failure(f"{at}: expected values from {port.range[0]:g} to {port.range[1]:g}, as "
                                  f"{manifest.name} declares, got {low:g} to {high:g}")


def _as_published(bounds: tuple[float, float], dtype: np.dtype) -> list[float]:
    """Return a range in the type of a port: a bound that a float32 has not is published as the nearest that it has."""
    with np.errstate(over="ignore"):
        return [float(dtype.type(bound)) if dtype.kind == "f" else bound for bound in bounds]


def published_values_stay(subject: Subject) -> None:
    """Nothing that was on the bus, published or received, is changed afterwards."""
    played = play(subject)
    for kept, what in ((played.published, "it published"), (played.fed, "it received")):
        for one in kept:
            if digest(one.value, one.ids) != one.digest:
                raise subject.failure(f"an array that {what} was changed later: {one.topic} at "
                                      f"{format_time(one.time)}. Return a new array each time, and copy what you keep")


def foreign_labels_are_survived(subject: Subject) -> None:
    """Labels of items that the zone has not seen, or has long forgotten, do not stop the brain."""
    play(subject, Feed(label_shift=10**9))


def wrong_inputs_are_named(subject: Subject) -> None:
    """An axis that changes its length in mid-run is taken, or refused with an `AuraError` that says what is wrong."""
    end = span_of(subject)
    with running(subject):
        brain, _ = make_brain(subject, Feed(longer_from=subject.ticks // 2))
        brain.run(until=end // 3)
    try:
        with brain:
            brain.run(until=end)
    except ZoneError as error:
        raise subject.failure(f"a named axis that grows by one in mid-run ends in {_cause(error)}. Compare the shape "
                              "and raise aura.AuraError('zone.port', expected=..., got=...)") from error
    except AuraError:
        return


def _cause(error: ZoneError) -> str:
    cause = error.__cause__ or error
    return f"a bare {described(cause)}"
