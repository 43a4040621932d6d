"""The amygdala in a brain: what it says, how it learns, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone, stream
from aura.core.errors import AuraError, SignalError, WiringError
from aura.core.signals import Items
from aura.core.state import read_tree, trees_equal, write_tree
from aura.zones.amygdala.plugin import MANIFEST, aura_zones

from .conftest import CLASSES, Bench, stimuli

RULES = ["rls", "logistic", "network"]
Make = Callable[..., Bench]


@pytest.mark.parametrize("rule", RULES)
def test_it_learns_what_it_is_told(bench: Make, rule: str) -> None:
    one = bench(learner={"kind": rule})
    one.teach(640)
    fresh, truth = stimuli(400, seed=5)
    one.show(fresh, range(9_000, 9_400))
    predicted = one.read("emotion")
    right = np.mean([set(a) == set(b) for a, b in zip(predicted, truth, strict=True) if b])
    assert right > 0.7
    assert set(one.read("emotion_classes")) == set(CLASSES)


def test_before_any_class_is_known_it_says_nothing_and_no_nan(bench: Make) -> None:
    one = bench()
    one.show(stimuli(3)[0], [1, 2, 3])
    assert one.read("emotion") == ((), (), ())
    assert one.read("emotion_best") == ("", "", "")
    assert one.read("emotion_scores").shape == one.read("emotion_probability").shape == (3, 0)
    assert one.read("emotion_classes") == ()
    assert one.tell(((), (), ()), [1, 2, 3])["emotion_loss"] == 0.0


def test_outputs_carry_the_ids_of_their_items(bench: Make) -> None:
    one = bench(tasks={"emotion": {"classes": CLASSES}})
    one.show(stimuli(2)[0], [41, 17])
    for port in ("emotion", "emotion_best", "emotion_scores", "emotion_probability"):
        assert one.brain.latest(f"amygdala.{port}").ids.tolist() == [41, 17]


def test_classes_are_said_at_first_and_when_they_change(bench: Make) -> None:
    one = bench(tasks={"emotion": {"classes": ["joy"]}})
    probe = one.brain.probe("amygdala.emotion_classes")
    for start in range(0, 60, 20):
        one.show(stimuli(20, seed=start)[0], range(start, start + 20))
        one.tell(tuple(("joy",) if start == 0 else ("joy", "fear") for _ in range(20)), range(start, start + 20))
    one.show(stimuli(1)[0], [999])
    assert probe.values == [("joy",), ("joy", "fear")]
    assert one.read("emotion_scores").shape == (1, 2)


@pytest.mark.parametrize("rule", RULES)
def test_zero_items_are_no_trouble(bench: Make, rule: str) -> None:
    one = bench(learner={"kind": rule})
    one.show(np.zeros((0, 8), np.float32), [])
    one.tell((), [])
    one.teach(64)
    one.show(np.zeros((0, 8), np.float32), [])
    logged = one.tell((), [])
    assert one.read("emotion_scores").shape == (0, 3)
    assert logged["emotion_items"] == 0


def test_unknown_ids_and_labels_told_twice_are_counted_and_not_learned(bench: Make) -> None:
    one = bench()
    embedding, labels = stimuli(4)
    one.show(embedding, [1, 2, 3, 4])
    logged = one.tell((*labels, ("joy",), labels[0]), [1, 2, 3, 4, 77, 1])
    assert (logged["emotion_items"], logged["emotion_unmatched"]) == (4, 2)
    before = one.zone.state()
    assert one.tell((labels[0],), [1])["emotion_unmatched"] == 1
    for part in ("tasks", "learner"):
        assert trees_equal(before[part], one.zone.state()[part])


def test_labels_before_any_embedding_are_counted(bench: Make) -> None:
    assert bench().tell((("joy",),), [1]) == {"emotion_unmatched": 1.0}


def test_an_item_displaced_from_the_trace_is_unmatched(bench: Make) -> None:
    one = bench(memory=2)
    embedding, labels = stimuli(3)
    one.show(embedding, [1, 2, 3])
    logged = one.tell(labels, [1, 2, 3])
    assert (logged["emotion_items"], logged["emotion_unmatched"]) == (2, 1)


def test_the_same_id_shown_again_is_learned_again_from_the_newer_embedding(bench: Make) -> None:
    one, twin = bench(), bench()
    embedding, labels = stimuli(2)
    one.show(embedding, [5, 5])
    twin.show(embedding[1:], [5])
    one.tell(labels[1:], [5])
    twin.tell(labels[1:], [5])
    for part in ("tasks", "learner"):
        assert trees_equal(one.zone.state()[part], twin.zone.state()[part])


def test_another_feature_dimension_stops_at_the_zone_with_both_numbers(bench: Make) -> None:
    one = bench()
    one.show(stimuli(2)[0], [1, 2])
    with pytest.raises(SignalError, match=r"amygdala\.embedding at .*expected 8 features, as at first, got 5"):
        one.show(np.zeros((2, 5), np.float32), [3, 4])


def test_labels_without_ids_are_refused() -> None:
    class Careless(Zone[Any]):
        manifest = Manifest("careless", "", period="1 ms", outputs=(
            Port("embedding", shape=("item", "feature")), Port("label", dtype="tags", shape=("item",), role="label")))

        def step(self, now: int, inputs: Any) -> dict[str, Any]:
            return {"embedding": np.ones((1, 4), np.float32), "label": (("joy",),)}

    brain = Brain()
    brain.add(Careless)
    brain.add(MANIFEST)
    brain.connect("careless.embedding", "amygdala.embedding")
    brain.connect("careless.label", "amygdala.emotion_teacher")
    with pytest.raises(AuraError, match="labels with the ids of their items"):
        brain.run(until="10 ms")


def test_tasks_learn_apart_from_each_other(bench: Make) -> None:
    one = bench(tasks={"emotion": {}, "tone": {"kind": "choice", "classes": ["calm", "loud"]}})
    embedding, labels = stimuli(64)
    one.show(embedding, range(64))
    one.tell(labels[:32], range(32))
    logged = one.tell((("calm",), ("loud",)) * 32, range(64), task="tone")
    assert logged["tone_items"] == 64
    one.show(embedding, range(64, 128))
    assert one.read("tone_scores").shape == (64, 2)
    assert all(len(labels) == 1 for labels in one.read("tone"))
    assert np.allclose(one.read("tone_probability").sum(axis=1), 1.0)


@pytest.mark.parametrize("rule", RULES)
def test_the_learning_rate_modulator_at_zero_stops_learning(rule: str) -> None:
    class Teacher(Zone[Any]):
        manifest = Manifest("teacher", "", period="10 ms", outputs=(
            Port("embedding", shape=("item", "feature")), Port("learning_rate"),
            Port("label", dtype="tags", shape=("item",), role="label")))

        def step(self, now: int, inputs: Any) -> dict[str, Any]:
            embedding, labels = stimuli(8, seed=now)
            ids = now + np.arange(8)
            rate = np.float32(1.0 if now < 50_000_000 else 0.0)
            return {"embedding": Items(embedding, ids), "label": Items(labels, ids), "learning_rate": np.asarray(rate)}

    brain = Brain()
    brain.add(Teacher)
    brain.add(MANIFEST, learner={"kind": rule})
    for source, target in (("embedding", "embedding"), ("label", "emotion_teacher"), ("learning_rate", "modulators")):
        brain.connect(f"teacher.{source}", f"amygdala.{target}")
    kept = []
    for until in ("20 ms", "50 ms", "100 ms"):
        brain.run(until=until)
        kept.append(brain["amygdala"].state())
    assert not trees_equal(kept[0]["learner"], kept[1]["learner"])
    assert trees_equal(kept[1]["learner"], kept[2]["learner"])
    assert trees_equal(kept[1]["tasks"], kept[2]["tasks"])


@pytest.mark.parametrize("rule", RULES)
def test_state_goes_through_a_file_and_continues_to_the_same_bits(bench: Make, rule: str, tmp_path: Any) -> None:
    options = {"learner": {"kind": rule}, "memory": 64, "publish_gradient": True}
    one, other = bench(**options), bench(**options)
    one.teach(96)
    one.show(stimuli(40, seed=2)[0], range(700, 740))
    one.tell(stimuli(40, seed=2)[1][:20], range(700, 720))
    write_tree(tmp_path / "zone", one.zone.state(), "amygdala")
    tree = read_tree(tmp_path / "zone", "amygdala")
    other.zone.load_state(tree)
    assert trees_equal(one.zone.state(), other.zone.state())
    for each in (one, other):
        each.tell(stimuli(40, seed=2)[1][20:], range(720, 740))
        each.teach(64, seed=4)
    assert trees_equal(one.zone.state(), other.zone.state())
    assert trees_equal(one.read("emotion_scores"), other.read("emotion_scores"))
    assert trees_equal(tree, read_tree(tmp_path / "zone", "amygdala"))


def test_the_state_of_an_unused_zone_is_a_state(bench: Make) -> None:
    one, other = bench(), bench()
    other.zone.load_state(one.zone.state())
    assert trees_equal(one.zone.state(), other.zone.state())


def test_the_state_of_other_tasks_is_refused(bench: Make) -> None:
    one, other = bench(), bench(tasks={"tone": {}})
    one.teach(32)
    with pytest.raises(AuraError, match=r"Amygdala\.tasks: expected the state of tone, got emotion"):
        other.zone.load_state(one.zone.state())


def test_two_runs_are_equal_to_the_bit(bench: Make) -> None:
    states = []
    for _ in range(2):
        one = bench()
        one.teach(320)
        states.append(one.zone.state())
    assert trees_equal(*states)


def test_a_label_changes_no_prediction_of_its_own_tick(bench: Make) -> None:
    one, twin = bench(tasks={"emotion": {"classes": CLASSES}}), bench(tasks={"emotion": {"classes": CLASSES}})
    embedding, labels = stimuli(64)
    for each, given in ((one, labels), (twin, labels[::-1])):
        each.show(embedding, range(64))
        each.brain.inject("amygdala.emotion_teacher", given, ids=np.arange(64))
        each.brain.inject("amygdala.embedding", embedding.copy(), ids=np.arange(64, 128))
        each.brain.run(span="2 ms")
    assert trees_equal(one.read("emotion_scores"), twin.read("emotion_scores"))
    assert one.read("emotion") == twin.read("emotion")
    one.show(embedding, range(128, 192))
    twin.show(embedding, range(128, 192))
    assert not trees_equal(one.read("emotion_scores"), twin.read("emotion_scores"))


def test_with_shuffled_labels_the_prequential_score_falls_to_chance(bench: Make) -> None:
    scores = []
    for shuffle in (False, True):
        one = bench()
        embedding, labels = stimuli(640)
        given = tuple(labels[i] for i in np.random.default_rng(1).permutation(640)) if shuffle else labels
        hits = []
        for start in range(0, 640, 32):
            part = slice(start, start + 32)
            one.show(embedding[part], range(start, start + 32))
            hits += [best in truth for best, truth in zip(one.read("emotion_best"), given[part], strict=True)]
            one.tell(given[part], range(start, start + 32))
        scores.append(np.mean(hits[320:]))
    share = max(np.mean([name in one_of for one_of in labels]) for name in CLASSES)
    assert scores[0] > 0.6
    assert scores[1] < share + 0.06


@pytest.mark.slow
def test_the_manifest_is_read_without_importing_what_the_zone_computes_with() -> None:
    script = ("import sys; from aura.zones.amygdala.plugin import MANIFEST as m; "
              "m.ports(m.params()); bad = [n for n in sys.modules if n.partition('.')[0] in "
              "('torch', 'scipy', 'sklearn') or n == 'aura.zones.amygdala.zone']; sys.exit(str(bad) if bad else 0)")
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_it_wakes_on_its_teachers() -> None:
    assert MANIFEST in aura_zones()
    params = MANIFEST.params.model_validate({"tasks": {"emotion": {}, "tone": {}}})
    assert callable(MANIFEST.wake_on)
    assert MANIFEST.wake_on(params) == ("embedding", "emotion_teacher", "tone_teacher")


@pytest.mark.parametrize(("params", "message"), [
    ({"tasks": {}}, "at least 1"),
    ({"tasks": {"two words": {}}}, "pattern"),
    ({"tasks": {"emotion": {"clases": []}}}, "'classes'"),
    ({"learner": {"ridge": 0.0}}, "greater than 0"),
    ({"learner": {"forgetting": 1.5}}, "less than or equal to 1"),
    ({"learner": {"kind": "adam"}}, "a kind of learner that a plugin brings, got 'adam'"),
    ({"tasks": {"emotion": {"classes": ["joy", "joy"]}}}, "stand twice: joy"),
])
def test_wrong_parameters_are_named(params: dict[str, Any], message: str) -> None:
    with pytest.raises(WiringError, match=message):
        Brain().add(MANIFEST, params=params)


def test_items_of_a_stream_without_labels_displace_none_that_a_label_comes_for() -> None:
    rng = np.random.default_rng(5)
    brain = Brain(seed=1)
    marked = [{"x": rng.normal(size=4).astype(np.float32), "mood": ["joy" if n % 2 else "fear"]} for n in range(60)]
    others = [{"x": rng.normal(size=4).astype(np.float32)} for _ in range(480)]
    brain.add(stream(others, items=8, period="10 ms"), "others")
    brain.add(stream(marked, truth=["mood"], period="10 ms"), "marked")
    brain.add(MANIFEST, params={"memory": 16, "tasks": {"mood": {"kind": "choice"}, "tone": {}}})
    brain.connect("others.x", "amygdala.embedding")
    brain.connect("marked.x", "amygdala.embedding")
    brain.connect("marked.mood", "amygdala.mood_teacher", delay="100 ms")
    brain.connect("marked.mood", "amygdala.tone_teacher", delay="60 ms")
    brain.run()
    pending = brain["amygdala"]._pending
    assert (pending.displaced, pending.unmatched, len(pending)) == (0, 0, 0)
