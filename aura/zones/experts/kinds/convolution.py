"""What the experts that convolve share: how the axes of a stimulus are read."""

from __future__ import annotations

from typing import Any, ClassVar

from flax import nnx

from aura.core.errors import ParameterError
from aura.zones.experts.kinds.compiled import CompiledExpert
from aura.zones.experts.kinds.modules import ConvNet
from aura.zones.experts.kinds.options import ConvOptions

__all__ = ["ConvExpert"]

class ConvExpert(CompiledExpert):
    """A convolutional network over the first `spatial` axes; one more axis is the channels."""

    spatial: ClassVar[int]

    def __init__(self, shape: tuple[int, ...], classes: int, options: Any, seed: int) -> None:
        if len(shape) not in (self.spatial, self.spatial + 1):
            axes = ", ".join(("height", "width") if self.spatial == 2 else ("length",))
            raise ParameterError(f"{self.kind} expert", expected=f"stimuli ({axes}) or ({axes}, channels)",
                                 got=f"shape {tuple(shape)}", hint="The kind 'mlp' takes any shape.")
        super().__init__(shape, classes, options, seed)

    @classmethod
    def build(cls, shape: tuple[int, ...], options: ConvOptions, outputs: int, rngs: nnx.Rngs) -> ConvNet:
        """Return the network; a stimulus without channels has one."""
        axes = shape if len(shape) > cls.spatial else (*shape, 1)
        count = len(options.channels)
        kernels, strides = ((*values, *values[-1:] * count)[:count] for values in (options.kernel, options.stride))
        return ConvNet(axes, options.channels, kernels, strides, options.pooling, options.pool, options.hidden,
                       options.activation, outputs, rngs)
