"""Credit: what an answer is worth, against the derivative of the mixture's own loss."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.experts.credit import LEAST_PROBABILITY, assess, weigh


def some(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    answers = rng.dirichlet(np.ones(4), size=(6, 3)).astype(np.float32)
    weights = rng.dirichlet(np.ones(3), size=6).astype(np.float32)
    return answers, weights, rng.integers(0, 4, 6)


def test_losses_are_those_of_the_mixture() -> None:
    answers, weights, places = some()
    credit = assess(answers, weights, places)
    mixed = np.einsum("nk,nkc->nc", weights, answers)
    np.testing.assert_allclose(credit.losses, -np.log(mixed[np.arange(6), places]), rtol=1e-5)
    assert credit.correct.tolist() == (mixed.argmax(axis=1) == places).tolist()


def test_responsibilities_are_the_shares_in_the_probability_of_the_truth() -> None:
    answers, weights, places = some()
    credit = assess(answers, weights, places)
    np.testing.assert_allclose(credit.responsibilities.sum(axis=1), 1.0, rtol=1e-6)
    step = 1e-3
    for expert in range(3):
        # d log p / d log w_e is the responsibility.
        moved = weights.astype(np.float64).copy()
        moved[:, expert] *= 1.0 + step
        mixed = np.einsum("nk,nkc->nc", moved, answers)[np.arange(6), places]
        slope = (np.log(mixed) + credit.losses) / np.log1p(step)
        np.testing.assert_allclose(credit.responsibilities[:, expert], slope, atol=2e-3)


def test_where_nobody_gave_the_truth_a_chance_the_weights_are_the_credit() -> None:
    credit = assess(np.float32([[[1.0, 0.0], [1.0, 0.0]]]), np.float32([[0.25, 0.75]]), np.array([1]))
    assert credit.responsibilities.tolist() == [[0.25, 0.75]]
    assert credit.losses[0] == pytest.approx(-np.log(LEAST_PROBABILITY))


def test_an_expert_that_was_not_asked_gets_no_credit() -> None:
    credit = assess(np.float32([[[0.5, 0.5], [0.0, 0.0]]]), np.float32([[1.0, 0.0]]), np.array([0]))
    assert credit.responsibilities.tolist() == [[1.0, 0.0]]
    assert weigh(credit, np.float32([[1.0, 0.0]]), "equal").tolist() == [[1.0, 0.0]]
