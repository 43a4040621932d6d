"""Both rules against their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aura.zones.fabric.som import batch, online
from aura.zones.fabric.som.codebook import Codebook
from aura.zones.fabric.som.grid import profile
from aura.zones.fabric.som.schedule import Step
from tests.zones.fabric.som import naive

SHAPE = (4, 3, 2)
UNITS, FEATURES = 24, 7


def scene(rows: int, seed: int = 0) -> tuple[Codebook, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    units = rng.standard_normal((UNITS, FEATURES)).astype(np.float32)
    data = rng.standard_normal((rows, FEATURES)).astype(np.float32)
    return Codebook(units, np.zeros(FEATURES, np.float32)), data, rng.integers(UNITS, size=rows).astype(np.int32)


def gaussian(radius: float) -> np.ndarray:
    return naive.grid_shares(dict(enumerate(profile("gaussian", radius, 4).astype(float))), SHAPE)


@pytest.mark.parametrize("rows", [1, 2, 33])
@pytest.mark.parametrize(("rate", "weight"), [(0.3, 1.0), (0.2, 0.5), (0.8, 2.0)])
def test_online_rule_is_kohonens_step_for_one_item_after_another(rows: int, rate: float, weight: float) -> None:
    codebook, data, winners = scene(rows)
    expected = naive.kohonen(codebook.units, data, winners, gaussian(0.9), min(rate * weight, 1.0))
    online.OnlineRule(SHAPE, "gaussian").learn(codebook, data, winners, Step(0.9, rate, 0.0), weight)
    np.testing.assert_allclose(codebook.units, expected, atol=2e-6)


def test_online_rule_leaves_units_beyond_the_neighbourhood_as_they_are() -> None:
    codebook, data, winners = scene(5)
    before = codebook.units.copy()
    winners[:] = 0
    online.OnlineRule(SHAPE, "bubble").learn(codebook, data, winners, Step(1.0, 0.5, 0.0), 1.0)
    moved = (codebook.units != before).any(1)
    assert moved.sum() == 8  # a cube of two units a side


def test_online_rule_leaves_no_denormal_numbers_behind() -> None:
    codebook, data, winners = scene(64)
    rule = online.OnlineRule(SHAPE, "gaussian")
    for _ in range(200):
        rule.learn(codebook, 0 * data, winners, Step(3.0, 0.9, 0.0), 1.0)
    assert not codebook.units.any()


def test_batch_rule_without_memory_is_the_weighted_mean_of_the_block() -> None:
    codebook, data, winners = scene(200)
    rule = batch.BatchRule(SHAPE, FEATURES, "gaussian")
    rule.begin(codebook.units, 0.01)
    rule.learn(codebook, data, winners, Step(1.2, 0.0, 0.0), 1.0)
    np.testing.assert_allclose(codebook.units, naive.batch(data, winners, gaussian(1.2), np.ones(200)), atol=1e-5)


def test_batch_rule_with_memory_counts_old_items_less() -> None:
    codebook, data, winners = scene(90)
    rule = batch.BatchRule(SHAPE, FEATURES, "gaussian")
    for first in range(0, 90, 30):
        part = slice(first, first + 30)
        rule.learn(codebook, data[part], winners[part], Step(1.2, 0.0, 50.0), 1.0)
    weights = np.repeat(np.exp(-np.array([60, 30, 0]) / 50.0), 30)
    np.testing.assert_allclose(codebook.units, naive.batch(data, winners, gaussian(1.2), weights), atol=1e-5)


def test_batch_rule_takes_the_weight_of_a_block_for_so_many_items() -> None:
    half, data, winners = scene(40)
    whole, _, _ = scene(40)
    for codebook, rows, won, weight in ((half, np.vstack([data, data]), np.tile(winners, 2), 0.5),
                                        (whole, data, winners, 1.0)):
        rule = batch.BatchRule(SHAPE, FEATURES, "gaussian")
        rule.learn(codebook, rows, won, Step(1.0, 0.0, 100.0), weight)
    np.testing.assert_allclose(half.units, whole.units, atol=1e-5)


def test_batch_rule_leaves_units_whose_neighbourhood_won_nothing() -> None:
    codebook, data, winners = scene(5)
    before = codebook.units.copy()
    winners[:] = 0
    batch.BatchRule(SHAPE, FEATURES, "bubble").learn(codebook, data, winners, Step(1.0, 0.0, 10.0), 1.0)
    moved = (codebook.units != before).any(1)
    assert moved.sum() == 8
    np.testing.assert_allclose(codebook.units[moved], np.tile(data.mean(0), (8, 1)), atol=1e-6)


def test_batch_rule_leaves_no_denormal_sums_behind() -> None:
    codebook, data, winners = scene(64)
    rule = batch.BatchRule(SHAPE, FEATURES, "gaussian")
    rule.learn(codebook, data, winners, Step(1.0, 0.0, 10.0), 1.0)
    for _ in range(20):
        rule.learn(codebook, 0 * data, winners, Step(1.0, 0.0, 10.0), 1.0)
    sums = rule.sums[:, :-1]
    assert not sums.any()
    assert math.isclose(rule.sums[:, -1].sum(), 64 / (1 - math.exp(-6.4)), rel_tol=1e-4)
