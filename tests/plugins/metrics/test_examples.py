"""Examples: the most confident mistakes and some that were right, with what was shown, in bounded memory."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from aura import AuraError, Brain, Items, Manifest, Port, Signal, Zone, ZoneParams
from aura.core.state import read_tree, trees_equal, write_tree
from aura.plugins.metrics.classification import Classification, ClassificationOptions
from aura.plugins.metrics.examples import Examples, can_be_shown, shown, topics_of_examples

SIDE = 6


class Eye(Zone[ZoneParams]):
    manifest = Manifest("eye", "", period="10 ms", outputs=(
        Port("where", shape=("item", 2)), Port("hint", "text", ("item",), role="label"),
        Port("image", "uint8", ("item", SIDE, SIDE)), Port("text", "text", ("item",)),
        Port("label", "tags", ("item",), role="label")))
    count = 0

    def step(self, now, inputs):
        ids = np.arange(self.count, self.count + 3)
        self.count += 3
        return {"where": Items(np.zeros((3, 2), np.float32), ids), "hint": Items(("x",) * 3, ids),
                "image": Items(np.full((3, SIDE, SIDE), ids[:, None, None] % 256, np.uint8), ids),
                "text": Items(tuple(f"item {one}" for one in ids), ids),
                "label": Items(tuple(("even" if one % 2 == 0 else "odd",) for one in ids), ids)}


class Cortex(Zone[ZoneParams]):
    """Says that every item is even, the surer the darker its image."""

    manifest = Manifest(
        "cortex", "", wake_on=("image",), inputs=(Port("image", "uint8", ("item", SIDE, SIDE)),), outputs=(
            Port("label", "tags", ("item",), items_from="image"),
            Port("probability", "float64", ("item", "class"), items_from="image")))

    def step(self, now, inputs):
        sure = 1.0 - inputs["image"][:, 0, 0] / 512.0
        return {"label": (("even",),) * len(sure), "probability": np.stack([sure, 1.0 - sure], axis=1)}


def brain():
    made = Brain(seed=1)
    made.add(Eye, "eye")
    made.add(Cortex, "cortex")
    made.connect("eye.image", "cortex.image")
    return made


def metric(**more):
    return Classification("digit", ClassificationOptions(truth="eye.label", prediction="cortex.label", **more))


def watched(until="200 ms", **more):
    made, watcher = brain(), metric(**more)
    made.observe(watcher)
    made.run(until=until)
    return watcher


def test_the_most_confident_mistakes_come_first_with_what_was_shown():
    examples = watched(examples=3).results()["phases"]["run"]["examples"]
    wrong, right = ([one for one in examples if one["right"] == which] for which in (False, True))
    assert [one["item"] for one in wrong] == [1, 3, 5]
    assert [(one["truth"], one["predicted"], one["best"], one["confidence"]) for one in wrong[:1]] == [
        (["odd"], ["even"], "even", 1.0 - 1 / 512)]
    assert len(right) == 3
    assert all(one["item"] % 2 == 0 for one in right)
    picture = Image.open(io.BytesIO(base64.b64decode(wrong[1]["stimulus"]["png"])))
    assert (picture.size, np.asarray(picture).tolist()) == ((SIDE, SIDE), [[3] * SIDE] * SIDE)
    json.dumps(examples)


def test_what_was_shown_may_be_named_and_none_may_be_kept():
    [first, *_] = watched(examples=1, stimulus="eye.text").results()["phases"]["run"]["examples"]
    assert first["stimulus"] == {"text": "item 1"}
    assert watched(examples=0).results()["phases"]["run"]["examples"] == []


def test_the_topics_are_found_beside_truth_and_prediction():
    assert topics_of_examples(brain(), "eye.label", "cortex.label") == ("eye.image", "cortex.probability")
    assert topics_of_examples(brain(), "cortex.label", "eye.label") == (None, None)


@pytest.mark.parametrize(("option", "topic", "message"), [
    ("stimulus", "eye.where", "expected a topic of text, .item,., or of pictures"),
    ("confidence", "eye.text", "a topic of float"), ("stimulus", "eye.images", "an output of this brain")])
def test_topics_that_cannot_be_shown_are_refused(option, topic, message):
    with pytest.raises(AuraError, match=message):
        metric(**{option: topic}).check(brain())


def test_without_a_confidence_the_latest_mistakes_are_kept():
    watcher = metric(examples=2, best=None)
    for item in range(50):
        watcher.on_signal(Signal("eye.label", item, (("odd",),), np.array([item])))
        watcher.on_signal(Signal("cortex.label", item, (("even",),), np.array([item])))
        watcher.after_tick(item)
    kept = watcher.results()["phases"]["run"]["examples"]
    assert [(one["item"], one["confidence"], one["stimulus"]) for one in kept] == [
        (49, None, None), (48, None, None)]


@pytest.mark.parametrize("stop", [1, 4, 11])
def test_a_resumed_metric_has_the_same_examples_to_the_bit(tmp_path, stop):
    history = []

    class Events(Classification):
        def on_signal(self, signal):
            history.append(signal)

        def after_tick(self, now):
            history.append(now)

    made, events = brain(), Events("digit", metric().options)
    made.observe(events)
    made.run(until="150 ms")

    def tell(watcher, part):
        for one in part:
            watcher.on_signal(one) if isinstance(one, Signal) else watcher.after_tick(one)

    whole, before, after = metric(), metric(), metric()
    for watcher in (whole, before, after):
        watcher.check(made)
    cut = stop * len(history) // 12
    tell(whole, history)
    tell(before, history[:cut])
    write_tree(tmp_path / "state.safetensors", before.state(), "digit")
    after.load_state(read_tree(tmp_path / "state.safetensors", "digit"))
    tell(after, history[cut:])
    assert after.results() == whole.results()
    assert trees_equal(after.state(), whole.state())


def test_what_waits_is_bounded_in_items_and_in_bytes(monkeypatch):
    monkeypatch.setattr("aura.plugins.metrics.examples.WAITING_BYTES", 3 * SIDE * SIDE)
    pictures, texts = Examples(1, waiting=10), Examples(1, waiting=10)
    pictures.watch("eye.image", None)
    texts.watch("eye.text", None)
    pictures.hear(Signal("eye.image", 0, np.zeros((20, SIDE, SIDE), np.uint8), np.arange(20)), list(range(20)))
    texts.hear(Signal("eye.text", 0, tuple(map(str, range(20))), np.arange(20)), list(range(20)))
    assert pictures.state()["stimuli"]["ids"].tolist() == [17, 18, 19]
    assert texts.state()["stimuli"]["ids"].tolist() == list(range(10, 20))


def test_items_that_are_left_out_leave_nothing_behind():
    watcher = metric()
    watcher.check(brain())
    for item in range(30):
        watcher.on_signal(Signal("eye.image", item, np.zeros((1, SIDE, SIDE), np.uint8), np.array([item])))
        watcher.on_signal(Signal("eye.label", item, ((),), np.array([item])))
        watcher.on_signal(Signal("cortex.label", item, (("even",),), np.array([item])))
        watcher.on_signal(Signal("cortex.probability", item, np.ones((1, 2)), np.array([item])))
        watcher.after_tick(item)
    state = watcher.state()["examples"]
    assert [len(state[waiting]["ids"]) for waiting in ("stimuli", "sure")] == [0, 0]


@pytest.mark.parametrize(("shape", "size", "mode"), [
    ((28, 28), (28, 28), "L"), ((10, 20, 3), (20, 10), "RGB"), ((3, 10, 20), (20, 10), "RGB"),
    ((8, 8, 4), (8, 8), "RGBA"), ((1, 9, 9), (9, 9), "L"), ((400, 200), (67, 134), "L")])
def test_pictures_are_png_files_of_a_bounded_size(shape, size, mode):
    values = np.random.default_rng(0).normal(size=shape)
    drawn = shown(values)
    picture = Image.open(io.BytesIO(base64.b64decode(drawn["png"])))
    assert (picture.size, picture.mode) == (size, mode)
    assert (drawn["width"], drawn["height"]) == size
    if picture.size[::-1] == shape:
        scaled = (values - values.min()) * (255 / np.ptp(values))
        np.testing.assert_array_equal(np.asarray(picture), np.rint(scaled).astype(np.uint8))


def test_long_texts_are_cut():
    assert len(shown("x" * 5000)["text"]) == 400


@pytest.mark.parametrize(("port", "yes"), [
    (Port("p", "text", ("item",)), True), (Port("p", shape=("item", 8, 8)), True),
    (Port("p", shape=("item", 3, 8, 8)), True), (Port("p", shape=("item", 8)), False),
    (Port("p", shape=("item", 2, 9)), False), (Port("p", shape=("item", "width", 8)), False),
    (Port("p", shape=(8, 8)), False), (Port("p", "tags", ("item",)), False)])
def test_which_ports_can_be_shown(port, yes):
    assert can_be_shown(port) == yes
