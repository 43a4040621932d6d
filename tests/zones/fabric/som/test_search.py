"""The search for best-matching units against loops over all units."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.fabric.som.codebook import PANEL, Codebook
from aura.zones.fabric.som.product import add_product
from aura.zones.fabric.som.search import TILE, all_distances, nearest
from aura.zones.fabric.tissue.workers import Workers
from tests.zones.fabric.som import naive

ONE = Workers(1)


class ManyWorkers(Workers):
    """Cuts work however little it is."""

    def cut(self, count: int, work_ns: float) -> list[int]:
        return super().cut(count, 1e12)


def scene(units: int, features: int, rows: int, seed: int = 0, offset: float = 0.0) -> tuple[np.ndarray, Codebook]:
    rng = np.random.default_rng(seed)
    weights = (rng.standard_normal((units, features)) + offset).astype(np.float32)
    data = (rng.standard_normal((rows, features)) + offset).astype(np.float32)
    return data, Codebook(weights, data.mean(0))


@pytest.mark.slow
@pytest.mark.parametrize(("units", "features", "rows"), [
    (1, 1, 3), (2, 3, 1), (16, 8, 64), (17, 9, 65), (375, 30, TILE + 5), (PANEL + 70, 5, 40)])
def test_winners_are_those_of_the_loop_over_all_units(units: int, features: int, rows: int) -> None:
    data, codebook = scene(units, features, rows)
    expected = naive.distances(data, codebook.units)
    order = np.argsort(expected, axis=1, kind="stable")
    found = nearest(data, codebook, ONE, two=units > 1)
    assert np.array_equal(found.first, order[:, 0])
    np.testing.assert_allclose(found.distance, expected.min(1), rtol=1e-5)
    if units > 1:
        assert np.array_equal(found.second, order[:, 1])


@pytest.mark.slow
def test_distances_from_all_units_are_those_of_the_loop() -> None:
    data, codebook = scene(PANEL + 40, 20, 70)
    np.testing.assert_allclose(all_distances(data, codebook, ONE), naive.distances(data, codebook.units), rtol=1e-4)


def test_of_equal_units_the_lowest_wins_and_the_next_is_second() -> None:
    codebook = Codebook(np.ones((600, 4), np.float32), np.zeros(4, np.float32))
    found = nearest(np.full((3, 4), 5.0, np.float32), codebook, ONE, two=True)
    assert found.first.tolist() == [0, 0, 0]
    assert found.second.tolist() == [1, 1, 1]


def test_data_far_from_the_origin_keep_their_winners() -> None:
    data, codebook = scene(60, 10, 100, offset=5000.0)
    assert np.array_equal(nearest(data, codebook, ONE).first, naive.distances(data, codebook.units).argmin(1))


def test_a_row_that_equals_a_unit_is_at_distance_zero() -> None:
    _, codebook = scene(50, 300, 1)
    found = nearest(codebook.units.copy(), codebook, ONE)
    assert np.array_equal(found.first, np.arange(50))
    assert not found.distance.any()


def test_bits_depend_neither_on_threads_nor_on_how_rows_are_cut() -> None:
    data, codebook = scene(375, 37, 5 * TILE + 3)
    whole = nearest(data, codebook, ONE, two=True)
    spread = all_distances(data, codebook, ONE)
    for threads in (2, 3):
        workers = ManyWorkers(threads)
        assert all(np.array_equal(one, other)
                   for one, other in zip(whole, nearest(data, codebook, workers, two=True), strict=True))
        assert np.array_equal(spread, all_distances(data, codebook, workers))
        workers.close()
    few = ManyWorkers(8)  # more threads than there is work for
    assert np.array_equal(nearest(data[:3], codebook, few).distance, whole.distance[:3])
    assert not len(nearest(data[:0], codebook, few).first)
    few.close()
    for first, last in ((0, 1), (5, 12), (17, 17 + TILE), (100, 323)):
        part = slice(first, last)
        assert np.array_equal(nearest(data[part], codebook, ONE).distance, whole.distance[part])
        assert np.array_equal(all_distances(data[part], codebook, ONE), spread[part])


def test_panels_follow_the_units_that_have_changed() -> None:
    data, codebook = scene(100, 12, 30)
    changed = np.array([3, 40, 99])
    codebook.units[changed] = data[:3]
    codebook.refresh(changed)
    fresh = Codebook(codebook.units, codebook.centre)
    assert np.array_equal(codebook.panels, fresh.panels)
    assert np.array_equal(codebook.halves, fresh.halves)
    assert nearest(data[:3], codebook, ONE).first.tolist() == [3, 40, 99]


@pytest.mark.parametrize(("rows", "inner", "columns"), [(1, 1, 1), (3, 7, 5), (4, 8, 16), (9, 20, 33), (64, 304, 48)])
def test_product_is_added_to_what_stands_there(rows: int, inner: int, columns: int) -> None:
    rng = np.random.default_rng(1)
    left, right, out = (rng.standard_normal(size).astype(np.float32)
                        for size in ((rows, inner), (inner, columns), (rows, columns)))
    expected = out.astype(float) + left.astype(float) @ right.astype(float)
    add_product(left, right, out)
    np.testing.assert_allclose(out, expected, atol=1e-4)
