"""The phasor bank against its analytic frequency response, its analytic decay, and a twin in plain Python."""

from __future__ import annotations

import cmath
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.common.phasor import FLUSH_BELOW, PhasorBank, mixing_matrix

BANKS: list[dict[str, Any]] = [
    {"resonators": 7, "low": 0.01, "high": 0.5, "quality": 6.0},
    {"resonators": 5, "low": 1.0, "high": 40.0, "step": 0.01, "time_constant": 0.3},
    {"resonators": 1, "low": 0.1, "high": 0.1, "time_constant": 20.0},
]


def states(bank: PhasorBank, drive: np.ndarray) -> np.ndarray:
    """Return the complex resonators after each item."""
    out = []
    for row in drive:
        bank.step(row[None])
        out.append(bank.resonators[0] + 1j * bank.resonators[1])
    return np.array(out)


@pytest.mark.slow
@pytest.mark.parametrize("options", BANKS)
@pytest.mark.parametrize("place", [0.03, 0.17, 0.31, 0.49])
def test_the_measured_response_is_the_analytic_one(options: dict[str, Any], place: float) -> None:
    bank = PhasorBank(**options)
    frequency = place / bank.step_size
    settle = math.ceil(40 / -math.log(bank.decay.max()))
    time = np.arange(settle + 400)
    # A real tone is two exponentials; each is measured by least squares on the settled end.
    drive = np.tile(np.cos(2 * np.pi * place * time), (len(bank), 1)).T
    settled = states(bank, drive)[settle:]
    tone = np.exp(2j * np.pi * place * time[settle:])
    fit = np.linalg.lstsq(np.stack([tone, tone.conj()], axis=1), settled, rcond=None)[0]
    expected = bank.response(np.array([frequency, -frequency])) / 2
    assert np.allclose(np.abs(fit), np.abs(expected), rtol=1e-9, atol=1e-12)
    assert np.allclose(np.angle(fit / expected), 0.0, atol=1e-9)


def test_the_gain_is_one_at_the_own_frequency_and_less_elsewhere() -> None:
    bank = PhasorBank(6, 0.02, 0.4, quality=10.0)
    gains = np.abs(bank.response(bank.frequencies))
    assert np.allclose(np.diag(gains), 1.0)
    assert (gains[~np.eye(6, dtype=bool)] < 0.6).all()


def test_quality_is_frequency_over_width_at_half_power() -> None:
    bank = PhasorBank(1, 0.05, 0.05, quality=25.0)
    around = np.linspace(0.03, 0.07, 40_001)
    passed = around[np.abs(bank.response(around)[:, 0]) ** 2 >= 0.5]
    assert 0.05 / (passed[-1] - passed[0]) == pytest.approx(25.0, rel=0.01)


@pytest.mark.parametrize("options", BANKS)
def test_after_an_impulse_it_rings_down_as_the_analytic_solution(options: dict[str, Any]) -> None:
    bank = PhasorBank(**options)
    drive = np.zeros((60, len(bank)), np.float32)
    drive[0] = 3.0
    rung = states(bank, drive)
    time = np.arange(60)[:, None] * bank.step_size
    ring = bank.step_size / -np.log(bank.decay)
    exact = 3.0 * bank.inlet * np.exp((2j * np.pi * bank.frequencies - 1 / ring) * time)
    assert np.allclose(rung, exact, rtol=1e-11, atol=1e-14)
    if "time_constant" in options:
        assert np.allclose(ring, options["time_constant"])
    else:
        assert np.allclose(ring, options["quality"] / (np.pi * bank.frequencies))


def test_frequencies_lie_in_equal_ratios_between_the_bounds() -> None:
    bank = PhasorBank(5, 0.01, 0.16, quality=4.0)
    assert bank.frequencies[[0, -1]] == pytest.approx([0.01, 0.16])
    assert [b / a for a, b in pairwise(bank.frequencies)] == pytest.approx([2.0] * 4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_it_does_what_plain_python_would_whatever_the_blocks(seed: int, blocks: list[int]) -> None:
    bank = PhasorBank(3, 0.02, 0.4, quality=5.0)
    drive = np.random.default_rng(seed).normal(size=(sum(blocks), 3)).astype(np.float32)
    ends = np.cumsum([0, *blocks])
    amplitudes = np.concatenate([bank.step(drive[a:b]) for a, b in pairwise(ends)])
    naive = [0j] * 3
    for row, amplitude in zip(drive.tolist(), amplitudes, strict=True):
        for j, value in enumerate(row):
            naive[j] = bank.decay[j] * cmath.exp(2j * math.pi * bank.frequencies[j]) * naive[j]
            naive[j] += (1 - bank.decay[j]) * value
        assert np.allclose(amplitude, np.abs(naive), rtol=1e-6, atol=1e-7)
    whole = PhasorBank(3, 0.02, 0.4, quality=5.0)
    assert np.array_equal(whole.step(drive), amplitudes)
    assert trees_equal(whole.state(), bank.state())


def test_a_saved_state_goes_on_to_the_bit_and_does_not_change() -> None:
    drive = np.random.default_rng(2).normal(size=(40, 4)).astype(np.float32)
    bank, other = PhasorBank(4, 0.02, 0.3, quality=5.0), PhasorBank(4, 0.02, 0.3, quality=5.0)
    bank.step(drive[:20])
    kept, same = bank.state(), bank.state()
    rest = bank.step(drive[20:])
    assert trees_equal(kept, same)
    other.load_state(kept)
    assert np.array_equal(other.step(drive[20:]), rest)
    with pytest.raises(StateError, match=r"resonators: expected float64 \(2, 3\), got float64 \(2, 4\)"):
        PhasorBank(3, 0.02, 0.3, quality=5.0).load_state(kept)


def test_long_silence_leaves_nothing_and_no_denormals_on_the_way() -> None:
    bank = PhasorBank(8, 0.004, 0.5, quality=3.0)
    bank.step(np.ones((50, 8), np.float32))
    silence = np.zeros((100, 8), np.float32)
    for _ in range(200):
        amplitude = bank.step(silence)
        for values in (amplitude, np.abs(bank.resonators)):
            assert ((values == 0) | (values >= 0.99 * FLUSH_BELOW)).all()
    assert not amplitude.any()
    assert not bank.resonators.any()


def test_the_largest_numbers_stay_finite() -> None:
    bank = PhasorBank(4, 0.01, 0.5, quality=100.0)
    assert np.isfinite(bank.step(np.full((500, 4), np.finfo(np.float32).max))).all()


def test_a_mixing_is_fixed_by_its_seed_and_of_unit_columns() -> None:
    mixing = mixing_matrix(32, 8, seed=4)
    assert mixing.dtype == np.float32
    assert np.array_equal(mixing, mixing_matrix(32, 8, seed=4))
    assert not np.array_equal(mixing, mixing_matrix(32, 8, seed=5))
    assert np.allclose((mixing ** 2).sum(axis=0), 1.0)


@pytest.mark.parametrize("wrong", [
    {"resonators": 0}, {"low": 0.0}, {"low": 0.4}, {"high": 0.51}, {"step": 2.0}, {"step": -1.0}, {"quality": 0.0},
    {"quality": None}, {"time_constant": 3.0}, {"quality": math.nan}, {"low": math.nan},
])
def test_bad_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="phasor bank"):
        PhasorBank(**{"resonators": 4, "low": 0.02, "high": 0.3, "quality": 5.0, **wrong})


def test_a_drive_of_another_width_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"shape \(n, 4\), got \(2, 3\)"):
        PhasorBank(4, 0.02, 0.3, quality=5.0).step(np.zeros((2, 3), np.float32))
