from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier

from aura import Signal
from aura.core.signals import again
from aura.core.state import read_tree, trees_equal, write_tree
from aura.plugins.metrics.baselines import BaselineOptions, BatchBaselines, best_thresholds

NAMES = ("a", "b", "c")


def metric(**more):
    return BatchBaselines("batch", BaselineOptions(truth="posts.label", features="sensory.embedding", **more))


def data(items=400, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(items, 5))
    scores = features[:, :3] + rng.normal(size=(items, 3)) * 0.5
    return features, ((scores > 0.4) | (scores == scores.max(axis=1, keepdims=True))).astype(int)


def feed(watcher, features, targets, start=0):
    ids = np.arange(start, start + len(features))
    labels = tuple(tuple(n for n, on in zip(NAMES, row, strict=True) if on) for row in targets)
    watcher.on_signal(Signal("posts.label", start, labels, ids))
    watcher.on_signal(Signal("sensory.embedding", start + 1, features, ids))


def played(watcher):
    features, targets = data()
    watcher.on_phase("learn", True, 0)
    feed(watcher, features[:300], targets[:300])
    watcher.on_phase("heldout", False, 10)
    feed(watcher, features[300:], targets[300:], start=300)
    return watcher


def without_seconds(result):
    return {**result, "models": [{k: v for k, v in model.items() if k != "seconds"} for model in result["models"]]}


def test_figures_are_those_of_scikit_learn_fitted_on_the_learning_phase():
    features, targets = data()
    fit, held = slice(0, 300), slice(300, None)
    ridge = Ridge(alpha=2.0).fit(features[fit], targets[fit]).predict
    logistic = OneVsRestClassifier(LogisticRegression(C=3.0, max_iter=300)).fit(features[fit], targets[fit])
    result = played(metric(penalty=2.0, logistic_c=3.0)).results()
    for model, scores in zip(result["models"], (ridge, logistic.decision_function), strict=True):
        predicted = scores(features[held]) >= best_thresholds(targets[fit], scores(features[fit]))
        best = scores(features[held]).argmax(axis=1)
        assert (model["fitted_items"], model["items"], model["converged"]) == (300, 100, True)
        macro_f1 = f1_score(targets[held], predicted, average="macro")
        assert model["summary"]["macro_f1"] == pytest.approx(macro_f1, abs=1e-12)
        assert model["summary"]["top1"] == pytest.approx(targets[held][np.arange(100), best].mean())
        assert result["phases"]["heldout"]["summary"][f"{model['name']}_macro_f1"] == model["summary"]["macro_f1"]


@pytest.mark.parametrize("count", [2, 3])
def test_where_classes_exclude_each_other_the_logistic_regression_is_multinomial_and_the_best_class_is_said(count):
    features, targets = data()
    truth = np.argmax(features[:, :count] + targets[:, :count], axis=1)
    fit, held = slice(0, 300), slice(300, None)
    peer = LogisticRegression(C=3.0, max_iter=300).fit(features[fit], truth[fit]).predict(features[held])
    watcher = metric(logistic_c=3.0)
    watcher.on_phase("learn", True, 0)
    feed(watcher, features[fit], np.eye(3, dtype=int)[truth[fit]])
    watcher.on_phase("heldout", False, 10)
    feed(watcher, features[held], np.eye(3, dtype=int)[truth[held]], start=300)
    ridge, logistic = watcher.results()["models"]
    assert "multinomial" in logistic["about"]
    assert logistic["summary"]["accuracy"] == logistic["summary"]["top1"] == pytest.approx((peer == truth[held]).mean())
    assert ridge["summary"]["accuracy"] == ridge["summary"]["top1"] > 0.5


@pytest.mark.slow
def test_thresholds_give_the_best_f1_on_the_training_scores():
    rng = np.random.default_rng(1)
    targets, scores = rng.integers(0, 2, size=(60, 4)), rng.normal(size=(60, 4)).round(1)
    chosen = best_thresholds(targets, scores)
    for number in range(4):
        got = f1_score(targets[:, number], scores[:, number] >= chosen[number])
        every = [f1_score(targets[:, number], scores[:, number] >= at) for at in np.unique(scores[:, number])]
        assert got == max(every)


