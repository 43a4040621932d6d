"""An amygdala that predicts from more than the embedding: rows of 419, joined by id, learned as predicted from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import ParameterError, SignalError, StateError, WiringError
from aura.core.state import trees_equal
from aura.testing.by_hand import inputs_for
from aura.zones.amygdala.features.affect_code import LENGTH, waves
from aura.zones.amygdala.features.alone import ExportedFeatures
from aura.zones.amygdala.features.features import joined
from aura.zones.amygdala.plugin import MANIFEST
from aura.zones.amygdala.relay import AmygdalaRelay

from ..conftest import stimuli
from .conftest import ALL, Reader
from .test_text import ODD

Make = Callable[..., Reader]
EXTRAS = slice(LENGTH, LENGTH + 3)


def taught(one: Reader, count: int = 120, block: int = 20) -> Reader:
    embedding, labels = stimuli(count)
    for start in range(0, count, block):
        ids, part = range(start, start + block), slice(start, start + block)
        one.show(embedding[part], ids, [f"text {number}!" for number in ids])
        one.tell(labels[part], ids)
    return one


def test_rows_are_affect_extras_embedding_419_in_this_order(reader: Make, lexicon: str) -> None:
    one = reader(affect={"source": "lexicon", "lexicon": lexicon})
    embedding = np.random.default_rng(0).normal(size=(2, 384)).astype(np.float32)
    one.show(embedding, [7, 8], ["good!", ""])
    rows = one.waiting()
    assert rows.shape == (2, 419)
    assert np.array_equal(rows[:, 35:], embedding)
    assert rows[0, EXTRAS].tolist() == pytest.approx([0.05, 1, 0])
    assert np.abs(rows[0, :LENGTH]).max() > 0.4
    assert not rows[1, :35].any()


@pytest.mark.parametrize("features, width", [(("embedding",), 8), (("extras", "embedding"), 11),
                                              (("affect", "embedding"), 40), (ALL, 43)])
def test_any_parts_may_stand_with_the_embedding(reader: Make, features: tuple[str, ...], width: int) -> None:
    one = reader(features)
    one.show(stimuli(3)[0], [1, 2, 3], ["a", "b", "c"] if "extras" in features else None)
    assert one.waiting().shape == (3, width)
    one.tell((("joy",), ("fear",), ()), [1, 2, 3])
    assert one.zone._learner.linear("emotion").shape == (width + 1, 2)


@pytest.mark.parametrize("features", [(), ("affect",), ("embedding", "affect"), ("embedding", "embedding")])
def test_parts_out_of_order_or_without_the_embedding_are_refused(reader: Make, features: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"affect, extras, embedding in this order"):
        reader(features)


def test_parts_of_another_width_or_not_finite_are_refused_by_name() -> None:
    parts: dict[Any, np.ndarray] = {"affect": np.zeros((2, 32), np.float32), "extras": np.zeros((2, 3), np.float32),
                                    "embedding": np.zeros((2, 4), np.float32)}
    assert joined(parts, "here").shape == (2, 39)
    with pytest.raises(SignalError, match=r"here: affect: expected features of shape \(2, 32\), got shape \(2, 31\)"):
        joined({**parts, "affect": np.zeros((2, 31), np.float32)}, "here")
    with pytest.raises(SignalError, match=r"here: extras: expected finite features, got 2"):
        joined({**parts, "extras": np.array([[0, np.nan, 0], [np.inf, 0, 0]], np.float32)}, "here")


# --- joining ----------------------------------------------------------------------------------------------------------


def test_texts_find_their_embeddings_by_id_whatever_the_order_and_however_early(reader: Make) -> None:
    one = reader(("extras", "embedding"))
    one.give("text", ("a" * 100, "b" * 200), [1, 2])
    one.give("text", ("c" * 300,), [3])
    one.show(stimuli(3)[0], [3, 1, 2])
    assert one.waiting()[:, 0].tolist() == [3.0, 1.0, 2.0]


def test_an_item_without_a_text_has_zeros_there_and_is_counted(reader: Make) -> None:
    one = reader(("extras", "embedding"))
    one.show(stimuli(3)[0], [1, 2, 3])
    one.show(stimuli(1)[0], [4], ["here!"])
    assert not one.waiting()[:3, :3].any()
    assert [count for what, count in one.zone.notices().items() if "no text" in what] == [3]


def test_a_text_whose_embedding_never_comes_goes_when_too_many_wait(reader: Make) -> None:
    one = reader(("extras", "embedding"), memory=4)
    for number in range(10):
        one.show(stimuli(1)[0], [100 + number])
        one.give("text", ("alone",), [number])
    one.show(stimuli(1)[0], [200])
    assert len(one.zone._rows._texts) == 4
    assert [count for what, count in one.zone.notices().items() if "let {count} texts" in what] == [6]


def test_items_without_ids_are_refused(reader: Make) -> None:
    one = reader(("extras", "embedding"))
    with pytest.raises(SignalError, match=r"amygdala\.embedding at .*expected items with ids"):
        one.zone.step(0, inputs_for(MANIFEST, one.zone.params, {"embedding": stimuli(1)[0]}))
    with pytest.raises(SignalError, match=r"amygdala\.text at .*expected texts with the ids of their items"):
        one.zone.step(0, inputs_for(MANIFEST, one.zone.params, {"text": (("a",),)}))


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_texts_are_predicted_from_and_learned(reader: Make, lexicon: str, text: str) -> None:
    for source in ("estimate", "lexicon"):
        one = reader(affect={"source": source, "lexicon": lexicon})
        for number in range(3):
            one.show(stimuli(1, seed=number)[0], [number], [text])
            assert one.tell((("joy",),), [number])["emotion_items"] == 1
        assert np.isfinite(one.brain.read("amygdala.emotion_scores")).all()


# --- what the code is computed from -----------------------------------------------------------------------------------


def test_the_estimate_is_of_what_was_told_before_and_waits_as_it_was(reader: Make) -> None:
    one = reader(("affect", "embedding"))
    embedding, labels = stimuli(200)
    one.show(embedding[:100], range(100))
    assert not one.waiting()[:, :LENGTH].any()  # nothing is believed yet
    one.tell(labels[:100], range(100))
    one.show(embedding[100:], range(100, 200))
    before = one.waiting()
    assert (np.abs(before[:, :LENGTH]).max(axis=1) > 0).mean() > 0.9
    one.tell(labels[100:150], range(100, 150))
    assert np.array_equal(one.waiting(), before[50:])  # learning has not changed what others were predicted from


def test_the_estimate_names_the_class_that_stands_out(reader: Make) -> None:
    one = reader(("affect", "embedding"))
    embedding, labels = stimuli(400)
    one.show(embedding[:300], range(300))
    one.tell(labels[:300], range(300))
    one.show(embedding[300:], range(300, 400))
    code, names = one.waiting()[:, :LENGTH], one.brain.read("amygdala.emotion_classes")
    predicted = (code @ waves(len(names)).T).argmax(axis=1)
    alone = [(place, item[0]) for place, item in zip(predicted, labels[300:], strict=True) if len(item) == 1]
    assert np.mean([names[place] == name for place, name in alone]) > 0.8


def test_the_code_of_an_item_does_not_depend_on_its_own_label(reader: Make) -> None:
    embedding, labels = stimuli(60)
    codes = []
    for last in (("joy",), ("fear",)):
        one = reader(("affect", "embedding"))
        one.show(embedding[:50], range(50))
        one.tell(labels[:50], range(50))
        one.show(embedding[50:], range(50, 60))
        codes.append(one.waiting())
        one.tell((last,) * 10, range(50, 60))
    assert np.array_equal(*codes)


def test_annotations_are_codes_of_the_first_two_names(reader: Make) -> None:
    one = reader(("affect", "embedding"), affect={"source": "annotation"})
    one.give("annotation", (("joy",), ("fear", "joy", "awe"), ()), [1, 2, 3])
    one.show(stimuli(4)[0], [1, 2, 3, 4])
    joy, fear = waves(2)
    expected = [joy, fear + 0.5 * joy, 0 * joy, 0 * joy]
    assert np.allclose(one.waiting()[:, :LENGTH], expected, atol=1e-6)


def test_a_label_cannot_be_wired_as_an_annotation() -> None:
    class Teacher(Zone[Any]):
        manifest = Manifest("teacher", "", period="10 ms", outputs=(
            Port("x", shape=("item", "feature")), Port("label", dtype="tags", shape=("item",), role="label")))

    brain = Brain()
    brain.add(Teacher)
    brain.add(MANIFEST, params={"features": ("affect", "embedding"), "affect": {"source": "annotation"}})
    brain.connect("teacher.x", "amygdala.embedding")
    brain.connect("teacher.label", "amygdala.annotation")
    with pytest.raises(WiringError, match="No zone may see the label of what it has yet to predict"):
        brain.run(until="10 ms")


def test_an_estimate_needs_a_task_of_classes(reader: Make) -> None:
    one = reader(tasks={"vad": {"kind": "numbers", "size": 3}})
    with pytest.raises(ParameterError, match=r"amygdala\.affect\.task: expected a task of labels or of a choice"):
        one.show(stimuli(1)[0], [1], ["a"])
    other = reader(tasks={"vad": {"kind": "numbers"}, "mood": {"kind": "choice"}})
    other.show(stimuli(1)[0], [1], ["a"])
    assert other.zone._rows._task == "mood"


# --- what follows from the width --------------------------------------------------------------------------------------


def test_the_gradient_is_that_of_the_embedding(reader: Make) -> None:
    one = taught(reader(publish_gradient=True))
    embedding, labels = stimuli(4, seed=9)
    one.show(embedding, [901, 902, 903, 904], ["", "a!", "b", "c"])
    rows, weights = one.waiting().astype(np.float64), one.zone._learner.linear("emotion").copy()
    one.tell(labels, [901, 902, 903, 904])
    one.show(embedding, [905, 906, 907, 908], [""] * 4)
    names = one.brain.read("amygdala.emotion_classes")
    targets = np.array([[name in item for name in names] for item in labels], float)
    expected = (rows @ weights[:-1] + weights[-1] - targets) @ weights[35:-1].T
    found = one.brain.latest("amygdala.embedding_gradient")
    assert found.ids.tolist() == [901, 902, 903, 904]
    assert np.allclose(found.value, expected, atol=1e-5)


@pytest.mark.parametrize("source", ["estimate", "annotation"])
def test_a_state_is_taken_over_whole(reader: Make, source: str) -> None:
    features = ("affect", "embedding")
    one, twin = reader(features, affect={"source": source}), reader(features, affect={"source": source})
    embedding, labels = stimuli(100)
    if source == "annotation":
        one.give("annotation", tuple(labels[:60]), range(60))
    one.show(embedding[:60], range(60))
    one.tell(labels[:40], range(40))
    twin.zone.load_state(one.zone.state())
    for brain in (one, twin):
        brain.tell(labels[40:60], range(40, 60))
        brain.show(embedding[60:], range(60, 100))
        brain.tell(labels[60:], range(60, 100))
    assert trees_equal(one.zone.state(), twin.zone.state())


@pytest.mark.parametrize("source", ["estimate", "annotation", "lexicon"])
@pytest.mark.parametrize("learner", ["rls", "logistic"])
def test_what_was_exported_predicts_as_the_exporter(reader: Make, lexicon: str, tmp_path: Path, source: str,
                                                    learner: str) -> None:
    settings = {"affect": {"source": source, "lexicon": lexicon}, "learner": {"kind": learner}}
    one, other = (reader(**settings) for _ in range(2))
    if source == "annotation":
        one.give("annotation", (("awe",), ("joy",)), [1, 2])
    taught(one)
    files = one.zone.export(tmp_path)
    assert np.load(tmp_path / "emotion_classifier_W.npy").shape == (43, 3)
    assert {path.name for path in files} >= {"features.json"}
    assert ("affect_estimate_W.npy" in {path.name for path in files}) == (source == "estimate")
    other.zone.load_export(tmp_path)
    embedding, texts = stimuli(5, seed=8)[0], ["good!", "", "sad", "no", "please"]
    for each in (one, other):
        if source == "annotation":
            each.give("annotation", (("joy", "awe"),) * 5, range(900, 905))
        each.show(embedding, range(900, 905), texts)
    alone = ExportedFeatures(tmp_path, lexicon).rows(embedding, texts, [("joy", "awe")] * 5)
    assert np.array_equal(one.waiting()[-5:], alone)
    relay = AmygdalaRelay.load(tmp_path, task="emotion")
    assert np.allclose(relay.scores(alone), one.brain.read("amygdala.emotion_scores"), atol=1e-6)
    assert np.array_equal(one.waiting()[-5:], other.waiting())
    assert np.array_equal(one.brain.read("amygdala.emotion_scores"), other.brain.read("amygdala.emotion_scores"))
    assert other.tell((("joy",), ("awe",), (), (), ()), range(900, 905))["emotion_items"] == 5


@pytest.mark.parametrize("settings", [
    {"features": ("affect", "embedding")}, {"affect": {"source": "annotation"}}, {"tone_keywords": ("bitte",)}])
def test_an_export_of_other_features_is_refused_and_leaves_the_zone_as_it_was(
        reader: Make, tmp_path: Path, settings: dict[str, Any]) -> None:
    taught(reader()).zone.export(tmp_path)
    other = reader(**settings)
    before = other.zone.state()
    with pytest.raises(StateError, match=r"features\.json: \w+: expected .*Was it exported with other `features`"):
        other.zone.load_export(tmp_path)
    assert trees_equal(before, other.zone.state())


def test_an_export_without_its_estimate_is_refused(reader: Make, tmp_path: Path) -> None:
    taught(reader()).zone.export(tmp_path)
    np.save(tmp_path / "affect_estimate_b.npy", np.zeros(3))
    with pytest.raises(StateError, match=r"affect_estimate_b\.npy: expected a file as its digest says"):
        reader().zone.load_export(tmp_path)
    (tmp_path / "affect_estimate_b.npy").unlink()
    with pytest.raises(StateError, match=r"affect_estimate_b\.npy"):
        reader().zone.load_export(tmp_path)


def test_an_export_of_the_embedding_alone_has_no_other_files(reader: Make, tmp_path: Path) -> None:
    one = reader(("embedding",))
    one.show(stimuli(2)[0], [1, 2])
    one.tell((("joy",), ()), [1, 2])
    assert {path.name.split("_")[0] for path in one.zone.export(tmp_path)} == {"all", "emotion"}


def test_features_alone_say_what_is_missing_or_damaged(reader: Make, tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"features\.json: expected what an export says of its features"):
        ExportedFeatures(tmp_path)
    taught(reader()).zone.export(tmp_path)
    with pytest.raises(SignalError, match=r"rows\.texts: expected 2, one an embedding, got 1"):
        ExportedFeatures(tmp_path).rows(stimuli(2)[0], ["a"])
    (tmp_path / "features.sha256").unlink()
    for content in ("", "[]", '{"features": ["colour"]}', "[" * 100_000):
        (tmp_path / "features.json").write_text(content)
        with pytest.raises(StateError, match=r"features\.json"):
            ExportedFeatures(tmp_path)
