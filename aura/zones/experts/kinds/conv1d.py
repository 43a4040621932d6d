"""The expert that is a convolutional network over one axis."""

from __future__ import annotations

from typing import ClassVar

from aura.zones.experts.kinds.convolution import ConvExpert
from aura.zones.experts.kinds.expert import ExpertOptions
from aura.zones.experts.kinds.options import Conv1dOptions

__all__ = ["Conv1dExpert", "Conv1dOptions"]


class Conv1dExpert(ConvExpert):
    """A convolutional network over (length,) or (length, channels).

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; `options` is a `Conv1dOptions`.
    """

    kind: ClassVar[str] = "conv1d"
    Options: ClassVar[type[ExpertOptions]] = Conv1dOptions
    spatial: ClassVar[int] = 1
