"""The expert that is a convolutional network over two axes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from aura.zones.experts.kinds.convolution import ConvExpert, ConvOptions, Width
from aura.zones.experts.kinds.expert import ExpertOptions

__all__ = ["Conv2dExpert", "Conv2dOptions"]


class Conv2dOptions(ConvOptions):
    """As `ConvOptions`; the defaults are tuned here, on one pass over 50,000 digits of MNIST in blocks of 32."""

    channels: tuple[Width, ...] = Field(
        default=(32, 64), min_length=1, max_length=16,
        description="Output channels of each convolution.")
    hidden: tuple[Width, ...] = Field(
        default=(128,), max_length=16,
        description="Units of each hidden layer after the convolutions.")


class Conv2dExpert(ConvExpert):
    """A convolutional network over (height, width) or (height, width, channels).

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; `options` is a `Conv2dOptions`.
    """

    kind: ClassVar[str] = "conv2d"
    Options: ClassVar[type[ExpertOptions]] = Conv2dOptions
    spatial: ClassVar[int] = 2
