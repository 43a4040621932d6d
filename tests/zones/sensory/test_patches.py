"""Images in patches, with their contrast normalised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError
from aura.zones.sensory.params import VARIANCE_FLOOR, ImageOptions
from aura.zones.sensory.patches import Patches


def naive(images, patch, stride, normalise=True):
    """Return the tokens pixel by pixel."""
    tokens = []
    for image in images.astype(float):
        own = []
        for top in range(0, image.shape[0] - patch + 1, stride):
            for left in range(0, image.shape[1] - patch + 1, stride):
                pixels = [image[top + y, left + x] for y in range(patch) for x in range(patch)]
                flat = np.array(pixels).ravel()
                own.append((flat - flat.mean()) / np.sqrt(flat.var() + VARIANCE_FLOOR) if normalise else flat)
        tokens.append(own)
    return np.array(tokens)


@st.composite
def cases(draw):
    patch, stride = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    shape = [draw(st.integers(1, 4)), draw(st.integers(patch, 11)), draw(st.integers(patch, 11))]
    if draw(st.booleans()):
        shape.append(draw(st.integers(1, 3)))
    images = np.random.default_rng(draw(st.integers(0, 99))).random(shape, dtype=np.float32)
    channels = shape[3] if len(shape) == 4 else None
    return images, ImageOptions(patch=patch, stride=stride, channels=channels,
                                normalise=draw(st.sampled_from(["patch", "none"])))


@pytest.mark.slow
@settings(deadline=None)
@given(cases())
def test_patches_equal_those_cut_pixel_by_pixel(case):
    images, options = case
    found = Patches(options).cut(images)
    expected = naive(images, options.patch, options.stride, options.normalise == "patch")
    assert (found.dtype, found.shape) == (np.float32, expected.shape)
    assert found.shape[2] == options.features
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.slow
@settings(deadline=None)
@given(cases(), st.booleans(), st.booleans())
def test_an_image_is_cut_alike_alone_and_among_others(case, centre, deskew):
    images, options = case
    patches = Patches(options.model_copy(update={"centre": centre, "deskew": deskew}))
    together = patches.cut(images)
    for image, tokens in zip(images, together, strict=True):
        np.testing.assert_array_equal(patches.cut(image[None])[0], tokens)


def test_bytes_are_taken_as_zero_to_one_and_other_types_as_they_are():
    image = np.random.default_rng(0).integers(0, 256, (2, 8, 8), dtype=np.uint8)
    as_bytes = Patches(ImageOptions(patch=4, dtype="uint8", normalise="none")).cut(image)
    as_float = Patches(ImageOptions(patch=4, normalise="none")).cut(image / np.float32(255))
    as_double = Patches(ImageOptions(patch=4, dtype="float64", normalise="none")).cut(image / 255)
    np.testing.assert_array_equal(as_bytes, as_float)
    np.testing.assert_allclose(as_double, as_float, atol=1e-7)


def test_brightness_and_contrast_of_a_patch_do_not_matter_and_an_empty_one_stays_empty():
    cut = Patches(ImageOptions(patch=4)).cut
    image = np.zeros((1, 8, 8), np.float32)
    image[0, :4, :4] = np.random.default_rng(1).random((4, 4))
    tokens = cut(image)
    np.testing.assert_allclose(cut(image * 0.5 + 0.3), tokens, atol=0.01)  # but for the floor
    assert not tokens[0, 1:].any()
    np.testing.assert_allclose(tokens[0, 0].std(), 1, atol=0.01)
    np.testing.assert_allclose(tokens[0, 0].mean(), 0, atol=1e-6)


def test_what_fills_no_patch_is_left_out_and_no_images_give_no_tokens():
    cut = Patches(ImageOptions(patch=3)).cut
    assert cut(np.zeros((2, 8, 10), np.float32)).shape == (2, 6, 9)
    assert cut(np.zeros((0, 8, 10), np.float32)).shape == (0, 6, 9)


def test_the_tokens_own_their_memory_so_that_publishing_copies_nothing():
    assert Patches(ImageOptions(patch=2)).cut(np.ones((1, 4, 4), np.float32)).base is None


@pytest.mark.parametrize("shape", [(1, 6, 9), (1, 9, 6), (1, 0, 0)])
def test_an_image_smaller_than_a_patch_is_refused(shape):
    message = f"retina at 20 ms: expected images of 7 x 7 pixels .* got {shape[1]} x {shape[2]}"
    with pytest.raises(SignalError, match=message):
        Patches(ImageOptions()).cut(np.zeros(shape, np.float32), "retina", 20_000_000)


def test_pixels_beyond_what_float32_can_square_are_refused():
    image = np.zeros((1, 7, 7), np.float32)
    image[0, 0, 0] = 1e30
    with pytest.raises(SignalError, match="Scale images"):
        Patches(ImageOptions()).cut(image)
