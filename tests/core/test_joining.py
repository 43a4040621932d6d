"""Several pathways into one input: their items are joined, and no two of them share an id."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Items, Manifest, Port, Zone
from aura.core.errors import WiringError
from aura.core.signals import FIRST_IDS, again, seen_before, source_of
from aura.core.time import MS

TEXT = Port("text", "text", ("item",))


class Speaker(Zone[Any]):
    """Says two texts a tick, with ids of its own."""

    manifest = Manifest("speaker", "", outputs=(TEXT, Port("pair", shape=("item", 2))), period="10 ms")
    lasting = ("published",)

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.published = 0

    def step(self, now: int, inputs: Any) -> Any:
        ids = self.context.first_id + np.arange(self.published, self.published + 2)
        self.published += 2
        texts = tuple(f"{self.context.name} {self.published - 2 + i}" for i in range(2))
        return {"text": Items(texts, ids), "pair": Items(np.full((2, 2), self.published, np.float32), ids)}


class Listener(Zone[Any]):
    """Says what it hears again."""

    manifest = Manifest("listener", "", inputs=(Port("text", "text", ("item",), required=False),
                                                Port("pair", shape=("item", 2), required=False),
                                                Port("held", "text", ("item",), required=False, keep="hold")),
                        outputs=(Port("heard", "text", ("item",), items_from="text"),
                                 Port("pairs", shape=("item", 2), items_from="pair")), wake_on=("text",))

    def step(self, now: int, inputs: Any) -> Any:
        published = {"heard": inputs["text"], "pairs": inputs["pair"]}
        return {port: value for port, value in published.items() if value is not None}


class Pupil(Zone[Any]):
    """Hears texts and labels, and passes the latter on."""

    manifest = Manifest("pupil", "", inputs=(Port("text", "text", ("item",)),
                                             Port("teacher", "text", ("item",), role="label", required=False),
                                             Port("other", "text", ("item",), role="label", required=False)),
                        outputs=(Port("taught", "text", ("item",), role="label"),), wake_on=("text",))


def brain_of(*paths: Any, zones: str = "ab", **settings: Any) -> Brain:
    brain = Brain()
    for name in zones:
        brain.add(Speaker, name, period="15 ms" if name == "c" else None)
    brain.add(Listener, "ear", **settings)
    for path in paths or [(f"{name}.text", "ear.text") for name in zones]:
        brain.connect(*path)
    return brain


def heard(brain: Brain, until: str, topic: str = "ear.heard") -> list[tuple[int, Any, list[int]]]:
    probe = brain.probe(topic)
    brain.run(until)
    return [(signal.time // MS, signal.value, signal.ids.tolist()) for signal in probe.signals]


def test_what_comes_at_one_instant_is_one_signal_with_ids_of_each_source() -> None:
    found = heard(brain_of(), "15 ms")
    assert found == [(1, ("a 0", "a 1", "b 0", "b 1"), [0, 1, FIRST_IDS, FIRST_IDS + 1]),
                     (11, ("a 2", "a 3", "b 2", "b 3"), [2, 3, FIRST_IDS + 2, FIRST_IDS + 3])]


def test_arrays_are_joined_too() -> None:
    brain = brain_of(*[(f"{name}.{port}", f"ear.{port}") for name in "ab" for port in ("text", "pair")])
    [(_, pairs, ids)] = heard(brain, "5 ms", "ear.pairs")
    assert pairs.tolist() == [[2, 2]] * 4
    assert ids == [0, 1, FIRST_IDS, FIRST_IDS + 1]


def test_what_comes_at_instants_of_its_own_stays_apart() -> None:
    found = heard(brain_of(zones="ac"), "20 ms")
    assert [(time, len(ids)) for time, _, ids in found] == [(1, 4), (11, 2), (16, 2)]


def test_a_zone_that_wakes_later_reads_what_has_come_since() -> None:
    found = heard(brain_of(period="25 ms", wake_on=()), "30 ms")
    assert [(time, ids) for time, _, ids in found] == [
        (25, [0, 1, FIRST_IDS, FIRST_IDS + 1, 2, 3, FIRST_IDS + 2, FIRST_IDS + 3,
              4, 5, FIRST_IDS + 4, FIRST_IDS + 5])]


def test_what_is_injected_comes_behind_it_once() -> None:
    brain = brain_of()
    brain.inject("ear.text", ["from outside"])
    [(_, texts, ids)] = heard(brain, "5 ms")
    assert texts == ("a 0", "a 1", "b 0", "b 1", "from outside")
    assert ids == [0, 1, FIRST_IDS, FIRST_IDS + 1, -1]
    assert not brain.all_notices()


def test_a_checkpoint_between_two_of_them_goes_on_as_it_would_have(tmp_path: Any) -> None:
    settings = {"period": "25 ms", "wake_on": ()}
    whole = heard(brain_of(**settings), "60 ms")
    first = brain_of(**settings)
    first.run("15 ms")
    first.save(tmp_path)
    second = brain_of(**settings)
    second.load(tmp_path)
    assert heard(second, "60 ms") == whole


def test_without_a_meeting_every_source_counts_from_0() -> None:
    brain = brain_of(("a.text", "ear.text"))
    brain.build()
    assert [plan.first_id for plan in brain.plans.values()] == [0, 0, 0]


@pytest.mark.parametrize(("paths", "message"), [
    ([("a.text", "ear.text"), ("ear.heard", "ear2.text"), ("a.text", "ear2.text")],
     r"a\.text -> ear2\.text: expected one pathway into ear2\.text for the items of a, got a second beside ear\.heard"),
    ([("a.text", "ear.held"), ("b.text", "ear.held")], r"one pathway into ear\.held")])
def test_items_that_cannot_be_joined_are_refused(paths: Any, message: str) -> None:
    brain = Brain()
    for zone, name in ((Speaker, "a"), (Speaker, "b"), (Listener, "ear"), (Listener, "ear2")):
        brain.add(zone, name)
    for path in paths:
        brain.connect(*path)
    with pytest.raises(WiringError, match=message):
        brain.build()


def test_an_item_that_comes_again_is_of_its_source_still() -> None:
    ids = np.array([5, FIRST_IDS + 5, 127 * FIRST_IDS + 5])
    assert [source_of(one) for one in ids.tolist()] == [0, 1, 127]
    assert [source_of(one) for one in again(ids).tolist()] == [0, 1, 127]
    assert seen_before(again(ids)).all()
    assert not seen_before(ids).any()


def test_topics_have_those_sources_in_common_that_both_speak_of() -> None:
    brain = brain_of()
    assert brain.sources_in_common(["b.pair", "ear.heard"]) == {1}
    assert brain.sources_in_common(["ear.pairs", "ear.heard"]) is None
    assert brain.sources_in_common(["a.pair", "b.pair"]) is None
    assert brain_of(("a.text", "ear.text")).sources_in_common(["a.text", "ear.heard"]) is None


@pytest.mark.parametrize(("paths", "known"), [
    ([("b.text", "pupil.teacher")], {"teacher": {1}}),
    ([("a.text", "pupil.teacher"), ("b.text", "pupil.other")], {"teacher": {0}, "other": {1}}),
    ([("a.text", "pupil.teacher"), ("b.text", "pupil.teacher")], {"teacher": {0, 1}}),
    ([("ear.heard", "pupil.teacher")], {"teacher": {0, 1}}),
    # Its labels are not the items that it hears, but those that it was taught of.
    ([("a.text", "first.text"), ("b.text", "first.teacher"), ("first.taught", "pupil.teacher")], {"teacher": {0, 1}}),
    # Nobody knows what c calls its items, which meet no others.
    ([("c.text", "pupil.teacher"), ("b.text", "pupil.other")], {"other": {1}}),
    ([], {})])
def test_a_zone_knows_from_which_sources_its_labels_may_come_where_the_wiring_tells(paths: Any, known: Any) -> None:
    brain = brain_of(("a.text", "ear.text"), ("b.text", "ear.text"), zones="abc")
    brain.add(Pupil, "pupil")
    brain.connect("ear.heard", "pupil.text")
    if any("first.text" in path for path in paths):
        brain.add(Pupil, "first")
    for path in paths:
        brain.connect(*path)
    brain.build()
    assert brain["pupil"].context.sources == known


def test_without_a_meeting_no_zone_knows_whose_labels_come() -> None:
    brain = Brain()
    brain.add(Speaker, "a")
    brain.add(Pupil, "pupil")
    brain.connect("a.text", "pupil.text")
    brain.connect("a.text", "pupil.teacher")
    brain.build()
    assert brain["pupil"].context.sources == {}
