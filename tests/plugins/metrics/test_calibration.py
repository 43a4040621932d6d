from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.core.signals import again
from aura.plugins.metrics.calibration import Calibration, CalibrationOptions
from aura.plugins.metrics.reliability import bins_of
from tests.plugins.metrics.retelling import history_of, watch_it_resume

NAMES = ("joy", "fear", "love", "anger")
TOPICS = {"truth": "posts.label", "probability": "amygdala.p", "classes": "amygdala.names"}


def metric(**more):
    return Calibration("sure", CalibrationOptions(**{**TOPICS, **more}))


def items(count=400, seed=2, several=True):
    """Return probabilities (item, class) and label sets that are right too seldom."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(len(NAMES), 0.5), size=count)
    true = rng.random(chances.shape) < chances**1.5 if several else np.eye(4, dtype=bool)[
        [rng.choice(4, p=row) for row in chances]]
    true[~true.any(axis=1), 0] = True
    return chances, true


def feed(watcher, chances, true, start=0, block=8, names=NAMES):
    for first in range(0, len(chances), block):
        rows = slice(first, first + block)
        ids = np.arange(start + first, start + first + len(chances[rows]))
        sets = tuple(tuple(np.array(names)[row]) for row in true[rows])
        watcher.on_signal(Signal("amygdala.p", first, chances[rows], ids))
        if first == 0:
            watcher.on_signal(Signal("amygdala.names", first, names, None))
        watcher.on_signal(Signal("posts.label", first, sets, ids))
        watcher.after_tick(first)
    return watcher


def naive_error(chances, hits, bins):
    """Return the definition of Guo et al. 2017, equations 2, 3 and 5, bin by bin."""
    error = 0.0
    for b in range(1, bins + 1):
        low, high = (b - 1) / bins, b / bins
        inside = (chances > low) & (chances <= high) | (chances == 0) & (b == 1)
        if inside.any():
            error += inside.mean() * abs(hits[inside].mean() - chances[inside].mean())
    return error


@pytest.mark.parametrize("bins", [15, 4])
def test_figures_are_those_of_the_definitions_on_all_items_at_once(bins):
    chances, true = items()
    phase = feed(metric(bins=bins), chances, true).results()["phases"]["run"]
    best = chances.argmax(axis=1)
    hits = true[np.arange(len(true)), best]
    assert phase["items"] == 400
    assert phase["summary"] == pytest.approx({
        "ece": naive_error(chances.max(axis=1), hits, bins), "confidence": chances.max(axis=1).mean(),
        "top1": hits.mean(), "top1_brier": ((chances.max(axis=1) - hits) ** 2).mean(),
        "classwise_ece": np.mean([naive_error(chances[:, k], true[:, k], bins) for k in range(4)]),
        "brier": ((chances - true) ** 2).sum(axis=1).mean()})
    assert {row["label"]: row["frequency"] for row in phase["per_class"]} == pytest.approx(
        dict(zip(NAMES, true.mean(axis=0).tolist(), strict=True)))


def test_the_brier_score_is_that_of_scikit_learn():
    from sklearn.metrics import brier_score_loss

    chances, true = items(several=False)
    found = feed(metric(), chances, true).results()["phases"]["run"]["summary"]
    best = chances.argmax(axis=1)
    assert found["top1_brier"] == pytest.approx(brier_score_loss(true[np.arange(400), best], chances.max(axis=1)))


def test_what_is_as_right_as_it_says_has_no_error_and_what_is_always_sure_has_its_mistakes():
    chances = np.repeat([[0.75, 0.25, 0.0, 0.0]], 100, axis=0)
    true = np.zeros((100, 4), dtype=bool)
    true[:75, 0] = true[75:, 1] = True
    assert feed(metric(), chances, true).results()["phases"]["run"]["summary"]["ece"] == pytest.approx(0.0)
    sure = feed(metric(), np.repeat([[1.0, 0.0, 0.0, 0.0]], 100, axis=0), true).results()["phases"]["run"]["summary"]
    assert sure["ece"] == pytest.approx(0.25)
    assert sure["classwise_ece"] == pytest.approx((0.25 + 0.25) / 4)


def test_the_reliability_of_the_bins_adds_up_to_all_items():
    chances, true = items()
    rows = feed(metric(), chances, true).results()["phases"]["run"]["reliability"]
    assert sum(row["items"] for row in rows) == 400
    assert all(row["low"] < row["confidence"] <= row["high"] for row in rows)
    assert rows == sorted(rows, key=lambda row: row["low"])


def test_a_confidence_of_its_own_goes_with_the_best_label_that_was_told():
    watcher = metric(probability=None, classes=None, best="amygdala.best", confidence="amygdala.sure")
    watcher.on_signal(Signal("amygdala.best", 0, ("joy", "fear", ""), np.arange(3)))
    watcher.on_signal(Signal("amygdala.sure", 0, np.array([0.9, 0.4, 0.2]), np.arange(3)))
    watcher.on_signal(Signal("posts.label", 0, (("joy", "love"), ("love",), ("joy",)), np.arange(3)))
    watcher.after_tick(0)
    found = watcher.results()["phases"]["run"]["summary"]
    assert found == pytest.approx({"ece": (0.1 + 0.4 + 0.2) / 3, "confidence": 0.5, "top1": 1 / 3,
                                   "top1_brier": (0.01 + 0.16 + 0.04) / 3})


def test_items_without_a_label_are_counted_and_left_out():
    chances, true = items(16)
    true[3] = False
    phase = feed(metric(), chances, true).results()["phases"]["run"]
    assert (phase["items"], phase["unlabelled"]) == (15, 1)


def test_a_class_that_is_met_later_had_a_probability_of_zero():
    watcher = metric()
    feed(watcher, np.repeat([[0.6, 0.4]], 10, axis=0), np.repeat([[True, False]], 10, axis=0), names=("joy", "fear"))
    watcher.on_signal(Signal("amygdala.p", 1, np.array([[0.6, 0.4]]), np.array([50])))
    watcher.on_signal(Signal("posts.label", 1, (("love",),), np.array([50])))
    watcher.after_tick(1)
    phase = watcher.results()["phases"]["run"]
    errors = {row["label"]: row["ece"] for row in phase["per_class"]}
    assert errors == pytest.approx({"joy": (10 - 6.6) / 11, "fear": 4.4 / 11, "love": 1 / 11})
    assert phase["summary"]["ece"] == pytest.approx((10 - 6.6) / 11)


def test_classes_beyond_the_bound_are_left_out_of_the_table_and_not_of_the_top_1():
    chances, true = items()
    whole = feed(metric(), chances, true).results()["phases"]["run"]
    found = feed(metric(max_classes=3), chances, true).results()
    phase = found["phases"]["run"]
    assert (found["beyond"], found["told_apart"]) == (2, 2)
    assert [row["label"] for row in phase["per_class"]] == ["fear", "joy"]
    assert phase["per_class"] == [row for row in whole["per_class"] if row["label"] in ("fear", "joy")]
    assert phase["summary"]["ece"] == whole["summary"]["ece"]


def test_items_before_the_first_class_count_with_a_confidence_of_zero():
    watcher = metric()
    watcher.on_signal(Signal("amygdala.p", 0, np.zeros((2, 0)), np.arange(2)))
    watcher.on_signal(Signal("posts.label", 0, (("joy",), ("fear",)), np.arange(2)))
    watcher.after_tick(0)
    assert watcher.results()["phases"]["run"]["summary"]["ece"] == 0.0


def test_rows_that_were_learned_before_stand_apart():
    chances, true = items(80)
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    feed(watcher, chances, true)
    feed(watcher, chances, true, start=int(again(np.int64(0))))
    phases = watcher.results()["phases"]
    assert {name: (one["how"], one["items"]) for name, one in phases.items()} == {
        "learn": ("prequential", 80), "learn, seen before": ("seen before", 80)}


def test_a_resumed_metric_is_equal_to_the_bit(make_brain, tmp_path):
    def make():
        return Calibration("sure", CalibrationOptions(truth="posts.label", probability="amygdala.chance",
                                                      classes="amygdala.class_name", every=40, window=100))

    watch_it_resume(make, tmp_path, history_of(make_brain(), ("150 ms", "90 ms")), (0.1, 0.5, 0.8))


def test_memory_does_not_grow_with_the_items():
    def size(count):
        state = feed(metric(window=50), *items(count)).state()
        return sum(part["classes"].nbytes + part["counted"].nbytes for part in state["parts"].values())

    assert size(100) == size(800)


@pytest.mark.parametrize(("options", "message"), [
    ({"truth": "posts.label", "probability": "amygdala.chance"}, "metrics.sure.classes"),
    ({"truth": "posts.label", "best": "amygdala.best"}, "metrics.sure.probability"),
    ({"truth": "posts.label", "probability": "amygdala.sure", "classes": "amygdala.class_name"}, "each class"),
    ({"truth": "posts.label", "confidence": "amygdala.chance", "best": "amygdala.best"}, "one number an item")])
def test_topics_that_do_not_suffice_are_named(make_brain, options, message):
    with pytest.raises(AuraError, match=message):
        Calibration("sure", CalibrationOptions(**options)).check(make_brain())


def test_bins_are_open_below_and_closed_above():
    edges = np.arange(1, 16) / 15
    assert bins_of(edges - 1e-9, 15).tolist() == list(range(15))
    assert bins_of(np.array([-0.1, 0.0, 1.0, 1.1]), 15).tolist() == [0, 0, 14, 14]


def test_the_figures_are_a_diagram_and_tables_that_the_renderer_knows():
    from aura.plugins.figures import FIGURES, Lines, flat
    from aura.plugins.metrics.results import Results

    found = Results.model_validate(feed(metric(), *items()).results())
    figures = Calibration.figures(found, {})
    diagram = next(figure for figure in flat(figures) if isinstance(figure, Lines))
    assert diagram.lines[0].x == diagram.lines[0].y == (0.0, 1.0)
    assert FIGURES.validate_python(FIGURES.dump_python(tuple(figures), mode="json")) == tuple(figures)
