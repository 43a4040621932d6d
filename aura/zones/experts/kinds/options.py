"""The options that experts which are neural networks share, and how their learning rate goes along."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aura.zones.experts.kinds.expert import ExpertOptions

__all__ = ["NeuralOptions", "learning_rate"]


class NeuralOptions(ExpertOptions):
    """What every network has; rates and decay are tuned here, on one pass over MNIST by an MLP and a convolution.

    Parameters
    ----------
    optimiser : {"adam", "sgd"}
        Adam (Kingma and Ba 2015, arXiv:1412.6980), or gradient descent with momentum.
    learning_rate : float
        The highest, reached after `warm_up`.
    warm_up : int
        Rows learned from while the rate rises linearly.
    decay : int
        Rows after which the rate has halved; 0 for never. It falls as 1 / (1 + rows / decay).
    floor : float
        The share of `learning_rate` under which it does not fall: what keeps an old expert plastic.
    momentum, second_momentum : float
        Of the running mean of gradients, and of their squares (Adam).
    weight_decay : float
        Share of a parameter taken away at each update, times the rate (Loshchilov and Hutter 2019, arXiv:1711.05101).
    clip : float
        The largest norm of a gradient over all parameters; 0 for no limit.
    anchor_every : int
        Updates after which the copy that outputs are held to is taken anew.
    devices : int
        Devices that share the rows of a call.
    """

    optimiser: Literal["adam", "sgd"] = Field(default="adam", description="how gradients become steps")
    learning_rate: float = Field(default=3e-3, gt=0, le=10, description="the highest rate")
    warm_up: int = Field(default=320, ge=0, description="rows while the rate rises")
    decay: int = Field(default=10_000, ge=0, description="rows after which the rate has halved; 0: never")
    floor: float = Field(default=0.1, ge=0, le=1, description="share that the rate does not fall under")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="of the mean of gradients")
    second_momentum: float = Field(default=0.999, ge=0, lt=1, description="of the mean of their squares")
    weight_decay: float = Field(default=0.0, ge=0, lt=1, description="share taken away, times the rate")
    clip: float = Field(default=0.0, ge=0, le=1e6, description="largest norm of a gradient; 0: no limit")
    anchor_every: int = Field(default=200, ge=1, description="updates between two anchors")
    devices: int = Field(default=1, ge=1, le=4096, description="devices that share the rows")


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
