"""Registers the amygdala; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.core.modulators import LEARNING_DRIVE, LEARNING_RATE
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.zones.amygdala.params import AmygdalaParams

__all__ = ["MANIFEST", "aura_zones"]


def _inputs(params: AmygdalaParams) -> tuple[Port, ...]:
    embedding = Port("embedding", shape=("item", "feature"), doc="One vector for each stimulus.")
    return (embedding, *(
        Port(f"{task}_teacher", dtype="tags", shape=("item",), role="label", keep="all", required=False,
             doc=f"The true labels of items seen before, for the task {task}.") for task in params.tasks))


def _outputs(params: AmygdalaParams) -> tuple[Port, ...]:
    ports: list[Port] = []
    for task in params.tasks:
        ports += _task_outputs(task)
    if params.publish_gradient:
        ports.append(Port("embedding_gradient", shape=("item", "feature"), role="gradient",
                          doc="Gradient of the loss with respect to the embeddings last learned from."))
    return tuple(ports)


def _task_outputs(task: str) -> tuple[Port, ...]:
    items, scores = "embedding", ("item", "class")
    return (
        Port(task, dtype="tags", shape=("item",), items_from=items, doc=f"The predicted labels of the task {task}."),
        Port(f"{task}_best", dtype="text", shape=("item",), items_from=items,
             doc="The class with the highest score, empty while no class is known."),
        Port(f"{task}_scores", shape=scores, items_from=items, doc="The linear score of each class."),
        Port(f"{task}_probability", shape=scores, range=(0.0, 1.0), items_from=items,
             doc="The probability of each class."),
        Port(f"{task}_classes", dtype="text", shape=("class",),
             doc="The names of the classes, published at first and whenever they change."),
    )


def _wake_on(params: AmygdalaParams) -> tuple[str, ...]:
    return ("embedding", *(f"{task}_teacher" for task in params.tasks))


def _changeable(params: AmygdalaParams) -> tuple[str, ...]:
    names = ("tasks.*.open", "tasks.*.on_unknown", "tasks.*.at_least_one", "learning_rate", "memory", "thresholds.*")
    return ("ridge", *names) if params.rule == "rls" else names


MANIFEST = Manifest(
    "amygdala", "aura.zones.amygdala.zone:Amygdala",
    "Names what a stimulus feels like: a linear readout from embeddings to labels that learns online, in one pass.",
    params=AmygdalaParams, inputs=_inputs, outputs=_outputs, modulators=(LEARNING_RATE, LEARNING_DRIVE),
    wake_on=_wake_on, version="3", changeable=_changeable)


@hookimpl
def aura_zones() -> list[Manifest]:
    """Register the amygdala."""
    return [MANIFEST]
