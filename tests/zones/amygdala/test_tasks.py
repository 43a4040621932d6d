"""Tasks are of kinds: those that tell numbers, those that a plugin brings, and what a wrong one is answered with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain
from aura.core.changes import params_of, require_changeable
from aura.core.errors import AuraError, CheckpointError, StateError, WiringError
from aura.core.proxy import ZoneProxy
from aura.plugins.manager import PluginManager
from aura.zones.amygdala.plugin import MANIFEST

from .conftest import Bench

Make = Callable[..., Bench]
PAGE = Path(__file__).parents[3] / "docs" / "own-task.md"


def numbers(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings (n, 8) and three numbers of each, a noisy linear map of it."""
    rng = np.random.default_rng(seed)
    embedding = rng.normal(size=(count, 8)).astype(np.float32)
    truth = embedding @ np.random.default_rng(5).normal(size=(8, 3)) + 0.1 * rng.normal(size=(count, 3)) + 0.5
    return embedding, truth.astype(np.float32)


def teach(one: Bench, task: str, embedding: np.ndarray, truth: np.ndarray, block: int = 16) -> None:
    for start in range(0, len(embedding), block):
        ids = list(range(start, start + len(embedding[start:start + block])))
        one.show(embedding[start:start + block], ids)
        one.tell(truth[start:start + block].copy(), ids, task=task)


def test_numbers_are_the_batch_ridge_regression_on_all_that_was_told(bench: Make) -> None:
    one = bench(tasks={"vad": {"kind": "numbers", "size": 3}}, learner={"ridge": 2.0})
    embedding, truth = numbers(200)
    teach(one, "vad", embedding, truth)
    rows = np.hstack([embedding, np.ones((200, 1))]).astype(np.float64)
    exact = np.linalg.solve(rows.T @ rows + 2.0 * np.eye(9), rows.T @ truth)
    fresh, _ = numbers(20, seed=1)
    one.show(fresh, range(500, 520))
    assert one.read("vad").dtype == np.float32
    assert np.allclose(one.read("vad"), np.hstack([fresh, np.ones((20, 1))]) @ exact, atol=1e-5)
    assert one.logged[-1]["vad_items"] == 8
    assert one.logged[-1]["vad_loss"] < 0.05 < one.logged[0]["vad_loss"]


def test_a_task_of_one_number_has_no_axis_for_it(bench: Make) -> None:
    one = bench(tasks={"score": {"kind": "numbers"}})
    embedding, truth = numbers(64)
    teach(one, "score", embedding, truth[:, 0])
    one.show(embedding[:5], range(100, 105))
    assert one.read("score").shape == (5,)
    assert np.abs(one.read("score") - truth[:5, 0]).max() < 0.5


def test_numbers_of_a_range_are_never_said_beyond_it(bench: Make) -> None:
    one = bench(tasks={"vad": {"kind": "numbers", "size": 3, "range": [0, 1]}})
    embedding, truth = numbers(64)
    teach(one, "vad", embedding, truth)
    one.show(100 * embedding, range(100, 164))
    assert (one.read("vad").min(), one.read("vad").max()) == (0.0, 1.0)
    with pytest.raises(WiringError, match="smallest number, then the largest"):
        bench(tasks={"vad": {"kind": "numbers", "range": [1, 0]}})


def test_labels_without_an_item_are_counted_and_teach_nothing(bench: Make) -> None:
    one = bench(tasks={"vad": {"kind": "numbers", "size": 3}})
    embedding, truth = numbers(8)
    one.show(embedding, range(8))
    assert one.tell(truth.copy(), range(100, 108), task="vad") == {"vad_items": 0.0, "vad_unmatched": 8.0}
    one.show(embedding, range(8, 16))
    assert not one.read("vad").any()


def test_the_gradient_of_numbers_is_the_derivative_of_half_the_squared_error(bench: Make) -> None:
    one = bench(tasks={"vad": {"kind": "numbers", "size": 3}}, publish_gradient=True)
    embedding, truth = numbers(64)
    teach(one, "vad", embedding, truth)
    weights = one.zone._learner.linear("vad").copy()
    fresh, target = numbers(2, seed=3)
    one.show(fresh, [900, 901])
    one.tell(target.copy(), [900, 901], task="vad")
    one.show(fresh, [902, 903])
    found = one.brain.latest("amygdala.embedding_gradient").value
    for column in range(8):
        step = 1e-5 * np.eye(8)[column]
        up, down = (0.5 * (((fresh + sign * step) @ weights[:-1] + weights[-1] - target) ** 2).sum(1)
                    for sign in (1, -1))
        assert found[:, column] == pytest.approx((up - down) / 2e-5, rel=1e-3, abs=1e-4)


