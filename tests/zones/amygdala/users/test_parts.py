"""Trajectories, readiness and the bandit, each alone."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.zones.amygdala.users.bandit import LinUcb
from aura.zones.amygdala.users.readiness import Readiness
from aura.zones.amygdala.users.trajectory import Trajectories

ARMS = ("rest", "hint", "challenge")


def test_the_longest_silent_user_is_forgotten_first() -> None:
    course = Trajectories(1, [2.0], most=2)
    for user in ("ada", "bob", "ada", "cem"):
        course.follow(user, np.array([0.5]))
    assert course.users == ("ada", "cem")
    assert course.evicted == 1
    assert course.follow("bob", np.array([0.9])).tolist() == [0.9, 0.0]


def test_a_message_of_nobody_is_always_a_first_one_and_keeps_nothing() -> None:
    course = Trajectories(2, [2.0, 10.0], most=5)
    course.follow("", np.array([0.0, 1.0]))
    assert course.follow("", np.array([1.0, 0.0])).tolist() == [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert len(course) == 0


def test_the_mean_closes_the_stated_share_of_a_step_in_its_time_constant() -> None:
    course = Trajectories(1, [8.0], most=1)
    course.follow("ada", np.array([0.0]))
    for _ in range(8):
        mean = course.follow("ada", np.array([1.0]))[0]
    assert mean == pytest.approx(1.0 - np.exp(-1.0))


def test_trajectories_come_back_in_their_order_and_a_smaller_bound_keeps_the_newest() -> None:
    course = Trajectories(1, [2.0], most=3)
    for place, user in enumerate(("ada", "bob", "cem")):
        course.follow(user, np.array([place / 10]))
    smaller = Trajectories(1, [2.0], most=2)
    smaller.load_state(course.state())
    assert smaller.users == ("bob", "cem")
    assert np.array_equal(smaller.follow("cem", np.array([0.7])), course.follow("cem", np.array([0.7])))
    with pytest.raises(StateError, match="time constants"):
        Trajectories(1, [2.0, 3.0], most=3).load_state(course.state())


def test_readiness_is_the_prior_of_a_uniform_number_until_something_is_told_and_surer_afterwards() -> None:
    readiness = Readiness(3, prior=0.4, ridge=0.3)
    rng = np.random.default_rng(0)
    rows = np.hstack([rng.random((200, 2)), np.ones((200, 1))])
    expected, deviation = readiness.expect(rows[:1])
    assert (expected[0], deviation[0]) == (0.4, pytest.approx(12 ** -0.5))
    targets = np.clip(0.2 + 0.6 * rows[:, 0] + 0.02 * rng.normal(size=200), 0, 1)
    for start in range(0, 160, 8):
        readiness.learn(rows[start:start + 8], targets[start:start + 8], 1.0)
    expected, deviation = readiness.expect(rows[160:])
    assert np.abs(expected - targets[160:]).mean() < 0.03
    assert deviation.max() < 0.12
    before = readiness.state()
    readiness.learn(rows, targets, 0.0)
    assert str(readiness.state()) == str(before)


def effectiveness(contexts: np.ndarray) -> np.ndarray:
    """Return how effective each arm truly is, (n, arms): resting helps the frustrated, a challenge the bored."""
    pleasure, arousal = contexts[:, 0], contexts[:, 1]
    return np.stack([0.9 - 0.8 * pleasure, np.full(len(contexts), 0.5), 0.3 + 0.6 * pleasure * (1 - arousal)], axis=1)


def test_the_bandits_regret_is_far_below_that_of_chance_and_of_the_best_single_arm() -> None:
    rng = np.random.default_rng(1)
    contexts = np.hstack([rng.random((3000, 2)), np.ones((3000, 1))])
    bandit = LinUcb(ARMS, 3, exploration=0.5, ridge=0.3)
    truth = effectiveness(contexts)
    regrets = []
    for context, means in zip(contexts, truth, strict=True):
        chosen, _ = bandit.choose(context[None], explore=True)
        bandit.learn(context[None], chosen, np.clip(means[chosen] + 0.1 * rng.normal(size=1), 0, 1), 1.0)
        regrets.append(means.max() - means[chosen[0]])
    best_single = (truth.max(axis=1)[:, None] - truth).mean(axis=0).min()
    chance = (truth.max(axis=1)[:, None] - truth).mean()
    assert np.mean(regrets) < 0.2 * chance
    assert np.mean(regrets[-1000:]) < 0.2 * best_single
    assert bandit.tried.sum() == 3000


def test_without_exploration_the_highest_expectation_is_chosen_and_nothing_is_drawn() -> None:
    bandit = LinUcb(ARMS, 1, exploration=9.0, ridge=1.0)
    bandit.learn(np.ones((1, 1)), np.array([1]), np.array([1.0]), 1.0)
    chosen, expected = bandit.choose(np.ones((2, 1)), explore=False)
    assert chosen.tolist() == [1, 1]
    assert expected[0].tolist() == [0.5, 0.75, 0.5]
    assert bandit.choose(np.ones((1, 1)), explore=True)[0].tolist() == [0]


def test_a_state_of_other_interventions_is_refused_by_name() -> None:
    bandit = LinUcb(ARMS, 2, exploration=1.0, ridge=1.0)
    with pytest.raises(StateError, match="rest, hint, challenge"):
        LinUcb(("rest", "dance", "challenge"), 2, exploration=1.0, ridge=1.0).load_state(bandit.state())
