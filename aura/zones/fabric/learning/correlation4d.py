"""Correlation of (batch, x, y, z, time, channel) with four-dimensional kernels, and its gradient, on threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.fabric.learning.conv4d_kernels import GROUP, LANES, add_kernel_gradient, column_sums, correlate

__all__ = ["Correlation4D"]

Values = NDArray[Any]
"""float32 or float64, the same throughout a call."""

LEAST_WORK = 4_000_000
"""Products below which a second thread is not worth waking (tuned here: handing work over takes some 25 us at least,
in which one thread does about 1.6 million products)."""

PLANAR = (0, 5, 1, 2, 4, 3)
"""From (batch, x, y, z, time, channel) to (batch, channel, x, y, time, z)."""


class Correlation4D:
    """Correlates with zeros around the input, and shares the work out to threads.

    Parameters
    ----------
    dtype : float32 or float64
        Of all arrays.
    threads : int
        How many threads share a call; the result has the same bits with any number of them.

    Notes
    -----
    The padded input is laid out with z and time in one line, in which every tap is a shift. Four taps times four
    outputs are combined in one pass over a line, so that the processor multiplies more than it loads; the samples of a
    line between two rows of z are computed too, and dropped. Every sum is taken in the order of the taps, or, over
    samples, plane by plane within one thread.
    """

    def __init__(self, dtype: type[np.float32] | type[np.float64], threads: int = 1) -> None:
        if threads < 1:
            raise ParameterError("fabric.conv4d.threads", expected="1 or more", got=f"{threads}")
        self.dtype, self.threads = dtype, threads

    def correlate(self, values: Values, kernels: Values, bias: Values, before: Sequence[int],
                  shape: tuple[int, ...]) -> Values:
        """Return the correlation of values and kernels plus the bias of each output.

        Parameters
        ----------
        values : array (batch, x, y, z, time, input)
            What is correlated.
        kernels : array (output, input, x, y, z, time)
            With what.
        bias : array (output,)
            Added to every sample.
        before : four int
            Zeros before the first sample along x, y, z and time.
        shape : tuple of six int
            Of the result; as many zeros follow the last sample as it takes.
        """
        volumes, strides = self._padded(values, kernels.shape[2:], before, shape)
        outputs, taps = len(kernels), kernels[0].size
        offsets, groups = _offsets(kernels.shape[1:], strides), _groups(outputs)
        weights = np.zeros((len(offsets), groups * GROUP), self.dtype)
        weights[:taps, :outputs] = kernels.transpose(1, 2, 3, 5, 4, 0).reshape(taps, outputs)
        weights = np.ascontiguousarray(weights.reshape(-1, GROUP, groups, GROUP).transpose(2, 0, 1, 3))
        biases = np.zeros(groups * GROUP, self.dtype)
        biases[:outputs] = bias
        out = np.empty(shape, self.dtype)

        def rows(first: int, last: int) -> None:
            correlate(volumes, weights, offsets, biases, strides[1], strides[2], strides[3], first, last, out)

        self._share(rows, shape[0] * shape[1], out.size * taps)
        return out

    def parameter_gradient(self, values: Values, upstream: Values, kernel: tuple[int, int, int, int],
                           before: Sequence[int]) -> tuple[Values, Values]:
        """Return the gradient with respect to kernels and bias, given that with respect to the result of `correlate`.

        Parameters
        ----------
        values, before
            As of `correlate`.
        upstream : array (batch, x, y, z, time, output)
            The gradient with respect to the result.
        kernel : four int
            Extent of a kernel along x, y, z and time.
        """
        volumes, strides = self._padded(values, kernel, before, upstream.shape)
        batch, x, y, z, time, outputs = upstream.shape
        inputs = values.shape[5]
        offsets, groups, taps = _offsets((inputs, *kernel), strides), _groups(outputs), inputs * int(np.prod(kernel))
        planes = np.zeros((batch, groups * GROUP, x, y * strides[2] + LANES), self.dtype)
        inner = planes[..., :-LANES].reshape(batch, groups * GROUP, x, y, -1, strides[3])
        inner[:, :outputs, :, :, :time, :z] = upstream.transpose(PLANAR)
        length = -(-((y - 1) * strides[2] + (time - 1) * strides[3] + z) // LANES) * LANES
        totals = np.zeros((len(offsets) // GROUP, groups, GROUP, GROUP))

        def part(first: int, last: int) -> None:
            add_kernel_gradient(volumes, planes, offsets, strides[1], length, first, last, totals)

        self._share(part, len(totals), upstream.size * taps)
        flat = totals.swapaxes(1, 2).reshape(-1, groups * GROUP)[:taps, :outputs]
        kernels = flat.reshape(inputs, *kernel[:2], kernel[3], kernel[2], outputs).transpose(5, 0, 1, 2, 4, 3)
        bias = np.zeros(outputs)
        column_sums(np.ascontiguousarray(upstream).reshape(-1, outputs), bias)
        return kernels.astype(self.dtype, order="C"), bias.astype(self.dtype)

    def close(self) -> None:
        """End the threads; they begin anew with the next call."""
        pool = self.__dict__.pop("_pool", None)
        if pool is not None:
            pool.shutdown()

    def _padded(self, values: Values, kernel: Sequence[int], before: Sequence[int],
                shape: tuple[int, ...]) -> tuple[Values, tuple[int, int, int, int]]:
        """Return the volumes (batch, samples), planar and padded, and the strides of channel, x, y and time in them."""
        batch, *sizes, channels = values.shape
        x, y, z, time = (shape[i + 1] + kernel[i] - 1 for i in range(4))
        volumes = np.zeros((batch, channels * x * y * time * z + LANES), self.dtype)
        inner = volumes[:, :-LANES].reshape(batch, channels, x, y, time, z)
        place = [slice(zeros, zeros + size) for zeros, size in zip(before, sizes, strict=True)]
        inner[:, :, place[0], place[1], place[3], place[2]] = values.transpose(PLANAR)
        return volumes, (x * y * time * z, y * time * z, time * z, z)

    def _share(self, function: Callable[[int, int], None], count: int, work: int) -> None:
        """Call the function on the ranges that `count` is cut into, one for each thread."""
        parts = min(self.threads, count) if work >= LEAST_WORK else 1
        if parts == 1:
            function(0, count)
            return
        cuts = [count * i // parts for i in range(parts + 1)]
        list(self._pool.map(function, cuts[:-1], cuts[1:]))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads, thread_name_prefix="conv4d")


def _groups(outputs: int) -> int:
    """Return how many groups hold so many outputs."""
    return -(-outputs // GROUP)


def _offsets(shape: tuple[int, ...], strides: tuple[int, int, int, int]) -> NDArray[np.uint64]:
    """Return where each tap lies, in the order (input, x, y, time, z), the last repeated up to a whole group."""
    inputs, x, y, z, time = shape
    places = np.indices((inputs, x, y, time, z)).reshape(5, -1)
    taps = np.array([*strides, 1]) @ places
    return np.concatenate([taps, np.full(-len(taps) % GROUP, taps[-1])]).astype(np.uint64)
