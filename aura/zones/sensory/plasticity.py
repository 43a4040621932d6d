"""How the text encoder learns: which of its weights move, and by which steps."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["LINEAR_LAYERS", "LinearName", "PlasticOptions", "Plasticity"]

Plasticity = Literal["frozen", "low-rank", "full"]
LinearName = Literal["query", "key", "value", "output", "up", "down"]
LINEAR_LAYERS: tuple[LinearName, ...] = ("query", "key", "value", "output", "up", "down")
"""The linear layers of a block: attention's three and its output, and the two between the layer norms."""


class PlasticOptions(BaseModel):
    """How the encoder learns from the gradients that come."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    learning_rate: float = Field(default=2e-4, gt=0, le=1, description="AdamW's rate, at its highest.")
    betas: tuple[float, float] = Field(
        default=(0.9, 0.999),
        description="How slowly AdamW's means of the gradient and of its square fade, from 0 up to 1.")
    weight_decay: float = Field(
        default=0.01, ge=0, le=1,
        description="Share of a weight that a step takes away, times the rate; of matrices, not of biases, norms and "
                    "word embeddings.")
    schedule: Literal["constant", "linear", "cosine"] = Field(
        default="constant",
        description="How the rate falls after the warm-up: not at all, or to `last` when `items` have been learned.")
    warm_up: int = Field(default=0, ge=0, description="Items over which the rate rises from 0.")
    items: int | None = Field(
        default=None, ge=1,
        description="How many items the stream is expected to bring; a schedule that falls needs it.")
    last: float = Field(default=0.0, ge=0, le=1, description="Share of the rate that is left when `items` have come.")
    layer_decay: float = Field(
        default=1.0, gt=0, le=1,
        description="Factor on the rate from each layer to the one below it.")
    accumulate: int = Field(
        default=1, ge=1,
        description="Items whose gradients are added up before the weights move; at 1 they move with all that come at "
                    "once.")
    clip: float | None = Field(
        default=1.0, gt=0,
        description="Largest norm of the gradient of the mean loss of a step; longer ones are shortened to it.")
    layers: int | None = Field(
        default=None, ge=1, description="How many of the uppermost layers learn; all if not given.")
    words: Literal["sparse", "frozen"] = Field(
        default="sparse",
        description="Full plasticity: whether the embeddings of the words that occur learn too.")
    word_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Chance of each token to be left out while the zone learns.")
    rank: int = Field(default=8, ge=1, le=1024, description="Low rank: the rank of what is added to a matrix.")
    alpha: float = Field(default=16.0, gt=0, description="Low rank: the factor on it, times the rank.")
    targets: tuple[LinearName, ...] = Field(
        default=LINEAR_LAYERS, min_length=1, description="Low rank: the linear layers to which something is added.")
    rehearse: int = Field(
        default=0, ge=0,
        description="How many of the texts that wait, drawn at random among those learned from, are read once more "
                    "when new ones have been learned from; published as `rehearsed`, to be learned again.")
    memory: int | None = Field(
        default=None, ge=1, description="How many items wait for gradients at most, the latest; by default 1024, and "
                                        "more where the wiring tells so.")

    @field_validator("betas")
    @classmethod
    def _fading(cls, betas: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError("two numbers from 0 up to 1")
        return betas

    @model_validator(mode="after")
    def _expected(self) -> PlasticOptions:
        if self.schedule != "constant" and self.items is None:
            raise ValueError(f"items, how many the stream is expected to bring, as the schedule is {self.schedule!r}")
        if self.items is not None and self.warm_up >= self.items:
            raise ValueError("a warm_up that is shorter than items")
        if len(set(self.targets)) != len(self.targets):
            raise ValueError("targets that differ")
        return self

    def rate_at(self, items: int) -> float:
        """Return the rate when so many items have been learned.

        Examples
        --------
        >>> options = PlasticOptions(learning_rate=1.0, schedule="linear", warm_up=10, items=110)
        >>> [options.rate_at(items) for items in (5, 10, 60, 110, 500)]
        [0.5, 1.0, 0.5, 0.0, 0.0]
        """
        if items < self.warm_up:
            return self.learning_rate * items / self.warm_up
        if self.schedule == "constant" or self.items is None:
            return self.learning_rate
        way = min(1.0, (items - self.warm_up) / (self.items - self.warm_up))
        left = 1.0 - way if self.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * way))
        return self.learning_rate * (self.last + (1.0 - self.last) * left)
