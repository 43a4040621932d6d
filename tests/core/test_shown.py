"""What is printed at a prompt tells in one line what a thing is and where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aura
from aura import Brain, Manifest, Port, Signal
from aura.core.errors import WiringError
from aura.core.observer import Observer
from aura.core.pathway import Pathway
from aura.core.zone import Zone
from tests.core.kit import MS, Relay


def relays() -> Brain:
    brain = Brain(seed=3)
    brain.add(Relay, "a")
    brain.add(Relay, "b")
    brain.connect("a.y", "b.x")
    return brain


def test_a_brain_tells_where_it_stands(tmp_path: Path) -> None:
    brain = relays()
    what = "2 zones (a, b), 1 pathways, seed 3>"
    assert repr(brain) == f"<Brain not run yet: {what}"
    brain.run(until="5 ms")
    assert repr(brain) == f"<Brain at 5 ms: {what}"
    brain.learning = False
    assert repr(brain) == f"<Brain at 5 ms, not learning: {what}"
    brain.close()
    assert repr(brain) == f"<Brain at 5 ms, closed: {what}"
    assert brain._ipython_key_completions_() == ["a", "b"]


def test_a_probe_tells_what_it_holds() -> None:
    brain = relays()
    probe = brain.probe("a.y")
    assert repr(probe) == "<Probe a.y: nothing yet>"
    brain.run(until="5 ms")
    assert repr(probe) == "<Probe a.y: 5 signals from 0 s to 4 ms, the last float32 (1,)>"


@pytest.mark.parametrize(("thing", "shown"), [
    (Signal("a.y", 3 * MS, np.ones(2, np.float32)), "<Signal a.y at 3 ms: float32 (2,) [1., 1.]>"),
    (Signal("a.y", MS, np.zeros((40, 3)), np.arange(40)), "<Signal a.y at 1 ms: float64 (40, 3), 40 items>"),
    (Signal("a.y", 0, ("hi",), np.arange(1)), "<Signal a.y at 0 s: ('hi',), 1 item>"),
    (Port("x", shape=("item", 3), unit="mV", required=False, role="label"),
     "<Port x: float32 (item, 3) in mV, label, optional>"),
    (Pathway("a", "y", "b", "x", 2 * MS), "<Pathway a.y -> b.x after 2 ms>"), (Pathway("a", "y", "b", "x"),
                                                                             "<Pathway a.y -> b.x>"),
    (Manifest("m", Relay, "Does it."), "<Manifest m: Does it.>"), (Observer(), "<Observer 'observer'>"),
])
def test_a_thing_is_shown_in_one_line(thing: Any, shown: str) -> None:
    assert repr(thing) == shown


def test_a_zone_tells_its_name() -> None:
    brain = relays()
    assert repr(brain["b"]) == "<Relay 'b'>"
    assert repr(Zone.__new__(Zone)) == "<Zone>"


def test_all_that_a_notebook_may_want_is_completed() -> None:
    assert set(aura.__all__) <= set(dir(aura))
    assert "__version__" in dir(aura)


@pytest.mark.parametrize(("zone", "hint"), [("sensory", r"Try add\(aura\.zone\('sensory'\)\)"), (3, "got 3"),
                                            (Zone, "with a manifest"), (None, "got None")])
def test_what_is_no_zone_is_answered_with_the_right_form(zone: Any, hint: str) -> None:
    with pytest.raises(WiringError, match=hint):
        Brain().add(zone)


def test_of_a_folder_of_checkpoints_the_newest_is_taken(tmp_path: Path) -> None:
    brain = relays()
    for until in ("3 ms", "7 ms"):
        brain.run(until=until)
        brain.save(tmp_path / "run" / "checkpoints")
    for folder in (tmp_path / "run" / "checkpoints", tmp_path / "run", brain.save(tmp_path / "other")):
        fresh = relays()
        fresh.load(folder)
        assert fresh.now == 7 * MS
    with pytest.raises(aura.AuraError, match=r"manifest\.json"):
        relays().load(tmp_path)


def test_a_value_of_a_stream_at_an_input_without_items_is_explained() -> None:
    plain = Manifest("plain", Relay, inputs=(Port("value", shape=(1,)),), outputs=(Port("y", shape=(1,)),),
                     period="1 ms")
    stream = Manifest("stream", Relay, outputs=(Port("level", shape=("item",)), Port("v", shape=("item", 1))),
                      inputs=(Port("x", shape=("item", 1), required=False),), period="1 ms")
    for source, hint in (("stream.level", r"shape=\('item',\)"), ("stream.v", r"shape=\('item', 1\)")):
        brain = Brain()
        brain.add(plain)
        brain.add(stream)
        brain.connect(source, "plain.value")
        with pytest.raises(WiringError, match=rf"carry several items.*{hint}.*items_from='value'"):
            brain.build()
    brain = Brain()
    brain.add(Relay, "relay")
    brain.add(stream)
    brain.connect("relay.y", "stream.x")
    with pytest.raises(WiringError, match=r"'x' takes items: .*shape=\('item', 1\)"):
        brain.build()
