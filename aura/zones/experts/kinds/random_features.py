r"""Random features of a stimulus that never change: filters, rectified and pooled, or one rectified projection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.experts.kinds.expert import Rows
from aura.zones.experts.kinds.feature_kernels import filter_rows, project_rows, pull_filters, pull_projection
from aura.zones.experts.kinds.options import FeatureOptions

__all__ = ["ConvolutionFeatures", "DenseFeatures", "FeatureOptions", "RandomFeatures", "filtered", "random_features"]

FLOOR = 1e-3
"""Added under the root of a pooled response; the slope is at most 16 (tuned here: 1e-6 is no more accurate)."""

TINY = 1e-12
"""Added to the mean square that a row is divided by: a blank row stays blank."""

SMALLEST_IMAGE = 8
"""Pixels along each side of what `auto` takes for an image."""

MOST_CHANNELS = 4
DENSE_STREAM, FILTER_STREAM = 1, 2
"""Set the random numbers of a projection and of filters with the same seed apart."""

WINDOWS = 4
"""The pooled windows that tile a side of the map; with the overlap there are about five (tuned here)."""


class RandomFeatures(ABC):
    """A fixed map from stimuli to features, which follows from its shape, its options and its seed.

    Parameters
    ----------
    shape : tuple of int
        Of one stimulus.
    width : int
        Features of one stimulus.
    """

    def __init__(self, shape: tuple[int, ...], width: int) -> None:
        self.shape, self.width = shape, width

    @abstractmethod
    def __call__(self, rows: Rows) -> Rows:
        """Return the features (n, width) of rows (n, *shape); a row has the same bits in every block."""

    @abstractmethod
    def pull_back(self, rows: Rows, slopes: Rows) -> Rows:
        """Return the gradient by the rows (n, *shape), given that by their features (n, width)."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Memory of the random numbers, in bytes."""


class DenseFeatures(RandomFeatures):
    r"""A random projection, rectified.

    Parameters
    ----------
    shape : tuple of int
        Of one stimulus; it is flattened.
    width : int
        Features.
    bias : float
        Standard deviation of the thresholds.
    seed : int
        Of the projection.
    rectified : bool
        Whether negative features are set to 0; without, it is a linear embedding that keeps distances.
    by_row : bool
        Whether each row of a rectified projection is divided by its own root mean square.

    Notes
    -----
    With d numbers in a row x,

    .. math:: f = \sqrt{2} \max\left(0, R^\top \frac{x}{\sqrt{\overline{x^2}}} + b\right),
              \quad R_{ij} \sim N(0, 1/d), \quad b_j \sim N(0, \beta^2)

    so that every feature has a mean square near 1 + β², whatever the scale of the stimulus. There is no division where
    the rows' columns have been standardised. Without rectification there is neither the root of 2 nor the division, and
    R has N(0, 1/width): distances are kept on average.

    References
    ----------
    W. B. Johnson, J. Lindenstrauss, Extensions of Lipschitz mappings into a Hilbert space, Contemporary Mathematics
    26, 1984, doi:10.1090/conm/026/737400. G.-B. Huang, Q.-Y. Zhu, C.-K. Siew, Extreme learning machine: theory and
    applications, Neurocomputing 70, 2006, doi:10.1016/j.neucom.2005.12.126.
    """

    def __init__(self, shape: tuple[int, ...], width: int, *, bias: float, seed: int, rectified: bool = True,
                 by_row: bool = True) -> None:
        super().__init__(shape, width)
        self._inputs, self._rectified, self._by_row = int(np.prod(shape)), rectified, rectified and by_row
        rng = np.random.default_rng([DENSE_STREAM, seed])
        spread = np.sqrt(2.0 / self._inputs) if rectified else np.sqrt(1.0 / width)
        self._matrix: Rows = (rng.standard_normal((self._inputs, width)) * spread).astype(np.float32)
        self._bias: Rows = (rng.standard_normal(width) * bias * np.sqrt(2.0)).astype(np.float32)

    def __call__(self, rows: Rows) -> Rows:
        out = self._project(self._flat(rows)[0])
        return np.maximum(out, 0, out=out) if self._rectified else out

    def pull_back(self, rows: Rows, slopes: Rows) -> Rows:
        flat, size = self._flat(rows)
        if self._rectified:
            slopes = np.where(self._project(flat) > 0, slopes, np.float32(0))
        out = np.empty_like(flat)
        pull_projection(np.ascontiguousarray(slopes, dtype=np.float32), self._matrix, out)
        if self._by_row:
            out = (out - flat * (out * flat).mean(axis=1, keepdims=True)) / size
        return out.reshape(rows.shape)

    def _flat(self, rows: Rows) -> tuple[Rows, Rows]:
        flat = np.ascontiguousarray(rows, dtype=np.float32).reshape(len(rows), self._inputs)
        if not self._by_row:
            return flat, np.ones((len(rows), 1), np.float32)
        size = np.sqrt((flat * flat).mean(axis=1, keepdims=True) + np.float32(TINY))
        return flat / size, size

    def _project(self, flat: Rows) -> Rows:
        out = np.empty((len(flat), self.width), np.float32)
        project_rows(flat, self._matrix, self._bias, out)
        return out

    @property
    def nbytes(self) -> int:
        return self._matrix.nbytes + self._bias.nbytes


