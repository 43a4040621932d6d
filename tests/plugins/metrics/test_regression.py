from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from aura import AuraError, Signal
from aura.core.signals import again
from aura.core.state import read_tree, trees_equal, write_tree
from aura.plugins.figures import Curves
from aura.plugins.metrics.regression import Moments, Regression, RegressionOptions
from aura.plugins.metrics.results import Results


def metric(**more):
    return Regression("vad", RegressionOptions(truth="posts.target", prediction="amygdala.value", **more))


def arrays(items=2000, dimensions=2, offset=0.0):
    rng = np.random.default_rng(3)
    true = rng.normal(size=(items, dimensions)) + offset
    return true, true + rng.normal(size=true.shape) * 0.7 + 0.2


def feed(watcher, true, predicted, start=0):
    for item in range(len(true)):
        ids, now = np.array([start + item]), start + item
        watcher.on_signal(Signal("posts.target", now, true[item:item + 1], ids))
        watcher.on_signal(Signal("amygdala.value", now, predicted[item:item + 1], ids))


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_figures_are_those_of_scikit_learn_and_scipy_on_all_items_at_once(offset):
    true, predicted = arrays(offset=offset)
    watcher = metric(names=("valence", "arousal"))
    feed(watcher, true, predicted)
    result = watcher.results()["phases"]["run"]
    assert result["items"] == len(true)
    for d, row in enumerate(result["per_dimension"]):
        assert row == {"name": ("valence", "arousal")[d],
                       "mae": pytest.approx(mean_absolute_error(true[:, d], predicted[:, d]), rel=1e-9),
                       "rmse": pytest.approx(root_mean_squared_error(true[:, d], predicted[:, d]), rel=1e-9),
                       "r2": pytest.approx(r2_score(true[:, d], predicted[:, d]), rel=1e-9),
                       "pearson": pytest.approx(pearsonr(true[:, d], predicted[:, d]).statistic, rel=1e-9)}
    assert result["summary"]["r2"] == pytest.approx(r2_score(true, predicted), rel=1e-9)


def test_one_number_an_item_needs_no_second_axis():
    true, predicted = arrays(300, 1)
    watcher = metric()
    feed(watcher, true[:, 0], predicted[:, 0])
    assert watcher.results()["phases"]["run"]["summary"]["mae"] == pytest.approx(mean_absolute_error(true, predicted))


def test_dimensions_with_names_stand_beside_their_means():
    true, predicted = arrays(300, 3)
    watcher = metric(names=("valence", "arousal", "dominance"))
    feed(watcher, true, predicted)
    found = watcher.results()["phases"]["run"]
    for row in found["per_dimension"]:
        assert found["summary"][f"{row['name']}_pearson"] == row["pearson"]
        assert found["summary"][f"{row['name']}_mae"] == row["mae"]
    assert found["summary"]["mae"] == pytest.approx(np.mean([row["mae"] for row in found["per_dimension"]]))


def test_what_is_undefined_is_left_out():
    watcher = metric(every=2)
    feed(watcher, np.ones((4, 1)), np.ones((4, 1)))
    assert watcher.results()["phases"]["run"]["summary"] == {"mae": 0.0, "rmse": 0.0}
    assert [row["values"] for row in watcher.take_rows()] == [{"mae": 0.0, "rmse": 0.0}] * 2


@pytest.mark.slow
def test_rows_that_were_learned_before_are_told_apart():
    true, predicted = arrays(600)
    watcher, first, later = metric(), metric(), metric()
    for one in (watcher, first, later):
        one.on_phase("learn", True, 0)
    feed(watcher, true, predicted)
    feed(watcher, true, predicted / 2, start=int(again(np.int64(600))))
    feed(first, true, predicted)
    feed(later, true, predicted / 2)
    phases = watcher.results()["phases"]
    assert {name: one["how"] for name, one in phases.items()} == {
        "learn": "prequential", "learn, seen before": "seen before"}
    assert phases["learn"] == first.results()["phases"]["learn"]
    assert phases["learn, seen before"]["summary"] == later.results()["phases"]["learn"]["summary"]
    assert list(watcher.headline()) == ["mae (seen before)", "r2 (seen before)"]


