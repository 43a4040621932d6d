"""The affect code: what it is, and that emotions can be told apart by it."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.amygdala.features.affect_code import LENGTH, NONE, affect_code, waves


def test_it_is_the_sum_of_two_sines_the_second_at_half() -> None:
    samples = np.arange(LENGTH)
    code = affect_code(np.array([[1, 16]]), np.array([[0.8, 0.3]]))[0]
    first = 0.8 * np.sin(2 * np.pi * 2 * samples / 32)
    second = 0.3 * 8 / 9 * np.sin(2 * np.pi * 2 * samples / 32 + np.pi / 2)
    assert np.allclose(code, first + 0.5 * second)


def test_no_emotion_is_a_code_of_zeros() -> None:
    assert not affect_code(np.array([[NONE, NONE]]), np.ones((1, 2))).any()
    assert affect_code(np.zeros((0, 2), np.intp), np.zeros((0, 2))).shape == (0, LENGTH)


def test_no_wave_is_a_multiple_of_another_among_a_thousand() -> None:
    table = waves(1000)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    alike = np.abs(table @ table.T) - np.eye(1000)
    assert alike.max() < 1 - 1e-4


@pytest.mark.parametrize("count", [28, 30])
def test_the_first_thirty_emotions_are_orthogonal(count: int) -> None:
    products = waves(count) @ waves(count).T
    assert np.allclose(products, np.diag(np.diag(products)), atol=1e-12)
    assert (np.diag(products) > 10).all()
