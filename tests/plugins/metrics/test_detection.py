from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.core.signals import again
from aura.plugins.metrics.detection import Detection, DetectionOptions
from aura.plugins.metrics.roc import KeptScores, curve_of, detection_figures
from tests.plugins.metrics.retelling import history_of, watch_it_resume


def metric(**more):
    return Detection("novel", DetectionOptions(truth="posts.label", score="amygdala.novelty", **more))


def items(count=600, seed=4, digits=1):
    """Return scores with ties and whether each item is to be found, one in ten."""
    rng = np.random.default_rng(seed)
    positive = rng.random(count) < 0.1
    return np.round(rng.normal(size=count) + 1.5 * positive, digits), positive


def feed(watcher, scores, positive, start=0, label=("joy",), other=()):
    for first in range(0, len(scores), 1000):
        part = slice(first, first + 1000)
        ids = np.arange(start, start + len(scores))[part]
        watcher.on_signal(Signal("amygdala.novelty", 0, scores[part], ids))
        watcher.on_signal(Signal("posts.label", 0, tuple(other if one else label for one in positive[part]), ids))
    return watcher


@pytest.mark.parametrize("digits", [0, 1, 12])
def test_figures_are_those_of_scikit_learn(digits):
    from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

    scores, positive = items(digits=digits)
    phase = feed(metric(), scores, positive).results()["phases"]["run"]
    false, true, _ = roc_curve(positive, scores, drop_intermediate=False)
    assert (phase["items"], phase["positives"]) == (600, positive.sum())
    assert phase["summary"] == pytest.approx({
        "auroc": roc_auc_score(positive, scores), "average_precision": average_precision_score(positive, scores),
        "fpr_at_95": false[np.searchsorted(true, 0.95)]})
    ours = curve_of(scores[positive], scores[~positive])
    assert ours[0] == pytest.approx(false)
    assert ours[1] == pytest.approx(true)


def test_the_area_is_the_share_of_pairs_in_the_right_order_with_ties_for_half():
    scores, positive = items(200, digits=0)
    pairs = scores[positive][:, None] - scores[~positive][None]
    assert detection_figures(scores[positive], scores[~positive])["auroc"] == pytest.approx(
        ((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_each_of_two_streams_says_what_its_own_items_are_and_the_best_class_is_the_score():
    scores, positive = items(300)
    whole = feed(metric(), scores, positive).results()["phases"]["run"]
    watcher = Detection("scope", DetectionOptions(
        truth=("queries.intent", "strangers.intent"), score="amygdala.probability", positive=("oos",)))
    classes = np.stack([scores - 1.0, scores, scores - 0.5], axis=1)
    watcher.on_signal(Signal("amygdala.probability", 0, classes, np.arange(300)))
    for topic, there, label in (("queries.intent", ~positive, ("greet",)), ("strangers.intent", positive, ("oos",))):
        watcher.on_signal(Signal(topic, 0, (label,) * int(there.sum()), np.flatnonzero(there)))
    found = watcher.results()
    assert found["truth"] == "queries.intent and strangers.intent"
    assert found["phases"]["run"]["summary"] == whole["summary"]


def test_a_perfect_score_finds_all_and_a_constant_one_nothing():
    assert detection_figures(np.ones(5), np.zeros(20)) == {"auroc": 1.0, "fpr_at_95": 0.0, "average_precision": 1.0}
    assert detection_figures(np.zeros(5), np.zeros(20)) == {"auroc": 0.5, "fpr_at_95": 1.0, "average_precision": 0.2}


def test_items_to_be_found_are_those_without_a_label_or_those_of_the_labels_that_are_named():
    scores, positive = items()
    without = feed(metric(), scores, positive).results()["phases"]["run"]
    named = feed(metric(positive=("oos", "junk")), scores, positive, other=("junk",)).results()["phases"]["run"]
    assert without == named


def test_a_score_that_falls_is_turned_round():
    scores, positive = items()
    up = feed(metric(), scores, positive).results()["phases"]["run"]
    assert feed(metric(descending=True), -scores, positive).results()["phases"]["run"] == up


def test_of_one_side_alone_only_the_items_are_told():
    phase = feed(metric(), np.arange(5.0), [False] * 5).results()["phases"]["run"]
    assert (phase["items"], phase["positives"], phase["summary"]) == (5, 0, {})
    assert "curve" not in phase


def test_beyond_the_bound_an_even_sample_is_kept_and_its_figures_are_about_those_of_all():
    scores, positive = items(12_000, digits=12)
    exact = feed(metric(), scores, positive).results()["phases"]["run"]
    phase = feed(metric(max_items=2000), scores, positive).results()["phases"]["run"]
    assert phase["items"] == 12_000
    assert phase["kept"] <= 4000
    for name, value in exact["summary"].items():
        assert phase["summary"][name] == pytest.approx(value, abs=0.03)


def test_an_even_sample_takes_from_all_of_the_stream():
    kept = KeptScores(100)
    for number in range(10_000):
        kept.add(float(number))
    assert 40 <= len(kept.scores) <= 100
    assert np.histogram(kept.scores, 4, (0, 10_000))[0].min() >= 0.15 * len(kept.scores)
    assert kept.state()["scores"].nbytes <= 100 * 8


def test_rows_that_were_learned_before_stand_apart():
    scores, positive = items(100)
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    feed(watcher, scores, positive)
    feed(watcher, scores, positive, start=int(again(np.int64(0))))
    assert {name: one["items"] for name, one in watcher.results()["phases"].items()} == {
        "learn": 100, "learn, seen before": 100}


def test_a_resumed_metric_is_equal_to_the_bit(make_brain, tmp_path):
    def make():
        return Detection("novel", DetectionOptions(truth="posts.label", score="amygdala.sure", positive=("joy",),
                                                   every=40, window=100, max_items=100))

    watch_it_resume(make, tmp_path, history_of(make_brain(), ("300 ms", "90 ms")), (0.1, 0.5, 0.8))


@pytest.mark.parametrize(("options", "message"), [
    ({"truth": "posts.target", "score": "amygdala.sure"}, "a topic of tags"),
    ({"truth": "posts.label", "score": "posts.label"}, "a topic of float")])
def test_topics_of_another_form_are_refused(make_brain, options, message):
    with pytest.raises(AuraError, match=message):
        Detection("novel", DetectionOptions(**options)).check(make_brain())


def test_the_figures_have_the_curve():
    from aura.plugins.figures import FIGURES, Lines, flat
    from aura.plugins.metrics.results import Results

    found = Results.model_validate(feed(metric(), *items(2000, digits=9)).results())
    figures = Detection.figures(found, {})
    curve = next(figure for figure in flat(figures) if isinstance(figure, Lines)).lines[1]
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert len(curve.x) <= 200
    assert FIGURES.validate_python(FIGURES.dump_python(tuple(figures), mode="json")) == tuple(figures)
