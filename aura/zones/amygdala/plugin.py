"""Registers the amygdala; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.core.modulators import LEARNING_DRIVE, LEARNING_RATE
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.plugins.extension import ExtensionPoint
from aura.plugins.streams import ReaderKind
from aura.zones.amygdala.emotions.seeds import KIND as SEEDS
from aura.zones.amygdala.learners.kinds import KINDS as LEARNERS
from aura.zones.amygdala.learners.learner import LearnerKind
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.tasks.kinds import KINDS
from aura.zones.amygdala.tasks.task import ITEMS, TaskKind
from aura.zones.amygdala.users.pupil import PUPIL

__all__ = ["MANIFEST", "aura_extension_points", "aura_learners", "aura_streams", "aura_tasks", "aura_zones"]


def _inputs(params: AmygdalaParams) -> tuple[Port, ...]:
    embedding = Port(ITEMS, shape=("item", "feature"), doc="One vector for each stimulus.")
    beside = []
    if params.reads_text:
        beside.append(Port("text", dtype="text", shape=("item",), keep="all", required=params.features_of_text,
                           doc="The texts of the embeddings; they come before these or with them."))
    if params.reads_annotations:
        beside.append(Port("annotation", dtype="tags", shape=("item",), keep="all",
                           doc="Emotions that are named of the items, the foremost first; no labels."))
    users = params.users.inputs if params.users is not None else ()
    return (embedding, *beside, *(options.teacher(name) for name, options in params.tasks.items()), *users)


def _outputs(params: AmygdalaParams) -> tuple[Port, ...]:
    ports = [port for name, options in params.tasks.items() for port in options.outputs(name)]
    if params.users is not None:
        ports += params.users.outputs
    ports += params.learner.outputs
    if params.publish_gradient:
        ports.append(Port("embedding_gradient", shape=("item", "feature"), role="gradient",
                          doc="Gradient of the loss with respect to the embeddings last learned from."))
    return tuple(ports)


def _wake_on(params: AmygdalaParams) -> tuple[str, ...]:
    users = params.users.wake_on if params.users is not None else ()
    return (ITEMS, *(options.teacher(name).name for name, options in params.tasks.items()), *users)


def _changeable(params: AmygdalaParams) -> tuple[str, ...]:
    users = ("users.most", "users.exploration") if params.users is not None else ()
    return ("memory", *users, *(f"thresholds.{key}" for key in ("sample", "shrinkage", "every")), *(
        f"learner.{key}" for key in params.learner.changeable), *(
        f"tasks.{name}.{key}" for name, options in params.tasks.items() for key in options.changeable))


MANIFEST = Manifest(
    "amygdala", "aura.zones.amygdala.zone:Amygdala",
    "Names what a stimulus feels like: learns in one pass from embeddings to labels or numbers, for several tasks.",
    params=AmygdalaParams, inputs=_inputs, outputs=_outputs, modulators=(LEARNING_RATE, LEARNING_DRIVE),
    wake_on=_wake_on, parts={"task": KINDS, "learner": LEARNERS}, self_clocked=lambda params: params.publish_gradient,
    version="6", changeable=_changeable)


@hookimpl
def aura_zones() -> list[Manifest]:
    """Register the amygdala, and what stands for its users."""
    return [MANIFEST, PUPIL]


@hookimpl
def aura_extension_points() -> list[ExtensionPoint]:
    """Let plugins bring kinds of task, and of what learns for them."""
    return [ExtensionPoint("task", "aura_tasks", TaskKind, "Predicts and learns one thing that is told of an item."),
            ExtensionPoint("learner", "aura_learners", LearnerKind, "Learns for all tasks of an amygdala.")]


@hookimpl
def aura_tasks() -> list[TaskKind]:
    """Bring the kinds of task of this package."""
    return list(KINDS.values())


@hookimpl
def aura_learners() -> list[LearnerKind]:
    """Bring the kinds of learner of this package."""
    return list(LEARNERS.values())


@hookimpl
def aura_streams() -> list[ReaderKind]:
    """Bring the stream that plays the seeds of a taxonomy."""
    return [SEEDS]
