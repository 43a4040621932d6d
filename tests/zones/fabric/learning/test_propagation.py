"""The modes of propagation against their equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from aura.core.errors import ParameterError
from aura.zones.fabric.learning.propagation import Propagation, goal_agreement
from aura.zones.fabric.learning.response_params import PropagationMode, PropagationParams

from .naive_responses import spread

SHAPE = (3, 4, 2)
UNITS = 24


def lateral(seed: int = 0, *, positive: bool = False) -> np.ndarray:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(UNITS, UNITS)) * (rng.random((UNITS, UNITS)) < 0.3)
    return (np.abs(weights) if positive else weights).astype(np.float32)


def propagation(weights: np.ndarray | None = None, **params: Any) -> Propagation:
    dense = lateral() if weights is None else weights
    return Propagation(PropagationParams(**params), sparse.csr_array(dense), SHAPE)


def activity(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def test_normal_mode_follows_the_weights() -> None:
    after = propagation().propagate("normal", activity())
    assert after.dtype == np.float32
    assert after.shape == SHAPE
    assert after == pytest.approx(spread(lateral(), activity()), abs=1e-5)


def test_backward_follows_the_weights_in_reverse() -> None:
    after = propagation().propagate_backward(activity())
    assert after == pytest.approx(spread(lateral(), activity(), backward=True), abs=1e-5)


@given(st.integers(0, 2 ** 32 - 1))
def test_backward_is_the_adjoint_of_forward(seed: int) -> None:
    made, a, b = propagation(lateral(seed)), activity(seed), activity(seed + 1)
    one = float((made.propagate_forward(a).astype(float) * b).sum())
    other = float((made.propagate_backward(b).astype(float) * a).sum())
    assert one == pytest.approx(other, abs=1e-4)


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
def test_bidirectional_mode_weighs_the_two_directions(weight: float) -> None:
    made, a = propagation(forward_weight=weight), activity()
    expected = weight * spread(lateral(), a) + (1 - weight) * spread(lateral(), a, backward=True)
    assert made.propagate("bidirectional", a) == pytest.approx(expected, abs=1e-5)
    assert made.combine_directions(a, 2 * a) == pytest.approx((2 - weight) * a, abs=1e-6)


def test_the_directions_weigh_the_same_unless_told() -> None:
    assert propagation().combine_directions(np.ones(SHAPE), np.zeros(SHAPE)) == pytest.approx(np.full(SHAPE, 0.5))


def test_in_random_mode_units_fail_and_the_rest_is_scaled_up() -> None:
    made, a = propagation(release_probability=0.25), activity()
    passed = np.random.default_rng(7).random(SHAPE, np.float32) < 0.25
    assert 0 < passed.sum() < UNITS
    expected = spread(lateral(), np.where(passed, 4 * a, 0))
    assert made.propagate("random", a, rng=np.random.default_rng(7)) == pytest.approx(expected, abs=1e-4)


def test_the_mean_of_random_mode_is_normal_mode() -> None:
    made, a, rng = propagation(), activity(), np.random.default_rng(3)
    draws = np.array([made.propagate("random", a, rng=rng) for _ in range(4000)])
    error = np.abs(draws.mean(axis=0) - made.propagate("normal", a))
    assert (error <= 5 * draws.std(axis=0) / np.sqrt(len(draws)) + 1e-6).all()
    assert draws.std(axis=0).max() > 0.1


def test_random_mode_with_certain_release_is_normal_mode() -> None:
    made = propagation(release_probability=1.0)
    after = made.propagate("random", activity(), rng=np.random.default_rng(0))
    assert np.array_equal(after, made.propagate("normal", activity()))


def test_only_random_mode_draws() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    for mode in ("normal", "intentional", "bidirectional"):
        propagation().propagate(mode, activity(), rng=rng, agreement=np.zeros(SHAPE))
    assert rng.bit_generator.state == before
    propagation().propagate("random", activity(), rng=rng)
    assert rng.bit_generator.state != before


def test_intentional_mode_amplifies_what_agrees_and_weakens_what_does_not() -> None:
    made, a = propagation(amplification=0.5), activity()
    agreement = np.linspace(-1, 1, UNITS).reshape(SHAPE)
    expected = spread(lateral(), a) * (1 + 0.5 * agreement)
    assert made.propagate("intentional", a, agreement=agreement) == pytest.approx(expected, abs=1e-5)


def test_no_amplification_turns_activity_around() -> None:
    made, a = propagation(amplification=3.0), activity()
    after = made.propagate("intentional", a, agreement=np.full(SHAPE, -0.5))
    assert not after.any()


def test_without_a_goal_intentional_mode_is_normal_mode() -> None:
    made = propagation()
    assert np.array_equal(made.propagate("intentional", activity()), made.propagate("normal", activity()))


@given(st.integers(0, 2 ** 32 - 1), st.floats(0, 5), st.booleans())
def test_intentional_mode_raises_the_agreement_of_what_is_active_with_the_goal(seed: int, amplification: float,
                                                                               centred: bool) -> None:
    rng = np.random.default_rng(seed)
    agreement = goal_agreement(rng.normal(size=(*SHAPE, 5)), rng.normal(size=5), centred=centred)
    made, a = propagation(lateral(seed, positive=True), amplification=amplification), np.abs(activity(seed))

    def mean_agreement(activity: np.ndarray) -> float:
        return float((activity.astype(float) * agreement).sum() / max(activity.sum(dtype=float), 1e-12))

    normal, intended = made.propagate("normal", a), made.propagate("intentional", a, agreement=agreement)
    if intended.any():
        assert mean_agreement(intended) >= mean_agreement(normal) - 1e-6
    if 0.1 < amplification <= 1:
        assert mean_agreement(intended) > mean_agreement(normal)


def test_agreement_is_the_cosine_with_the_goal() -> None:
    rng = np.random.default_rng(0)
    patterns, goal = rng.normal(size=(*SHAPE, 6)), rng.normal(size=6)
    plain = goal_agreement(patterns, goal, centred=False)
    mean = patterns.reshape(-1, 6).mean(axis=0)
    centred = goal_agreement(patterns, goal)
    for at in np.ndindex(SHAPE):
        p, q = patterns[at], patterns[at] - mean
        assert plain[at] == pytest.approx(p @ goal / np.sqrt(p @ p) / np.sqrt(goal @ goal))
        assert centred[at] == pytest.approx(q @ (goal - mean) / np.sqrt(q @ q) / np.linalg.norm(goal - mean))


def test_agreement_with_the_pattern_itself_is_full_and_with_nothing_none() -> None:
    patterns = np.random.default_rng(0).normal(size=(4, 3))
    assert goal_agreement(patterns, patterns[2])[2] == pytest.approx(1)
    assert not goal_agreement(patterns, np.zeros(3), centred=False).any()
    assert not goal_agreement(np.ones((4, 3)), np.ones(3)).any()


def test_what_plasticity_does_to_the_weights_is_felt_both_ways() -> None:
    weights = sparse.csr_array(lateral())
    made = Propagation(PropagationParams(), weights, SHAPE)
    forward, backward = made.propagate_forward(activity()), made.propagate_backward(activity())
    weights.data *= 2
    assert made.propagate_forward(activity()) == pytest.approx(2 * forward)
    assert made.propagate_backward(activity()) == pytest.approx(2 * backward)


@pytest.mark.parametrize("mode", list(PropagationMode))
def test_activity_that_dies_away_comes_to_exactly_nothing(mode: PropagationMode) -> None:
    made = propagation(0.3 * np.eye(UNITS, dtype=np.float32))
    a, rng = np.ones(SHAPE, np.float32), np.random.default_rng(0)
    for _ in range(60):
        a = made.propagate(mode, a, rng=rng, agreement=np.full(SHAPE, 0.5))
        assert ((a == 0) | (np.abs(a) >= 1e-15)).all()
    assert not a.any()


def test_a_matrix_of_the_older_interface_will_do() -> None:
    made = Propagation(PropagationParams(), sparse.csr_matrix(lateral()), SHAPE)
    assert np.array_equal(made.propagate("bidirectional", activity()),
                          propagation().propagate("bidirectional", activity()))


def test_what_does_not_fit_is_refused() -> None:
    made = propagation()
    with pytest.raises(ParameterError, match=r"Try 'normal'"):
        made.propagate("norml", activity())
    with pytest.raises(ParameterError, match="activity: expected shape"):
        made.propagate("normal", np.zeros(UNITS))
    with pytest.raises(ParameterError, match="agreement: expected shape"):
        made.propagate("intentional", activity(), agreement=np.zeros(3))
    with pytest.raises(ParameterError, match="Generator in random mode"):
        made.propagate("random", activity())
    with pytest.raises(ParameterError, match="CSR"):
        Propagation(PropagationParams(), lateral(), SHAPE)
    with pytest.raises(ParameterError, match=r"shape \(8, 8\)"):
        Propagation(PropagationParams(), sparse.csr_array(lateral()), (2, 2, 2))
    with pytest.raises(ParameterError, match="goal"):
        goal_agreement(np.zeros((3, 2)), np.zeros(3))
