"""The kinds of task that come with AURA: their options and ports. Nothing that they compute with is imported."""

from __future__ import annotations

import logging
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator

from aura.core.contract import deprecated
from aura.core.ports import Port
from aura.zones.amygdala.emotions.options import EmotionOptions
from aura.zones.amygdala.kinds import of_another_kind, of_its_kind
from aura.zones.amygdala.tasks.task import ITEMS, TaskKind, TaskOptions

__all__ = ["KINDS", "ChoiceOptions", "ClassOptions", "LabelOptions", "NumberOptions", "SomeOptions"]

_log = logging.getLogger("aura.zones.amygdala")


class ClassOptions(TaskOptions):
    """What the kinds that tell classes apart have in common."""

    changeable: ClassVar[tuple[str, ...]] = ("open", "on_unknown")

    classes: tuple[str, ...] = Field(
        default=(),
        description="The classes known from the start, in their order; may be empty.")
    open: bool = Field(default=True, description="Whether a label that is no class yet becomes one.")
    on_unknown: Literal["stop", "skip"] = Field(
        default="stop",
        description="What a label that is no class does to a task that is not open: end the run with an error, or be "
                    "left out and counted.")

    novelty: bool = Field(
        default=True,
        description="Whether to tell how far each stimulus is from all that was learned, by the nearest class mean.")

    @field_validator("classes")
    @classmethod
    def _differ(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in classes if classes.count(name) > 1})
        if twice:
            raise ValueError(f"classes that differ, these stand twice: {', '.join(twice)}")
        return classes

    def teacher(self, name: str) -> Port:
        return Port(f"{name}_teacher", dtype="tags", shape=("item",), role="label", keep="all", required=False,
                    doc=f"The true labels of items seen before, for the task {name}.")

    def outputs(self, name: str) -> tuple[Port, ...]:
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
            *((Port(f"{name}_novelty", shape=("item",), range=(0.0, 1.0), items_from=ITEMS,
                    doc="How far the stimulus is from all that was learned: 0 at a class mean, one half as far as new "
                        "ones usually are, 1 where nothing is known."),) if self.novelty else ()),
            Port(f"{name}_classes", dtype="text", shape=("class",),
                 doc="The names of the classes, said at first and whenever they change."),
        )

    def followed(self, name: str) -> tuple[str, int] | None:
        return None if self.open or not self.classes else (f"{name}_probability", len(self.classes))


class LabelOptions(ClassOptions):
    """Any number of labels an item."""

    changeable = (*ClassOptions.changeable, "at_least_one")

    kind: Literal["labels"] = Field(default="labels", description="Any number of labels an item.")
    at_least_one: bool = Field(
        default=True,
        description="Whether an item with no class above its threshold is given its best class.")


class ChoiceOptions(ClassOptions):
    """Exactly one label an item."""

    kind: Literal["choice"] = Field(default="choice", description="Exactly one label an item.")


class NumberOptions(TaskOptions):
    """One number an item, or a vector of them."""

    kind: Literal["numbers"] = Field(default="numbers", description="One number an item, or a vector of them.")
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
    def _shape(self) -> tuple[int | str, ...]:
        return ("item",) if self.size is None else ("item", self.size)

    def teacher(self, name: str) -> Port:
        return Port(f"{name}_teacher", shape=self._shape, role="label", keep="all", required=False,
                    doc=f"The true numbers of items seen before, for the task {name}.")

    def outputs(self, name: str) -> tuple[Port, ...]:
        return (Port(name, shape=self._shape, items_from=ITEMS, range=self.range,
                     doc=f"The predicted numbers of the task {name}."),)

    def followed(self, name: str) -> tuple[str, int] | None:
        return name, self.size or 1


_TASKS = "aura.zones.amygdala.tasks"
KINDS = {kind.name: kind for kind in (
    TaskKind("labels", "Any number of labels an item.", LabelOptions, f"{_TASKS}.classes:ClassTask"),
    TaskKind("choice", "Exactly one label an item.", ChoiceOptions, f"{_TASKS}.classes:ClassTask"),
    TaskKind("emotions", "One of the emotions of a taxonomy, from prototypes that data override.", EmotionOptions,
             "aura.zones.amygdala.emotions.task:EmotionTask"),
    TaskKind("numbers", "One number an item, or a vector of them.", NumberOptions, f"{_TASKS}.numbers:NumberTask"))}
"""Those of this package."""


def _without_multi_label(values: dict[str, Any]) -> None:
    """Say by a kind what `multi_label` said of tasks before there were kinds."""
    one_each = values.get("multi_label")
    if isinstance(one_each, bool) and "kind" not in values:
        del values["multi_label"]  # else it is refused as any unknown key
        values["kind"] = "labels" if one_each else "choice"
        _log.warning(deprecated("multi_label of a task", f'kind = "{values["kind"]}"', "0.3"))
        if not one_each:
            values.pop("at_least_one", None)  # it said nothing of such a task


_WHAT = "a kind of task"
SomeOptions = Annotated[
    LabelOptions | ChoiceOptions | EmotionOptions | NumberOptions
    | Annotated[TaskOptions, of_another_kind(_WHAT, KINDS)],
    BeforeValidator(of_its_kind("task", _WHAT, TaskOptions, KINDS, "labels", _without_multi_label))]
"""The options of a task of any kind."""
