"""Pooling against means taken box by box, and its adjoint."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.zones.fabric.learning.pooling import Pooling

SHAPES = st.tuples(*(st.integers(1, 7),) * 3)


def means(shape: tuple[int, int, int], boxes: tuple[int, int, int], grid: np.ndarray) -> np.ndarray:
    """Return the mean of each box, found one by one."""
    found = [[] for _ in range(math.prod(boxes))]
    for place in np.ndindex(*shape):
        box = [index * count // size for index, count, size in zip(place, boxes, shape, strict=True)]
        found[int(np.ravel_multi_index(box, boxes))].append(grid[place])
    return np.array([np.mean(values) for values in found])


@pytest.mark.slow
@given(SHAPES, st.integers(1, 60), st.integers(0, 99))
def test_a_box_is_the_mean_of_its_neighbours(shape: tuple[int, int, int], most: int, seed: int) -> None:
    pooling, grids = Pooling(shape, most), np.random.default_rng(seed).normal(size=(2, *shape))
    found = pooling.pool(grids)
    assert found.shape == (2, len(pooling))
    assert found.dtype == np.float64
    for row, grid in zip(found, grids, strict=True):
        np.testing.assert_allclose(row, means(shape, pooling.boxes, grid), rtol=1e-12, atol=1e-14)


@given(SHAPES, st.integers(1, 60))
def test_there_are_as_many_boxes_as_allowed_and_none_is_empty(shape: tuple[int, int, int], most: int) -> None:
    pooling = Pooling(shape, most)
    assert 1 <= len(pooling) <= most
    assert len(pooling) == math.prod(shape) or 2 * len(pooling) > most / 4
    assert np.isfinite(pooling.pool(np.ones((1, *shape)))).all()


@given(SHAPES, st.integers(1, 60), st.integers(0, 99))
def test_spreading_is_the_adjoint_of_pooling(shape: tuple[int, int, int], most: int, seed: int) -> None:
    rng, pooling = np.random.default_rng(seed), Pooling(shape, most)
    grids, gradients = rng.normal(size=(3, *shape)), rng.normal(size=(3, len(pooling)))
    assert float((pooling.pool(grids) * gradients).sum()) == pytest.approx(
        float((grids * pooling.spread(gradients)).sum()), rel=1e-9, abs=1e-9)


def test_a_grid_of_few_units_is_read_unit_by_unit() -> None:
    grid = np.random.default_rng(0).normal(size=(1, 2, 3, 4)).astype(np.float32)
    assert np.array_equal(Pooling((2, 3, 4), 24).pool(grid), grid.reshape(1, -1).astype(np.float64))
