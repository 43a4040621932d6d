from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Manifest, Port, Signal, Zone
from aura.core.brain import Brain
from aura.core.time import MS, S
from aura.plugins.metrics import raster
from aura.plugins.metrics.raster import Raster, RasterOptions
from tests.plugins.tissue import make_brain


def metric(**more):
    return Raster("spikes", RasterOptions(**{"spikes": "t.spikes", "times": "t.times", **more}))


def tick(watcher, now_ms, cells=(), times_ms=None):
    """Let cells spike in the tick at `now_ms`; the times come first, as the order of ports is not given."""
    if len(cells):
        if watcher.options.times:
            times = [now_ms] * len(cells) if times_ms is None else times_ms
            watcher.on_signal(Signal("t.times", int(now_ms * MS), np.array(times, dtype=np.float64)))
        watcher.on_signal(Signal("t.spikes", int(now_ms * MS), np.array(cells, dtype=np.int32)))
    watcher.after_tick(int(now_ms * MS))


def marks(watcher, phase="run"):
    found = watcher.results()["phases"][phase]["raster"]
    return [(found["cells"][row], time / MS) for row, time in zip(found["rows"], found["times"], strict=True)]


def test_spikes_stand_at_their_own_times():
    watcher = metric(cells=10)
    tick(watcher, 10, [3, 7, 3], [1.25, 2.0, 9.5])
    assert marks(watcher) == [(3, 1.25), (3, 9.5), (7, 2.0)]


def test_without_times_spikes_stand_at_the_time_of_their_tick():
    watcher = metric(cells=10, times=None)
    tick(watcher, 10, [3, 7])
    tick(watcher, 20, [3])
    assert marks(watcher) == [(3, 10.0), (3, 20.0), (7, 10.0)]


def test_the_raster_is_the_end_of_each_phase_and_the_rate_that_of_all_of_it():
    watcher = metric(cells=4, window="50 ms")
    watcher.on_phase("learn", True, 0)
    for now in range(10, 1001, 10):
        tick(watcher, now, [now // 10 % 4])
    watcher.on_phase("held-out", False, S)
    for now in range(1010, 1101, 10):
        tick(watcher, now, [2] if now == 1050 else ())
    phases = watcher.results()["phases"]
    assert sorted(time for _, time in marks(watcher, "learn")) == [960.0, 970.0, 980.0, 990.0, 1000.0]
    assert marks(watcher, "held-out") == []  # the window begins at 1,050 ms
    assert [(one["raster"]["start"] // MS, one["raster"]["end"] // MS) for one in phases.values()] == [
        (950, 1000), (1050, 1100)]
    assert phases["learn"]["summary"] == {"rate_hz": pytest.approx(100 / 4 / 1.0), "spikes": 100.0}
    assert phases["held-out"]["summary"] == {"rate_hz": pytest.approx(1 / 4 / 0.1), "spikes": 1.0}
    assert watcher.headline() == {"rate_hz": pytest.approx(2.5)}


def test_the_rate_of_all_cells_counts_every_spike_of_the_run():
    watcher = metric(cells=1000, shown=5, bin="10 ms")
    rng = np.random.default_rng(2)
    total = 0
    for now in range(10, 20_001, 10):
        cells = rng.integers(0, 1000, size=rng.integers(0, 5))
        tick(watcher, now, cells, now - rng.random(len(cells)) * 10)
        total += len(cells)
    rate = watcher.results()["rate"]
    assert sum(rate["counts"]) == total
    assert rate["width"] == 20 * MS  # 2,000 bins have been merged once
    assert rate["end"] == 20 * S


def test_a_silent_tissue_has_a_rate_of_zero():
    watcher = metric(cells=10)
    for now in (10, 20):
        tick(watcher, now)
    assert watcher.results()["phases"]["run"]["summary"] == {"rate_hz": 0.0, "spikes": 0.0}
    assert watcher.headline() == {}


def test_of_many_cells_some_are_shown_evenly_chosen():
    watcher = metric(cells=101, shown=11)
    tick(watcher, 10, np.arange(101))
    assert [cell for cell, _ in marks(watcher)] == list(range(0, 101, 10))
    assert watcher.results()["all"] == 101


def test_without_their_number_there_are_as_many_cells_as_have_been_heard_of():
    watcher = metric(shown=3)
    tick(watcher, 10, [4])
    tick(watcher, 20, [0, 8])
    assert watcher.results()["all"] == 9
    assert [cell for cell, _ in marks(watcher)] == [0, 4, 8]


def test_too_many_spikes_for_a_picture_leave_fewer_cells(monkeypatch):
    monkeypatch.setattr(raster, "MARKS_MAX", 50)
    watcher = metric(cells=40)
    for now in range(10, 101, 10):
        tick(watcher, now, np.arange(40))
    found = watcher.results()["phases"]["run"]["raster"]
    assert found["cells"] == [0, 8, 16, 24, 32]
    assert len(found["times"]) == 50


@pytest.mark.parametrize(("cells", "more", "message"), [
    ([3, 10], {"cells": 10}, "expected cells from 0 to 9, got the cell 10"),
    ([-1], {}, "expected cells from 0 on, got the cell -1")])
def test_a_cell_that_cannot_be_is_an_error(cells, more, message):
    with pytest.raises(AuraError, match=message):
        tick(metric(**more), 10, cells)


def test_spikes_without_their_times_are_an_error():
    watcher = metric()
    with pytest.raises(AuraError, match=r"got 2 of t.times and 1 of t.spikes"):
        tick(watcher, 10, [1], [1.0, 2.0])
    watcher.on_signal(Signal("t.spikes", 0, np.array([1])))
    with pytest.raises(AuraError, match=r"got none of t.times and 1 of t.spikes"):
        watcher.after_tick(0)


class Cells(Zone):
    manifest = Manifest("cells", "", period="10 ms", outputs=(
        Port("spikes", "int32", ("spike",), range=(0, 99)), Port("times", "float64", ("spike",), unit="s")))


@pytest.mark.parametrize(("more", "message"), [
    ({"cells": 50, "times": None}, "metrics.spikes.cells: expected 100 cells, as t.spikes tells, got 50"),
    ({"cells": 100}, "metrics.spikes.times: expected a topic in ms, got t.times: float64")])
def test_a_brain_that_says_otherwise_is_refused(more, message):
    brain = Brain()
    brain.add(Cells, "t")
    with pytest.raises(AuraError, match=message):
        metric(**more).check(brain)


def test_it_counts_what_a_brain_has_said():
    brain = make_brain()
    watcher = metric(spikes="tissue.spikes", times="tissue.spike_times", cells=400, shown=400)
    brain.observe(watcher)
    spikes, times = brain.probe("tissue.spikes"), brain.probe("tissue.spike_times")
    brain.run(until="500 ms")
    cells, when = np.concatenate(spikes.values), np.concatenate(times.values)
    assert watcher.results()["phases"]["run"]["summary"]["spikes"] == len(cells)
    expected = sorted((int(cell), round(time, 6)) for cell, time in zip(cells, when, strict=True) if time > 0)
    assert [(cell, round(time, 6)) for cell, time in marks(watcher)] == expected
