"""How the losses of classes count: what rare classes, items that are predicted well, and spread targets weigh."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from pydantic import Field

__all__ = ["ClassWeights", "EffectiveBeta", "Focal", "LabelSmoothing", "LossOptions", "TargetType"]

TargetType = Literal["labels", "choice", "numbers"]
"""What targets are: which of its classes an item has, the one that it has, or numbers."""

ClassWeights = Annotated[Literal["none", "balanced", "sqrt", "effective"], Field(
    description="What an item that has a class weighs, by how often the class has come: alike, the inverse of its "
                "frequency, the root of that, or the inverse of its effective number.")]
EffectiveBeta = Annotated[float, Field(ge=0, lt=1, description="Of the effective number of items.")]
Focal = Annotated[float, Field(
    ge=0, description="Exponent by which items that are predicted well count less; 0 for all alike.")]
LabelSmoothing = Annotated[float, Field(
    ge=0, lt=1, description="Share of a target that is spread evenly over what it might have been.")]


class LossOptions(Protocol):
    """What losses read of the options of whoever learns."""

    @property
    def class_weights(self) -> Literal["none", "balanced", "sqrt", "effective"]: ...

    @property
    def effective_beta(self) -> float: ...

    @property
    def focal(self) -> float: ...

    @property
    def label_smoothing(self) -> float: ...
