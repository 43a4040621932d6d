"""Spiking attention against a twin in plain Python, and its bounds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.common.spiking_attention import FLUSH_BELOW, SpikingAttention, kth_largest


class Naive:
    """The same in plain Python, sorting all candidates."""

    def __init__(self, features: int, winners: int, decay: float, threshold: float, keep: float, strength: float,
                 rectify: bool) -> None:
        self.winners, self.decay, self.threshold, self.keep, self.strength = winners, decay, threshold, keep, strength
        self.rectify, self.v, self.trace = rectify, [0.0] * features, [0.0] * features
        self.spikes: list[set[int]] = []

    def step(self, row: list[float]) -> list[np.float32]:
        for j, u in enumerate(row):
            self.v[j] = self.decay * self.v[j] + (abs(u) if self.rectify else u)
        able = [j for j in range(len(row)) if self.v[j] >= self.threshold]
        won = set(sorted(able, key=lambda j: (-self.v[j], j))[: self.winners])
        self.spikes.append(won)
        for j in range(len(row)):
            self.trace[j] *= self.keep
            if j in won:
                self.v[j] -= self.threshold
                self.trace[j] += 1.0 - self.keep
        total = 0.0
        for s in self.trace:
            total += s
        share = 1.0 + self.strength * total / len(row)
        return [np.float32((1.0 + self.strength * s) / share) for s in self.trace]


def drives(seed: int, items: int, features: int, coarse: bool) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(items, features))
    # Halves make many ties.
    return (np.round(2 * drawn) / 2 if coarse else drawn).astype(np.float32)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0, 1), st.sampled_from([0.0, 0.5, 0.9]), st.booleans(),
       st.booleans(), st.lists(st.integers(0, 7), min_size=1, max_size=6))
def test_it_does_to_the_bit_what_plain_python_would_whatever_the_blocks(
        seed: int, features: int, share: float, decay: float, rectify: bool, coarse: bool, blocks: list[int]) -> None:
    winners = round(share * features)
    drive = drives(seed, sum(blocks), features, coarse)
    one, whole = (SpikingAttention(features, winners, decay=decay, trace_decay=0.8, strength=2.0, rectify=rectify)
                  for _ in range(2))
    gains = np.concatenate([one.step(drive[a:b]) for a, b in pairwise(np.cumsum([0, *blocks]))])
    naive = Naive(features, winners, decay, 1.0, 0.8, 2.0, rectify)
    expected = np.array([naive.step(row) for row in drive.tolist()], np.float32).reshape(gains.shape)
    assert np.array_equal(gains, expected)
    assert one.potential.tolist() == naive.v
    assert one.trace.tolist() == naive.trace
    assert np.array_equal(whole.step(drive), gains)
    assert trees_equal(whole.state(), one.state())


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=40), st.data())
def test_the_kth_largest_is_that_of_a_sorted_list(values: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(values)))
    assert kth_largest(np.array([*values, 99], dtype=float), len(values), k) == sorted(values, reverse=True)[k - 1]


def test_never_more_than_k_spike_and_always_k_when_so_many_can() -> None:
    attention = SpikingAttention(48, 7, decay=0.9, trace_decay=0.0, strength=1.0)
    for row in drives(3, 300, 48, coarse=True):
        attention.step(row[None])
        spikes = int((attention.trace == 1.0).sum())
        able = int((attention.potential + attention.trace >= 1.0).sum())
        assert spikes == min(able, 7)


def test_of_equals_the_lower_index_wins() -> None:
    attention = SpikingAttention(4, 2, trace_decay=0.0)
    attention.step(np.full((1, 4), 2.0, np.float32))
    assert attention.trace.tolist() == [1, 1, 0, 0]
    attention.step(np.zeros((1, 4), np.float32))
    assert attention.trace.tolist() == [0, 0, 1, 1]


@given(st.integers(0, 2**32 - 1), st.floats(0, 20), st.integers(0, 6), st.floats(0, 0.99))
def test_gains_are_of_mean_one_and_bounded_and_potentials_too(seed: int, strength: float, winners: int,
                                                              decay: float) -> None:
    attention = SpikingAttention(6, winners, decay=decay, strength=strength, trace_decay=0.5)
    drive = 3 * drives(seed, 40, 6, coarse=False)
    gains = attention.step(drive)
    assert gains.mean(axis=1) == pytest.approx(np.ones(40), rel=1e-5)
    assert gains.min() >= (1 - 1e-6) / (1 + strength)
    assert gains.max() <= (1 + 1e-6) * (1 + strength)
    assert np.abs(attention.potential).max() <= float(np.abs(drive).max()) / (1 - decay) * (1 + 1e-12)


def test_features_that_are_excited_more_count_more() -> None:
    drive = np.abs(drives(1, 400, 8, coarse=False))
    drive[:, 5] += 2.0
    gains = SpikingAttention(8, 2).step(drive)
    assert gains[-1].argmax() == 5
    assert gains[-1, 5] > 1.3


def test_no_winners_means_gains_of_one() -> None:
    assert (SpikingAttention(5, 0).step(drives(1, 30, 5, coarse=False)) == 1.0).all()


def test_long_silence_leaves_no_denormals_on_the_way() -> None:
    attention = SpikingAttention(6, 3, decay=0.7, trace_decay=0.6)
    attention.step(drives(4, 50, 6, coarse=False))
    for _ in range(800):
        gains = attention.step(np.zeros((1, 6), np.float32))
        for values in (np.abs(attention.potential), attention.trace):
            assert ((values == 0) | (values >= FLUSH_BELOW)).all()
    assert not attention.potential.any()
    assert not attention.trace.any()
    assert (gains == 1.0).all()


def test_a_saved_state_goes_on_to_the_bit_and_does_not_change() -> None:
    drive = drives(5, 60, 9, coarse=False)
    attention, other = SpikingAttention(9, 3), SpikingAttention(9, 3)
    attention.step(drive[:30])
    kept, same = attention.state(), attention.state()
    rest = attention.step(drive[30:])
    assert trees_equal(kept, same)
    other.load_state(kept)
    assert np.array_equal(other.step(drive[30:]), rest)
    with pytest.raises(StateError, match=r"potential: expected float64 \(8,\), got float64 \(9,\)"):
        SpikingAttention(8, 3).load_state(kept)


@pytest.mark.parametrize("wrong", [
    {"features": 0, "winners": 0}, {"winners": 5}, {"winners": -1}, {"decay": 1.0}, {"decay": -0.1}, {"threshold": 0.0},
    {"trace_decay": 1.0}, {"strength": -1.0}, {"strength": float("nan")}, {"threshold": float("inf")},
])
def test_bad_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="spiking attention"):
        SpikingAttention(**{"features": 4, "winners": 2, **wrong})


def test_a_drive_of_another_width_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"shape \(n, 4\), got \(2, 3\)"):
        SpikingAttention(4, 2).step(np.zeros((2, 3), np.float32))
