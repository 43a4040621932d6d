"""What a picture needs of data that has more than a picture can show."""

from __future__ import annotations

import numpy as np

__all__ = ["envelope", "evenly"]


def evenly(count: int, most: int) -> np.ndarray:
    """Return at most `most` indices below `count`, evenly spaced, the first and the last among them.

    Examples
    --------
    >>> evenly(10, 4).tolist(), evenly(3, 4).tolist()
    ([0, 3, 6, 9], [0, 1, 2])
    """
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(np.int64)


def envelope(values: np.ndarray, most: int) -> np.ndarray:
    """Return the indices of at most `most` samples of each trace that have its outline, ascending.

    Stretches of equal length keep their least and their largest sample, so that no peak is lost, however short.

    Parameters
    ----------
    values : numpy.ndarray
        (trace, sample), without NaN.
    most : int
        Indices for each trace, at least 2.

    Returns
    -------
    numpy.ndarray
        int64 (trace, index); all samples where there are no more than `most`.

    Examples
    --------
    >>> envelope(np.array([[0, 0, 9, 0, 0, 0, -5, 1]]), most=4).tolist()
    [[0, 2, 6, 7]]
    """
    traces, samples = values.shape
    if samples <= most:
        return np.tile(np.arange(samples), (traces, 1))
    width = -(-samples // (most // 2))
    stretches = -(-samples // width)
    padded = np.pad(values, ((0, 0), (0, stretches * width - samples)), mode="edge").reshape(traces, stretches, width)
    first = np.arange(stretches) * width
    ends = np.stack((padded.argmin(axis=2) + first, padded.argmax(axis=2) + first), axis=2)
    return np.sort(np.minimum(ends, samples - 1), axis=2).reshape(traces, -1)
