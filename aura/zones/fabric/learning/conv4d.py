"""Convolution over three dimensions of space and one of time, with channels that tire."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.fabric.learning.correlation4d import Correlation4D
from aura.zones.fabric.learning.fatigue import Fatigue
from aura.zones.fabric.learning.response_params import Conv4DParams

__all__ = ["Conv4D", "Conv4DGradient", "ParameterGradient"]

Values = NDArray[Any]
"""float32 or float64, whichever the convolution computes in."""


class Conv4DGradient(NamedTuple):
    """The gradient of a loss with respect to a convolution's input, kernels and bias, each in the shape of these."""

    input: Values
    kernels: Values
    bias: Values


class ParameterGradient(NamedTuple):
    """The gradient of a loss with respect to a convolution's kernels and bias."""

    kernels: Values
    bias: Values


class Conv4D(Stateful):
    r"""A convolution of (batch, x, y, z, time, channel) with kernels (output, input, x, y, z, time).

    Parameters
    ----------
    params : Conv4DParams
        Channels, kernel, padding, fatigue.
    rng : numpy.random.Generator
        Draws the first kernels.
    grid : tuple of three int, optional
        Size of the output along x, y and z; needed where each unit tires by itself, and not looked at otherwise.
    dtype : float32 or float64
        What is computed in.
    threads : int
        Threads that share a call; the result has the same bits with any number of them.

    Notes
    -----
    As is usual in networks the kernel is not flipped:

    .. math:: y_{o,n} = (1 - f_o) \Bigl(b_o + \sum_{c, m} w_{o,c,m} \, x_{c, n + m - l}\Bigr)

    with n the place and time of an output, m the tap, l the zeros before the first sample, f the fatigue (`Fatigue`).
    Kernels are drawn from a normal distribution of variance 2 / (inputs times taps), biases begin at 0. A gradient
    takes the fatigue as it stands: how the response will tire the channel is not part of it.

    The gradient with respect to the input is the same operation on the flipped kernels. An input that is not finite
    spoils the outputs whose kernel meets it, and the gradient with respect to the kernels.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, ICCV 2015, doi:10.1109/ICCV.2015.123, equation 10.

    Examples
    --------
    >>> blur = Conv4D(Conv4DParams(outputs=1, kernel=(1, 1, 3, 1), fatigue=None), np.random.default_rng(0))
    >>> blur.kernels[:] = 1.0
    >>> blur.forward(np.ones((1, 1, 1, 4, 1, 1))).ravel().tolist()
    [2.0, 3.0, 3.0, 2.0]
    """

    lasting = ("kernels", "bias", "fatigue")

    def __init__(self, params: Conv4DParams, rng: np.random.Generator, *, grid: tuple[int, int, int] | None = None,
                 dtype: type[np.float32] | type[np.float64] = np.float32, threads: int = 1) -> None:
        if dtype not in (np.float32, np.float64):
            raise ParameterError("fabric.conv4d.dtype", expected="float32 or float64", got=f"{dtype}")
        self.params, self.dtype = params, dtype
        self._correlation = Correlation4D(dtype, threads)
        fan_in = params.inputs * int(np.prod(params.kernel))
        drawn = rng.standard_normal((params.outputs, params.inputs, *params.kernel)) * np.sqrt(2.0 / fan_in)
        self.kernels: Values = drawn.astype(dtype)
        self.bias: Values = np.zeros(params.outputs, dtype)
        self.fatigue = self._rested(grid)
        space, causal = params.space == "same", params.time == "causal"
        self._before = [(size - 1) // 2 if space else 0 for size in params.kernel[:3]]
        self._after = [size // 2 if space else 0 for size in params.kernel[:3]]
        self._before.append(params.kernel[3] - 1 if causal else 0)
        self._after.append(0)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the response to an input of this shape.

        Raises
        ------
        ParameterError
            If the input has other axes or channels, or the kernel fits nowhere in it.
        """
        inputs, outputs, kernel = self.params.inputs, self.params.outputs, self.params.kernel
        if len(shape) != 6 or shape[5] != inputs:
            raise ParameterError("fabric.conv4d.input", expected=f"shape (batch, x, y, z, time, {inputs})",
                                 got=f"{shape}")
        sizes = [shape[i + 1] + self._before[i] + self._after[i] - kernel[i] + 1 for i in range(4)]
        if min(sizes) < 1 or shape[0] < 1:
            raise ParameterError("fabric.conv4d.input", expected=f"at least one place for the kernel {kernel}",
                                 got=f"shape {shape}", hint="Try space='same', time='causal' or a smaller kernel.")
        return (shape[0], *sizes, outputs)

    def forward(self, values: ArrayLike) -> Values:
        """Return the response (batch, x, y, z, time, output) to values (batch, x, y, z, time, input).

        Nothing is remembered: `tire` lets the channels tire of it.

        Raises
        ------
        ParameterError
            If the shape is wrong.
        """
        given = np.asarray(values, self.dtype)
        shape = self.output_shape(given.shape)
        response = self._correlation.correlate(given, self.kernels, self.bias, self._before, shape)
        if self.fatigue is not None:
            response *= self._vigour(shape)
        return response

    def gradient(self, values: ArrayLike, upstream: ArrayLike) -> Conv4DGradient:
        """Return the gradient of a loss at these values, given its gradient with respect to the response to them.

        Raises
        ------
        ParameterError
            If a shape is wrong.
        """
        given, above = self._checked(values, upstream)
        flipped = np.swapaxes(self.kernels[:, :, ::-1, ::-1, ::-1, ::-1], 0, 1)
        before = [size - 1 - zeros for size, zeros in zip(self.params.kernel, self._before, strict=True)]
        nothing = np.zeros(self.params.inputs, self.dtype)
        into = self._correlation.correlate(above, flipped, nothing, before, given.shape)
        kernels, bias = self._correlation.parameter_gradient(given, above, self.params.kernel, self._before)
        return Conv4DGradient(into, kernels, bias)

    def parameter_gradient(self, values: ArrayLike, upstream: ArrayLike) -> ParameterGradient:
        """Return `gradient` but for the part of the input, which takes most of the time.

        Raises
        ------
        ParameterError
            If a shape is wrong.
        """
        return ParameterGradient(*self._correlation.parameter_gradient(*self._checked(values, upstream),
                                                                       self.params.kernel, self._before))

    def _checked(self, values: ArrayLike, upstream: ArrayLike) -> tuple[Values, Values]:
        """Return the values and what comes from above, through the fatigue, as arrays of this dtype."""
        given, above = np.asarray(values, self.dtype), np.asarray(upstream, self.dtype)
        shape = self.output_shape(given.shape)
        if above.shape != shape:
            raise ParameterError("fabric.conv4d.upstream", expected=f"shape {shape}", got=f"{above.shape}")
        return given, above if self.fatigue is None else above * self._vigour(shape)

    def update(self, gradient: Conv4DGradient | ParameterGradient, rate: float) -> None:
        """Take a step of gradient descent of this learning rate."""
        self.kernels -= self.dtype(rate) * gradient.kernels
        self.bias -= self.dtype(rate) * gradient.bias

    def tire(self, response: Values, span_ms: float) -> None:
        """Let the channels, or units, tire of a response that took this long, by its mean size.

        Raises
        ------
        ParameterError
            If the response has another shape than the units that tire, or the span is negative.
        """
        if self.fatigue is None:
            return
        self._vigour(response.shape)
        axes = (0, 1, 2, 3, 4) if self.fatigue.level.ndim == 1 else (0, 4)
        self.fatigue.step(np.abs(response).mean(axis=axes, dtype=np.float64), span_ms)

    def close(self) -> None:
        """End the threads; they begin anew with the next call."""
        self._correlation.close()

    def _rested(self, grid: tuple[int, int, int] | None) -> Fatigue | None:
        fatigue, outputs = self.params.fatigue, self.params.outputs
        if fatigue is None:
            return None
        if fatigue.per == "channel":
            return Fatigue(fatigue, (outputs,))
        if grid is None:
            raise ParameterError("fabric.conv4d.grid", expected="the output's size along x, y and z", got="none",
                                 hint="Each unit tires by itself here; try fatigue.per='channel' else.")
        return Fatigue(fatigue, (*grid, outputs))

    def _vigour(self, shape: tuple[int, ...]) -> Values:
        """Return what is left of each response's strength, to be multiplied with a response of this shape."""
        assert self.fatigue is not None
        vigour = self.fatigue.vigour.astype(self.dtype)
        if vigour.ndim == 1:
            return vigour
        if (*shape[1:4], shape[5]) != vigour.shape:
            raise ParameterError("fabric.conv4d.input", expected=f"an output of (x, y, z, channel) {vigour.shape}",
                                 got=f"{(*shape[1:4], shape[5])}", hint="Each unit tires by itself, on a fixed grid.")
        return vigour[None, :, :, :, None, :]
