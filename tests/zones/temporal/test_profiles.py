"""What several opinions make of one belief, and of whom opinions are kept."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.temporal.profiles import Aggregator, Profiles, Whom

CHANCES = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.4, 0.35, 0.25], [0.1, 0.7, 0.2]])


def test_the_mean_and_the_median_are_of_probabilities() -> None:
    scores = np.log(CHANCES) + 3.0  # softmax does not mind
    assert Aggregator("mean", "choice").chances(scores) == pytest.approx(CHANCES.mean(axis=0))
    median = np.median(CHANCES, axis=0)
    assert Aggregator("median", "choice").chances(scores) == pytest.approx(median / median.sum())
    odds = np.log(CHANCES / (1 - CHANCES))
    assert Aggregator("mean", "labels").chances(odds) == pytest.approx(CHANCES.mean(axis=0))
    assert Aggregator("median", "labels").chances(odds) == pytest.approx(median)


def test_votes_are_for_the_best_class_or_for_all_that_are_likely() -> None:
    assert Aggregator("mean_vote", "choice").chances(np.log(CHANCES)) == pytest.approx(np.array([2.5, 2.5, 0.5]) / 5.5)
    odds = np.log(CHANCES / (1 - CHANCES))
    assert Aggregator("mean_vote", "labels").chances(odds) == pytest.approx(np.array([1.5, 2.5, 0.5]) / 5.0)


@pytest.mark.parametrize("votes, expected", [(1.0, [True, True, False]), (2.0, [False, True, False])])
def test_a_number_of_votes_is_enough_however_many_turns_there_are(votes: float, expected: list[bool]) -> None:
    odds = np.log(CHANCES / (1 - CHANCES))
    one = Aggregator("total_vote", "labels", votes)
    assert (one.scores(odds) > 0).tolist() == expected
    assert (one.scores(np.concatenate([odds, np.full((50, 3), -4.0)])) > 0).tolist() == expected


@pytest.mark.parametrize("method", ["newest", "mean", "median", "mean_vote", "total_vote", "learned", "contrast"])
@pytest.mark.parametrize("kind", ["choice", "labels"])
def test_one_opinion_that_is_sure_is_believed(method: str, kind: str) -> None:
    sure = np.array([[9.0, -9.0]])
    scores = Aggregator(method, kind).scores(sure)  # type: ignore[arg-type]
    assert np.isfinite(scores).all()
    assert scores.argmax() == 0


def test_a_contrast_tells_apart_what_one_is_from_what_the_others_are() -> None:
    logs = np.log(CHANCES)
    own, others = logs[:1], logs[1:]
    one = Aggregator("contrast", "choice")
    assert one.scores(own, others) == pytest.approx(logs[0] - others.mean(axis=0))
    assert one.scores(own, others) == pytest.approx(-one.scores(others, own))
    assert one.scores(own + 3.0) == pytest.approx(logs[0])  # nobody else has spoken
    assert one.scores(np.log([[0.45, 0.55]]), np.log([[0.2, 0.8]])).argmax() == 0  # the other is it still less


def test_numbers_have_a_mean_and_a_median() -> None:
    numbers = np.array([[1.0], [2.0], [9.0]])
    assert Aggregator("mean", "numbers").scores(numbers).tolist() == [4.0]
    assert Aggregator("median", "numbers").scores(numbers).tolist() == [2.0]
    assert Aggregator("newest", "numbers").scores(numbers).tolist() == [9.0]


def test_a_learned_rule_begins_as_the_mean_and_finds_that_the_newest_opinion_counts() -> None:
    chance = np.random.default_rng(0)

    def opinions() -> tuple[np.ndarray, np.ndarray]:
        truth = int(chance.integers(2))
        found = chance.normal(size=(8, 2))
        found[-1, truth] += 2.0
        return found, np.eye(2)[truth]

    learned, mean = Aggregator("learned", "choice"), Aggregator("mean", "choice")
    first, _ = opinions()
    assert learned.chances(first) == pytest.approx(mean.chances(first), rel=1e-5)
    hits = {learned: 0, mean: 0}
    for item in range(1500):
        found, truth = opinions()
        if item >= 500:
            for one in hits:
                hits[one] += int(one.scores(found).argmax() == truth.argmax())
        learned.learn(found, truth)
    assert hits[learned] > 880  # of 1,000; the newest alone has 921
    assert hits[learned] > hits[mean] + 100


def test_opinions_are_bounded_and_the_longest_silent_go() -> None:
    profiles = Profiles(most=2, length=3, least=-16.0)
    ada, bob, cay = (Whom(author=name) for name in ("ada", "bob", "cay"))
    for number in range(5):
        kept = profiles.add(ada, np.array([float(number)]))
    assert kept.tolist() == [[2.0], [3.0], [4.0]]
    profiles.add(bob, np.array([1.0]))
    profiles.add(ada, np.array([5.0]))
    profiles.add(cay, np.array([1.0, 2.0]))
    assert profiles.get(bob, 2) is None
    assert profiles.evicted == 1
    found = profiles.get(ada, 2)
    assert found is not None
    assert found.tolist() == [[3.0, -16.0], [4.0, -16.0], [5.0, -16.0]]


def test_opinions_come_back_from_a_state() -> None:
    one, other = Profiles(3, 4, -16.0), Profiles(3, 4, -16.0)
    for name in "abca":
        one.add(Whom(author=name), np.arange(2.0) + ord(name))
    other.load_state(one.state())
    assert trees_equal(one.state(), other.state())
    assert np.array_equal(one.add(Whom(author="b"), np.zeros(2)), other.add(Whom(author="b"), np.zeros(2)))
