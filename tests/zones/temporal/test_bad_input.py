"""What comes as it should not has a defined behaviour, and is counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aura.core.errors import AuraError, SignalError
from aura.zones.temporal.profiles import Whom

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]


def test_turns_out_of_order_are_taken_when_they_come(bench: Make) -> None:
    one = bench()
    one.show(rows(4), [1, 2, 3, 4], "a", turns=[1, 4, 3, 5])
    assert one.zone._conversations.turns == 4
    assert next(iter(one.zone._conversations)).ids == [1, 2, 3, 4]
    assert one.notices["took {count} turns"] == 0  # those without a conversation
    assert one.zone._conversations.unordered == 1


def test_a_conversation_of_the_name_of_another_begins_anew(bench: Make) -> None:
    one = bench(tasks={"act": {}, "end": {"of": "conversation", "aggregate": "mean"}})
    one.show(rows(3), [1, 2, 3], "a", turns=[0, 0, 1])
    one.show(rows(2), [4, 5], "a", turns=[0, 1])
    assert one.notices["began {count} conversations"] == 1
    (conversation,) = one.zone._conversations
    assert (conversation.ids, conversation.begun) == ([4, 5], 2)
    assert len(one.zone._tasks["end"].profiles.get(Whom("ca"), 0)) == 2
    assert one.tell(("x",), [2])["act_unmatched"] == 1


def test_without_numbers_turns_of_one_name_are_one_conversation(bench: Make) -> None:
    one = bench()
    one.show(rows(3), [1, 2, 3], "a")
    one.show(rows(2), [4, 5], "a")
    assert next(iter(one.zone._conversations)).begun == 5


def test_of_a_turn_without_author_the_belief_of_its_author_is_what_it_says_itself(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "author"}, "now": {"of": "author", "aggregate": "newest"}})
    one.show(rows(4), [1, 2, 3, 4], "aaab", ["", "x", "", "x"])
    assert len(one.zone._tasks["role"].profiles) == 1
    assert next(iter(one.zone._conversations)).speakers == [0, 1, 0]
    one.tell(("x", "y"), [1, 2], "role")
    assert one.zone._conversations.find(3).conversation.waiting == [2, 2, 3]  # the third is nobody's, the first's own


def test_an_author_who_never_came_is_nobody(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "author"}})
    one.show(rows(2), [1, 2], "a")
    assert len(one.zone._tasks["role"].profiles) == 0
    assert one.tell(("x",), [1], "role")["role_items"] == 1


def test_a_label_of_a_conversation_that_nobody_knows_is_counted(bench: Make) -> None:
    one = bench(tasks={"end": {"of": "conversation"}})
    one.tell(("x",), [7], "end")
    one.show(rows(1), [1], "a")
    assert one.tell(("x", "y"), [8, 1], "end")["end_items"] == 1
    assert one.notices["found nothing that"] == 2


def test_an_empty_turn_is_a_turn(bench: Make) -> None:
    one = bench()
    one.show(np.zeros((2, 6)), [1, 2], "a")
    one.tell(("x", "y"), [1, 2])
    one.show(np.zeros((1, 6)), [3], "a")
    assert np.isfinite(one.read("act_probability")).all()


def test_a_turn_without_a_conversation_is_one_by_itself(bench: Make) -> None:
    one = bench()
    one.show(rows(3), [1, 2, 3], ["", "a", ""])
    one.show(rows(1), [4], ())
    assert len(one.zone._conversations) == 4
    assert one.tell(("x", "y", "x"), [1, 3, 4])["act_items"] == 3
    assert next(count for text, count in one.zone.notices().items() if "a conversation each" in text) == 3


def test_a_conversation_of_one_turn(bench: Make) -> None:
    one = bench(tasks={"end": {"of": "conversation", "aggregate": "learned"}})
    one.show(rows(1), [1], "a")
    assert one.tell(("x",), [1], "end")["end_items"] == 1


def test_a_conversation_longer_than_the_window_teaches_what_is_kept(bench: Make) -> None:
    one = bench(tasks={"end": {"of": "conversation", "teaches": [1, 19]}}, window=4)
    for turn in range(20):
        one.show(rows(1, turn), [turn], "a")
    assert one.tell(("x",), [19], "end")["end_items"] == 1  # the first is gone, the 19th is not
    one.show(rows(30), range(100, 130), "b")  # more in one tick than are kept
    assert np.isfinite(one.read("end_scores")).all()
    assert one.zone._conversations.find(129) is not None


def test_an_id_that_comes_again_names_the_later_turn(bench: Make) -> None:
    one = bench()
    one.show(rows(2), [1, 2], "ab")
    one.show(rows(1), [1], "b")
    assert one.zone._conversations.find(1).conversation.key == "cb"
    state = one.zone.state()
    one.zone.load_state(state)
    one.show(rows(1), [9], "a")
    assert one.zone._conversations.find(1).conversation.key == "cb"


def test_another_width_is_refused(bench: Make) -> None:
    one = bench()
    one.show(rows(1), [1], "a")
    with pytest.raises(SignalError, match="expected 6 features, as at first, got 4"):
        one.show(rows(1, width=4), [2], "a")


@pytest.mark.parametrize("params, message", [
    ({"tasks": {"act": {"teaches": "last"}}}, 'are for tasks of = "conversation"'),
    ({"tasks": {"age": {"kind": "numbers", "of": "author", "aggregate": "mean_vote"}}}, "newest, mean or median"),
    ({"tasks": {"role": {"of": "author", "aggregate": "contrast"}}}, 'expected "contrast" of = "speaker" alone'),
    ({"network": {**SMALL, "hidden": 15}}, "even multiple of the 2 heads"),
    ({"tasks": {"act": {"kind": "some"}}}, "kind"), ({"tasks": {}}, "tasks"), ({"window": 0}, "window"),
])
def test_parameters_that_cannot_be_are_refused(bench: Make, params: dict[str, object], message: str) -> None:
    with pytest.raises(AuraError, match=message):
        bench(**params)
