"""What tasks of classes and of numbers are told, whatever zone they are of: options, and the ports that follow."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aura.core.ports import Port

__all__ = ["ITEMS", "ClassFields", "NumberFields", "class_outputs", "class_teacher"]

ITEMS = "embedding"
"""The input whose items a task's outputs carry on."""


class ClassFields(BaseModel):
    """What the kinds that tell classes apart have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
    changeable: ClassVar[tuple[str, ...]] = ("open", "on_unknown")

    classes: tuple[str, ...] = Field(
        default=(),
        description="The classes known from the start, in their order; may be empty.")
    open: bool = Field(default=True, description="Whether a label that is no class yet becomes one.")
    on_unknown: Literal["stop", "skip"] = Field(
        default="stop",
        description="What a label that is no class does to a task that is not open: end the run with an error, or be "
                    "left out and counted.")

    @field_validator("classes")
    @classmethod
    def _differ(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in classes if classes.count(name) > 1})
        if twice:
            raise ValueError(f"classes that differ, these stand twice: {', '.join(twice)}")
        return classes


def class_teacher(name: str) -> Port:
    """Return the input that tells the classes of items."""
    return Port(f"{name}_teacher", dtype="tags", shape=("item",), role="label", keep="all", required=False,
                doc=f"The true labels of items seen before, for the task {name}.")


def class_outputs(name: str) -> tuple[Port, ...]:
    """Return the outputs of a task of classes; the names of these last."""
    scores = ("item", "class")
    return (
        Port(name, dtype="tags", shape=("item",), items_from=ITEMS,
             doc=f"The predicted labels of the task {name}."),
        Port(f"{name}_best", dtype="text", shape=("item",), items_from=ITEMS,
             doc="The class with the highest score, empty while no class is known."),
        Port(f"{name}_scores", shape=scores, items_from=ITEMS, doc="The linear score of each class."),
        Port(f"{name}_probability", shape=scores, range=(0.0, 1.0), items_from=ITEMS,
             doc="The probability of each class."),
        Port(f"{name}_confidence", shape=("item",), range=(0.0, 1.0), items_from=ITEMS,
             doc="The probability that the best class is a true one."),
        Port(f"{name}_classes", dtype="text", shape=("class",),
             doc="The names of the classes, said at first and whenever they change."),
    )


class NumberFields(BaseModel):
    """One number an item, or a vector of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    size: int | None = Field(
        default=None, ge=1,
        description="How many numbers a target has; by default it is one number without an axis of its own.")
    range: tuple[float, float] | None = Field(
        default=None,
        description="The smallest and the largest number there is, such as [0, 1]: what is predicted beyond is taken "
                    "as these.")

    @field_validator("range")
    @classmethod
    def _ordered(cls, span: tuple[float, float] | None) -> tuple[float, float] | None:
        if span is not None and not span[0] < span[1]:
            raise ValueError("the smallest number, then the largest")
        return span

    @property
    def shape(self) -> tuple[int | str, ...]:
        """The axes of what is told, and of what is predicted."""
        return ("item",) if self.size is None else ("item", self.size)

    def teacher(self, name: str) -> Port:
        """Return the input that tells the numbers of items."""
        return Port(f"{name}_teacher", shape=self.shape, role="label", keep="all", required=False,
                    doc=f"The true numbers of items seen before, for the task {name}.")

    def outputs(self, name: str) -> tuple[Port, ...]:
        """Return the output of predicted numbers."""
        return (Port(name, shape=self.shape, items_from=ITEMS, range=self.range,
                     doc=f"The predicted numbers of the task {name}."),)
