"""The options that experts which are neural networks share, and how their learning rate goes along."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aura.zones.experts.kinds.expert import ExpertOptions

__all__ = ["CompiledOptions", "NeuralOptions", "learning_rate"]


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
