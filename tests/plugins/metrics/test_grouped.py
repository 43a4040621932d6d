from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.core.classes import OTHER
from aura.core.time import MS
from aura.plugins.metrics.grouped import Grouped, GroupedOptions
from tests.plugins.tissue import MODES, make_brain


def metric(**more):
    return Grouped("loss", GroupedOptions(**{"value": "t.loss", "group": "t.mode", **more}))


def tick(watcher, now_ms, value=None, group=None):
    if value is not None:
        watcher.on_signal(Signal("t.loss", now_ms * MS, np.asarray(value, dtype=np.float64)))
    if group is not None:
        watcher.on_signal(Signal("t.mode", now_ms * MS, group if isinstance(group, np.ndarray) else (group,)))
    watcher.after_tick(now_ms * MS)


def groups(watcher, phase="run"):
    return {row["name"]: row for row in watcher.results()["phases"][phase]["groups"]}


def test_each_group_has_a_mean_of_its_own():
    watcher = metric()
    for now, (value, mode) in enumerate([(1.0, "normal"), (5.0, "random"), (3.0, "normal"), (2.0, "normal")]):
        tick(watcher, now, value, mode)
    assert groups(watcher) == {
        "normal": {"name": "normal", "count": 3, "mean": 2.0, "least": 1.0, "largest": 3.0, "last": 2.0},
        "random": {"name": "random", "count": 1, "mean": 5.0, "least": 5.0, "largest": 5.0, "last": 5.0}}
    assert watcher.results()["phases"]["run"]["summary"] == {"normal": 2.0, "random": 5.0}


def test_only_ticks_that_say_both_count():
    watcher = metric()
    tick(watcher, 0, value=1.0)
    tick(watcher, 1, group="normal")
    tick(watcher, 2)
    assert watcher.results()["phases"] == {}
    tick(watcher, 3, 4.0, "normal")
    assert groups(watcher)["normal"]["mean"] == 4.0


def test_a_row_holds_the_means_of_all_groups_since_the_last_one():
    watcher = metric(every="10 ms")
    for now in range(1, 21):
        tick(watcher, now, float(now), "normal" if now % 2 else "random")
    assert [(row["time"] // MS, row["items"], row["values"]) for row in watcher.take_rows()] == [
        (10, 10, {"normal": 5.0, "random": 6.0}), (20, 10, {"normal": 15.0, "random": 16.0})]


def test_a_phase_ends_with_a_row_of_its_own():
    watcher = metric(every="1 s")
    watcher.on_phase("learn", True, 0)
    tick(watcher, 5, 1.0, "normal")
    watcher.on_phase("held-out", False, 10 * MS)
    tick(watcher, 15, 2.0, "normal")
    assert [(row["phase"], row["values"]) for row in watcher.take_rows()] == [("learn", {"normal": 1.0})]
    assert groups(watcher, "learn")["normal"]["mean"] == 1.0
    assert groups(watcher, "held-out")["normal"]["mean"] == 2.0


def test_groups_may_be_integers_and_values_arrays():
    watcher = metric()
    tick(watcher, 0, [1.0, 3.0], np.asarray(7))
    assert groups(watcher)["7"]["mean"] == 2.0


def test_beyond_their_bound_all_groups_are_one():
    watcher = metric(max_groups=3)
    for number in range(10):
        tick(watcher, number, float(number), f"mode {number}")
    assert {name: row["count"] for name, row in groups(watcher).items()} == {"mode 0": 1, "mode 1": 1, OTHER: 8}
    assert groups(watcher)[OTHER]["mean"] == pytest.approx(np.mean(range(2, 10)))


def test_two_texts_in_one_signal_are_an_error():
    with pytest.raises(AuraError, match=r"metrics.loss.group: expected one text in each signal, got 2"):
        metric().on_signal(Signal("t.mode", 0, ("normal", "random")))


def test_it_tells_what_a_brain_has_said():
    brain, watcher = make_brain(), metric(value="tissue.loss", group="tissue.mode")
    brain.observe(watcher)
    losses, modes = brain.probe("tissue.loss"), brain.probe("tissue.mode")
    brain.run(until="1 s")
    for mode in MODES:
        published = [float(loss) for loss, (now,) in zip(losses.values, modes.values, strict=True) if now == mode]
        assert groups(watcher)[mode]["count"] == len(published)
        assert groups(watcher)[mode]["mean"] == pytest.approx(np.mean(published))
