"""What the experts that convolve share: their options, and how the axes of a stimulus are read."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from flax import nnx
from pydantic import Field, model_validator

from aura.core.errors import ParameterError
from aura.zones.experts.kinds.compiled import CompiledExpert
from aura.zones.experts.kinds.modules import Activation, ConvNet, Pooling
from aura.zones.experts.kinds.options import CompiledOptions

__all__ = ["ConvExpert", "ConvOptions", "Width"]

Width = Annotated[int, Field(ge=1, le=4096)]
"""Of a layer or a kernel."""


class ConvOptions(CompiledOptions):
    """What a convolutional network has beside `CompiledOptions`."""

    channels: tuple[Width, ...] = Field(
        default=(16, 32), min_length=1, max_length=16,
        description="Output channels of each convolution.")
    kernel: tuple[Width, ...] = Field(
        default=(5,), min_length=1, max_length=16,
        description="Width of each convolution, the same along every axis; the last one stands for all that follow.")
    stride: tuple[Width, ...] = Field(
        default=(1,), min_length=1, max_length=16,
        description="Step of each convolution, told as the widths are.")
    pooling: Pooling = Field(
        default="max",
        description="What follows each convolution, over blocks of `pool` along every axis.")
    pool: int = Field(default=2, ge=2, le=64, description="Width of such a block.")
    hidden: tuple[Width, ...] = Field(
        default=(64,), max_length=16,
        description="Units of each hidden layer after the convolutions.")
    activation: Activation = Field(default="relu", description="The activation of all hidden units.")

    @model_validator(mode="after")
    def _fit(self) -> ConvOptions:
        for name, values in (("kernel", self.kernel), ("stride", self.stride)):
            if len(values) > len(self.channels):
                raise ValueError(f"{name} of {len(self.channels)} values at most, one for each of channels")
        return self


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
