"""Streams from Python iterables."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from aura import Brain
from aura.core.errors import AuraError, StreamError
from aura.core.time import MS
from aura.sim.streams import stream


def played(kind, topic, **run):
    """Return (time, value) of each signal of a topic."""
    with Brain() as brain:
        brain.add(kind, "s")
        probe = brain.probe(topic)
        brain.run(**run)
    return [(s.time, s.value if isinstance(s.value, tuple) else s.value.tolist()) for s in probe.signals]


def test_dicts_become_ports_by_key():
    rows = [{"text": "a", "x": 1.5, "v": np.ones(2, "float32"), "tags": ["p", "q"]}]
    ports = {port.name: port for port in stream(rows).manifest.ports(None)[1]}
    assert {name: (port.dtype, port.shape, port.role) for name, port in ports.items()} == {
        "text": ("text", ("item",), "signal"), "x": ("float32", ("item",), "signal"),
        "v": ("float32", ("item", 2), "signal"), "tags": ("tags", ("item",), "label")}


def test_tuples_become_ports_by_the_names_given():
    assert played(stream([("a", 1), ("b", 2)], names=("text", "n"), items=2), "s.n") == [(0, [1, 2])]


def test_a_generator_is_played_whole():
    rows = ({"n": n} for n in range(4))
    assert played(stream(rows, items=3, period="5 ms"), "s.n") == [(0, [0, 1, 2]), (5 * MS, [3])]


def test_playing_can_be_told_as_in_a_scenario():
    rows = [{"n": n} for n in range(10)]
    published = played(stream(rows, shuffle=True, repeat=2, hold_out=0.2, items=8), "s.n")
    assert len(published) == 2
    assert all(sorted(numbers) == list(range(8)) for _, numbers in published)


def test_an_endless_iterable_is_taken_row_by_row():
    taken = []

    def rows():
        for n in count():
            taken.append(n)
            yield {"n": n}

    assert played(stream(rows(), endless=True, period="10 ms", items=2), "s.n", until="35 ms") \
        == [(t * 10 * MS, [2 * t, 2 * t + 1]) for t in range(4)]
    assert len(taken) <= 9


def test_an_iterable_called_endless_may_end():
    assert played(stream(iter([{"n": 1}, {"n": 2}, {"n": 3}]), endless=True, items=2), "s.n", until="1 s") \
        == [(0, [1, 2]), (10 * MS, [3])]


@pytest.mark.parametrize("endless", [False, True])
def test_an_empty_iterable_is_refused(endless):
    with pytest.raises(StreamError, match="expected at least one row, got no rows"):
        stream([], endless=endless)


def test_a_bad_row_is_named():
    with pytest.raises(StreamError, match=r"diary: row 1, 'text': expected the key 'text', got none. Try 'txet'"):
        stream([{"text": "a"}, {"txet": "b"}], name="diary")


def test_a_period_that_is_no_time_is_refused():
    with pytest.raises(ValueError, match=r"stream\.period: expected a time"):
        stream([{"n": 1}], period="soon")


@pytest.mark.parametrize("endless", [False, True])
def test_columns_say_what_a_row_may_lack(endless):
    rows = [{"text": "a", "mood": ["joy"]}, {"text": "b"}, {"text": "c", "mood": None}]
    columns = {"text": "text", "mood": {"from": "mood", "type": "tags", "optional": True}}
    kind = stream(rows, columns=columns, items=3, endless=endless)
    assert played(kind, "s.mood", until="1 s") == [(0, (("joy",),))]
    with pytest.raises(StreamError, match=r"diary\.columns\.mood.*optionl: expected a known key"):
        stream(rows, columns={"mood": {"from": "mood", "optionl": True}}, name="diary", endless=endless)


@pytest.mark.parametrize("key", ["shuffle", "endless"])
def test_what_is_neither_true_nor_false_is_refused(key):
    with pytest.raises(AuraError, match=rf"s\.{key}: expected True or False, got 'off'"):
        stream([{"x": 1.0}], name="s", **{key: "off"})


@pytest.mark.parametrize("endless", [False, True])
@pytest.mark.parametrize(("key", "hint"), [
    ("rate", "Say period='10 ms' for a rate of 100 Hz."), ("shufle", "Try 'shuffle'."), ("perod", "Try 'period'.")])
def test_a_parameter_that_is_not_known_is_told_with_the_right_one(endless, key, hint):
    with pytest.raises(StreamError) as raised:
        stream([{"x": 1.0}], name="s", endless=endless, **{key: "100 Hz"})
    assert str(raised.value) == f"s.{key}: expected a parameter of aura.stream, got {key!r}. {hint}"
