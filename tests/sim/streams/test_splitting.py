"""Which rows a stream holds out, as its settings say it."""

from __future__ import annotations

from collections import Counter

import pytest

from aura import Brain
from aura.core.errors import AuraError
from aura.core.time import MS
from aura.sim.readers.iterable import read_iterable
from aura.sim.streams import played_stream
from aura.sim.streams.playing import Playing
from aura.sim.streams.splitting import split_rows

DRAWN = {"hold_out": 0.2, "hold_out_from": "random"}


def reader(count=100, **more):
    """Return rows of which every twentieth is of a rare class."""
    return read_iterable([{"n": i, "text": f"t{i}", "label": ["rare" if i % 20 == 0 else "common"], **more}
                          for i in range(count)], name="rows")


def held(rows=None, seed=0, **playing):
    return split_rows(rows or reader(), Playing(**{**DRAWN, **playing}), seed, "s")[1].tolist()


def test_every_class_is_held_out_in_the_same_fraction():
    assert {sum(row % 20 == 0 for row in held(seed=seed, stratify="label")) for seed in range(10)} == {1}
    assert {sum(row % 20 == 0 for row in held(seed=seed)) for seed in range(10)} != {1}


def test_what_else_the_rows_hold_changes_no_row_of_the_split():
    assert held(reader(picture=[0.5, 1.0]), stratify="label") == held(stratify="label")


def test_a_seed_of_its_own_keeps_the_split_whatever_the_seed_and_the_name_of_the_stream():
    splits = set()
    for seed, name in ((0, "s"), (1, "s"), (0, "other")):
        brain = Brain(seed=seed)
        brain.add(played_stream(reader(), Playing(**DRAWN, stratify="label", hold_out_seed=5), name=name), name)
        splits.add(tuple(brain[name]._splits["held_out"][1].tolist()))
    assert len(splits) == 1
    assert held(seed=0) != held(seed=1)


def test_only_the_rows_that_are_taken_count():
    rows = held(stratify="label", limit=40)
    assert max(rows) < 40
    assert Counter(row % 20 == 0 for row in rows) == {False: 8} or len(rows) == 8


@pytest.mark.parametrize(("playing", "message"), [
    ({"stratify": "labl"}, r"s\.stratify: expected a field of tags.*Try 'label'"),
    ({"stratify": "label", "hold_out_from": "end"}, r"s\.stratify: .*hold_out_from = 'random'"),
    ({"hold_out_seed": 3, "hold_out_from": "end"}, r"s\.hold_out_seed: expected rows that are drawn")])
def test_what_cannot_be_drawn_is_refused(playing, message):
    with pytest.raises(AuraError, match=message):
        held(**playing)


def test_where_nothing_is_held_out_there_is_nothing_to_draw():
    assert held(stratify="label", hold_out_seed=3, hold_out=0.0) == []


@pytest.mark.slow
def test_a_run_stopped_and_resumed_holds_out_the_same_rows(sim):
    settings = ["diary.hold_out_from='random'", "diary.stratify='label'", "diary.repeat=1"]
    assert sim.make("run", *settings).start() == "finished"
    assert sim.make("stopped", *settings, until=70 * MS).start() == "stopped"
    assert sim.make("stopped", *settings).resume() == "finished"
    assert sim.difference("run", "stopped") is None
    shown = [label for _, items in sim.values("run", "diary.label") for label in items]
    whole = Counter(row["label"][0] for row in sim.rows())
    part = Counter(label for label, in shown[-20:])
    assert all(abs(part[label] - count / 5) <= 1 for label, count in whole.items())
