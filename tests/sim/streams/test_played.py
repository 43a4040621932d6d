"""Streams that play a reader's rows: passes, orders, batches, times, and their state in mid-pass."""

from __future__ import annotations

import random
import shutil
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import Brain
from aura.core.checkpoint import latest_checkpoint
from aura.core.errors import StreamError
from aura.core.signals import again, seen_before
from aura.core.time import MS, S, parse_rate
from aura.plugins.streams import Field, Table
from aura.sim.readers import reader_kinds
from aura.sim.readers.cells import TIME_UNITS
from aura.sim.readers.columns import Column, timed
from aura.sim.readers.iterable import read_iterable
from aura.sim.streams import played_stream, stream
from aura.sim.streams.change import Change
from aura.sim.streams.played import Playing
from aura.sim.streams.ports import joined
from aura.sim.streams.times import row_times, tick_time


def reader(count=10, **more):
    """Return rows with a number, a text, a label set and a time."""
    return read_iterable([{"n": i, "text": f"t{i}", "label": ["even" if i % 2 == 0 else "odd"], "at": float(i // 3)}
                          for i in range(count)], name="rows", **more)


def npz_like(at, unit=""):
    """Return rows with these times, as a reader of arrays has them."""
    fields = {"n": Field("int64"), "at": Field(str(at.dtype), unit=unit)}
    return Table("rows", fields, {"n": np.arange(len(at)), "at": at})


class Watch:
    """A brain with one stream, and what it has said."""

    def __init__(self, held_out=None, rows=None, seed=0, truth=None, **playing):
        kind = played_stream(rows or reader(), Playing(**playing), name="s", held_out=held_out, truth=truth)
        self.brain = Brain(seed=seed)
        self.brain.add(kind, "s")
        self.probe = self.brain.probe("s.n")
        self.stream = self.brain["s"]

    def play(self, split="learn", start=0):
        """Play a split to its end and return (time, numbers) of each tick."""
        self.stream.play(split, start)
        self.brain.wake("s")
        return self.run()

    def run(self, until=None):
        """Run and return (time, numbers) of each tick since the beginning."""
        self.brain.run(until)
        return [(signal.time, signal.value.tolist()) for signal in self.probe.signals]

    @property
    def ids(self):
        """The ids of all items so far."""
        return [identity for signal in self.probe.signals for identity in signal.ids.tolist()]


def flat(published):
    """Return the numbers of all ticks in one list."""
    return [number for _, numbers in published for number in numbers]


def test_rows_come_in_their_order_one_every_period():
    assert Watch(period=5 * MS).run() == [(i * 5 * MS, [i]) for i in range(10)]


def test_a_batch_holds_so_many_items_and_the_last_one_the_rest():
    assert Watch(period=10 * MS, items=4).run() == [(0, [0, 1, 2, 3]), (10 * MS, [4, 5, 6, 7]), (20 * MS, [8, 9])]


def test_a_second_pass_follows_one_period_after_the_first():
    published = Watch(period=10 * MS, items=4, repeat=2).run()
    assert [time for time, _ in published] == [t * 10 * MS for t in range(6)]
    assert flat(published) == [*range(10), *range(10)]


@pytest.mark.slow
@pytest.mark.parametrize("hertz", [3, 30, 60, 7])
@pytest.mark.parametrize("playing", [{"repeat": 300}, {"items": 3, "repeat": 300}])
def test_a_rate_whose_period_is_no_whole_nanosecond_never_drifts(hertz, playing):
    published = Watch(period=Fraction(S, hertz), **playing).run()
    assert [time for time, _ in published] == [int(1000 * n / hertz + 0.5) * MS for n in range(len(published))]


@pytest.mark.slow
@given(start=st.integers(0, 2**60), number=st.integers(0, 10**9), hertz=st.integers(1, 10**5),
       resolution=st.sampled_from([1, 10**3, 10**6]))
def test_a_tick_is_on_the_nearest_point_of_the_grid(start, number, hertz, resolution):
    time = tick_time(start, number, Fraction(S, hertz), resolution)
    assert time % resolution == 0
    assert abs(time - start - Fraction(number * S, hertz)) <= Fraction(resolution, 2)


def test_every_shuffled_pass_holds_all_rows_in_an_order_of_its_own():
    published = flat(Watch(items=3, repeat=3, shuffle=True).run())
    passes = [published[:10], published[10:20], published[20:]]
    assert all(sorted(one) == list(range(10)) for one in passes)
    assert passes[0] != passes[1] != passes[2] != passes[0]


def test_the_order_follows_from_the_seed():
    first, again, other = (flat(Watch(shuffle=True, seed=seed).run()) for seed in (1, 1, 2))
    assert first == again != other


def test_the_order_does_not_depend_on_the_batch_or_the_number_of_passes():
    one = flat(Watch(shuffle=True, items=1, repeat=1).run())
    assert flat(Watch(shuffle=True, items=4, repeat=2).run())[:10] == one


def test_ids_say_which_rows_were_learned_before():
    watch = Watch(items=4, repeat=3, hold_out=0.2, shuffle=True)
    watch.run()
    for _ in range(2):
        watch.play("held_out", watch.brain.now)  # `play` says that zones learn
    assert seen_before(np.array(watch.ids)).tolist() == [False] * 8 + [True] * 16 + [False] * 2 + [True] * 2


def test_rows_that_no_zone_learned_from_are_still_first_sights():
    watch = Watch(items=4, autoplay=False)
    for learning in (False, True, False):
        watch.stream.play("learn", watch.brain.now, learning=learning)
        watch.brain.wake("s")
        watch.run()
    assert seen_before(np.array(watch.ids)).tolist() == [False] * 20 + [True] * 10


def test_ids_are_unique_and_increase_over_passes_and_splits():
    watch = Watch(items=4, repeat=2, hold_out=0.2)
    watch.run()
    watch.play("held_out", watch.brain.now)
    ids = np.array(watch.ids)
    assert np.where(seen_before(ids), ids - again(np.int64(0)), ids).tolist() == list(range(18))
    assert watch.stream.played == 18


@pytest.mark.parametrize("source", ["end", "random"])
def test_held_out_rows_are_never_learnt_from_and_played_once_in_their_order(source):
    watch = Watch(shuffle=True, repeat=3, hold_out=0.3, hold_out_from=source)
    learnt = set(flat(watch.run()))
    watch.probe.signals.clear()
    held = flat(watch.play("held_out", watch.brain.now))
    assert len(held) == 3
    assert held == sorted(held)
    assert learnt == set(range(10)) - set(held)
    assert (held == [7, 8, 9]) == (source == "end")


def test_rows_of_another_reader_may_be_held_out():
    watch = Watch(held_out=reader(3))
    assert set(watch.stream.splits()) == {"learn", "held_out"}
    watch.run()
    watch.probe.signals.clear()
    assert flat(watch.play("held_out", watch.brain.now)) == [0, 1, 2]


def test_a_split_without_rows_ends_at_once():
    watch = Watch(autoplay=False)
    assert watch.play("held_out") == []
    assert watch.stream.ended


def test_a_limit_takes_the_first_rows():
    assert flat(Watch(limit=4).run()) == [0, 1, 2, 3]


def test_what_remains_is_counted():
    watch = Watch(items=4, repeat=2, period=10 * MS)
    assert watch.stream.remaining == 20
    watch.run(until=25 * MS)
    assert watch.stream.remaining == 10
    assert not watch.stream.ended
    watch.run()
    assert watch.stream.remaining == 0
    assert watch.stream.ended


def test_the_end_is_told_in_the_tick_of_the_last_row():
    watch = Watch(period=10 * MS, repeat=2)
    ends = []
    watch.stream.on_end = lambda: ends.append(watch.brain.last_tick)
    watch.run()
    assert ends == [190 * MS]


def test_label_sets_have_the_role_of_labels_unless_the_scenario_says_otherwise():
    roles = {port.name: port.role for port in Watch().stream.context.outputs}
    assert roles == {"n": "signal", "text": "signal", "label": "label", "at": "signal"}
    roles = {port.name: port.role for port in Watch(truth=["n"]).stream.context.outputs}
    assert roles == {"n": "label", "text": "signal", "label": "signal", "at": "signal"}


def test_labels_that_name_no_field_are_refused():
    with pytest.raises(StreamError, match=r"s\.truth: expected fields of the stream, got 'lable'.*'label'"):
        Watch(truth=["lable"])


def test_a_row_without_its_label_is_a_stimulus_without_a_teacher():
    columns = {name: Column.model_validate({"from": name, "type": kind, "optional": name != "n"})
               for name, kind in {"n": "int", "label": "tags", "v": "float"}.items()}
    rows = read_iterable([{"n": 0, "label": ["a"]}, {"n": 1, "v": [1, 2]}, {"n": 2}, {"n": 3},
                          {"n": 4, "label": [], "v": [3, 4]}], columns)
    with Brain() as brain:
        brain.add(played_stream(rows, Playing(items=2, repeat=2), name="s"), "s")
        probes = {port: brain.probe(f"s.{port}") for port in ("n", "label", "v")}
        brain.run()
    published = {port: [(signal.time // MS, np.asarray(signal.ids).tolist(), signal.value if port == "label" else
                    signal.value.tolist()) for signal in probe.signals] for port, probe in probes.items()}
    ids = {time: found for time, found, _ in published["n"]}
    assert {time: len(found) for time, found in ids.items()} == {0: 2, 10: 2, 20: 1, 30: 2, 40: 2, 50: 1}
    assert published["label"] == [(0, ids[0][:1], (("a",),)), (20, ids[20], ((),)), (30, ids[30][:1], (("a",),)),
                             (50, ids[50], ((),))]
    assert published["v"] == [(0, ids[0][1:], [[1, 2]]), (20, ids[20], [[3, 4]]), (30, ids[30][1:], [[1, 2]]),
                         (50, ids[50], [[3, 4]])]


# --- a time column -------------------------------------------------------------------------------------------------


def test_rows_come_when_their_time_column_says():
    published = Watch(time="at", items=8).run()
    assert published == [(0, [0, 1, 2]), (1 * S, [3, 4, 5]), (2 * S, [6, 7, 8]), (3 * S, [9])]


def test_more_rows_at_one_instant_than_a_batch_holds_follow_in_the_next_ticks():
    published = Watch(time="at", items=2).run()
    assert published[:4] == [(0, [0, 1]), (1 * MS, [2]), (1 * S, [3, 4]), (1 * S + 1 * MS, [5])]
    assert flat(published) == list(range(10))


def test_times_have_the_unit_that_is_told_and_wait_for_the_grid():
    published = Watch(time="at", time_unit="us", items=8).run()
    assert published == [(0, [0, 1, 2]), (1 * MS, list(range(3, 10)))]


def test_time_counts_from_the_first_row_and_again_in_each_pass():
    rows = read_iterable([{"n": n, "at": at} for n, at in enumerate([7.0, 7.5, 9.0])])
    assert Watch(rows=rows, time="at", repeat=2, period=10 * MS).run() == [
        (0, [0]), (500 * MS, [1]), (2 * S, [2]), (2010 * MS, [0]), (2510 * MS, [1]), (4010 * MS, [2])]


def test_time_that_goes_back_is_refused_with_the_row():
    rows = read_iterable([{"n": n, "at": at} for n, at in enumerate([0.0, 2.0, 1.0])])
    with pytest.raises(StreamError, match=r"s: iterable: row 2: at: expected not to decrease from 2\.0, the time "
                       r"of the row before it, got 1\.0\. .*do not shuffle"):
        Watch(rows=rows, time="at").run()


@pytest.mark.parametrize(("file", "text", "place"), [
    ("t.csv", "at,n\n1700000000.1,0\n\n1700000000.0,1\n", "line 4"),
    ("t.jsonl", '{"at": 1700000000.1, "n": 0}\n\n{"at": 1700000000.0, "n": 1}\n', "line 3")])
def test_time_that_goes_back_in_a_file_is_told_with_the_line_and_both_times_in_full(tmp_path, file, text, place):
    (tmp_path / file).write_text(text)
    kind = reader_kinds()["delimited" if file.endswith("csv") else "jsonl"]
    columns = timed({"at": Column.model_validate({"from": "at", "type": "float"})}, "at", None)
    rows = kind.open(kind.options_model.model_validate({"path": file, "columns": columns}), tmp_path)
    with pytest.raises(StreamError, match=rf"^s: {file}: {place}: at: expected not to decrease from 1700000000\.1, the "
                       r"time of the row before it, got 1700000000\. Sort"):
        row_times(rows, np.arange(2), "at", None, 0, "s", MS)


@pytest.mark.parametrize(("column", "hint"), [("text", "type = 'time'"), ("label", "type = 'time'"), ("att", "'at'")])
def test_a_time_column_must_be_a_number(column, hint):
    with pytest.raises(StreamError, match=rf"s\.time: expected a numeric field of the stream, got '{column}'.*{hint}"):
        Watch(time=column)


def test_rows_that_a_column_times_are_not_shuffled():
    with pytest.raises(StreamError, match=r"s\.shuffle: expected a stream that is not played by a time column"):
        Watch(time="at", shuffle=True)


@pytest.mark.parametrize("bad", [1e30, float("inf"), float("nan")])
def test_a_time_that_no_clock_can_reach_is_refused(bad):
    rows = npz_like(np.array([0.0, 2.0, bad]))
    with pytest.raises(StreamError, match=r"s: rows: row 2: at: expected a time that is no later than 292 years"):
        Watch(rows=rows, time="at").run()


def test_a_field_with_a_unit_of_its_own_is_read_in_that():
    # Since 1970: no float holds these to the millisecond.
    rows = npz_like(np.array([0, 1, 250], dtype=np.int64) * MS + 1_700_000_000_123_456_789, unit="ns")
    assert Watch(rows=rows, time="at").run() == [(0, [0]), (1 * MS, [1]), (250 * MS, [2])]
    assert Watch(rows=npz_like(np.array([0, 2, 4])), time="at").run() == [(0, [0]), (2 * S, [1]), (4 * S, [2])]


@pytest.mark.parametrize(("kind", "texts", "unit"), [
    ("float", ["1700000000.0", "1700000000.1", "1700000000.2", "1700000000.200000001"], "s"),
    ("float64", ["1700000000.0", "1700000000.1", "1700000000.2", "1700000000.200000001"], "s"),
    ("time", ["1700000000.0", "1700000000.1", "1700000000.2", "1700000000.200000001"], "s"),
    ("float", ["-0.3", "-0.1", "0.0", "0.7"], "s"), ("float", ["28333333.0", "28333333.1", "28333333.25"], "min"),
    ("int", ["1700000000000", "1700000000001", "1700000000007"], "ms")])
def test_the_times_of_a_text_are_read_to_the_last_digit(tmp_path, kind, texts, unit):
    (tmp_path / "t.csv").write_text("at\n" + "\n".join(texts))
    (tmp_path / "t.jsonl").write_text("\n".join(f'{{"at": {text}}}' for text in texts))
    expected = [(Decimal(text) - Decimal(texts[0])) * TIME_UNITS[unit] for text in texts]
    columns = timed({"at": Column.model_validate({"from": "at", "type": kind, "unit": unit})}, "at", None)
    for reader_kind, path in (("delimited", "t.csv"), ("jsonl", "t.jsonl")):
        found = reader_kinds()[reader_kind]
        rows = found.open(found.options_model.model_validate({"path": path, "columns": columns}), tmp_path)
        assert row_times(rows, np.arange(len(texts)), "at", None, 0, "s", MS).tolist() == expected


@pytest.mark.parametrize("start", [0.0, 1.7e9])
def test_floats_of_python_are_the_decimals_that_they_were_written_as(start):
    rows = [{"n": n, "at": start + n / 10} for n in range(4)]
    with Brain() as brain:
        brain.add(stream(rows, time="at"), "s")
        probe = brain.probe("s.n")
        brain.run()
    assert [signal.time for signal in probe.signals] == [n * 100 * MS for n in range(4)]


@pytest.mark.parametrize(("dtype", "start", "unit"), [
    ("float64", 0.0, ""), ("float64", 1.7e9, ""), ("float32", 0.0, ""), ("float64", 1.7e18, "ns"),
    ("float32", 1000.0, "ms"), ("float16", 0.0, "s")])
def test_floats_of_an_array_are_the_decimals_that_they_were_written_as(dtype, start, unit):
    step = {"": 0.1, "s": 0.1, "ms": 100.0, "ns": 1e8}[unit]
    at = np.array([start + n * step for n in range(4)]).round(1).astype(dtype)
    assert Watch(rows=npz_like(at, unit), time="at").run() == [(n * 100 * MS, [n]) for n in range(4)]


@pytest.mark.parametrize(("at", "step"), [
    ([1.7e9, 1.7e9 + 0.1, 1.7e9 + 0.2], "128 s"), ([20000.0, 20000.5, 20001.0], "1953125 ns")])
def test_a_column_that_cannot_hold_its_times_is_refused(at, step):
    with pytest.raises(StreamError, match=rf"s\.time: expected a column that holds times to 1 ms, .*steps of {step}"):
        Watch(rows=npz_like(np.array(at, dtype=np.float32)), time="at").run()
    with pytest.raises(StreamError, match=rf"row ., 'at': expected a time to the millisecond, .*steps of {step}"):
        stream([{"n": 0, "at": np.float32(time)} for time in at], time="at")


@pytest.mark.parametrize(("how", "years"), [
    ({"period": 5 * 10**18}, "317"), ({"period": parse_rate("2e-10 Hz")}, "317"),
    ({"period": 2 * 10**18, "repeat": 2}, "317"), ({"period": 5 * 10**18, "items": 2, "repeat": 2}, "475"),
    ({"period": 5 * 10**18, "time": "at", "repeat": 3}, "317")])
def test_rows_that_would_be_played_later_than_a_run_can_tell_are_refused_before_it_begins(how, years):
    with pytest.raises(StreamError, match=rf"s: expected its last row no later than 292 years .*, got one at {years} "):
        Watch(rows=npz_like(np.array([0.0, 1.0, 2.0])), **how).run()


def test_the_last_instant_that_a_run_can_tell_is_played():
    last = 2**63 // MS * MS
    assert [time for time, _ in Watch(rows=npz_like(np.array([0.0, 1.0])), period=last).run()] == [0, last]


def test_whole_seconds_fit_a_float32():
    rows = npz_like(np.array([86400, 86401, 86500], dtype=np.float32))
    assert Watch(rows=rows, time="at").run() == [(0, [0]), (1 * S, [1]), (100 * S, [2])]


@pytest.mark.parametrize("at", [[0, 1, 2**62], [2**63, 2**63 + 1, 2**64 - 1]])
def test_whole_numbers_of_64_bits_keep_their_differences(at):
    column = np.array(at, dtype=np.uint64)
    times = row_times(npz_like(column, "ns"), np.arange(3), "at", None, 0, "s", MS)
    assert times.tolist() == [time - at[0] for time in at]


# --- state ---------------------------------------------------------------------------------------------------------

WAYS = {
    "plain": {}, "batches": {"items": 3}, "shuffled passes": {"shuffle": True, "repeat": 3, "items": 4},
    "held out": {"hold_out": 0.3, "hold_out_from": "random", "shuffle": True}, "timed": {"time": "at", "items": 2},
    "timed passes": {"time": "at", "items": 2, "repeat": 2},
}


@pytest.mark.parametrize("playing", WAYS.values(), ids=WAYS.keys())
def test_a_stream_saved_in_mid_pass_goes_on_where_it_was(tmp_path, playing):
    watch = Watch(**playing)
    watch.run()
    watch.play("held_out", 60 * S)
    whole = [(signal.time, signal.value.tolist(), signal.ids.tolist()) for signal in watch.probe.signals]
    for stop in random.Random(3).sample([time for time, *_ in whole if time < 60 * S], 4):
        first = Watch(**playing)
        first.run(until=stop)
        first.brain.save(tmp_path)
        second = Watch(**playing)
        second.brain.load(latest_checkpoint(tmp_path))
        second.run()
        second.play("held_out", 60 * S)
        published = [(s.time, s.value.tolist(), s.ids.tolist()) for w in (first, second) for s in w.probe.signals]
        assert published == whole
        shutil.rmtree(tmp_path)


def test_a_state_of_other_rows_is_refused():
    state = Watch().stream.state()
    with pytest.raises(StreamError, match=r"expected the rows it was saved with.*Did the file change since"):
        Watch(rows=reader(9)).stream.load_state(state)


@pytest.mark.parametrize(("rows", "message"), [
    ([{"n": 1}], r"got no field 'at'; no field 'label'; no field 'text'$"),
    ([{"n": 1, "text": "a", "label": ["b"], "at": 0.5, "x": 1}], r"got a field 'x' besides$"),
    ([{"n": 1.5, "text": "a", "label": "b", "at": [0.5, 1.0]}],
     r"got 'at' of shape \(2,\) instead of none; 'label' of dtype text instead of tags; 'n' of dtype float32 instead "
     r"of int64$")])
def test_held_out_rows_with_other_fields_are_refused_by_what_differs(rows, message):
    with pytest.raises(StreamError, match=rf"s\.held_out: expected the fields n, text, label, at as the .*{message}"):
        Watch(held_out=read_iterable(rows))


def learned_and_saved(tmp_path, watch, until=45 * MS):
    """Return a checkpoint of a stream of ten rows of which some were learned, and which."""
    watch.run(until=until)
    return watch.brain.save(tmp_path), set(flat(watch.run(until=until)))


def held_out_after(watch, folder):
    """Return the held-out rows that a branch plays, each with whether it comes as seen before."""
    if folder is not None:
        watch.brain.load(folder)
    watch.probe.signals.clear()
    watch.stream.play("held_out", watch.brain.now, learning=False)
    watch.brain.wake("s")
    return dict(zip(flat(watch.run()), seen_before(np.array(watch.ids)).tolist(), strict=True))


@pytest.mark.parametrize("other", [{"seed": 9}, {"hold_out_from": "end"}])
def test_a_branch_that_holds_out_other_rows_knows_those_that_were_learned(tmp_path, other):
    split = {"hold_out": 0.5, "hold_out_from": "random", "items": 1}
    folder, learned = learned_and_saved(tmp_path, Watch(**split))
    held = held_out_after(Watch(**{**split, **other}), folder)
    assert held == {row: row in learned for row in held}
    assert set(held.values()) == {True, False}


def test_a_branch_onto_other_rows_knows_learned_rows_by_what_they_say(tmp_path):
    def shifted(by):
        return read_iterable([{"n": (n + by) % 10} for n in range(10)])

    folder, learned = learned_and_saved(tmp_path, Watch(rows=shifted(0), hold_out=0.5))
    assert learned == {0, 1, 2, 3, 4}
    branch = Watch(rows=shifted(7), hold_out=0.5)
    assert held_out_after(branch, folder) == {2: True, 3: True, 4: True, 5: False, 6: False}
    assert [text for text, count in branch.stream.notices().items() if count == 3 and "were learned before" in text]


def rows_saying(*numbers):
    return read_iterable([{"n": n} for n in numbers])


def learned_before(watch, until=None):
    """Return the rows that are played, in their order, each with whether it came as seen before."""
    return list(zip(flat(watch.run(until)), seen_before(np.array(watch.ids)).tolist(), strict=True))


@pytest.mark.parametrize("playing", [{}, {"hold_out": 0.1}, {"shuffle": True}])
def test_learning_rows_of_a_branch_onto_another_file_are_known_by_what_they_say(tmp_path, playing):
    first = Watch(rows=rows_saying(*range(10)), **playing)
    folder, learned = learned_and_saved(tmp_path, first)
    branch = Watch(rows=rows_saying(*reversed(range(10))), **playing)
    branch.brain.load(folder)
    heard = learned_before(branch)
    assert heard == [(n, n in learned) for n, _ in heard]
    assert any(again for _, again in heard)


def test_what_a_branch_knows_by_content_lasts_over_its_own_checkpoints(tmp_path):
    folder, _ = learned_and_saved(tmp_path / "a", Watch(rows=rows_saying(*range(10)), hold_out=0.2))  # 0 to 4

    def branch():
        return Watch(rows=rows_saying(9, 8, 7, 6, 5, 4, 3, 2, 1, 0), hold_out=0.2)

    once, whole = branch(), branch()
    for each in (once, whole):
        each.brain.load(folder)
    heard, resumed = learned_before(once, 65 * MS), branch()
    resumed.brain.load(once.brain.save(tmp_path / "b"))
    assert heard + learned_before(resumed) == learned_before(whole) == [(4, True), (3, True), (2, True)]
    assert held_out_after(resumed, None) == {1: True, 0: True}


def test_rows_of_a_branch_that_say_the_same_as_each_other_stay_first_sights(tmp_path):
    folder, _ = learned_and_saved(tmp_path, Watch(rows=rows_saying(*range(10))))  # 0 to 4
    branch = Watch(rows=rows_saying(0, 1, 2, 3, 5, 6, 6, 6, 1, 9))
    branch.brain.load(folder)
    assert learned_before(branch) == [(6, False), (6, False), (6, False), (1, True), (9, False)]


def test_rows_that_were_learned_changed_are_known_over_a_branch_too(tmp_path):
    def watch(by):
        return Watch(rows=read_iterable([{"n": n, "v": np.full(2, (n + by) % 10) * [1.0, 2.0]} for n in range(10)]),
                     change=Change(field="v", after=0))

    folder, _ = learned_and_saved(tmp_path, watch(0))
    same, other = watch(0), watch(3)
    for branch in (same, other):
        branch.brain.load(folder)
        branch.stream.play("learn", branch.brain.now)
        branch.brain.wake("s")
    assert [again for _, again in learned_before(same)] == [True] * 5 + [False] * 5
    assert not any(again for _, again in learned_before(other))


def test_rows_of_another_reader_that_were_learned_are_no_first_sights_and_are_counted():
    watch = Watch(held_out=read_iterable([{"n": n, "text": f"t{n}", "label": ["odd" if n % 2 else "even"],
                                           "at": float(n // 3)} for n in range(8, 12)]))
    watch.run()
    assert held_out_after(watch, None) == {8: True, 9: True, 10: False, 11: False}
    assert [count for text, count in watch.stream.notices().items() if "were learned before" in text] == [2]


def test_held_out_rows_that_say_the_same_as_learned_ones_are_counted_once_over_a_checkpoint(tmp_path):
    def watch():
        return Watch(rows=read_iterable([{"n": n % 7} for n in range(10)]), hold_out=0.4)

    first, second = watch(), watch()
    first.run()
    assert held_out_after(first, None) == {6: False, 0: False, 1: False, 2: False}
    folder = first.brain.save(tmp_path)
    assert held_out_after(second, folder) == {6: False, 0: False, 1: False, 2: False}
    for each in (first, second):
        assert [count for text, count in each.stream.notices().items() if "say the same as learned" in text] == [3]


def test_held_out_rows_may_have_other_classes():
    def of(*classes):
        return Table("rows", {"n": Field("int64"), "label": Field("tags", classes=classes)},
                     {"n": np.arange(2), "label": [(label,) for label in classes]})

    fields = joined(of("a", "b").fields, of("c", "b").fields, "s")
    assert fields["label"].classes == ("a", "b", "c")
    watch = Watch(rows=of("a", "b"), held_out=of("c", "b"))
    labels = watch.brain.probe("s.label")
    watch.run()
    watch.play("held_out", watch.brain.now)
    assert [signal.value for signal in labels.signals] == [(("a",),), (("b",),), (("c",),), (("b",),)]
