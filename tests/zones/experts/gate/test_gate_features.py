"""What the gate sees."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import ParameterError, SignalError, StateError
from aura.zones.experts.gate.gate_features import CLIP, FEWEST_ITEMS, MEMORY_ITEMS, GateFeatures, follow_moments
from aura.zones.experts.params import GateParams
from tests.zones.experts.gate.naive_gate import NaiveFeatures, moments

SIZES = [(1, 1, 0, 0.5), (5, 3, 2, 0.0), (17, 7, 8, 0.5), (784, 32, 8, 1.0), (3, 10, 20, 0.3)]


def made(features: int = 12, projections: int = 6, resonators: int = 3, winners: float = 0.5, seed: int = 1,
         ) -> GateFeatures:
    params = GateParams(features=projections, resonators=resonators, attention_winners=winners)
    return GateFeatures(params, features, seed, "gate")


@pytest.mark.parametrize(("features", "projections", "resonators", "winners"), SIZES)
def test_features_are_those_of_the_slow_twin(features: int, projections: int, resonators: int, winners: float) -> None:
    rng = np.random.default_rng(0)
    rows = (rng.standard_normal((40, features)) * 3 + 1).astype(np.float32)
    gate = made(features, projections, resonators, winners)
    params = GateParams(features=projections, resonators=resonators, attention_winners=winners)
    twin = NaiveFeatures(params, gate.projection)
    raw = [twin.sense(row, np.zeros(projections), np.ones(projections)) for row in rows[:15]]
    np.testing.assert_allclose(gate.sense(rows[:15]), raw, atol=1e-4)
    gate.adapt(rows)
    mean, variance = moments(gate.projection, rows)
    spread = np.sqrt(variance + 1e-12 + 1e-6 * mean**2)
    scaled = [twin.sense(row, mean, spread) for row in rows[15:]]
    np.testing.assert_allclose(gate.sense(rows[15:]), scaled, atol=1e-3)
    assert gate.width == len(raw[0])


def test_moments_are_exact_and_then_forget() -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((3000, 2)).astype(np.float32) * 4 + 1000
    mean, variance = np.zeros(2), np.zeros(2)
    assert follow_moments(z, 0, mean, variance) == 3000
    np.testing.assert_allclose(mean, z.mean(axis=0, dtype=float), rtol=1e-9)
    np.testing.assert_allclose(variance, z.var(axis=0, dtype=float), rtol=1e-9)
    later = np.zeros((MEMORY_ITEMS * 4, 2), np.float32)
    assert follow_moments(later, 3000, mean, variance) == MEMORY_ITEMS
    assert np.all(np.abs(mean) < 0.05 * 1000)


def test_without_moments_features_count_as_standardised() -> None:
    gate, rows = made(), np.random.default_rng(0).standard_normal((FEWEST_ITEMS, 12)).astype(np.float32)
    before = made().sense(rows)
    gate.adapt(rows[1:])
    assert np.array_equal(gate.sense(rows), before)
    gate, later = made(), made()
    gate.adapt(rows)
    assert not np.array_equal(gate.sense(rows), later.sense(rows))


def test_bits_do_not_depend_on_how_the_stream_is_cut() -> None:
    rows = np.random.default_rng(3).standard_normal((50, 12)).astype(np.float32)
    whole, cut = made(), made()
    whole.adapt(rows)
    for part in np.split(rows, [1, 5, 6, 37]):
        cut.adapt(part)
    expected = whole.sense(rows)
    found = np.concatenate([cut.sense(part) for part in np.split(rows, [3, 4, 36])])
    assert np.array_equal(found, expected)


def test_sensing_leaves_the_moments_alone() -> None:
    gate = made()
    gate.sense(np.ones((20, 12), np.float32))
    assert gate.seen == 0
    assert not gate.mean.any()


@pytest.mark.parametrize("value", [0.0, 1e-38, 1e30, 3e38, -3e38])
def test_odd_rows_give_bounded_features_and_leave_no_denormals(value: float) -> None:
    gate, rng = made(), np.random.default_rng(0)
    rows = rng.standard_normal((30, 12)).astype(np.float32)
    gate.adapt(rows)
    odd = np.full((3, 12), value, np.float32) * np.sign(rng.standard_normal(12)).astype(np.float32)
    gate.adapt(odd)
    h = np.concatenate([gate.sense(rows), gate.sense(odd), gate.sense(np.zeros((3000, 12), np.float32))])
    assert np.isfinite(h).all()
    assert np.abs(h).max() <= CLIP
    assert not np.any((h != 0) & (np.abs(h) < np.finfo(np.float32).tiny))
    assert np.isfinite(gate.mean).all()


def test_a_constant_stimulus_stays_near_nought() -> None:
    gate, rows = made(), np.full((500, 12), 0.3, np.float32)
    gate.adapt(rows)
    assert np.abs(gate.sense(rows)[:, 1:7]).max() < 0.01


def test_projections_follow_from_the_seed_and_keep_lengths_on_average() -> None:
    first = made(784, 64)
    assert np.array_equal(first.projection, made(784, 64).projection)
    assert not np.array_equal(first.projection, made(784, 64, seed=2).projection)
    products = first.projection @ first.projection.T
    np.testing.assert_allclose(np.diag(products), 1.0, rtol=1e-5)
    assert np.abs(products - np.diag(np.diag(products))).max() < 0.2


def test_a_resumed_stream_gives_the_same_bits() -> None:
    rows = np.random.default_rng(4).standard_normal((60, 12)).astype(np.float32)
    gate, other = made(), made(seed=9)
    gate.adapt(rows[:30])
    gate.sense(rows[:30])
    kept = gate.state()
    expected = gate.sense(rows[30:])
    gate.adapt(rows)
    other.load_state(kept)
    assert np.array_equal(other.sense(rows[30:]), expected)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SignalError, match=r"gate\.rows: expected shape \(n, 12\), got \(2, 3\)"):
        made().sense(np.zeros((2, 3), np.float32))
    with pytest.raises(ParameterError, match=r"gate\.features"):
        made(0)
    with pytest.raises(StateError, match=r"gate\.projection"):
        made().load_state(made(13).state())


def test_silence_leaves_no_denormals_behind() -> None:
    gate = made(resonators=6)
    gate.sense(np.random.default_rng(0).standard_normal((30, 12)).astype(np.float32))
    h = gate.sense(np.zeros((40_000, 12), np.float32))
    assert not np.any((h != 0) & (np.abs(h) < 1e-30))
    assert not h[-1, 1:].any()
    for part in (gate.state()["attention"]["trace"], gate.state()["bank"]["resonators"]):
        assert not np.any((part != 0) & (np.abs(part) < 1e-30))
