"""Products of rows against those of float64."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.experts.gate.products import product, write_products


@pytest.mark.parametrize(("rows", "inner", "columns"), [
    (0, 3, 3), (1, 1, 1), (3, 7, 5), (4, 8, 16), (9, 20, 33), (7, 784, 32), (2, 9, 0)])
def test_products_are_right_whatever_stood_there(rows: int, inner: int, columns: int) -> None:
    rng = np.random.default_rng(1)
    left = rng.standard_normal((rows, inner)).astype(np.float32)
    right = rng.standard_normal((columns, inner)).astype(np.float32)
    out = np.full((rows, columns), np.nan, np.float32)
    write_products(left, right, out)
    np.testing.assert_allclose(out, left.astype(float) @ right.astype(float).T, atol=2e-4)
    for i in range(rows):
        for j in range(columns):
            assert product(left[i], right[j]) == pytest.approx(out[i, j], abs=2e-4)


@pytest.mark.parametrize("columns", [1, 5, 16, 31, 32, 50])
def test_bits_do_not_depend_on_how_rows_are_cut(columns: int) -> None:
    rng = np.random.default_rng(2)
    left = rng.standard_normal((45, 101)).astype(np.float32)
    right = rng.standard_normal((columns, 101)).astype(np.float32)
    whole = np.empty((45, columns), np.float32)
    write_products(left, right, whole)
    for first, last in ((0, 1), (1, 4), (3, 8), (5, 16), (17, 45)):
        part = np.empty((last - first, columns), np.float32)
        write_products(left[first:last].copy(), right, part)
        assert np.array_equal(part, whole[first:last])
