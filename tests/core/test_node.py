"""A compiled zone: what it publishes, with which ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Items, Manifest, Port, Zone
from aura.core.errors import SignalError
from aura.core.handed import check_ids
from aura.core.local import place_here
from tests.core.kit import MS, node_of


class Doubler(Zone):
    """Doubles items; `cut` drops the last of them, `own` numbers them anew."""

    manifest = Manifest("doubler", "", inputs=(Port("x", shape=("item",), required=False),),
                        outputs=(Port("y", shape=("item",), items_from="x"),), wake_on=("x",))
    cut = own = False

    def step(self, now: int, inputs: Any) -> Any:
        doubled = inputs["x"] * 2
        if self.own:
            return {"y": Items(doubled, np.arange(100, 100 + len(doubled)))}
        return {"y": doubled[:-1] if self.cut else doubled}


def published(**settings: Any) -> Any:
    brain = Brain()
    brain.add(type("Doubler", (Doubler,), settings))
    brain.inject("doubler.x", np.arange(3, dtype=np.float32), ids=np.array([7, 8, 9]))
    brain.run()
    return brain.latest("doubler.y")


def test_an_output_carries_on_the_ids_of_its_input() -> None:
    signal = published()
    assert (signal.time, signal.value.tolist(), signal.ids.tolist()) == (MS, [0, 2, 4], [7, 8, 9])
    assert not signal.ids.flags.writeable


def test_an_output_may_number_its_items_itself() -> None:
    assert published(own=True).ids.tolist() == [100, 101, 102]


def test_an_output_with_fewer_items_than_ids_is_refused() -> None:
    with pytest.raises(SignalError, match=r"doubler\.y at 1 ms: expected 3 items, one for each id, got 2"):
        published(cut=True)


@pytest.mark.parametrize("ids", [[0, 1], (0, 1), np.arange(2, dtype=np.int32), np.arange(2.0), np.zeros((2, 1), int),
                                 np.arange(3), np.array(3), None])
def test_ids_are_one_int64_for_each_item(ids: Any) -> None:
    with pytest.raises(SignalError, match=r"z\.y at 5 ns"):
        check_ids("z.y", 5, np.zeros(2), ids)


def test_a_replaced_zone_keeps_the_inbox() -> None:
    brain = Brain()
    brain.add(Doubler, "d", on_error="restart")
    brain.inject("d.x", np.ones(1, np.float32), delay="3 ms")
    node = node_of(brain, "d")
    node.put(place_here(brain.plans["d"], node.outputs, 0, MS, profile=False))
    brain.run()
    assert brain.read("d.y").tolist() == [2]


def test_long_inputs_are_shortened_in_errors() -> None:
    brain = Brain()
    brain.add(Doubler)
    node = node_of(brain, "doubler")
    inputs = node.inbox({"x": np.zeros((3, 4), np.float32), "t": ("word",) * 500})
    error = node.handle.failure(5, inputs, ValueError("v"))
    assert "x=float32 (3, 4)" in str(error)
    assert len(str(error)) < 300
