"""Random features against their formulas, and that they depend on nothing but shape, options and seed."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from aura.core.errors import ParameterError
from aura.zones.experts.kinds.random_features import (
    FLOOR,
    ConvolutionFeatures,
    DenseFeatures,
    FeatureOptions,
    RandomFeatures,
    random_features,
)

SMALL = FeatureOptions(filters=5, kernel=3, pool=3, stride=2, width=20, standardise=0)
SHAPES = [(10, 9), (10, 9, 3), (12,)]


def made(shape: tuple[int, ...], seed: int = 3) -> RandomFeatures:
    return random_features(shape, SMALL, seed)


def rows(shape: tuple[int, ...], count: int = 7) -> np.ndarray:
    drawn = np.random.default_rng(1).normal(size=(count, *shape)).astype(np.float32)
    drawn[np.abs(drawn) < 0.4] = 0
    return drawn


def naive(features: ConvolutionFeatures, images: np.ndarray) -> np.ndarray:
    """The formula in loops: the obvious slow twin."""
    filters, (kernel, pool, stride, windows) = features._filters.astype(np.float64), features._layout
    images = images.reshape(*images.shape[:3], -1).astype(np.float64)
    high, wide = images.shape[1] - kernel + 1, images.shape[2] - kernel + 1
    out = np.zeros((len(images), *windows, filters.shape[3]))
    for n, image in enumerate(images):
        maps = np.array([[np.tensordot(image[a:a + kernel, b:b + kernel], filters, 3) for b in range(wide)]
                         for a in range(high)])
        for p, q in np.ndindex(*windows):
            window = maps[p * stride:p * stride + pool, q * stride:q * stride + pool]
            out[n, p, q] = np.sqrt(np.maximum(window, 0).mean(axis=(0, 1)) + FLOOR) - np.sqrt(FLOOR)
    return out.reshape(len(images), -1)


@pytest.mark.parametrize("shape", [(10, 9), (10, 9, 3)])
def test_filtered_features_equal_the_formula(shape: tuple[int, ...]) -> None:
    features = made(shape)
    assert isinstance(features, ConvolutionFeatures)
    np.testing.assert_allclose(features(rows(shape)), naive(features, rows(shape)), atol=2e-5)


def test_dense_features_equal_the_formula() -> None:
    features = made((12,))
    assert isinstance(features, DenseFeatures)
    scaled = rows((12,)) / np.sqrt((rows((12,)) ** 2).mean(axis=1, keepdims=True))
    np.testing.assert_allclose(features(rows((12,))), np.maximum(scaled @ features._matrix + features._bias, 0),
                               atol=1e-5)


def test_dense_features_do_not_see_the_scale_of_a_stimulus_and_have_a_known_one_themselves() -> None:
    features = DenseFeatures((300,), 2000, bias=0.5, seed=1)
    small = rows((300,), 50)
    np.testing.assert_allclose(features(1000 * small), features(small), atol=1e-4)
    assert (features(small) ** 2).mean() == pytest.approx(1.25, rel=0.05)


def test_an_embedding_keeps_distances() -> None:
    embed = DenseFeatures((300,), 500, bias=0.0, seed=1, rectified=False)
    points = rows((300,), 20)
    apart, near = (((one[:, None] - one[None]) ** 2).sum(axis=2)[np.triu_indices(20, 1)] for one in
                   (points, embed(points)))
    assert np.abs(near / apart - 1).max() < 0.3


@pytest.mark.parametrize("shape", SHAPES)
def test_a_row_has_the_same_bits_in_every_block(shape: tuple[int, ...]) -> None:
    features, some = made(shape), rows(shape)
    together = features(some)
    assert all(np.array_equal(features(some[i:i + 1])[0], together[i]) for i in range(len(some)))
    assert np.array_equal(features(some[2:5]), together[2:5])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_seed_decides_the_features(shape: tuple[int, ...]) -> None:
    some = rows(shape)
    assert np.array_equal(made(shape)(some), made(shape)(some))
    assert not np.array_equal(made(shape)(some), made(shape, seed=4)(some))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_equals_finite_differences(shape: tuple[int, ...]) -> None:
    features, some = made(shape), rows(shape, 3)
    slopes = np.random.default_rng(2).normal(size=(3, features.width)).astype(np.float32)
    along = np.random.default_rng(3).normal(size=some.shape).astype(np.float32)
    step = 1e-2 if len(shape) == 1 else 2e-3
    after, before = (float((features((some + sign * step * along)).astype(np.float64) * slopes).sum())
                     for sign in (1, -1))
    expected = (after - before) / (2 * step)
    assert float((features.pull_back(some, slopes) * along).sum()) == pytest.approx(expected, rel=0.03, abs=0.05)


def test_the_gradient_of_a_blank_row_is_finite() -> None:
    for shape in SHAPES:
        features = made(shape)
        blank = np.zeros((1, *shape), np.float32)
        assert np.isfinite(features(blank)).all()
        assert np.isfinite(features.pull_back(blank, np.ones((1, features.width), np.float32))).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_no_rows_give_no_features(shape: tuple[int, ...]) -> None:
    features = made(shape)
    assert features(rows(shape)[:0]).shape == (0, features.width)


@pytest.mark.parametrize(("shape", "kind"), [((28, 28), ConvolutionFeatures), ((32, 32, 3), ConvolutionFeatures),
                                             ((8, 8), ConvolutionFeatures), ((7, 28), DenseFeatures),
                                             ((16, 384), DenseFeatures), ((28, 28, 5), DenseFeatures),
                                             ((384,), DenseFeatures)])
def test_auto_filters_what_looks_like_an_image(shape: tuple[int, ...], kind: type[RandomFeatures]) -> None:
    assert type(random_features(shape, FeatureOptions(filters=2, width=3), 1)) is kind


def test_a_vector_is_not_filtered() -> None:
    with pytest.raises(ParameterError, match="'conv'"):
        random_features((384,), FeatureOptions(features="conv"), 1)


def test_an_image_smaller_than_its_filters_is_refused() -> None:
    with pytest.raises(ParameterError, match="at most 8"):
        random_features((8, 20), FeatureOptions(kernel=6, pool=4), 1)


def test_windows_that_leave_gaps_are_refused() -> None:
    with pytest.raises(ValidationError, match="stride <= pool"):
        FeatureOptions(pool=2, stride=3)
