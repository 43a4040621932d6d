"""Images straightened by their moments: their mass into the middle, their main axis upright.

    m = Σ p,  (ȳ, x̄) = Σ p·(y, x) / m,  μ_yy = Σ p (y − ȳ)² / m,  μ_xy = Σ p (y − ȳ)(x − x̄) / m
    out(y, x) = in(y + d_y, x + d_x + s (y − y₀)),   s = μ_xy / μ_yy            (y₀: the row of the mass in `out`)

with p the brightness above 0, summed over channels, d what brings the mass into the middle, and linear interpolation
between pixels (LeCun, Bottou, Bengio & Haffner 1998, doi:10.1109/5.726791, section III-A: digits centred by their
mass; deslanted by their second moments).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["straighten"]

_SHEAR_MAX = 1.0
"""Columns a row (tuned here): 45 degrees; a level stroke has no slant, but its moments ask for any."""


def straighten(images: NDArray[np.float64], *, centre: bool, deskew: bool) -> NDArray[np.float64]:
    """Return images with their mass in the middle, their main axis upright, or both.

    Parameters
    ----------
    images : ndarray, shape (item, height, width) or (item, height, width, channel)
        Bright on a ground of 0. One without mass is left as it is.

    Returns
    -------
    ndarray of the same shape
        What comes in from outside is 0.

    Examples
    --------
    >>> slanted = np.eye(5)[None]
    >>> straighten(slanted, centre=False, deskew=True)[0, :, 2].tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    items, height, width = images.shape[:3]
    mass = np.maximum(images if images.ndim == 3 else images.sum(axis=3), 0.0)
    y, x = np.arange(height, dtype=np.float64), np.arange(width, dtype=np.float64)
    by_row, by_column = mass.sum(axis=2), mass.sum(axis=1)
    total = by_row.sum(axis=1)
    bright = total > 0
    total = np.where(bright, total, 1.0)
    mean_y, mean_x = (by_row * y).sum(axis=1) / total, (by_column * x).sum(axis=1) / total
    off_y = y - mean_y[:, None]
    shift_y, shift_x = np.zeros(items), np.zeros((items, height))
    if deskew:
        along = (mass * (x - mean_x[:, None])[:, None, :]).sum(axis=2)
        spread, slant = (by_row * off_y**2).sum(axis=1), (along * off_y).sum(axis=1)
        shear = np.clip(slant / np.where(spread > 0, spread, 1.0), -_SHEAR_MAX, _SHEAR_MAX)
        shift_x += np.where(bright & (spread > 0), shear, 0.0)[:, None] * off_y
    if centre:
        shift_y += np.where(bright, mean_y - (height - 1) / 2, 0.0)
        shift_x += np.where(bright, mean_x - (width - 1) / 2, 0.0)[:, None]
    # Columns first, row by row of the image as it came; then whole rows.
    out = _shifted(images, 2, x + shift_x[..., None])
    return _shifted(out, 1, y + shift_y[:, None]) if centre else out


def _shifted(images: NDArray[np.float64], axis: int, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the images read at fractional places along an axis: places (item, height) or (item, height, width)."""
    length = images.shape[axis]
    lower = np.floor(places)
    share = places - lower
    out = np.zeros_like(images)
    for offset, weight in ((0, 1.0 - share), (1, share)):
        index = lower.astype(np.int64) + offset
        inside = (index >= 0) & (index < length)
        spread = (slice(None),) * places.ndim + (None,) * (images.ndim - places.ndim)
        taken = np.take_along_axis(images, np.clip(index, 0, length - 1)[spread], axis=axis)
        out += taken * np.where(inside, weight, 0.0)[spread]
    return out
