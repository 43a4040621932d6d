"""What is believed of an author within one conversation: apart from all others, and forgotten with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.temporal.profiles import Whom

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]
BOTH = {"role": {"of": "speaker"}, "now": {"of": "speaker", "aggregate": "newest"}}


def kept(one: Bench) -> list[Whom]:
    """Return of whom there are opinions on their role."""
    return list(one.zone._tasks["role"].profiles._opinions)


def test_of_a_speaker_it_believes_the_mean_of_the_opinions_in_that_conversation_alone(bench: Make) -> None:
    one = bench(tasks=BOTH, network={**SMALL, "dropout": 0.0})
    one.show(rows(4, 7), [1, 2, 3, 4], "wxyz", "n")
    for task in BOTH:
        one.tell(("x", "y", "x", "y"), [1, 2, 3, 4], task)
    said: dict[tuple[str, str], list[np.ndarray]] = {}
    for turn, speaker in enumerate([("a", "u"), ("a", "v"), ("b", "u"), ("a", "u"), ("b", "u"), ("b", "v")]):
        one.show(rows(6)[turn:turn + 1], [10 + turn], *speaker)
        said.setdefault(speaker, []).append(one.read("now_probability")[0])
        expected = np.mean(said[speaker], axis=0)
        assert one.read("role_probability")[0] == pytest.approx(expected, abs=2e-3)  # both have learned alike


def test_one_may_be_one_thing_here_and_another_there(bench: Make) -> None:
    """An author who asks in one conversation and is asked in the next, side by side."""
    one = bench(tasks={"role": {"of": "speaker"}, "whoever": {"of": "author"}}, network={**SMALL, "dropout": 0.0})
    asks = rows(1, 5)[0]
    right = {"role": 0, "whoever": 0}
    for block in range(40):
        ids = list(range(8 * block, 8 * block + 8))
        asked = [turn % 2 == 0 for turn in range(8)]
        noise = rows(8, block) / 2
        one.show(noise + np.where(np.array(asked)[:, None], asks, -asks), ids, "cd" * 4, "u")
        if block >= 20:
            for task in right:
                right[task] += sum(best == ("asks" if ask else "told") for best, ask in
                                   zip(one.read(f"{task}_best"), asked, strict=True))
        for task in right:
            one.tell(tuple("asks" if ask else "told" for ask in asked), ids, task)
    assert right["role"] > 155  # of 160
    assert right["whoever"] < 130


def test_a_contrast_is_to_all_others_of_the_conversation_and_to_nobody_elsewhere(bench: Make) -> None:
    tasks = {"role": {"of": "speaker", "aggregate": "contrast"}, "now": {"of": "speaker", "aggregate": "newest"}}
    one = bench(tasks=tasks, network={**SMALL, "dropout": 0.0}, calibrate=False)
    one.show(rows(4, 7), [1, 2, 3, 4], "wxyz", "n")
    for task in tasks:
        one.tell(("x", "y", "x", "y"), [1, 2, 3, 4], task)
    one.show(rows(5), [11, 12, 13, 14, 15], "aabaa", "uvwux")
    said = np.log(one.read("now_probability"))
    expected = (said[0] + said[3]) / 2 - said[1]
    assert np.diff(one.read("role_scores")[3]) == pytest.approx(np.diff(expected), abs=5e-3)  # both have learned alike
    expected = said[4] - (said[0] + said[3] + said[1]) / 3
    assert np.diff(one.read("role_scores")[4]) == pytest.approx(np.diff(expected), abs=5e-3)
    assert np.diff(one.read("role_scores")[2]) == pytest.approx(np.diff(said[2]), abs=5e-3)


def test_the_truth_of_a_speaker_teaches_his_turns_in_that_conversation(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "speaker"}})
    one.show(rows(6), [1, 2, 3, 4, 5, 6], "aaaabb", ["x", "y", "x", "", "x", ""])
    assert one.tell(("asks",), [3], "role")["role_items"] == 2
    assert one.tell(("told",), [6], "role")["role_items"] == 1  # of nobody: that turn alone


def test_speakers_are_forgotten_with_their_conversation(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "speaker"}}, conversations=2)
    one.show(rows(4), [1, 2, 3, 4], "aaba", ["x", "y", "x", ""])
    assert kept(one) == [("ca", "x"), ("ca", "y"), ("cb", "x")]
    one.show(rows(1), [5], "c", "x")
    assert kept(one) == [("ca", "x"), ("ca", "y"), ("cc", "x")]
    assert one.notices["forgot {count} authors,"] == 0


def test_a_conversation_that_begins_anew_has_other_speakers(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "speaker"}})
    one.show(rows(4), [1, 2, 3, 4], "a", ["x", "y", "x", "y"], turns=[0, 1, 2, 3])
    one.show(rows(1), [5], "a", "x", turns=[0])
    assert kept(one) == [("ca", "x")]
    assert len(one.zone._tasks["role"].profiles.get(Whom("ca", "x"), 0)) == 1


def test_of_more_speakers_than_authors_are_kept_the_longest_silent_goes(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "speaker"}}, authors=3)
    one.show(rows(5), [1, 2, 3, 4, 5], "aabba", "xyxyx")
    assert kept(one) == [("cb", "x"), ("cb", "y"), ("ca", "x")]
    assert one.notices["forgot {count} authors,"] == 2  # who spoke again is counted, too
    one.show(rows(3), [6, 7, 8], "cde", "x")
    assert kept(one) == [("cc", "x"), ("cd", "x"), ("ce", "x")]


def test_speakers_come_back_from_a_state_and_go_with_their_conversation_still(bench: Make) -> None:
    one, other = (bench(tasks={"role": {"of": "speaker"}}, conversations=2) for _ in range(2))
    one.show(rows(4), [1, 2, 3, 4], "aaba", ["x", "y", "x", "z"])
    other.zone.load_state(one.zone.state())
    assert trees_equal(one.zone.state(), other.zone.state())
    for each in (one, other):
        each.show(rows(1), [5], "c", "x")
        assert kept(each) == [("ca", "x"), ("ca", "y"), ("ca", "z"), ("cc", "x")]


def test_in_a_conversation_longer_than_is_kept_a_speaker_is_believed_by_all_and_taught_by_what_is_kept(
        bench: Make) -> None:
    one = bench(tasks={"role": {"of": "speaker"}}, window=2, kept=6, opinions=20)
    for turn in range(30):
        one.show(rows(1, turn), [turn], "a", "xy"[turn % 2], turns=[turn])
    assert len(one.zone._tasks["role"].profiles.get(Whom("ca", "x"), 0)) == 15
    assert one.tell(("asks",), [28], "role")["role_items"] == sum(
        author == "x" for author in next(iter(one.zone._conversations)).authors)


def test_a_turn_out_of_order_counts_for_its_speaker_when_it_comes(bench: Make) -> None:
    one = bench(tasks={"role": {"of": "speaker"}})
    one.show(rows(4), [1, 2, 3, 4], "a", "xyxy", turns=[1, 4, 3, 5])
    assert len(one.zone._tasks["role"].profiles.get(Whom("ca", "x"), 0)) == 2
    assert one.tell(("asks",), [7], "role")["role_unmatched"] == 1
