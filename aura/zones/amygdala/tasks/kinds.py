"""The kinds of task that come with AURA: their options and ports. Nothing that they compute with is imported."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from aura.core.contract import deprecated
from aura.core.ports import Port
from aura.zones.amygdala.emotions.options import EmotionOptions
from aura.zones.amygdala.kinds import of_another_kind, of_its_kind
from aura.zones.amygdala.tasks.task import TaskKind, TaskOptions
from aura.zones.common.task_options import ITEMS, ClassFields, NumberFields, class_outputs, class_teacher

__all__ = ["KINDS", "ChoiceOptions", "ClassOptions", "LabelOptions", "NumberOptions", "SomeOptions"]

_log = logging.getLogger("aura.zones.amygdala")


class ClassOptions(ClassFields, TaskOptions):
    """What the kinds that tell classes apart have in common."""

    novelty: bool = Field(
        default=True,
        description="Whether to tell how far each stimulus is from all that was learned, by the nearest class mean.")
    novelty_forgetting: float | None = Field(
        default=None, gt=0, le=1,
        description="Factor by which earlier items count less in the class means with each item; the learner's if not "
                    "given. Below 1 the means follow an encoder that learns.")

    def teacher(self, name: str) -> Port:
        return class_teacher(name)

    def outputs(self, name: str) -> tuple[Port, ...]:
        *ports, classes = class_outputs(name)
        if self.novelty:
            ports.append(Port(
                f"{name}_novelty", shape=("item",), range=(0.0, 1.0), items_from=ITEMS,
                doc="How far the stimulus is from all that was learned: 0 at a class mean, one half as far as new "
                    "ones usually are, 1 where nothing is known."))
        return (*ports, classes)

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


class NumberOptions(NumberFields, TaskOptions):
    """One number an item, or a vector of them."""

    kind: Literal["numbers"] = Field(default="numbers", description="One number an item, or a vector of them.")

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
