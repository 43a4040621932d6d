"""Which rows a stream holds out, as its settings say it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from aura import Brain
from aura.core.errors import AuraError
from aura.core.time import MS
from aura.sim.readers.iterable import read_iterable
from aura.sim.streams import Conversations, played_stream
from aura.sim.streams.groups import groups_of
from aura.sim.streams.playing import Playing
from aura.sim.streams.splitting import LEFT_OUT, split_rows, splits_of

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


def talks(circles=10, each=4, turns=3):
    """Return conversations of circles of three authors each, of whom nobody speaks outside of his own."""
    return read_iterable([{"talk": f"{circle}.{number}", "turn": turn, "sold": ["yes" if number % 2 else "no"],
                           "author": f"{circle}.{'abc'[(number + turn % 2) % 3]}"}
                          for circle in range(circles) for number in range(each) for turn in range(turns)], name="rows")


TALKS = Conversations(by="talk", turn="turn", author="author", labels=("sold",))


def values_of(rows, indices, field):
    return set(rows.rows(indices)[field])


@pytest.mark.parametrize("playing", [{"hold_out": 0.3, "hold_out_from": "random"}, {"hold_out": 0.3},
                                     {"folds": 4, "fold": 1}, {"folds": 4, "fold": 3, "stratify": "sold"}])
def test_no_author_and_no_conversation_is_on_both_sides(playing):
    rows = talks()
    learnt, held = split_rows(rows, Playing(**playing, conversations=TALKS), 0, "s")
    assert len(learnt)
    assert not values_of(rows, learnt, "author") & values_of(rows, held, "author")
    assert not values_of(rows, learnt, "talk") & values_of(rows, held, "talk")
    assert abs(len(held) / len(rows) - playing.get("hold_out", 0.25)) < 0.06


def test_each_row_is_held_out_in_one_fold_and_folds_are_of_like_size():
    rows = talks()
    folds = [held(rows, hold_out=0.0, hold_out_from="end", folds=5, fold=fold, conversations=TALKS)
             for fold in range(5)]
    assert sorted(row for fold in folds for row in fold) == list(range(len(rows)))
    assert {len(fold) for fold in folds} == {24}


def test_folds_of_rows_that_belong_to_nobody_hold_every_class_alike():
    folds = [held(hold_out=0.0, hold_out_from="end", folds=5, fold=fold, stratify="label") for fold in range(5)]
    assert sorted(row for fold in folds for row in fold) == list(range(100))
    assert {(len(fold), sum(row % 20 == 0 for row in fold)) for fold in folds} == {(20, 1)}


def test_groups_are_dealt_so_that_every_class_has_its_share():
    rows = read_iterable([{"who": f"p{i // 5}", "label": ["rare" if i // 5 % 4 == 0 else "common"]}
                          for i in range(200)], name="rows")
    for seed in range(5):
        chosen = held(rows, seed=seed, hold_out=0.25, stratify="label", hold_out_by=("who",))
        assert len(chosen) == 50
        assert sum(row // 5 % 4 == 0 for row in chosen) in (10, 15)


def test_what_hangs_together_by_way_of_others_is_one_group():
    rows = read_iterable([{"who": who} for who in (["a", "b"], ["c"], ["b", "d"], ["d"], [])], name="rows")
    assert groups_of(rows, np.arange(5), ["who"], "s").tolist() == [0, 1, 0, 0, 2]


def test_a_stream_of_any_rows_may_be_held_out_by_a_field():
    chosen = held(hold_out=0.5, hold_out_by=("label",))
    assert {row % 20 == 0 for row in chosen} == {True}


def test_by_conversation_alone_authors_may_be_on_both_sides():
    rows = talks(circles=1, each=10)
    how = {"conversations": TALKS, "hold_out": 0.3}
    learnt, chosen = split_rows(rows, Playing(**how, hold_out_by=()), 0, "s")
    assert values_of(rows, learnt, "author") & values_of(rows, chosen, "author")
    assert not values_of(rows, learnt, "talk") & values_of(rows, chosen, "talk")
    with pytest.raises(AuraError, match=r"s\.hold_out: expected rows that can be parted in 2 by 'talk' and 'author', "
                                        r"got 30 rows in 1 group\..*hold_out_by"):
        split_rows(rows, Playing(**how), 0, "s")


def test_held_out_rows_of_their_own_that_share_an_author_are_refused_and_some_are_named():
    one, other = talks(circles=4), talks(circles=2)
    with pytest.raises(AuraError, match=r"s\.held_out: expected no 'talk' of the learning rows among the held-out "
                                        r"ones, got 8 of 8 \('0\.0', '0\.1', '0\.2', \.\.\.\)"):
        splits_of(one, other, Playing(conversations=TALKS), 0, "s")
    renamed = read_iterable([{"talk": f"x{row}", "turn": 0, "sold": ["no"], "author": author}
                             for row, author in enumerate(("0.a", "new", "1.b"))], name="others")
    with pytest.raises(AuraError, match=r"no 'author' of the learning.*got 2 of 3 \('0\.a', '1\.b'\).*hold_out_by"):
        splits_of(one, renamed, Playing(conversations=TALKS), 0, "s")
    splits, _ = splits_of(one, renamed, Playing(conversations=TALKS, hold_out_by=()), 0, "s")
    assert [len(rows) for _, rows in splits.values()] == [48, 3]


def chain(count=40):
    """Return conversations in which each author has talked to the next: all hang together."""
    return read_iterable([{"talk": f"t{talk:02d}", "turn": turn, "author": f"p{talk + turn:02d}",
                           "sold": ["yes" if talk % 3 else "no"]} for talk in range(count) for turn in (0, 1)],
                         name="rows")


@pytest.mark.parametrize("stratify", [None, "sold"])
def test_what_ties_too_much_together_is_left_out_so_that_folds_are_of_like_size(stratify):
    rows, how = chain(), {"folds": 4, "conversations": TALKS, "stratify": stratify}
    with pytest.raises(AuraError, match=r"80 rows in 1 group\..*leave_out_ties"):
        split_rows(rows, Playing(**how), 0, "s")
    seen = []
    for fold in range(4):
        learnt, chosen = split_rows(rows, Playing(**how, fold=fold, leave_out_ties=True), 0, "s")
        assert not values_of(rows, learnt, "author") & values_of(rows, chosen, "author")
        assert 12 <= len(chosen) <= 24
        assert len(rows) - len(learnt) - len(chosen) <= 16
        seen += chosen.tolist()
    assert len(seen) == len(set(seen)) >= 60


def test_where_no_group_is_too_large_nothing_is_left_out():
    rows = talks()
    how = {"folds": 5, "conversations": TALKS}
    plain, parted = (split_rows(rows, Playing(**how, leave_out_ties=ties), 0, "s") for ties in (False, True))
    assert len(parted[0]) + len(parted[1]) == len(rows)
    assert len(parted[1]) == len(plain[1])


def test_how_many_rows_are_left_out_is_among_the_notices():
    brain = Brain()
    brain.add(played_stream(chain(), Playing(hold_out=0.3, hold_out_from="random", conversations=TALKS,
                                             leave_out_ties=True), name="s"), "s")
    stream = brain["s"]
    learnt, chosen = (len(stream._splits[split][1]) for split in ("learn", "held_out"))
    assert stream.notices()[LEFT_OUT] == 80 - learnt - chosen > 0


@pytest.mark.parametrize(("playing", "message"), [
    ({"leave_out_ties": True, "hold_out": 0.2}, r"s\.leave_out_ties: .*hold_out_from = 'random'"),
    ({"fold": 5, "folds": 5}, r"s\.fold: expected a fold from 0 to 4, got 5"),
    ({"fold": 1}, r"s\.fold: expected `folds` beside it, got 1"),
    ({"folds": 200}, r"s\.folds: expected rows that can be parted in 200, got 100 rows"),
    ({"folds": 2, "hold_out_by": ("n", "labl")}, r"s\.hold_out_by: expected a field of tags.*'label'")])
def test_folds_that_cannot_be_are_refused(playing, message):
    with pytest.raises(AuraError, match=message):
        held(**{"hold_out": 0.0, "hold_out_from": "end", **playing})
