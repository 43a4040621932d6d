"""Places, neighbours, and how learning spreads."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.som.grid import LEAST_SHARE, adjacent, positions, profile, profiles, shares, smooth
from aura.zones.fabric.som.params import Neighbourhood
from tests.zones.fabric.som import naive

KINDS = get_args(Neighbourhood)
SHAPE = (5, 4, 3)


def dense(kind: str, radius: float, shape: tuple[int, int, int]) -> np.ndarray:
    tap = profile(kind, radius, max(shape))  # type: ignore[arg-type]
    return naive.grid_shares(dict(enumerate(tap.astype(float))), shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("radius", [0.3, 1.0, 2.5, 40.0])
def test_shares_begin_at_one_fall_and_never_rise(kind: str, radius: float) -> None:
    tap = profile(kind, radius, 30)  # type: ignore[arg-type]
    assert tap[0] == 1.0
    assert (np.diff(tap) <= 0.0).all()
    assert (tap >= 0.0).all()
    assert not ((tap > 0.0) & (tap < LEAST_SHARE)).any()


@pytest.mark.parametrize("kind", ["gaussian", "sech", "epanechnikov"])
def test_radius_is_the_standard_deviation_of_the_shares(kind: str) -> None:
    tap = profile(kind, 6.0, 200).astype(float)  # type: ignore[arg-type]
    reach = np.arange(200)
    variance = 2 * (tap * reach**2).sum() / (2 * tap.sum() - tap[0])
    assert variance**0.5 == pytest.approx(6.0, rel=0.01)


def test_the_product_of_gaussians_is_the_gaussian_of_the_distance() -> None:
    apart = ((positions(SHAPE)[:, None] - positions(SHAPE)) ** 2).sum(-1)
    np.testing.assert_allclose(dense("gaussian", 1.5, SHAPE), np.exp(-apart / (2 * 1.5**2)), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("radius", [0.4, 1.2, 8.0])
@pytest.mark.parametrize("shape", [SHAPE, (7, 1, 1), (1, 1, 6), (6, 9, 1), (1, 1, 1)])
def test_smoothing_axis_by_axis_is_the_sum_over_all_pairs(kind: str, radius: float,
                                                          shape: tuple[int, int, int]) -> None:
    values = np.random.default_rng(0).standard_normal((math.prod(shape), 3)).astype(np.float32)
    taps = profiles(kind, radius, shape)  # type: ignore[arg-type]
    np.testing.assert_allclose(smooth(values, taps, shape), dense(kind, radius, shape) @ values, atol=2e-5)


def test_shares_of_winners_are_the_columns_of_all_pairs() -> None:
    winners = np.array([0, 59, 17, 17])
    found = shares(profiles("gaussian", 1.1, SHAPE), winners, SHAPE)
    np.testing.assert_allclose(found, dense("gaussian", 1.1, SHAPE)[:, winners], atol=1e-6)


def test_units_stand_in_the_order_of_an_array() -> None:
    places = positions(SHAPE)
    assert places.shape == (60, 3)
    assert np.array_equal(places[np.ravel_multi_index((3, 1, 2), SHAPE)], (3, 1, 2))


@pytest.mark.parametrize(("neighbours", "expected"), [(4, 4), (8, 8), (6, 6), (26, 26)])
def test_a_unit_inside_has_as_many_neighbours_as_they_are_called(neighbours: int, expected: int) -> None:
    shape = (5, 5, 5)
    inside = np.full(125, np.ravel_multi_index((2, 2, 2), shape))
    assert adjacent(inside, np.arange(125), shape, neighbours).sum() == expected + 1  # it counts itself


def test_a_strange_number_of_neighbours_is_refused() -> None:
    with pytest.raises(ParameterError, match="4, 6, 8 or 26"):
        adjacent(np.array([0]), np.array([1]), SHAPE, 5)
