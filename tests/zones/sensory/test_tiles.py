"""Products by tiles: right in every shape, and a row's bits its own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from aura.zones.sensory.tiles import ROWS, WIDTH, multiply, packed, padded, runs_here

pytestmark = pytest.mark.skipif(not runs_here(), reason="the tiles need AVX2 and a fused multiply-add")


def product(x: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, inner = x.shape
    wide = padded(len(weight))
    spare = np.concatenate([x, np.full((ROWS, inner), np.nan, np.float32)])
    out = np.full((rows + ROWS, wide), np.nan, np.float32)
    panels, shift = packed(weight), np.pad(bias, (0, wide - len(bias)))
    multiply(spare.ctypes.data, inner, rows, inner, panels.ctypes.data, len(panels), shift.ctypes.data,
             out.ctypes.data, wide)
    return out[:rows, :len(weight)]


@pytest.mark.parametrize("outputs", [1, WIDTH - 1, WIDTH, 3 * WIDTH + 5])
@pytest.mark.parametrize("inner", [1, 7, 64])
def test_a_product_is_that_of_numpy_for_any_number_of_rows(inner: int, outputs: int) -> None:
    rng = np.random.default_rng(0)
    weight, bias = (rng.standard_normal(shape).astype(np.float32) for shape in ((outputs, inner), outputs))
    for rows in range(1, 2 * ROWS + 2):
        x = rng.standard_normal((rows, inner)).astype(np.float32)
        np.testing.assert_allclose(product(x, weight, bias), x @ weight.T + bias, rtol=1e-4, atol=1e-5)


def test_a_row_has_the_same_bits_whatever_the_number_of_rows() -> None:
    rng = np.random.default_rng(1)
    shapes = (40, 96), (2 * WIDTH, 96), (2 * WIDTH,)
    x, weight, bias = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    whole = product(x, weight, bias)
    for first in range(0, 40, 7):
        for rows in range(1, 40 - first):
            np.testing.assert_array_equal(product(x[first:first + rows], weight, bias), whole[first:first + rows])