def test_exported_numbers_come_back_and_a_damaged_file_changes_nothing(bench: Make, tmp_path: Path) -> None:
    tasks = {"emotion": {}, "vad": {"kind": "numbers", "size": 3}}
    one = bench(tasks=tasks)
    embedding, truth = numbers(64)
    teach(one, "vad", embedding, truth)
    one.zone.export(tmp_path)
    weights, bias = np.load(tmp_path / "vad_regression_W.npy"), np.load(tmp_path / "vad_regression_b.npy")
    one.show(embedding[:4], range(200, 204))
    assert np.allclose(embedding[:4] @ weights + bias, one.read("vad"), atol=1e-6)
    other = bench(tasks=tasks)
    other.brain.build()
    other.zone.load_export(str(tmp_path))
    other.show(embedding[:4], range(4))
    assert np.array_equal(other.read("vad"), one.read("vad"))
    (tmp_path / "vad_regression_b.npy").write_bytes(b"no")
    with pytest.raises(StateError, match="vad_regression_b"):
        other.zone.load_export(tmp_path)
    other.show(embedding[:4], range(4, 8))
    assert np.array_equal(other.read("vad"), one.read("vad"))


@pytest.mark.parametrize(("tasks", "message"), [
    ({"vad": {"kind": "number"}}, r"tasks.vad: .*got 'number'\. Try 'numbers'"),
    ({"vad": {"kind": "numbers", "sizes": 3}}, r"tasks.vad.sizes: .*Try 'size'"),
    ({"vad": {"kind": "numbers", "size": 0}}, r"tasks.vad.size: expected greater than or equal to 1"),
    ({"vad": {"kind": "choice", "at_least_one": True}}, "'at_least_one'"),
    ({"vad": {"kind": "labels", "multi_label": True}}, "'multi_label'"),
    ({"vad": 3}, "a table of options, got 3"),
])
def test_a_wrong_task_is_named_with_what_was_probably_meant(tasks: Any, message: str) -> None:
    with pytest.raises(WiringError, match=message):
        Brain().add(MANIFEST, tasks=tasks)


def test_numbers_beside_logistic_classes_are_the_regression_itself(bench: Make) -> None:
    exact, beside = (bench(tasks={"vad": {"kind": "numbers", "size": 3}, "emotion": {}}, learner={"kind": kind})
                     for kind in ("rls", "logistic"))
    embedding, truth = numbers(64)
    for one in (exact, beside):
        teach(one, "vad", embedding, truth)
        one.show(embedding[:5], range(100, 105))
    assert np.array_equal(exact.read("vad"), beside.read("vad"))


@pytest.mark.parametrize(("task", "truths"), [
    ({"kind": "labels"}, np.zeros(4, np.float32)), ({"kind": "choice"}, np.zeros((4, 3), np.float32)),
    ({"kind": "numbers"}, (("joy",),) * 4), ({"kind": "numbers", "size": 3}, np.zeros((4, 2), np.float32)),
    ({"kind": "choice"}, (("joy", "fear"),) * 4),
])
def test_a_teacher_of_the_wrong_kind_is_refused(bench: Make, task: Any, truths: Any) -> None:
    one = bench(tasks={"it": task})
    one.show(numbers(4)[0], range(4))
    with pytest.raises(AuraError, match=r"amygdala\.it_teacher"):
        one.tell(truths, range(4), task="it")


def test_a_pathway_from_a_teacher_of_the_wrong_kind_is_not_laid(bench: Make) -> None:
    from aura import Manifest, Port, Zone

    class Scores(Zone[Any]):
        manifest = Manifest("scores", "", outputs=(Port("vad", shape=("item", 3), role="label"),), period="1 h")

    one = bench()
    one.brain.add(Scores)
    one.brain.connect("scores.vad", "amygdala.emotion_teacher")
    with pytest.raises(WiringError, match=r"scores\.vad.*amygdala\.emotion_teacher"):
        one.brain.build()


