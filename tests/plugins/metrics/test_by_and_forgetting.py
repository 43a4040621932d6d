"""Classification by the values of other topics, and forgetting over held-out phases."""

from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.core.classes import OTHER
from aura.core.signals import again
from aura.core.state import read_tree, trees_equal, write_tree
from aura.plugins.metrics.classification import Classification, ClassificationOptions
from aura.plugins.metrics.classification_figures import forgetting
from tests.plugins.mixture import all_metrics, make_brain

EXPERTS = ("e0", "e1", "e2")


def metric(**more):
    return Classification("digit", ClassificationOptions(**{
        "truth": "d.label", "prediction": "m.label", "by": ("m.expert", "d.regime"), **more}))


def feed(watcher, truth, predicted, *groups, start=0):
    """Show all that is said of some items, the groups in the order of `by`; a group that is None says nothing."""
    ids = np.arange(start, start + len(truth))
    topics = zip(("d.label", "m.label", *watcher.options.by), (truth, predicted, *groups), strict=True)
    for topic, values in topics:
        if values is not None:
            watcher.on_signal(Signal(topic, start, values if isinstance(values, np.ndarray) else tuple(values), ids))
    watcher.after_tick(start)


def some(items=400, seed=0):
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, items)
    predicted = np.where(draw.random(items) < 0.7, truth, (truth + 1) % 3)
    experts = [EXPERTS[k] for k in draw.integers(0, 3, items)]
    regimes = ["before" if k < items // 2 else "after" for k in range(items)]
    return truth, predicted, experts, regimes


def table(watcher, number=0, phase="run"):
    found = watcher.results()["phases"][phase]["by"][number]
    return {row["name"]: (row["items"], row["accuracy"]) for row in found["values"]}


@pytest.mark.slow
def test_items_and_accuracy_are_counted_for_each_value_and_each_pair():
    truth, predicted, experts, regimes = some()
    watcher = metric()
    feed(watcher, truth, predicted, experts, regimes)
    hits = truth == predicted
    expert, regime = np.array(experts), np.array(regimes)
    assert table(watcher) == {name: ((expert == name).sum(), hits[expert == name].mean()) for name in EXPERTS}
    assert table(watcher, 1) == {name: (200, hits[regime == name].mean()) for name in ("after", "before")}
    cross = watcher.results()["phases"]["run"]["cross"]
    assert (cross["topics"], cross["rows"], cross["columns"]) == (
        ["m.expert", "d.regime"], list(EXPERTS), ["after", "before"])
    for row, name in enumerate(EXPERTS):
        for column, when in enumerate(("after", "before")):
            chosen = (expert == name) & (regime == when)
            assert cross["items"][row][column] == chosen.sum()
            assert cross["accuracy"][row][column] == hits[chosen].mean()
    assert sum(map(sum, cross["items"])) == watcher.results()["phases"]["run"]["items"]


def test_phases_are_counted_apart_also_held_out():
    watcher = metric(by=("m.expert",))
    watcher.on_phase("learn", True, 0)
    feed(watcher, ("a", "b"), ("a", "a"), ("e0", "e0"))
    watcher.on_phase("held-out", False, 5)
    feed(watcher, ("a", "b"), ("a", "a"), ("e1", "e0"), start=10)
    assert table(watcher, phase="learn") == {"e0": (2, 0.5)}
    assert table(watcher, phase="held-out") == {"e0": (1, 0.0), "e1": (1, 1.0)}
    assert "cross" not in watcher.results()["phases"]["learn"]


def test_pairs_that_no_item_has_are_empty():
    watcher = metric()
    feed(watcher, ("a", "b"), ("a", "b"), ("e0", "e1"), ("before", "after"))
    cross = watcher.results()["phases"]["run"]["cross"]
    assert cross["items"] == [[0, 1], [1, 0]]
    assert cross["accuracy"] == [[None, 1.0], [1.0, None]]


def test_values_may_be_integers_or_tags_and_come_in_any_order():
    watcher = metric()
    ids = np.array([7, 8])
    watcher.on_signal(Signal("m.expert", 0, np.array([3, 10]), ids))
    watcher.on_signal(Signal("m.label", 0, ("a", "b"), ids))
    watcher.after_tick(0)
    watcher.on_signal(Signal("d.regime", 1, (("x", "y"), ()), ids[::-1]))
    watcher.on_signal(Signal("d.label", 1, ("a", "a"), ids))
    watcher.after_tick(1)
    assert table(watcher) == {"3": (1, 1.0), "10": (1, 0.0)}
    assert table(watcher, 1) == {"x, y": (1, 0.0), "(none)": (1, 1.0)}


def test_a_topic_may_be_the_truth_too():
    watcher = metric(by=("d.label",))
    ids = np.arange(3)
    watcher.on_signal(Signal("d.label", 0, ("a", "a", "b"), ids))
    watcher.on_signal(Signal("m.label", 0, ("a", "b", "b"), ids))
    watcher.after_tick(0)
    assert table(watcher) == {"a": (2, 0.5), "b": (1, 1.0)}


def test_an_item_whose_value_never_comes_is_counted_as_unmatched():
    watcher = metric(by=("m.expert",), pending=2)
    for start in range(0, 6, 2):
        feed(watcher, ("a", "b"), ("a", "b"), None, start=start)
    result = watcher.results()
    assert result["phases"] == {}
    assert result["unmatched"] == {"truth": 6, "prediction": 6, "m.expert": 0}
    assert result["waiting"] == 2


def test_values_beyond_the_bound_are_counted_as_one():
    watcher = metric(by=("m.expert",), max_values=3)
    feed(watcher, ("a",) * 9, ("a",) * 9, [f"e{k}" for k in range(9)])
    assert table(watcher) == {"e0": (1, 1.0), "e1": (1, 1.0), OTHER: (7, 1.0)}


@pytest.mark.slow
def test_other_figures_do_not_depend_on_the_groups():
    truth, predicted, experts, regimes = some()
    grouped, plain = metric(), metric(by=())
    feed(grouped, truth, predicted, experts, regimes)
    feed(plain, truth, predicted)
    found, other = (watcher.results()["phases"]["run"] for watcher in (grouped, plain))
    assert {key: found[key] for key in other} == other


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 33, 199, 350])
def test_a_resumed_metric_gives_the_same_figures_and_state(tmp_path, stop):
    truth, predicted, experts, regimes = some()

    def play(watcher, first, last):
        for item in range(first, last):
            if item in (0, 100, 200, 300):
                watcher.on_phase(f"phase {item}", item % 200 == 0, item)
            part = slice(item, item + 1)
            feed(watcher, truth[part], predicted[part], experts[part], regimes[part], start=item)

    whole, before, after = (metric(forgetting=True) for _ in range(3))
    play(whole, 0, 400)
    play(before, 0, stop)
    write_tree(tmp_path / "state.safetensors", before.state(), "digit")
    after.load_state(read_tree(tmp_path / "state.safetensors", "digit"))
    play(after, stop, 400)
    assert trees_equal(after.state(), whole.state())
    assert after.results() == whole.results()
    assert whole.results()["forgetting"]["phases"] == ["phase 100", "phase 300"]


