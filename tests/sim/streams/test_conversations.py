"""Rows that are turns: played in order within a conversation, with labels that come when it ends."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import Brain
from aura.core.checkpoint import latest_checkpoint
from aura.core.errors import StreamError
from aura.core.ports import Port
from aura.core.time import MS
from aura.sim.readers.columns import Column
from aura.sim.readers.iterable import read_iterable
from aura.sim.streams import Conversations, Curriculum, played_stream
from aura.sim.streams.playing import Playing
from aura.sim.streams.talk_order import last_of_each, talk_order

HOW = {"by": "talk", "turn": "turn", "author": "author", "labels": ("sold",), "author_labels": ("mood",)}
COLUMNS = {name: Column.model_validate({"from": name, **more}) for name, more in {
    "n": {"type": "int"}, "text": {}, "talk": {}, "turn": {"type": "int"}, "author": {"default": ""},
    "act": {"type": "tags", "optional": True}, "sold": {"type": "tags", "optional": True},
    "mood": {"type": "float", "optional": True}, "at": {"type": "float", "default": 0}}.items()}


def talk(name, turns, authors=("ann", "bob"), sold="yes", moods=(0.5, 0.25)):
    """Return the rows of one conversation, in which two take turns."""
    return [{"talk": name, "turn": turn, "text": f"{name}{turn}", "author": authors[i % 2], "sold": [sold],
             "mood": moods[i % 2], "act": ["ask"] if i % 2 == 0 else None} for i, turn in enumerate(turns)]


def reader(*rows, **more):
    return read_iterable([{"n": n, **row} for n, row in enumerate(rows)], COLUMNS, name="rows", **more)


def three():
    """Return three conversations of 4, 3 and 1 rows, by four authors."""
    return [*talk("a", range(4)), *talk("b", range(3), ("cem", "dee"), "no", (1.0, 0.0)),
            *talk("c", range(1), ("ann", ""), "no")]


class Watch:
    """A brain with one stream of conversations, and what it has published."""

    def __init__(self, rows=None, how=None, seed=0, held_out=None, truth=None, **playing):
        playing = Playing(conversations=Conversations(**{**HOW, **(how or {})}), **playing)
        read = rows if rows is None or not isinstance(rows, list) else reader(*rows)
        self.brain = Brain(seed=seed)
        self.brain.add(played_stream(read or reader(*three()), playing, name="s", held_out=held_out, truth=truth), "s")
        self.probes = {port: self.brain.probe(f"s.{port}") for port in ("n", "sold", "mood", "text", "author", "act")}
        self.stream = self.brain["s"]

    def play(self, split="learn"):
        self.stream.play(split, 0)
        self.brain.wake("s")
        return self.run()

    def run(self, until=None):
        self.brain.run(until)
        return self.values("n")

    def values(self, port):
        return [value for signal in self.probes[port].signals for value in
                (signal.value.tolist() if isinstance(signal.value, np.ndarray) else signal.value)]

    def by_row(self, port):
        """Return what a port has published, by the number of the row that it tells of."""
        row_of = {identity: row for signal in self.probes["n"].signals
                  for identity, row in zip(signal.ids.tolist(), signal.value.tolist(), strict=True)}
        return {row_of[identity]: value for signal in self.probes[port].signals
                for identity, value in zip(signal.ids.tolist(), signal.value, strict=True)}


@pytest.mark.parametrize("items", [1, 3, 20])
def test_a_label_of_a_conversation_comes_with_its_last_row_alone(items):
    watch = Watch(items=items)
    watch.run()
    assert watch.by_row("sold") == {3: ("yes",), 6: ("no",), 7: ("no",)}


@pytest.mark.parametrize("items", [1, 20])
def test_a_label_of_an_author_comes_with_the_last_row_that_he_has_in_each_conversation(items):
    watch = Watch(items=items)
    watch.run()
    assert watch.by_row("mood") == {2: 0.5, 3: 0.25, 5: 0.0, 6: 1.0, 7: 0.5}


def test_a_label_of_a_speaker_comes_likewise_and_may_be_another_in_another_conversation():
    rows = [*talk("a", range(4)), *talk("b", range(3), ("bob", "ann")), *talk("c", range(2), ("ann", ""))]
    watch = Watch(rows, {"author_labels": (), "speaker_labels": ("mood",)})
    watch.run()
    assert watch.by_row("mood") == {2: 0.5, 3: 0.25, 5: 0.25, 6: 0.5, 7: 0.5}
    rows[2]["mood"] = 0.75
    with pytest.raises(StreamError, match=r"s\.conversations\.speaker_labels: expected one 'mood' for each author of a "
                                          r"talk, got 0\.5 and 0\.75 \(row 2\)"):
        Watch(rows, {"author_labels": (), "speaker_labels": ("mood",)})


def test_labels_of_a_turn_come_with_it_and_a_turn_without_one_is_a_stimulus_without_a_teacher():
    watch = Watch()
    watch.run()
    assert watch.by_row("act") == dict.fromkeys([0, 2, 4, 6, 7], ("ask",))


def test_what_comes_at_the_end_has_the_role_of_labels_whatever_its_type():
    ports: dict[str, Port] = Watch(truth=("act",)).brain.plans["s"].outputs
    assert {name for name, port in ports.items() if port.role == "label"} == {"act", "sold", "mood"}


def test_a_label_may_stand_in_any_row_of_its_conversation():
    rows = three()
    for row, own in zip(rows, (True, False, False, False, False, True, False, False), strict=True):
        row["sold"] = row["sold"] if own else None
    watch = Watch(rows)
    watch.run()
    assert watch.by_row("sold") == {3: ("yes",), 6: ("no",)}


def test_rows_of_a_conversation_that_lie_apart_are_played_one_after_the_other():
    rows = three()
    scattered = [rows[i] for i in (0, 4, 1, 7, 5, 2, 6, 3)]
    assert Watch(scattered).run() == [0, 2, 5, 7, 1, 4, 6, 3]


def test_turns_out_of_order_are_put_in_order_and_told_once():
    rows = three()
    rows[1], rows[3] = rows[3], rows[1]
    watch = Watch(rows)
    assert watch.run() == [0, 3, 2, 1, 4, 5, 6, 7]
    assert watch.stream.notices()["put {count} rows in the order of their turns, which the file does not have"] == 2


def test_sentences_of_one_turn_keep_the_order_of_the_file():
    rows = [{"talk": "a", "turn": turn, "text": f"{n}"} for n, turn in enumerate((1, 1, 0, 0, 0))]
    assert Watch(rows, {"labels": (), "author_labels": ()}).run() == [2, 3, 4, 0, 1]


def test_two_conversations_of_one_id_are_refused_as_their_turns_come_again():
    with pytest.raises(StreamError, match=r"s\.conversations\.turn: expected the rows of a turn of talk 'a' one after "
                                          r"the other, got turn 0 again after other turns \(row 4\).*one id"):
        Watch([*talk("a", range(4)), *talk("a", range(3))])


def test_without_a_turn_the_rows_of_an_id_are_one_conversation_in_the_order_of_the_file():
    assert Watch([*talk("a", (2, 0)), *talk("b", (0,)), *talk("a", (1,))], {"turn": None}).run() == [0, 1, 3, 2]


def test_an_empty_turn_and_a_conversation_of_one_turn_are_played():
    rows = [{"talk": "a", "turn": 0, "text": "", "author": "ann", "sold": ["no"]}]
    watch = Watch([*rows, *talk("b", range(2))])
    watch.run()
    assert watch.values("text") == ["", "b0", "b1"]
    assert watch.by_row("sold") == {0: ("no",), 2: ("yes",)}


def test_a_turn_without_an_author_is_played_has_no_label_of_one_and_is_told():
    rows = talk("a", range(3), ("ann", ""))
    watch = Watch(rows)
    watch.run()
    assert watch.values("author") == ["ann", "", "ann"]
    assert watch.by_row("mood") == {2: 0.5}
    assert watch.stream.notices()["played {count} rows without an author"] == 1


@pytest.mark.parametrize(("change", "message"), [
    (lambda rows: rows[2].update(talk=""), r"s\.conversations\.by: expected a 'talk' in every row, got none in 1 of 8 "
                                           r"\(first in row 2\)"),
    (lambda rows: rows[2].update(sold=["no"]), r"conversations\.labels: expected one 'sold' for each talk, got "
                                               r"\('yes',\) and \('no',\) \(row 2\)"),
    (lambda rows: rows[7].update(mood=0.75), r"author_labels: expected one 'mood' for each author, got 0\.5 and "
                                             r"0\.75 \(row 7\)")])
def test_rows_that_make_no_conversations_are_refused_with_the_place(change, message):
    rows = three()
    change(rows)
    with pytest.raises(StreamError, match=message):
        Watch(rows)


@pytest.mark.parametrize(("how", "playing", "message"), [
    ({"by": "tlk"}, {}, r"conversations\.by: expected a field of the stream, got 'tlk'.*Try 'talk'"),
    ({"by": "sold"}, {}, r"conversations\.by: expected a field of text or of integers, got 'sold': tags"),
    ({"turn": "text"}, {}, r"conversations\.turn: expected a field of numbers that every row has"),
    ({"author": None}, {}, r"conversations\.author: expected a field that says whom author_labels tell of"),
    ({"author": None, "author_labels": (), "speaker_labels": ("mood",)}, {},
     r"conversations\.author: expected a field that says whom speaker_labels tell of"),
    ({"labels": ("talk",)}, {}, r"conversations\.labels: expected fields that are nothing else beside, got 'talk'"),
    ({"together": 2}, {"time": "at"}, r"expected no order but that of the time column, got together = 2"),
    ({}, {"curriculum": Curriculum(field="sold")}, r"s\.curriculum: expected a stream of rows, not of conversations")])
def test_settings_that_do_not_go_together_are_refused(how, playing, message):
    with pytest.raises(StreamError, match=message):
        Watch(how=how, **playing)


def many(count=30, seed=1):
    """Return rows of conversations of 1 to 6 turns, in the order in which they came in life."""
    draw = random.Random(seed)
    waiting = {f"t{i}": list(talk(f"t{i}", range(draw.randint(1, 6)), (f"p{i}", f"q{i}"))) for i in range(count)}
    rows = []
    while waiting:
        name = draw.choice([*waiting][:4])
        rows.append(waiting[name].pop(0))
        if not waiting[name]:
            del waiting[name]
    return rows


def talks_of(order, rows):
    """Return for each conversation the turns played, in their order, and the number of changes from one to another."""
    turns = {}
    for n in order:
        turns.setdefault(rows[n]["talk"], []).append(rows[n]["turn"])
    changes = sum(rows[one]["talk"] != rows[other]["talk"] for one, other in pairwise(order))
    return turns, changes


@pytest.mark.parametrize("together", [1, 3])
def test_a_shuffle_draws_the_order_of_conversations_for_each_pass_and_never_that_of_turns(together):
    rows = many()
    played = Watch(rows, {"together": together}, shuffle=True, repeat=2, items=7).run()
    one, two = played[:len(rows)], played[len(rows):]
    assert sorted(one) == sorted(two) == list(range(len(rows)))
    assert one != two
    for order in (one, two):
        turns, changes = talks_of(order, rows)
        assert all(played_turns == sorted(played_turns) for played_turns in turns.values())
        assert (changes == len(turns) - 1) == (together == 1)


def test_so_many_conversations_are_open_at_once_and_no_more():
    rows = many()
    played = Watch(rows, {"together": 3}).run()
    ends = {rows[n]["talk"]: at for at, n in enumerate(played)}
    begins = {name: min(at for at, n in enumerate(played) if rows[n]["talk"] == name) for name in ends}
    opened = [sum(begins[name] <= at <= ends[name] for name in ends) for at in range(len(played))]
    assert max(opened) == 3
    assert opened.count(3) > len(played) // 3


def test_the_order_follows_from_seed_name_and_pass_alone():
    rows = many()
    assert Watch(rows, {"together": 3}, seed=1).run() == Watch(rows, {"together": 3}, seed=1, items=5).run()
    assert Watch(rows, {"together": 3}, seed=1).run() != Watch(rows, {"together": 3}, seed=2).run()


@pytest.mark.parametrize("how", [{}, {"together": 3}, {"shuffle_turns": True}])
def test_each_row_comes_with_its_place_in_the_conversation_as_it_is_played(how):
    rows = many()
    watch = Watch(rows, how, items=4)
    places = watch.brain.probe("s.place")
    turns, _ = talks_of(watch.run(), rows)
    counted = dict.fromkeys(turns, 0)
    for n, place in zip(watch.values("n"), [place for signal in places.signals for place in signal.value.tolist()],
                        strict=True):
        assert place == counted[rows[n]["talk"]]
        counted[rows[n]["talk"]] += 1


def test_a_field_of_the_name_of_that_output_is_refused():
    with pytest.raises(StreamError, match=r"s\.conversations: expected a stream without a field 'place'"):
        Watch(read_iterable([{"talk": "a", "place": 1}]), {"turn": None, "author": None, "labels": (),
                                                           "author_labels": ()})


def test_turns_that_are_shuffled_stay_within_their_conversation_and_its_label_comes_last():
    rows = many()
    watch = Watch(rows, {"shuffle_turns": True})
    played = watch.run()
    turns, changes = talks_of(played, rows)
    assert changes == len(turns) - 1
    assert any(played_turns != sorted(played_turns) for played_turns in turns.values())
    assert sorted(played) == list(range(len(rows)))
    last = {rows[n]["talk"]: n for n in played}
    assert sorted(watch.by_row("sold")) == sorted(last.values())


def test_with_a_time_column_rows_come_as_they_came_in_life():
    rows = [{**row, "at": at / 2} for at, row in enumerate(many())]
    watch = Watch(rows, time="at", time_unit="ms", items=1)
    assert watch.run() == list(range(len(rows)))
    assert sorted(watch.by_row("sold")) == sorted({row["talk"]: n for n, row in enumerate(rows)}.values())
    rows[10], rows[20] = {**rows[20], "at": rows[10]["at"]}, {**rows[10], "at": rows[20]["at"]}
    with pytest.raises(StreamError, match=r"expected turns of talk 't\d+' in the order of their times"):
        Watch(sorted(rows, key=lambda row: row["at"]), time="at")


def test_a_limit_counts_conversations():
    watch = Watch(limit=2)
    assert watch.run() == list(range(7))
    assert Watch(held_out=reader(*talk("x", range(3), ("x", "y")), *talk("y", range(2), ("x", "y"))),
                 held_out_limit=1).play("held_out")[-3:] == [0, 1, 2]


@pytest.mark.slow
def test_a_stream_stopped_in_mid_conversation_goes_on_with_the_same_rows_and_labels(tmp_path):
    rows, settings = many(), {"how": {"together": 3}, "shuffle": True, "repeat": 2, "items": 2}
    whole, first, second = (Watch(rows, **settings) for _ in range(3))
    whole.run()
    first.run(17 * 10 * MS)
    first.brain.save(tmp_path)
    second.brain.load(latest_checkpoint(tmp_path))
    second.run()
    for port in ("n", "sold", "mood"):
        assert first.values(port) + second.values(port) == whole.values(port)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=30), st.integers(1, 6),
       st.booleans(), st.booleans())
def test_every_row_is_played_once_and_in_order_within_its_conversation(pairs, together, shuffle, shuffle_turns):
    talk_of, turn = (np.array(column) for column in zip(*pairs, strict=True))
    order = talk_order(np.arange(len(pairs)), talk_of, turn, seed=1, number=2, shuffle=shuffle, together=together,
                       shuffle_turns=shuffle_turns)
    assert sorted(order.tolist()) == list(range(len(pairs)))
    for one in set(talk_of.tolist()):
        within = [(turn[row], row) for row in order.tolist() if talk_of[row] == one]
        assert shuffle_turns or within == sorted(within)
    assert last_of_each(talk_of[order]).sum() == len(set(talk_of.tolist()))
