"""What the temporal lobe believes after each turn, and what it learns from whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aura.core.state import trees_equal

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]
OF_ALL = {"act": {}, "end": {"of": "conversation"}, "role": {"of": "author"}}


def taught(one: Bench) -> list[int]:
    """Return the ids of the turns that every task has been taught, in their conversations."""
    return sorted(identity for conversation in one.zone._conversations
                  for identity, waiting in zip(conversation.ids, conversation.waiting, strict=True) if not waiting)


def test_it_says_something_of_the_turn_the_conversation_and_the_author_after_each_turn(bench: Make) -> None:
    one = bench(tasks=OF_ALL)
    one.show(rows(3), [1, 2, 3], ["a", "a", "b"], ["x", "y", "x"])
    for task in OF_ALL:
        assert one.read(task) == ((), (), ())
        one.tell(("left", "right"), [1, 2], task)
    one.show(rows(2, 1), [4, 5], ["a", "c"], ["y", "z"])
    for task in OF_ALL:
        assert one.read(f"{task}_classes") == ("left", "right")
        assert one.read(f"{task}_probability").sum(axis=1) == pytest.approx([1.0, 1.0])
        assert [label[0] for label in one.read(task)] == list(one.read(f"{task}_best"))
        assert one.brain.latest(f"temporal.{task}").ids.tolist() == [4, 5]


@pytest.mark.slow
def test_it_learns_what_only_the_turn_before_tells(bench: Make) -> None:
    one = bench(window=4, network={**SMALL, "hidden": 32, "dropout": 0.0})
    chance, right = np.random.default_rng(5), []
    directions = rows(2, 9)
    for block in range(120):
        signs = chance.integers(0, 2, (8, 3))
        names = [f"{block}.{number}" for number in range(8)]
        before: Any = None
        for turn in range(3):
            ids = [1000 * block + 10 * number + turn for number in range(8)]
            one.show(directions[signs[:, turn]] + 0.3 * chance.normal(size=(8, 6)), ids, names)
            if before is not None:  # the act of a turn is what the one before it was
                truth = tuple("no" if sign == 0 else "yes" for sign in before)
                right += [best == true for best, true in zip(one.read("act_best"), truth, strict=True)]
                one.tell(truth, ids)
            before = signs[:, turn]
    assert np.mean(right[-400:]) > 0.9


def test_the_second_of_two_turns_in_one_tick_sees_the_first(bench: Make) -> None:
    found = []
    for together in (True, False):
        one = bench(network={**SMALL, "dropout": 0.0})
        one.show(rows(4), [1, 2, 3, 4], "abcd")
        one.tell(("x", "y", "x", "y"), [1, 2, 3, 4])
        for part in ([0, 1],) if together else ([0], [1]):
            one.show(rows(2, 1)[part], [11 + place for place in part], "z")
        found.append(one.read("act_scores")[-1])
    assert found[0] == pytest.approx(found[1], abs=1e-5)


def test_a_turn_sees_so_many_before_it_as_the_window_says(bench: Make) -> None:
    found = []
    for first in (0, 1, 2):
        one = bench(window=3, network={**SMALL, "dropout": 0.0})
        one.show(rows(4, 7), [1, 2, 3, 4], "wxyz")
        one.tell(("x", "y", "x", "y"), [1, 2, 3, 4])
        one.show(rows(5)[first:], range(10 + first, 15), "a")
        found.append(one.read("act_scores")[-1])
    assert found[0] == pytest.approx(found[1], abs=1e-5)
    assert found[0] == pytest.approx(found[2], abs=1e-5)


@pytest.mark.parametrize("teaches, expected", [("all", [1, 2, 3, 4]), ("last", [4]), ([2, 3, 9], [2, 3])])
def test_the_truth_of_a_conversation_teaches_the_turns_that_are_asked_for(bench: Make, teaches: Any,
                                                                          expected: list[int]) -> None:
    one = bench(tasks={"end": {"of": "conversation", "teaches": teaches}})
    one.show(rows(5), [1, 2, 3, 4, 9], ["a", "a", "a", "a", "b"])
    assert one.tell(("well",), [4], "end")["end_items"] == len(expected)
    assert taught(one) == expected


def test_the_truth_of_an_author_teaches_the_turns_of_the_author_in_that_conversation(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "author"}})
    one.show(rows(5), [1, 2, 3, 4, 5], "aaaab", ["x", "y", "x", "y", "x"])
    one.tell(("seller",), [3], "role")
    assert taught(one) == [1, 3]


def test_a_turn_is_taught_each_task_once(bench: Make) -> None:
    one = bench(tasks={"act": {}, "end": {"of": "conversation"}})
    one.show(rows(3), [1, 2, 3], "a")
    assert one.tell(("x",), [2])["act_items"] == 1
    assert one.tell(("x",), [2])["act_items"] == 0
    assert one.tell(("well",), [3], "end")["end_items"] == 3
    one.show(rows(1), [4], "a")
    assert one.tell(("well",), [4], "end")["end_items"] == 1


def test_turns_of_a_window_are_taught_with_the_whole_window_that_they_were_seen_in(bench: Make) -> None:
    """Of what is told late too: the loss is that of the belief, by the same weights."""
    one = bench(window=4, network={**SMALL, "dropout": 0.0, "direct": 0})
    one.show(rows(4, 7), [91, 92, 93, 94], "wxyz")
    one.tell(("x", "y", "x", "y"), [91, 92, 93, 94])
    chances = {}
    for turn in range(30):
        one.show(rows(30)[turn:turn + 1], [turn], "a")
        chances[turn] = one.read("act_probability")[0]
    state = one.zone.state()
    for turn in (26, 28, 29):
        one.zone.load_state(state)
        loss = one.tell(("x",), [turn])["act_loss"]
        assert loss == pytest.approx(-np.log(chances[turn][one.read("act_classes").index("x")]), rel=1e-4)


def test_what_lies_two_windows_back_is_let_go(bench: Make) -> None:
    one = bench(window=4)
    for turn in range(100):
        one.show(rows(1, turn), [turn], "a")
        assert one.zone._conversations.turns >= min(4, turn + 1)
        assert one.zone._conversations.turns < 12
    assert one.tell(("x",), [80])["act_unmatched"] == 1
    assert one.tell(("x",), [93])["act_items"] == 1


def test_more_turns_are_kept_than_a_belief_is_made_from_where_the_truth_comes_late(bench: Make) -> None:
    one = bench(tasks={"end": {"of": "conversation"}}, window=1, kept=8)
    for turn in range(30):
        one.show(rows(1, turn), [turn], "a")
        assert min(8, turn + 1) <= one.zone._conversations.turns < 12
    assert one.tell(("well",), [29], "end")["end_items"] == one.zone._conversations.turns


def test_more_sequences_than_a_batch_are_learned_in_several_steps(bench: Make) -> None:
    one = bench(network={**SMALL, "batch": 3})
    one.show(rows(7), range(7), "abcdefg")
    one.tell(("x", "y") * 3 + ("x",), range(7))
    assert one.zone._model._flat.steps == 3
    assert taught(one) == list(range(7))


def test_the_longest_silent_conversations_and_authors_go_first(bench: Make) -> None:
    one = bench(tasks=OF_ALL, conversations=2, authors=2)
    one.show(rows(4), [1, 2, 3, 4], ["a", "b", "a", "c"], ["x", "y", "x", "z"])
    assert [conversation.key for conversation in one.zone._conversations] == ["ca", "cc"]
    assert one.notices["forgot {count} conversations,"] == 1
    assert one.notices["forgot {count} authors,"] == 1
    assert one.tell(("x",), [2])["act_unmatched"] == 1


def test_memory_stays_bounded(bench: Make) -> None:
    one = bench(tasks=OF_ALL, window=2, conversations=5, authors=4, opinions=3)
    for block in range(60):
        ids = range(20 * block, 20 * block + 20)
        names = [f"{block}.{number % 7}" for number in range(20)]
        one.show(rows(20, block), ids, names, [f"{number}" for number in ids])
    conversations = one.zone._conversations
    assert len(conversations) == 5
    assert conversations.turns <= 5 * 6
    assert len(conversations._where) == sum(len(each) for each in conversations)
    assert len(one.zone._tasks["role"].profiles) == 4
    assert one.notices["forgot {count} conversations,"] == 60 * 7 - 5


def test_of_an_author_it_believes_the_mean_of_what_was_said_after_each_turn(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "author"}, "now": {"of": "author", "aggregate": "newest"}},
                network={**SMALL, "dropout": 0.0})
    one.show(rows(4, 7), [1, 2, 3, 4], "wxyz", "n")
    for task in ("role", "now"):
        one.tell(("x", "y", "x", "y"), [1, 2, 3, 4], task)
    newest, mean = [], []
    for turn in range(5):
        one.show(rows(5)[turn:turn + 1], [10 + turn], f"c{turn // 3}", "u")
        newest.append(one.read("now_probability")[0])
        mean.append(one.read("role_probability")[0])
    for turn in range(5):
        assert mean[turn] == pytest.approx(np.mean(newest[:turn + 1], axis=0), abs=2e-3)  # both have learned alike


@pytest.mark.slow
def test_numbers_are_learned(bench: Make) -> None:
    one = bench(tasks={"age": {"kind": "numbers", "of": "author", "range": [0, 100]}},
                network={**SMALL, "dropout": 0.0})
    direction = rows(1, 3)[0]
    error = []
    for block in range(60):
        embedding = rows(16, block)
        truth = (40.0 + 10.0 * embedding @ direction / np.linalg.norm(direction)).astype(np.float32).clip(0, 100)
        ids = range(16 * block, 16 * block + 16)
        one.show(embedding, ids, [f"{identity}" for identity in ids], [f"{identity}" for identity in ids])
        error.append(np.abs(one.read("age") - truth).mean())
        one.tell(truth, ids, "age")
    assert np.mean(error[-10:]) < 0.4 * np.mean(error[:3])


def test_without_learning_nothing_but_what_has_come_changes(bench: Make) -> None:
    one = bench(tasks=OF_ALL)
    one.show(rows(3), [1, 2, 3], "a", "x")
    one.tell(("x", "y", "x"), [1, 2, 3])
    before = one.zone.state()
    one.brain.learning = False
    one.show(rows(3, 2), [4, 5, 6], "a", "x")
    one.tell(("x", "y", "x"), [4, 5, 6])
    after = one.zone.state()
    assert trees_equal(before["model"], after["model"])
    assert trees_equal(before["tasks"]["act"]["readout"], after["tasks"]["act"]["readout"])
    assert not trees_equal(before["conversations"], after["conversations"])


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["balanced", "sqrt", "effective"])
def test_class_weights_come_from_the_counts_so_far(bench: Make, weights: str) -> None:
    shares = []
    for kind in ("none", weights):
        one = bench(class_weights=kind, effective_beta=0.99)
        chance = np.random.default_rng(1)
        for block in range(30):
            truth = tuple("rare" if one_of < 0.1 else "often" for one_of in chance.random(16))
            ids = range(16 * block, 16 * block + 16)
            one.show(rows(16, block), ids, [f"{identity}" for identity in ids])
            one.tell(truth, ids)
        one.show(rows(64, 99), range(9000, 9064), [f"{identity}" for identity in range(64)])
        place = one.read("act_classes").index("rare")
        shares.append(one.read("act_scores")[:, place].mean() - one.read("act_scores")[:, 1 - place].mean())
    assert shares[1] > shares[0] + 0.3


@pytest.mark.slow
def test_the_rate_falls_on_a_plateau(bench: Make) -> None:
    one = bench(plateau={"patience": 100, "factor": 0.5})
    chance = np.random.default_rng(1)
    for block in range(40):
        ids = range(16 * block, 16 * block + 16)
        one.show(rows(16, block), ids, [f"{identity}" for identity in ids])
        logged = one.tell(tuple(map("xy".__getitem__, chance.integers(0, 2, 16))), ids)  # there is nothing to learn
    assert logged["rate_factor"] < 0.5
    assert logged["step_size"] == pytest.approx(5e-3 * one.zone._plateau.factor, rel=0.51)


def test_attention_is_published_where_it_is_asked_for(bench: Make) -> None:
    one = bench(publish_attention=True)
    one.show(rows(4), [1, 2, 3, 4], "aaab")
    assert one.read("attended") == (("now",), ("1 before", "now"), ("2 before", "1 before", "now"), ("now",))
    assert one.read("attention").sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert not one.read("attention")[0, 1:].any()
    assert "temporal.attention" not in bench().brain.topics