@pytest.mark.parametrize(("before", "now"), [
    ({"rule": "logistic"}, {"kind": "logistic"}), ({"ridge": 3.0}, {"kind": "rls", "ridge": 3.0}),
    ({"rule": "rls", "learning_rate": 2.0}, {"kind": "rls"}),
    ({"rule": "logistic", "learning_rate": 2.0, "forgetting": 0.5},
     {"kind": "logistic", "learning_rate": 2.0, "forgetting": 0.5}),
    ({"ridge": 3.0, "learner": {"kind": "logistic"}}, {"kind": "logistic", "ridge": 3.0}),
])
def test_rule_and_ridge_of_before_are_a_learner_and_are_told_to_go(before: Any, now: Any,
                                                                   caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        params: Any = MANIFEST.params(**before)
    assert params == MANIFEST.params(learner=now)
    assert "goes in AURA 0.3: use its table `learner`" in caplog.text


@pytest.mark.parametrize(("settings", "free"), [
    ({"kind": "rls", "ridge": 3.0}, True), ({"kind": "rls", "forgetting": 0.9}, False),
    ({"kind": "logistic", "learning_rate": 0.5}, True), ({"kind": "logistic", "ridge": 3.0}, False),
    ({"kind": "network", "learning_rate": 0.5, "dropout": 0.2, "task_weights": {"emotion": 2.0},
      "class_weights": "sqrt", "schedule": {"kind": "linear", "items": 9}}, True),
    ({"kind": "network", "hidden": [8]}, False), ({"kind": "network", "activation": "relu"}, False)])
def test_what_of_a_learner_may_be_changed_over_a_state(bench: Make, settings: Any, free: bool) -> None:
    before, now = (bench(learner=learner).brain.plans["amygdala"] for learner in ({"kind": settings["kind"]}, settings))
    if free:
        require_changeable(now, params_of(before))
        return
    with pytest.raises(CheckpointError, match=r"amygdala\.learner\."):
        require_changeable(now, params_of(before))


@pytest.mark.parametrize(("params", "message"), [
    ({"learner": {"kind": "rsl"}}, r"learner: expected a kind of learner that a plugin brings, got 'rsl'\. Try 'rls'"),
    ({"learner": {"ridg": 1}}, r"learner\.ridg: .*Try 'ridge'"), ({"learner": 3}, "a table of options, got 3"),
    ({"learner": {"learning_rate": 1}}, r"learner\.learning_rate: expected a known key"),
    ({"rule": "adam"}, "got 'adam'"), ({"thresholds": {"source": "row"}}, "'rows' or 'stream'"),
])
def test_a_wrong_learner_is_named_with_what_was_probably_meant(params: Any, message: str) -> None:
    with pytest.raises(WiringError, match=message):
        Brain().add(MANIFEST, params=params)


@pytest.mark.parametrize(("given", "kind"), [(True, "labels"), (False, "choice")])
def test_multi_label_of_before_is_a_kind_and_is_told_to_go(given: bool, kind: str,
                                                           caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        params: Any = MANIFEST.params(tasks={"emotion": {"multi_label": given}})
    assert params.tasks["emotion"].kind == kind
    assert f'use kind = "{kind}"' in caplog.text


@pytest.mark.slow
def test_a_kind_in_a_plugin_file_is_found_learns_and_is_resumed_in_another_process(bench: Make, tmp_path: Path) -> None:
    code = PAGE.read_text(encoding="utf-8").partition("```python file=quantile.py\n")[2].partition("```")[0]
    (tmp_path / "quantile.py").write_text(code, encoding="utf-8")
    manager = PluginManager(files=[tmp_path / "quantile.py"])
    assert not [info.error for info in manager.infos() if info.error]

    def make(executor: str = "serial") -> Bench:
        return bench(manager.zone("amygdala"), executor,
                     tasks={"most": {"kind": "quantile", "level": 0.8}, "emotion": {}})

    def play(one: Bench, turns: range) -> Any:
        for turn in turns:
            rng, ids = np.random.default_rng(turn), range(8 * turn, 8 * turn + 8)
            one.show(rng.normal(size=(8, 2)).astype(np.float32), ids)
            one.tell(rng.random(8).astype(np.float32), ids, task="most")
        return one.read("most")

    whole, first, second = make(), make(), make(executor="processes")
    predicted = play(whole, range(200))
    play(first, range(100))
    second.brain.load(first.brain.save(tmp_path / "saved"))
    with second.brain:
        assert type(second.brain["amygdala"]) is ZoneProxy
        assert np.array_equal(play(second, range(100, 200)), predicted)
    assert predicted == pytest.approx(0.8, abs=0.2)


def test_without_its_plugin_the_kind_is_unknown_by_name() -> None:
    with pytest.raises(AuraError, match=r"tasks.most: expected a kind of task that a plugin brings, got 'quantile'"):
        Brain().add(MANIFEST, tasks={"most": {"kind": "quantile"}})
