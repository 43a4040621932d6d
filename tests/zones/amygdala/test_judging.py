"""What is said of how sure an answer is, and of how new a stimulus: before learning, late in learning, in exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aura.plugins.metrics.reliability import Bins
from aura.zones.common.score_sample import ScoreSample

from .conftest import CLASSES, Bench, stimuli

Make = Callable[..., Bench]
Draw = Callable[..., tuple[np.ndarray, tuple[tuple[str, ...], ...]]]
NAMES = tuple("abcdef")


def choices(count: int, seed: int = 0) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Return embeddings of overlapping clouds and the one label of each."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(5).normal(size=(len(NAMES), 8))
    places = rng.integers(0, len(NAMES), count)
    embedding = (centres[places] + 0.9 * rng.normal(size=(count, 8))).astype(np.float32)
    return embedding, tuple((NAMES[place],) for place in places)


def taught(bench: Make, draw: Draw, count: int, **params: object) -> Bench:
    one = bench(**params)
    embedding, labels = draw(count)
    for start in range(0, count, 32):
        ids = list(range(start, min(start + 32, count)))
        one.show(embedding[ids], ids)
        one.tell(labels[start:start + 32], ids)
    return one


def asked(one: Bench, draw: Draw, count: int = 800) -> np.ndarray:
    """Let it predict new items with learning off, and return of each whether its best class is a true one."""
    one.brain.learning = False
    fresh, truth = draw(count, seed=6)
    one.show(fresh, range(50_000, 50_000 + count))
    return np.array([best in labels for best, labels in zip(one.read("emotion_best"), truth, strict=True)])


def error(confidence: np.ndarray, hits: np.ndarray) -> float:
    bins = Bins(10)
    bins.add(confidence.astype(float), hits.astype(float))
    return bins.summary()["ece"]


@pytest.mark.parametrize("kind", ["rls", "logistic"])
@pytest.mark.parametrize("task", ["labels", "choice"])
def test_the_confidence_of_the_best_class_is_about_how_often_it_is_right(bench: Make, kind: str, task: str) -> None:
    draw = choices if task == "choice" else stimuli
    one = taught(bench, draw, 1200, learner={"kind": kind}, tasks={"emotion": {"kind": task}})
    hits = asked(one, draw)
    assert error(one.read("emotion_confidence"), hits) < 0.08
    assert one.read("emotion_confidence").min() >= 0.0


@pytest.mark.parametrize("kind", ["rls", "logistic"])
def test_a_temperature_sharpens_or_softens_and_the_best_class_stays(bench: Make, kind: str) -> None:
    one, plain = (taught(bench, choices, 1200, learner={"kind": kind}, calibrate=calibrate,
                         tasks={"emotion": {"kind": "choice"}}) for calibrate in (True, False))
    hits, before = asked(one, choices), asked(plain, choices)
    chances = one.read("emotion_probability")
    assert np.array_equal(chances.max(axis=1), one.read("emotion_confidence"))
    assert chances.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert tuple(one.read("emotion_classes")[place] for place in chances.argmax(axis=1)) == one.read("emotion_best")
    assert hits.mean() > before.mean() - 0.02
    if kind == "logistic":  # of one curve for all, or none, the order of classes is that of the scores
        assert one.read("emotion_best") == plain.read("emotion_best")
    assert error(one.read("emotion_confidence"), hits) <= error(plain.read("emotion_confidence"), before) + 0.01


def test_without_calibration_nothing_is_fitted(bench: Make) -> None:
    one = taught(bench, choices, 640, calibrate=False, tasks={"emotion": {"kind": "choice"}})
    assert one.zone.state()["tasks"]["emotion"]["confidence"]["values"].tolist() == [0.0, 0.0, 0.0]


def test_the_logistic_rule_has_its_temperature_from_the_stream_and_its_thresholds_from_rows(bench: Make) -> None:
    def by_stream(**options: object) -> bool:
        one = taught(bench, choices, 64, learner={"kind": "logistic"}, **options)
        return isinstance(one.zone._tasks["emotion"]._sample, ScoreSample)

    assert by_stream(tasks={"emotion": {"kind": "choice"}})
    assert not by_stream(tasks={"emotion": {"kind": "labels"}})
    assert not by_stream(tasks={"emotion": {"kind": "choice"}}, thresholds={"source": "rows"})


def test_before_a_class_is_known_nothing_is_sure_and_all_is_new(bench: Make) -> None:
    one = bench()
    one.show(stimuli(3)[0], range(3))
    assert one.read("emotion_confidence").tolist() == [0.0] * 3
    assert one.read("emotion_novelty").tolist() == [1.0] * 3


@pytest.mark.parametrize("task", ["labels", "choice"])
def test_strangers_are_newer_than_new_items_of_known_classes(bench: Make, task: str) -> None:
    draw = choices if task == "choice" else stimuli
    one = taught(bench, draw, 640, tasks={"emotion": {"kind": task}})
    one.brain.learning = False
    fresh, _ = draw(200, seed=6)
    one.show(fresh, range(50_000, 50_200))
    known = one.read("emotion_novelty")
    one.show(fresh + np.float32(8.0), range(60_000, 60_200))
    assert 0.4 < np.median(known) < 0.6
    assert one.read("emotion_novelty").min() > np.quantile(known, 0.99)


def test_novelty_is_told_before_the_item_is_learned(bench: Make) -> None:
    one, other = (taught(bench, stimuli, 320) for _ in range(2))
    fresh, labels = stimuli(8, seed=6)
    for each, truth in ((one, labels), (other, tuple((name,) for name in (CLASSES * 3)[:8]))):
        each.show(fresh, range(9_000, 9_008))
        novelty = each.read("emotion_novelty")
        each.tell(truth, range(9_000, 9_008))
        assert np.array_equal(each.read("emotion_novelty"), novelty)
    assert np.array_equal(one.read("emotion_novelty"), other.read("emotion_novelty"))
    one.show(fresh, range(9_100, 9_108))
    assert not np.array_equal(one.read("emotion_novelty"), novelty)


def test_a_rate_of_zero_makes_nothing_familiar(bench: Make) -> None:
    one = taught(bench, stimuli, 320)
    before = one.zone.state()["tasks"]["emotion"]["novelty"]
    one.brain.inject("amygdala.modulators.learning_rate", 0.0)
    fresh, labels = stimuli(8, seed=6)
    one.show(fresh, range(9_000, 9_008))
    one.tell(labels, range(9_000, 9_008))
    after = one.zone.state()["tasks"]["emotion"]["novelty"]
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_with_forgetting_of_its_own_novelty_follows_classes_that_have_moved(bench: Make) -> None:
    steady, following = (taught(bench, choices, 320, tasks={"emotion": {"kind": "choice", **more}})
                         for more in ({}, {"novelty_forgetting": 0.98}))
    moved, labels = choices(320, seed=6)
    for one in (steady, following):
        for start in range(0, 320, 32):
            ids = range(10_000 + start, 10_032 + start)
            one.show(moved[start:start + 32] + np.float32(8.0), ids)
            one.tell(labels[start:start + 32], ids)
        one.show(choices(100, seed=7)[0] + np.float32(8.0), range(20_000, 20_100))
    scores = [one.zone._learner.scores(moved)["emotion"] for one in (steady, following)]
    assert np.array_equal(*scores)
    means = [one.zone._tasks["emotion"]._novelty._means.mean() for one in (steady, following)]
    assert means[1] > means[0] + 2.0


def test_a_task_may_do_without_novelty(bench: Make) -> None:
    one = bench(tasks={"emotion": {"novelty": False}})
    one.show(stimuli(3)[0], range(3))
    assert "emotion_novelty" not in one.brain.plans["amygdala"].outputs


@pytest.mark.parametrize("task", ["labels", "choice"])
def test_an_export_carries_the_confidence(bench: Make, tmp_path: Path, task: str) -> None:
    draw = choices if task == "choice" else stimuli
    options = {"learner": {"kind": "logistic"}, "tasks": {"emotion": {"kind": task}}}
    one, other = taught(bench, draw, 1200, **options), bench(**options)
    values = np.array([0.5, 0.0, 0.0] if task == "choice" else [0.5, 0.25, 0.125])
    one.zone._tasks["emotion"]._confidence.values = values
    one.zone._tasks["emotion"]._fresh = 0
    files = {path.name for path in one.zone.export(tmp_path)}
    assert "emotion_classifier_confidence.npy" in files
    assert np.load(tmp_path / "emotion_classifier_confidence.npy").tolist() == values.tolist()
    assert len(json.loads((tmp_path / "emotion_classifier_labels.json").read_text())) > 1
    other.zone.load_export(tmp_path)
    fresh, _ = draw(50, seed=6)
    for each in (one, other):
        each.show(fresh, range(50_000, 50_050))
    for port in ("emotion_probability", "emotion_confidence", "emotion_best"):
        assert np.array_equal(one.read(port), other.read(port))


def test_an_export_without_one_leaves_none_behind_from_before(bench: Make, tmp_path: Path) -> None:
    one = taught(bench, stimuli, 64, calibrate=False)
    (tmp_path / "emotion_classifier_confidence.npy").write_bytes(b"of before")
    one.zone.export(tmp_path)
    assert not (tmp_path / "emotion_classifier_confidence.npy").exists()
