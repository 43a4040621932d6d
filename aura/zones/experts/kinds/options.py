"""The options of every kind of expert, readable without what the kinds compute with."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from aura.zones.experts.kinds.expert import ExpertOptions

__all__ = ["Activation", "AnalyticOptions", "CompiledOptions", "Conv1dOptions", "Conv2dOptions", "ConvOptions",
           "EpisodicOptions", "FeatureOptions", "MlpOptions", "NeuralOptions", "Pooling", "learning_rate"]


Activation = Literal["relu", "gelu", "tanh", "silu"]
Pooling = Literal["max", "mean", "none"]
Width = Annotated[int, Field(ge=1, le=4096)]
"""Of a layer or a kernel."""


class NeuralOptions(ExpertOptions):
    """What every network has; rates and decay are tuned here, on one pass over MNIST by an MLP and a convolution."""

    optimiser: Literal["adam", "sgd"] = Field(
        default="adam",
        description="Adam (Kingma and Ba 2015, arXiv:1412.6980), or gradient descent with momentum.")
    learning_rate: float = Field(default=3e-3, gt=0, le=10, description="The highest, reached after `warm_up`.")
    warm_up: int = Field(default=320, ge=0, description="Rows learned from while the rate rises linearly.")
    decay: int = Field(
        default=10_000, ge=0,
        description="Rows after which the rate has halved; 0 for never. It falls as 1 / (1 + rows / decay).")
    floor: float = Field(
        default=0.1, ge=0, le=1,
        description="The share of `learning_rate` under which it does not fall: what keeps an old expert plastic.")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of the running mean of gradients.")
    second_momentum: float = Field(
        default=0.999, ge=0, lt=1,
        description="Of the running mean of their squares (Adam).")
    weight_decay: float = Field(
        default=0.0, ge=0, lt=1,
        description="Share of a parameter taken away at each update, times the rate (Loshchilov and Hutter 2019, "
                    "arXiv:1711.05101).")
    clip: float = Field(
        default=0.0, ge=0, le=1e6,
        description="The largest norm of a gradient over all parameters; 0 for no limit.")
    anchor_every: int = Field(
        default=200, ge=1,
        description="Updates after which the copy that outputs are held to is taken anew.")


class CompiledOptions(NeuralOptions):
    """What a network has beside that is compiled by XLA."""

    devices: int = Field(default=1, ge=1, le=4096, description="Devices that share the rows of a call.")


class MlpOptions(NeuralOptions):
    """What an MLP has beside `NeuralOptions`."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65536)], ...] = Field(
        default=(64,), max_length=16,
        description="Units of each hidden layer; none makes it a softmax regression.")
    activation: Activation = Field(default="relu", description="The activation of the hidden units.")

    @model_validator(mode="before")
    @classmethod
    def _on_one_device(cls, given: Any) -> Any:
        """Pass over what files of earlier experts say, which knew of devices."""
        if isinstance(given, dict) and given.get("devices") == 1:
            return {name: value for name, value in given.items() if name != "devices"}
        return given


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


class Conv1dOptions(ConvOptions):
    """As `ConvOptions`."""


class Conv2dOptions(ConvOptions):
    """As `ConvOptions`; the defaults are tuned here, on one pass over 50,000 digits of MNIST in blocks of 32."""

    channels: tuple[Width, ...] = Field(
        default=(32, 64), min_length=1, max_length=16,
        description="Output channels of each convolution.")
    hidden: tuple[Width, ...] = Field(
        default=(128,), max_length=16,
        description="Units of each hidden layer after the convolutions.")


class FeatureOptions(ExpertOptions):
    """Which features."""

    features: Literal["auto", "dense", "conv"] = Field(
        default="auto",
        description="A projection of the flattened stimulus, or filters over an image (h, w) or (h, w, c). 'auto' "
                    "filters what has two sides of at least 8 pixels, one no longer than four times the other, and at "
                    "most 4 channels.")
    width: int = Field(default=2000, ge=1, le=20_000, description="How many dense features there are.")
    bias: float = Field(
        default=0.5, ge=0, le=100,
        description="Standard deviation of the thresholds of the dense features, whose inputs have a mean square of "
                    "1.")
    standardise: int = Field(
        default=1024, ge=0, le=2**20,
        description="Dense features see columns of mean 0 and spread 1, as those of the first so many rows; 0 leaves "
                    "the columns as they are and divides each row by its own root mean square.")
    filters: int = Field(default=100, ge=1, le=4096, description="How many random filters there are.")
    kernel: int = Field(
        default=0, ge=0, le=64,
        description="Side of a filter in pixels; 0 for a quarter of the shorter side, from 3 to 7.")
    pool: int = Field(
        default=0, ge=0, le=1024,
        description="Side of a window that responses are averaged over; 0 for a quarter of the map.")
    stride: int = Field(
        default=0, ge=0, le=1024,
        description="Distance between two such windows; 0 for two thirds of the window.")

    @model_validator(mode="after")
    def _windows_touch(self) -> Self:
        if self.pool and self.stride > self.pool:
            raise ValueError(f"stride <= pool ({self.pool}), so that no response is lost, not {self.stride}")
        return self


class AnalyticOptions(FeatureOptions):
    """The features, and the regression on them."""

    ridge: float = Field(default=0.1, gt=0, le=1e9, description="The penalty on the squared weights.")
    forgetting: float = Field(
        default=1.0, gt=0.9, le=1,
        description="Factor by which all that was learned counts less with each row; 1 forgets nothing.")
    precision: Literal["float64", "float32"] = Field(
        default="float64",
        description="Arithmetic of the covariance, width² numbers.")


class EpisodicOptions(FeatureOptions):
    """What keys are made of, how many are kept, and how they vote."""

    dims: int = Field(
        default=128, ge=1, le=4096,
        description="Numbers in a key: a random projection of the filtered image, or of the stimulus itself where it "
                    "is none.")
    capacity: int = Field(
        default=10_000, ge=1, le=10_000_000,
        description="How many episodes are held; the oldest is forgotten first.")
    nearest: int = Field(default=6, ge=1, le=1000, description="How many episodes vote.")
    least_weight: float = Field(
        default=0.0, ge=0,
        description="Rows of a lesson that do not count for more are not remembered.")
    smoothing: float = Field(
        default=0.1, gt=0, le=1000,
        description="Votes given to all classes together, against up to one from each of the nearest.")


def learning_rate(options: NeuralOptions, rows: int) -> float:
    """Return the rate of the next update after so many rows.

    Examples
    --------
    >>> options = NeuralOptions(learning_rate=1.0, warm_up=4, decay=100)
    >>> [learning_rate(options, rows) for rows in (0, 4, 104, 100_000)]
    [0.25, 1.0, 0.5, 0.1]
    """
    if rows < options.warm_up:
        return options.learning_rate * (rows + 1) / options.warm_up
    if not options.decay:
        return options.learning_rate
    return options.learning_rate * max(options.floor, 1 / (1 + (rows - options.warm_up) / options.decay))
