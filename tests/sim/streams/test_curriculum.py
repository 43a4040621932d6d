"""Curricula: learning rows stage after stage, and what a stage tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aura import Brain
from aura.core.checkpoint import latest_checkpoint
from aura.core.errors import StreamError
from aura.core.time import MS, S
from aura.plugins.streams import Field, Table
from aura.sim.readers.iterable import read_iterable
from aura.sim.streams import Curriculum, played_stream
from aura.sim.streams.classes import BLOCK_ROWS
from aura.sim.streams.curriculum import STAGE, Stages
from aura.sim.streams.playing import Playing

COLOURS = "cabbacabca"
PAIRS = (("b", "c"), ("a",))


def reader(colours=COLOURS):
    return read_iterable([{"n": i, "colour": [c], "word": c, "number": "abc".index(c)} for i, c in enumerate(colours)])


def table(colours=COLOURS, classes=()):
    fields = {"n": Field("int64"), "colour": Field("tags", classes=classes)}
    return Table("rows", fields, {"n": np.arange(len(colours)), "colour": [(c,) for c in colours]})


class Watch:
    """A brain with one stream, and the rows and stages it has played."""

    def __init__(self, rows=None, seed=0, field="colour", groups=None, **playing):
        how = Playing(curriculum=Curriculum(field=field, groups=groups), **playing)
        self.brain = Brain(seed=seed)
        self.brain.add(played_stream(rows or reader(), how, name="s"), "s")
        self.rows, self.stages = self.brain.probe("s.n"), self.brain.probe("s.stage")
        self.stream = self.brain["s"]

    def play(self, split="learn", start=0, stage=None):
        self.stream.play(split, start, stage)
        self.brain.wake("s")
        return self.run()

    def run(self, until=None):
        """Run and return (row, stage) of every item since the beginning."""
        self.brain.run(until)
        return [(n, stage) for rows, stages in zip(self.rows.signals, self.stages.signals, strict=True)
                for n, stage in zip(rows.value.tolist(), stages.value.tolist(), strict=True)]


def numbers(published):
    return [n for n, _ in published]


def of(colours, *wanted):
    return [i for i, c in enumerate(colours) if c in wanted]


def test_each_class_is_a_stage_in_the_order_of_first_appearance():
    published = Watch().run()
    assert numbers(published) == [*of(COLOURS, "c"), *of(COLOURS, "a"), *of(COLOURS, "b")]
    assert [stage for _, stage in published] == [0] * 3 + [1] * 4 + [2] * 3


def test_declared_classes_give_the_order_without_those_that_no_row_has():
    published = Watch(rows=table(classes=("b", "x", "a", "c"))).run()
    assert numbers(published) == [*of(COLOURS, "b"), *of(COLOURS, "a"), *of(COLOURS, "c")]


@pytest.mark.parametrize(("field", "groups"), [("colour", PAIRS), ("word", PAIRS), ("number", (("1", "2"), ("0",)))])
def test_groups_are_played_one_after_the_other_each_in_the_order_of_the_file(field, groups):
    published = Watch(field=field, groups=groups, items=3).run()
    assert numbers(published) == [*of(COLOURS, "b", "c"), *of(COLOURS, "a")]


def test_rows_are_shuffled_within_their_group_anew_in_each_pass():
    published = Watch(groups=PAIRS, shuffle=True, repeat=3, items=4).run()
    passes = [numbers(published[start:start + 10]) for start in (0, 10, 20)]
    for one in passes:
        assert sorted(one[:6]) == of(COLOURS, "b", "c")
        assert sorted(one[6:]) == of(COLOURS, "a")
    assert passes[0] != passes[1] != passes[2]
    assert published == Watch(groups=PAIRS, shuffle=True, repeat=3, items=1).run()
    assert published != Watch(groups=PAIRS, shuffle=True, repeat=3, items=4, seed=1).run()


def test_one_stage_may_be_played_alone_and_the_next_one_later():
    whole = Watch(groups=PAIRS, shuffle=True).run()
    watch = Watch(groups=PAIRS, shuffle=True, autoplay=False)
    assert watch.stream.stages == PAIRS
    assert watch.play(stage=0) == whole[:6]
    assert watch.stream.ended
    watch.stream.play("learn", 1 * S, 1)
    assert watch.stream.remaining == 4
    assert watch.play(start=1 * S, stage=1) == whole


def test_held_out_rows_keep_their_order_and_tell_their_stage():
    colours = "aabb" + "bxa"
    watch = Watch(rows=reader_with(colours), groups=(("a",), ("b",)), hold_out=3 / 7, autoplay=False)
    assert watch.play("held_out") == [(4, 1), (5, -1), (6, 0)]


def reader_with(colours):
    return read_iterable([{"n": i, "colour": [c]} for i, c in enumerate(colours)])


def test_the_stage_has_the_role_of_a_label():
    assert STAGE in Watch().stream.context.outputs
    assert STAGE.role == "label"


def test_without_a_curriculum_no_stage_is_told():
    kind = played_stream(reader(), Playing(), name="s")
    assert "stage" not in {port.name for port in kind.manifest.outputs}


def test_rows_of_no_group_are_named():
    with pytest.raises(StreamError, match=r"s\.curriculum\.groups: expected a group for the class of every learning "
                                          r"row, got 'a', 'b' \(first in row 1\)"):
        _ = Watch(groups=(("c",),)).stream


def test_a_row_of_two_groups_is_named():
    rows = read_iterable([{"n": 0, "colour": ["a"]}, {"n": 1, "colour": ["a", "b"]}, {"n": 2, "colour": ["b"]}])
    with pytest.raises(StreamError, match=r"got 'a' and 'b' \(first in row 1\)"):
        _ = Watch(rows=rows, groups=(("a",), ("b",))).stream
    assert numbers(Watch(rows=rows, groups=(("a", "b"),)).run()) == [0, 1, 2]


def test_a_group_without_rows_is_named():
    with pytest.raises(StreamError, match=r"s\.curriculum\.groups\[1\]: expected classes of the learning rows, got "
                                          r"'x', 'y'"):
        _ = Watch(groups=(("a", "b", "c"), ("x", "y"))).stream


@pytest.mark.parametrize("field", ["colours", "x"])
def test_a_field_without_classes_is_refused(field):
    rows = read_iterable([{"n": 0, "colour": ["a"], "x": 0.5}])
    with pytest.raises(StreamError, match=r"s\.curriculum\.field: expected a field of tags, of text or") as raised:
        _ = Watch(rows=rows, field=field).stream
    assert "Try 'x'" not in str(raised.value)


@pytest.mark.parametrize("groups", [(), ((),), (("a",), ("a", "b")), (("a", "a"),)])
def test_groups_that_are_empty_or_share_a_class_are_refused(groups):
    with pytest.raises(ValidationError):
        Curriculum(field="colour", groups=groups)


def test_a_curriculum_and_a_time_column_are_refused():
    with pytest.raises(StreamError, match=r"s\.curriculum: expected a stream that is not played by a time column"):
        Watch(time="n")


def test_a_field_of_the_name_of_the_output_is_refused():
    rows = read_iterable([{"n": 0, "colour": ["a"], "stage": 3}])
    with pytest.raises(StreamError, match=r"s\.curriculum: expected a stream without a field 'stage'"):
        Watch(rows=rows)


@pytest.mark.slow
@given(st.text("abcd", min_size=1, max_size=60), st.booleans(), st.integers(0, 5))
def test_every_row_is_played_once_and_stages_never_go_back(colours, shuffle, seed):
    how = Curriculum(field="colour")
    stages = Stages(how, reader_with(colours), np.arange(len(colours)), "s")
    rows = np.random.default_rng(seed).permutation(len(colours)) if shuffle else np.arange(len(colours))
    order = stages.order(rows)
    assert sorted(order) == list(range(len(colours)))
    played = stages.of({"colour": [(colours[row],) for row in order]})
    assert list(played) == sorted(played)
    assert [*np.concatenate([stages.order(rows, stage) for stage in range(len(stages.groups))])] == list(order)


def test_classes_are_read_in_blocks():
    colours = "ab" * (BLOCK_ROWS // 2 + 3)
    stages = Stages(Curriculum(field="colour"), table(colours), np.arange(len(colours)), "s")
    assert list(stages.order(np.arange(len(colours)))) == [*range(0, len(colours), 2), *range(1, len(colours), 2)]


@pytest.mark.parametrize("stage", [None, 1])
def test_a_stream_saved_in_mid_stage_goes_on_where_it_was(tmp_path, stage):
    how = {"groups": PAIRS, "shuffle": True, "repeat": 2, "items": 3, "autoplay": False}
    whole = Watch(**how).play(stage=stage)
    first = Watch(**how)
    first.stream.play("learn", 0, stage)
    first.brain.wake("s")
    published = first.run(until=25 * MS)
    assert 0 < len(published) < len(whole)
    first.brain.save(tmp_path)
    second = Watch(**how)
    second.brain.load(latest_checkpoint(tmp_path))
    assert published + second.run() == whole


def test_a_text_that_is_empty_is_no_class():
    with pytest.raises(StreamError, match=r"s\.curriculum\.groups: .* got no class \(first in row 1\)"):
        Watch(rows=read_iterable([{"n": n, "word": word} for n, word in enumerate(["a", "", "b"])]), field="word")


def test_without_groups_so_many_classes_are_a_stage_as_are_told():
    how = Curriculum(field="colour", per_stage=2)
    assert Stages(how, table("abcdeabcde"), np.arange(10), "s").groups == (("a", "b"), ("c", "d"), ("e",))
    with pytest.raises(ValidationError, match="groups or per_stage"):
        Curriculum(field="colour", groups=(("a",),), per_stage=2)
