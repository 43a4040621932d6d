"""The expert that is a convolutional network over two axes."""

from __future__ import annotations

from typing import ClassVar

from aura.zones.experts.kinds.convolution import ConvExpert
from aura.zones.experts.kinds.expert import ExpertOptions
from aura.zones.experts.kinds.options import Conv2dOptions

__all__ = ["Conv2dExpert", "Conv2dOptions"]


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