def test_a_class_never_seen_while_learning_is_never_said():
    watcher = metric()
    features, targets = data()
    watcher.on_phase("learn", True, 0)
    feed(watcher, features[:300], targets[:300] * [1, 1, 0])
    watcher.on_phase("heldout", False, 10)
    feed(watcher, features[300:], targets[300:], start=300)
    result = watcher.results()
    assert all(0 < model["summary"]["macro_f1"] < 0.7 for model in result["models"])


def test_a_class_that_every_item_has_is_always_said():
    watcher = metric()
    features, targets = data()
    targets[:, 2] = 1
    watcher.on_phase("learn", True, 0)
    feed(watcher, features[:300], targets[:300])
    watcher.on_phase("heldout", False, 10)
    feed(watcher, features[300:], targets[300:], start=300)
    for model in watcher.results()["models"]:
        assert model["summary"]["top1"] > 0.9


def test_without_held_out_items_nothing_is_fitted():
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    feed(watcher, *data())
    result = watcher.results()
    assert result["models"] == []
    assert "learning off" in result["note"]


def test_figures_are_computed_once():
    watcher = played(metric())
    assert watcher.results() == watcher.results()  # the seconds too


def test_what_is_kept_is_bounded():
    watcher = played(metric(max_items=50))
    result = watcher.results()
    assert result["left_out"] == 300
    assert [(m["fitted_items"], m["items"]) for m in result["models"]] == [(50, 50)] * 2


def test_rows_without_a_label_are_left_out_and_rows_learned_before_are_not_taken_again():
    features, targets = data()
    other, unlabelled = metric(), np.zeros_like(targets)
    played(other)
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    feed(watcher, features[:300], targets[:300])
    feed(watcher, features[:40], unlabelled[:40], start=1000)
    feed(watcher, features[:300], targets[:300], start=int(again(np.int64(2000))))
    watcher.on_phase("heldout", False, 10)
    feed(watcher, features[300:], targets[300:], start=300)
    feed(watcher, features[:7], unlabelled[:7], start=4000)
    assert watcher.results()["unlabelled"] == 47
    assert without_seconds(watcher.results()) == {**without_seconds(other.results()), "unlabelled": 47}


def test_classes_that_are_not_told_apart_are_never_said_and_never_right(monkeypatch):
    monkeypatch.setattr("aura.plugins.metrics.baselines.CLASSES_MAX", 3)
    features = np.repeat(np.eye(4), 10, axis=0)
    labels = tuple((f"class {k}",) for k in range(4) for _ in range(10))
    watcher = metric(models=("ridge",), penalty=0.01)
    for phase, learning in (("learn", True), ("heldout", False)):
        watcher.on_phase(phase, learning, 0)
        ids = np.arange(40) + 100 * learning
        watcher.on_signal(Signal("posts.label", 0, labels, ids))
        watcher.on_signal(Signal("sensory.embedding", 0, features, ids))
    result = watcher.results()
    assert result["models"][0]["summary"]["accuracy"] == result["models"][0]["summary"]["top1"] == 0.5
    assert (result["beyond"], result["told_apart"]) == (2, 2)


def test_a_resumed_metric_gives_the_same_figures(tmp_path):
    features, targets = data()
    whole, before, after = played(metric()), metric(), metric()
    before.on_phase("learn", True, 0)
    feed(before, features[:150], targets[:150])
    write_tree(tmp_path / "state.safetensors", before.state(), "batch")
    after.load_state(read_tree(tmp_path / "state.safetensors", "batch"))
    feed(after, features[150:300], targets[150:300], start=150)
    after.on_phase("heldout", False, 10)
    feed(after, features[300:], targets[300:], start=300)
    assert trees_equal(after.state(), whole.state())
    assert without_seconds(after.results()) == without_seconds(whole.results())