def test_rolling_rows_look_back_on_the_window_only():
    true, predicted = arrays(500)
    watcher = metric(window=100, every=250)
    feed(watcher, true, predicted)
    rows = watcher.take_rows()
    assert [row["items"] for row in rows] == [250, 500]
    assert rows[-1]["values"]["rmse"] == pytest.approx(root_mean_squared_error(true[-100:], predicted[-100:]))


@pytest.mark.slow
@pytest.mark.parametrize("stop", [0, 100, 256, 777])
def test_a_resumed_metric_is_equal_to_the_bit(tmp_path, stop):
    true, predicted = arrays(1000)
    whole, before, after = metric(every=70), metric(every=70), metric(every=70)
    later = int(again(np.int64(0)))
    feed(whole, true, predicted)
    feed(whole, true[:300], predicted[300:600], start=later)
    feed(before, true[:stop], predicted[:stop])
    write_tree(tmp_path / "state.safetensors", before.state(), "vad")
    after.load_state(read_tree(tmp_path / "state.safetensors", "vad"))
    feed(after, true[stop:], predicted[stop:], start=stop)
    feed(after, true[:300], predicted[300:600], start=later)
    assert trees_equal(after.state(), whole.state())
    assert after.results() == whole.results()
    assert after.take_rows() == whole.take_rows()


def test_it_scores_a_running_brain_by_phase(make_brain):
    brain, watcher = make_brain(), metric()
    brain.observe(watcher)
    for phase, learning in (("learn", True), ("heldout", False)):
        brain.begin_phase(phase, learning=learning)
        brain.run(span="300 ms")
    phases = watcher.results()["phases"]
    assert {name: (phase["how"], phase["items"]) for name, phase in phases.items()} == {
        "learn": ("prequential", 210), "heldout": ("held-out", 210)}
    assert 0.4 < phases["heldout"]["summary"]["r2"] < 0.7  # the guesser's noise and offset take about half


def test_a_topic_of_labels_is_refused(make_brain):
    watcher = Regression("vad", RegressionOptions(truth="posts.label", prediction="amygdala.value"))
    with pytest.raises(AuraError, match=r"metrics\.vad.truth: expected a topic of float"):
        watcher.check(make_brain())


def test_a_truth_of_another_length_is_refused():
    watcher = metric()
    watcher.on_signal(Signal("posts.target", 0, np.ones((1, 2)), np.array([0])))
    with pytest.raises(AuraError, match="got 2 and 3"):
        watcher.on_signal(Signal("amygdala.value", 0, np.ones((1, 3)), np.array([0])))


def test_an_item_by_itself_is_counted_as_one_of_a_block_is():
    true, predicted = arrays(items=40)
    both = np.stack([true, predicted], axis=1)
    one_by_one, at_once = Moments(), Moments().add(both)
    for pair in both:
        one_by_one.add(pair[None])
    assert one_by_one.items == at_once.items == 40
    for key, found in one_by_one.summary().items():
        assert found == pytest.approx(at_once.summary()[key], rel=1e-12)


@pytest.mark.parametrize(("spread", "keys"), [(1.0, [["mae", "rmse"], ["r2", "pearson"]]), (0.0, [["mae", "rmse"]])])
def test_errors_and_agreement_are_drawn_to_scales_of_their_own(spread, keys):
    true, predicted = arrays(20, 1)
    watcher = metric()
    feed(watcher, true * spread, predicted)
    found = Results.model_validate({**watcher.results(), "kind": "regression"})
    curves = [figure for figure in Regression.figures(found, {}) if isinstance(figure, Curves)]
    assert [list(figure.names) for figure in curves] == keys