def test_a_topic_without_values_for_items_is_refused():
    options = {**all_metrics()["digit"], "by": ("mixture.names",)}
    options.pop("kind")
    with pytest.raises(AuraError, match=r"metrics\.digit\.by\[0\]: expected a topic whose first axis is 'item'"):
        Classification("digit", ClassificationOptions(**options)).check(make_brain())


# --- forgetting -----------------------------------------------------------------------------------------------------


def test_forgetting_is_the_fall_from_the_best_earlier_held_out_phase():
    watcher = metric(by=(), forgetting=True)
    for number, (phase, learning, truth, predicted) in enumerate([
            ("one", True, "aabb", "aaaa"), ("try one", False, "aabbcc", "aabaaa"), ("two", True, "cc", "cc"),
            ("try two", False, "aabbcc", "abbbcc"), ("three", True, "c", "c"), ("end", False, "aabbcc", "aabccb")]):
        watcher.on_phase(phase, learning, number)
        feed(watcher, tuple(truth), tuple(predicted), start=10 * number)
    found = watcher.results()["forgetting"]
    assert found["phases"] == ["try one", "try two", "end"]
    assert [(row["label"], row["accuracy"], row["best"], row["last"], row["forgetting"])
            for row in found["per_class"]] == [
        ("a", {"try one": 1.0, "try two": 0.5, "end": 1.0}, 1.0, 1.0, 0.0),
        ("b", {"try one": 0.5, "try two": 1.0, "end": 0.5}, 1.0, 0.5, 0.5),
        ("c", {"try two": 1.0, "end": 0.5}, 1.0, 0.5, 0.5)]
    assert found["mean"] == pytest.approx(1 / 3)


def test_rows_that_were_learned_before_tell_nothing_of_forgetting():
    watcher = metric(by=(), forgetting=True)
    for number, (phase, learning, truth, start) in enumerate([
            ("one", True, "aabb", 0), ("try", False, "ab", 10), ("look back", False, "aabb", int(again(np.int64(20)))),
            ("end", False, "ab", 30)]):
        watcher.on_phase(phase, learning, number)
        feed(watcher, tuple(truth), tuple(truth), start=start)
    assert watcher.results()["forgetting"]["phases"] == ["try", "end"]
    assert "look back, seen before" in watcher.results()["phases"]


def test_groups_count_rows_that_were_learned_before_apart():
    watcher = metric(by=("m.expert",))
    feed(watcher, ("a", "b"), ("a", "a"), ("x", "x"))
    feed(watcher, ("a", "b"), ("a", "b"), ("x", "y"), start=int(again(np.int64(2))))
    assert table(watcher) == {"x": (2, 0.5)}
    [by] = watcher.results()["phases"]["run, seen before"]["by"]
    assert [(one["name"], one["items"], one["accuracy"]) for one in by["values"]] == [("x", 1, 1.0), ("y", 1, 1.0)]


def test_without_being_asked_nothing_is_told_of_forgetting():
    watcher = metric(by=())
    feed(watcher, ("a",), ("a",))
    assert "forgetting" not in watcher.results()


def test_a_class_that_was_never_learned_cannot_be_forgotten():
    phases = [("try", False, {"a": 1.0}), ("end", False, {"a": 0.0})]
    assert forgetting(phases) == {"mean": None, "phases": ["try", "end"], "per_class": []}


def test_of_a_class_held_out_once_only_its_accuracy_is_told():
    found = forgetting([("learn", True, {"a": 0.0}), ("end", False, {"a": 0.75})])
    assert found["mean"] is None
    assert found["per_class"] == [{"label": "a", "accuracy": {"end": 0.75}, "best": None, "last": 0.75,
                                   "forgetting": None}]


def test_what_gets_better_has_negative_forgetting():
    found = forgetting([("learn", True, {"a": 0.0}), ("try", False, {"a": 0.5}),
                        ("end", False, {"a": 0.75})])
    assert found["mean"] == -0.25