class _Layout(NamedTuple):
    kernel: int
    pool: int
    stride: int
    windows: tuple[int, int]


class ConvolutionFeatures(RandomFeatures):
    r"""Random filters over an image, rectified and averaged over overlapping windows.

    Parameters
    ----------
    shape : tuple of int
        (h, w) or (h, w, c).
    options : FeatureOptions
        Filters, kernel, pool and stride.
    seed : int
        Of the filters.

    Raises
    ------
    ParameterError
        If the image is smaller than a filter and a window.

    Notes
    -----
    For each filter g, a Gaussian draw less its mean and of norm 1, and each window of S positions,

    .. math:: f = \sqrt{\frac{1}{|S|} \sum_{s \in S} \max(0, (g \star x)_s) + \epsilon} - \sqrt{\epsilon}

    A filter without mean is blind to the level of the light; the root keeps strong strokes from drowning weak ones.

    References
    ----------
    K. Jarrett, K. Kavukcuoglu, M. Ranzato, Y. LeCun, What is the best multi-stage architecture for object
    recognition?, ICCV 2009, doi:10.1109/ICCV.2009.5459469, section 4 (random filters, rectified and averaged).
    """

    def __init__(self, shape: tuple[int, ...], options: FeatureOptions, seed: int) -> None:
        layout = _layout(shape, options)
        super().__init__(shape, layout.windows[0] * layout.windows[1] * options.filters)
        self._layout = layout
        self._image = shape if len(shape) == 3 else (*shape, 1)
        rng = np.random.default_rng([FILTER_STREAM, seed])
        filters = rng.standard_normal((layout.kernel, layout.kernel, self._image[2], options.filters))
        filters -= filters.mean(axis=(0, 1, 2))
        self._filters: Rows = (filters / np.sqrt((filters ** 2).sum(axis=(0, 1, 2)))).astype(np.float32)

    def __call__(self, rows: Rows) -> Rows:
        images = self._images(rows)
        out = np.empty((len(images), *self._layout.windows, self._filters.shape[3]), np.float32)
        filter_rows(images, self._filters, self._layout.pool, self._layout.stride, FLOOR, out)
        return out.reshape(len(images), self.width)

    def pull_back(self, rows: Rows, slopes: Rows) -> Rows:
        images = self._images(rows)
        out = np.empty_like(images)
        parted = np.ascontiguousarray(slopes, dtype=np.float32).reshape(
            len(images), *self._layout.windows, self._filters.shape[3])
        pull_filters(images, parted, self._filters, self._layout.pool, self._layout.stride, FLOOR, out)
        return out.reshape(rows.shape)

    def _images(self, rows: Rows) -> Rows:
        return np.ascontiguousarray(rows, dtype=np.float32).reshape(len(rows), *self._image)

    @property
    def nbytes(self) -> int:
        return self._filters.nbytes


def random_features(shape: tuple[int, ...], options: FeatureOptions, seed: int) -> RandomFeatures:
    """Return the features that the options name for stimuli of this shape.

    Examples
    --------
    >>> random_features((28, 28), FeatureOptions(), seed=1).width
    2500
    >>> random_features((384,), FeatureOptions(width=50), seed=1).width
    50
    """
    if filtered(shape, options):
        return ConvolutionFeatures(shape, options, seed)
    return DenseFeatures(shape, options.width, bias=options.bias, seed=seed, by_row=options.standardise == 0)


def filtered(shape: tuple[int, ...], options: FeatureOptions) -> bool:
    """Return whether a stimulus of this shape is filtered as an image."""
    if options.features != "auto":
        return options.features == "conv"
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] > MOST_CHANNELS):
        return False
    return min(shape[:2]) >= SMALLEST_IMAGE and max(shape[:2]) <= 4 * min(shape[:2])


def _layout(shape: tuple[int, ...], options: FeatureOptions) -> _Layout:
    if len(shape) not in (2, 3):
        raise ParameterError("options.features", expected="a stimulus (h, w) or (h, w, c) for 'conv'", got=f"{shape}",
                             hint="Try 'dense'.")
    side = min(shape[:2])
    kernel = options.kernel or min(max(side // 4, 3), 7)
    span = side - kernel + 1
    pool = options.pool or max(1, -(-span // WINDOWS))
    stride = options.stride or max(1, round(pool * 2 / 3))
    windows = [(length - kernel + 1 - pool) // stride + 1 for length in shape[:2]]
    if span < 1 or pool > span:
        raise ParameterError("options.kernel", expected=f"kernel + pool - 1 of at most {side}, the shorter side",
                             got=f"kernel {kernel}, pool {pool}", hint="Make them smaller, or take 'dense' features.")
    return _Layout(kernel, pool, stride, (windows[0], windows[1]))
