"""The metric ``components``: means of a vector that grows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import AuraError, Signal
from aura.core.signals import again
from aura.core.time import MS
from aura.plugins.metrics.components import ComponentOptions, Components, _Phase, one_sided
from aura.plugins.metrics.plugin import aura_metrics
from tests.plugins.mixture import make_brain


def metric(**more):
    return Components("use", ComponentOptions(**{"signal": "m.use", "every": "10 ms", **more}))


def tick(watcher, now_ms, values=None, names=None):
    if values is not None:
        watcher.on_signal(Signal("m.use", now_ms * MS, np.asarray(values, dtype=np.float32)))
    if names is not None:
        watcher.on_signal(Signal("m.names", now_ms * MS, tuple(names)))
    watcher.after_tick(now_ms * MS)


def rows(watcher, phase="run"):
    return {row["name"]: row for row in watcher.results()["phases"][phase]["components"]}


def test_each_component_has_means_over_intervals_and_over_the_phase():
    watcher = metric(label="expert")
    tick(watcher, 1, [0.5])
    tick(watcher, 4, [1.5])
    tick(watcher, 10, [1.0, 3.0])
    tick(watcher, 15, [2.0, 5.0])
    tick(watcher, 20, [4.0, 5.0])
    assert [(row["time"] // MS, row["items"], row["values"]) for row in watcher.take_rows()] == [
        (10, 3, {"expert_0": 1.0, "expert_1": 3.0}), (20, 2, {"expert_0": 3.0, "expert_1": 5.0})]
    assert rows(watcher)["expert_1"] == {"name": "expert_1", "count": 3, "mean": 13 / 3, "least": 3.0, "largest": 5.0,
                                         "last": 5.0}
    assert watcher.results()["phases"]["run"]["summary"] == {"expert_0": 1.8, "expert_1": 13 / 3}
    assert watcher.results()["phases"]["run"]["items"] == 5


def test_shares_of_an_interval_make_one_whole_when_one_is_grown_in_it():
    watcher = metric(stacked=True)
    for now, shares in ((1, [1.0]), (4, [1.0]), (7, [0.5, 0.5]), (10, [0.25, 0.75])):
        tick(watcher, now, shares)
    [row] = watcher.take_rows()
    assert row["values"] == {"0": 0.6875, "1": 0.3125}


def test_of_a_topic_with_items_their_mean_counts():
    watcher, plain = metric(), metric()
    tick(watcher, 1, [[0.5, 0.5], [1.0, 0.0]])
    tick(watcher, 2, np.zeros((0, 2)))
    tick(plain, 1, [0.75, 0.25])
    assert rows(watcher) == rows(plain)


def test_items_whose_rows_were_learned_before_count_apart():
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    values = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    watcher.on_signal(Signal("m.use", MS, values, np.array([0, 1, int(again(np.int64(2)))])))
    watcher.after_tick(MS)
    phases = watcher.results()["phases"]
    assert {name: (one["how"], one["summary"]) for name, one in phases.items()} == {
        "learn": ("while learning", {"0": 0.75, "1": 0.25}),
        "learn, seen before": ("seen before", {"0": 0.0, "1": 1.0})}


def test_names_are_numbers_or_those_that_are_told():
    watcher = metric(names="m.names")
    tick(watcher, 1, [1.0, 2.0])
    assert watcher.results()["names"] == ["0", "1"]
    tick(watcher, 2, [1.0, 2.0, 3.0], names=("joy", "fear"))
    assert watcher.results()["names"] == ["joy", "fear", "2"]
    with pytest.raises(AuraError, match=r"metrics\.use\.names: expected names that differ, got 'joy' twice"):
        tick(watcher, 3, names=("joy", "joy"))


def test_names_may_be_given_in_the_scenario():
    watcher = metric(names=["fast", "slow"])
    assert watcher.topics == ("m.use",)
    tick(watcher, 1, [1.0, 2.0, 3.0])
    assert watcher.results()["names"] == ["fast", "slow", "2"]


@pytest.mark.parametrize(("names", "message"), [
    ("fast", "expected names such as .'fast', 'slow'., or the topic that tells them, such as 'mixture.names', got 'fa"),
    ([], "expected names such as"), ([1, 2], "expected names such as"), (["a", "b", "a"], "'a' stands twice")])
def test_names_of_another_form_are_answered_with_the_right_one(names, message):
    kinds = {kind.name: kind for kind in aura_metrics()}
    with pytest.raises(AuraError, match=f"metrics.use.names: .*{message}" if "stands" in message else message):
        kinds["components"].build("use", {"signal": "m.use", "names": names})


def test_a_phase_ends_with_a_row_of_its_own():
    watcher = metric(every="1 s")
    watcher.on_phase("learn", True, 0)
    tick(watcher, 5, [1.0])
    watcher.on_phase("held-out", False, 10 * MS)
    tick(watcher, 15, [2.0])
    assert [(row["phase"], row["values"]) for row in watcher.take_rows()] == [("learn", {"0": 1.0})]
    assert (rows(watcher, "learn")["0"]["mean"], rows(watcher, "held-out")["0"]["mean"]) == (1.0, 2.0)
    assert watcher.results()["phases"]["held-out"]["how"] == "held-out"


def test_components_beyond_the_bound_are_counted_only():
    watcher = metric(max_components=2, label="e")
    tick(watcher, 10, [1.0, 2.0, 3.0])
    result = watcher.results()
    assert (result["names"], result["all"]) == (["e_0", "e_1"], 3)
    assert watcher.take_rows()[0]["values"] == {"e_0": 1.0, "e_1": 2.0}


def test_looking_often_or_never_gives_the_same_bits():
    asked, left_alone = metric(every="1 s"), metric(every="1 s")
    draw = np.random.default_rng(0)
    for now in range(1, 700):
        values = draw.random(1 + now // 300)
        tick(asked, now, values)
        tick(left_alone, now, values)
        if now % 7 == 0:
            asked.results()
            asked.state()
    assert asked.results() == left_alone.results()
    assert asked.results()["phases"]["run"]["items"] == 699


def test_a_mixture_without_components_has_no_figures():
    watcher = metric(stacked=True)
    tick(watcher, 10, [])
    assert watcher.results()["phases"]["run"]["components"] == []
    assert watcher.take_rows()[0]["values"] == {}


def test_one_that_takes_over_since_the_last_growth_is_named():
    watcher = metric(stacked=True, label="expert")
    for now in range(1, 5):
        tick(watcher, now, [0.5, 0.5])
    for now in range(5, 8):
        tick(watcher, now, [0.02, 0.95, 0.03])
    found = watcher.results()["phases"]["run"]["one_sided"]
    assert found["name"] == "expert_1"
    assert found["share"] == pytest.approx(0.95)
    for now in range(8, 12):
        tick(watcher, now, [0.3, 0.4, 0.3])
    assert watcher.results()["phases"]["run"]["one_sided"] is None


def test_of_numbers_that_are_no_shares_none_takes_over():
    watcher = metric()
    tick(watcher, 1, [0.0, 10.0])
    assert watcher.results()["phases"]["run"]["one_sided"] is None


@pytest.mark.slow
@given(st.lists(st.floats(0.0, 1e6), max_size=8))
def test_what_takes_over_has_more_than_nine_tenths_of_the_whole(values):
    values = np.array(values)
    found = one_sided(values)
    if found is not None:
        number, share = found
        assert len(values) > 1
        assert values[number] == values.max()
        assert share == values[number] / values.sum() > 0.9
    elif len(values) > 1 and values.sum() > 0:
        assert values.max() / values.sum() <= 0.9


def test_it_tells_what_a_brain_has_said():
    brain, watcher = make_brain(), metric(signal="mixture.utilisation", names="mixture.names", stacked=True)
    brain.observe(watcher)
    probe = brain.probe("mixture.utilisation")
    brain.run(until="1500 ms")
    values = [value[1] for value in probe.values if len(value) > 1]
    assert rows(watcher)["b"]["mean"] == pytest.approx(np.mean(values))
    assert rows(watcher)["b"]["count"] == len(values)
    for row in watcher.take_rows():
        assert sum(row["values"].values()) == pytest.approx(1.0)


@pytest.mark.parametrize(("option", "value", "message"), [
    ("signal", "mixture.use", "Try 'mixture"), ("signal", "digits.image", "a topic of one number for each component"),
    ("signal", "mixture.names", "a topic of float"), ("names", "mixture.utilisation", "a topic of text")])
def test_a_topic_that_does_not_fit_is_refused(option, value, message):
    with pytest.raises(AuraError, match=message) as raised:
        metric(**{"signal": "mixture.utilisation", option: value}).check(make_brain())
    assert f"metrics.use.{option}" in str(raised.value)


@pytest.mark.parametrize("width", [1, 3])
def test_totals_taken_in_blocks_are_those_of_one_by_one_to_the_last_bit(width):
    rows_of = np.random.default_rng(5).normal(size=(150, width)) ** 3
    blocks, saved = _Phase(), _Phase()
    sums = np.zeros(width)
    for number, values in enumerate(rows_of):
        values.setflags(write=False)
        blocks.add(values)
        saved.add(values)
        sums += values
        if number % 7 == 0:  # in the middle of a block
            state, saved = saved.state(), _Phase()
            saved.load_state(state)
    assert saved.signals == 150
    for one in (blocks, saved):
        assert (one.table[1] == sums).all()
        assert (one.since_growth == sums).all()
        assert (one.table[[0, 2, 3, 4]] == [[150.0] * width, rows_of.min(0), rows_of.max(0), rows_of[-1]]).all()
