from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.core.state import read_tree, trees_equal, write_tree
from aura.core.time import MS, S
from aura.plugins.metrics.scalars import ScalarOptions, ScalarSeries


def metric(**more):
    return ScalarSeries("numbers", ScalarOptions(**more))


def learn(watcher, ticks, start=0):
    for tick in range(start, start + ticks):
        watcher.on_learn("amygdala", tick * MS, {"loss": float(tick)})
        watcher.after_tick(tick * MS)


def test_a_row_holds_the_means_since_the_last_one():
    watcher = metric(zones=["amygdala"], every="10 ms")
    learn(watcher, 31)
    assert [(row["time"] // MS, row["zone"], row["values"]["loss"]) for row in watcher.take_rows()] == [
        (0, "amygdala", 0.0), (10, "amygdala", 5.5), (20, "amygdala", 15.5), (30, "amygdala", 25.5)]


def test_topics_of_one_tick_stand_in_one_row():
    watcher = metric(topics=["a.x", "b.y"])
    watcher.on_signal(Signal("a.x", 0, np.asarray(2.0)))
    watcher.on_signal(Signal("b.y", 0, np.asarray(3)))
    watcher.after_tick(0)
    assert watcher.take_rows() == [{"time": 0, "phase": "run", "metric": "numbers", "items": 2,
                                    "values": {"a.x": 2.0, "b.y": 3.0}}]


def test_zones_are_chosen_by_pattern():
    watcher = metric(zones=["amyg*"])
    watcher.on_learn("cortex", 0, {"loss": 1.0})
    watcher.after_tick(0)
    assert watcher.take_rows() == []


def test_rows_grow_with_the_logarithm_of_time():
    watcher = metric(zones=["*"], every="1 ms", max_rows=10)
    learn(watcher, 10_000)
    assert 80 < len(watcher.take_rows()) < 10 * 11


def test_a_phase_ends_with_a_row_of_its_own():
    watcher = metric(zones=["*"], every="1 s")
    watcher.on_phase("learn", True, 0)
    learn(watcher, 5)
    watcher.on_phase("heldout", False, 5 * MS)
    rows = watcher.take_rows()
    assert [(row["phase"], row["values"]["loss"]) for row in rows] == [("learn", 0.0), ("learn", 2.5)]
    assert watcher.results()["phases"]["learn"]["per_series"] == [
        {"name": "amygdala.loss", "mean": 2.0, "min": 0.0, "max": 4.0, "last": 4.0, "count": 5}]


@pytest.mark.parametrize("stop", [0, 1, 57, 300])
def test_a_resumed_metric_is_equal_to_the_bit(tmp_path, stop):
    options = {"zones": ["*"], "every": "7 ms", "max_rows": 10}
    whole, before, after = metric(**options), metric(**options), metric(**options)
    learn(whole, 500)
    learn(before, stop)
    write_tree(tmp_path / "state.safetensors", before.state(), "numbers")
    after.load_state(read_tree(tmp_path / "state.safetensors", "numbers"))
    learn(after, 500 - stop, start=stop)
    assert trees_equal(after.state(), whole.state())
    assert after.take_rows() == whole.take_rows()


def test_it_watches_a_running_brain(make_brain):
    brain, watcher = make_brain(), metric(topics=["posts.level"], zones=["*"], every="100 ms")
    brain.observe(watcher)
    levels = brain.probe("posts.level")
    brain.run(until=S)
    [series] = [s for s in watcher.results()["phases"]["run"]["per_series"] if s["name"] == "posts.level"]
    assert series["count"] == len(levels.values)
    assert series["mean"] == pytest.approx(np.mean(levels.values), rel=1e-6)
    assert {row.get("zone", row.get("metric")) for row in watcher.take_rows()} == {"amygdala", "numbers"}


@pytest.mark.parametrize(("options", "message"), [
    ({"topics": ["posts.levels"]}, "Try 'posts.level'"), ({"topics": ["posts.label"]}, "expected a topic of float"),
    ({"zones": ["amigdala"]}, "Try 'amygdala'")])
def test_what_the_brain_does_not_have_is_refused(make_brain, options, message):
    with pytest.raises(AuraError, match=message):
        metric(**options).check(make_brain())
