from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.core.time import MS, S
from aura.plugins.metrics.traces import POINTS_MAX, TraceOptions, Traces
from tests.plugins.tissue import make_brain


def metric(**more):
    return Traces("voltage", TraceOptions(**{"signal": "tissue.voltage", **more}))


def say(watcher, *values, every=10 * MS, start=0):
    for number, value in enumerate(values):
        watcher.on_signal(Signal("tissue.voltage", start + number * every, np.asarray(value, dtype=np.float32)))


def lines(watcher, phase="run"):
    return [(line["times"], line["values"]) for line in watcher.results()["phases"][phase]["traces"]]


def test_samples_lie_evenly_between_two_signals_the_last_at_the_time_of_the_second():
    watcher = metric()
    say(watcher, [[1, 2]], [[3, 4]], start=10 * MS)
    assert lines(watcher) == [([5 * MS, 10 * MS, 15 * MS, 20 * MS], [1.0, 2.0, 3.0, 4.0])]


def test_samples_cover_as_much_time_as_they_are_said_to():
    watcher = metric(span="4 ms")
    say(watcher, [[1, 2]], [[3, 4]], start=10 * MS)
    assert lines(watcher)[0][0] == [8 * MS, 10 * MS, 18 * MS, 20 * MS]


@pytest.mark.parametrize("value", [7.0, [7.0]])
def test_a_single_number_is_a_trace_of_one_sample_a_signal(value):
    watcher = metric()
    say(watcher, value, value)
    assert lines(watcher) == [([0, 10 * MS], [7.0, 7.0])]


def test_the_window_is_the_end_of_each_phase():
    watcher = metric(window="20 ms")
    watcher.on_phase("learn", True, 0)
    say(watcher, *([[number, number + 0.5]] for number in range(10)))
    watcher.on_phase("held-out", False, 100 * MS)
    say(watcher, [[50.0, 51.0]], start=100 * MS)
    results = watcher.results()["phases"]
    assert [(name, phase["learning"]) for name, phase in results.items()] == [("learn", True), ("held-out", False)]
    assert lines(watcher, "learn") == [([75 * MS, 80 * MS, 85 * MS, 90 * MS], [8.0, 8.5, 9.0, 9.5])]
    assert lines(watcher, "held-out") == [([95 * MS, 100 * MS], [50.0, 51.0])]
    assert results["learn"]["summary"] == {"least": 8.0, "largest": 9.5}


def test_more_samples_than_it_may_keep_shorten_the_window():
    watcher = metric(max_samples=4)
    say(watcher, *([[number, number]] for number in range(10)))
    assert lines(watcher)[0][1] == [8.0, 8.0, 9.0, 9.0]


def test_of_many_traces_some_are_kept_evenly_chosen_under_their_own_names():
    watcher = metric(shown=3, names=tuple("abcdefg"))
    say(watcher, [[number] for number in range(7)])
    found = watcher.results()
    assert [(line["name"], line["values"]) for line in found["phases"]["run"]["traces"]] == [
        ("a", [0.0]), ("d", [3.0]), ("g", [6.0])]
    assert found["all"] == 7


def test_traces_without_names_are_numbered():
    watcher = metric()
    say(watcher, [[1.0], [2.0]])
    assert [line["name"] for line in watcher.results()["phases"]["run"]["traces"]] == ["trace 0", "trace 1"]


def test_a_long_window_is_told_by_its_outline_and_loses_no_peak():
    watcher = metric(window="10 s")
    values = np.full((100, 1, 500), -65.0, dtype=np.float32)
    values[37, 0, 123] = 40.0
    say(watcher, *values)
    [(times, values)] = lines(watcher)
    assert len(times) == len(values) <= POINTS_MAX
    assert max(values) == 40.0
    assert times[values.index(40.0)] == 360 * MS + 10 * MS * 124 // 500
    assert times == sorted(times)


def test_another_number_of_traces_is_an_error():
    watcher = metric()
    say(watcher, [[1.0], [2.0]])
    with pytest.raises(AuraError, match=r"metrics.voltage.signal: expected 2 traces, as before, got 3"):
        say(watcher, [[1.0], [2.0], [3.0]])


def test_it_tells_what_a_brain_has_said(tmp_path):
    brain, watcher = make_brain(), metric(window="1 s")
    brain.observe(watcher)
    probe = brain.probe("tissue.voltage")
    brain.run(until=S)
    found = watcher.results()
    assert (found["unit"], found["all"]) == ("mV", 4)
    samples = np.concatenate(probe.values, axis=1)
    for line, trace in zip(found["phases"]["run"]["traces"], samples, strict=True):
        assert min(line["values"]) == pytest.approx(trace.min(), rel=1e-5)
        assert max(line["values"]) == pytest.approx(trace.max(), rel=1e-5)
