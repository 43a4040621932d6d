"""Images straightened by their moments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.zones.sensory.moments import straighten


def moments(image):
    """Return mass, mean row and column, and the slant, pixel by pixel."""
    total = row = column = yy = xy = 0.0
    for y, x in np.ndindex(*image.shape[:2]):
        p = max(0.0, float(image[y, x].sum()))
        total, row, column = total + p, row + p * y, column + p * x
    row, column = row / total, column / total
    for y, x in np.ndindex(*image.shape[:2]):
        p = max(0.0, float(image[y, x].sum()))
        yy, xy = yy + p * (y - row) ** 2, xy + p * (y - row) * (x - column)
    return total, row, column, xy / yy if yy else 0.0


def blob(size=21, at=(10.0, 10.0), slant=0.0, width=1.5):
    y, x = np.mgrid[:size, :size]
    return np.exp(-(((x - at[1] - slant * (y - at[0])) / width) ** 2 + ((y - at[0]) / 3) ** 2) / 2)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(-0.6, 0.6))
def test_the_mass_comes_to_the_middle_and_the_axis_upright(down, right, slant):
    image = blob(31, (15 + down, 15 + right), slant)
    before = moments(image)
    out = straighten(image[None], centre=True, deskew=True)[0]
    total, row, column, left = moments(out)
    assert (row, column) == pytest.approx((15, 15), abs=0.02)
    assert abs(left) <= 0.03 + 0.05 * abs(before[3])  # what runs out at the edges is missing from the moments
    assert total == pytest.approx(before[0], rel=0.01)


def test_each_is_done_alone_too():
    image = blob(31, (12, 17), 0.4)
    _, row, column, slant = moments(straighten(image[None], centre=True, deskew=False)[0])
    assert (row, column, slant) == pytest.approx((15, 15, 0.4), abs=0.02)
    _, row, column, slant = moments(straighten(image[None], centre=False, deskew=True)[0])
    assert (row, column, slant) == pytest.approx((12, 17, 0), abs=0.02)


def test_a_shift_of_whole_pixels_moves_them_without_blurring():
    image = np.zeros((9, 9))
    image[1:4, 2:5] = np.arange(9).reshape(3, 3) % 2 + 1.0
    expected = np.zeros((9, 9))
    expected[3:6, 3:6] = image[1:4, 2:5]
    np.testing.assert_allclose(straighten(image[None], centre=True, deskew=False)[0], expected, atol=1e-12)


@pytest.mark.parametrize("image", [np.zeros((5, 5)), -np.ones((5, 5)), np.zeros((5, 5, 3))])
def test_an_image_without_mass_is_left_as_it_is(image):
    np.testing.assert_array_equal(straighten(image[None], centre=True, deskew=True)[0], image)


def test_a_level_stroke_is_not_torn_apart():
    image = np.zeros((9, 9))
    image[4, 1:8] = 1
    image[3, 1] = 0.1
    out = straighten(image[None], centre=False, deskew=True)[0]
    assert out.sum() == pytest.approx(image.sum())
    np.testing.assert_allclose(out, image, atol=0.2)


def test_channels_move_together():
    image = np.stack([blob(21, (7, 12), 0.3)] * 2, axis=-1) * [1.0, 0.25]
    out = straighten(image[None], centre=True, deskew=True)[0]
    np.testing.assert_allclose(out[..., 1], out[..., 0] / 4, atol=1e-12)
    np.testing.assert_allclose(out[..., 0], straighten(image[None, ..., 0], centre=True, deskew=True)[0], atol=1e-12)
