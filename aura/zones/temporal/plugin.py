"""Registers the temporal lobe; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.core.modulators import LEARNING_DRIVE, LEARNING_RATE
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.zones.common.task_options import ITEMS
from aura.zones.temporal.params import TemporalParams

__all__ = ["MANIFEST", "aura_zones"]


def _inputs(params: TemporalParams) -> tuple[Port, ...]:
    return (
        Port(ITEMS, shape=("item", "feature"), doc="One vector for each turn."),
        Port("conversation", dtype="text", shape=("item",), keep="all",
             doc="The conversation that each turn is of; a turn without one, an empty text, is one by itself."),
        Port("author", dtype="text", shape=("item",), keep="all", required=False,
             doc="Who speaks, empty where nobody knows."),
        Port("turn", dtype="int64", shape=("item",), keep="all", required=False,
             doc="The number of the turn in its conversation; one that falls back tells that another has begun."),
        *((Port("rehearsed", shape=("item", "feature"), required=False,
                doc="Turns that came before, as their encoder reads them by now: they are learned once more."),)
          if params.rehearse else ()),
        *(options.teacher(name) for name, options in params.tasks.items()))


def _outputs(params: TemporalParams) -> tuple[Port, ...]:
    ports = [port for name, options in params.tasks.items() for port in options.outputs(name)]
    if params.publish_attention:
        ports += [
            Port("attended", dtype="tags", shape=("item",), items_from=ITEMS,
                 doc="The turns that each belief is made from, by how long ago they were, the oldest first."),
            Port("attention", shape=("item", "turn"), range=(0.0, 1.0), items_from=ITEMS,
                 doc="How much of its attention the newest turn paid to each of them, the mean over layers and heads.")]
    if params.publish_gradient:
        ports.append(Port("embedding_gradient", shape=("item", "feature"), role="gradient",
                          doc="Gradient of the loss with respect to the embeddings last learned from."))
    return tuple(ports)


def _wake_on(params: TemporalParams) -> tuple[str, ...]:
    return (ITEMS, *("rehearsed",) * bool(params.rehearse),
            *(options.teacher(name).name for name, options in params.tasks.items()))


def _changeable(params: TemporalParams) -> tuple[str, ...]:
    network = ("dropout", "learning_rate", "weight_decay", "clip", "accumulate", "batch", "schedule.*")
    loss = ("class_weights", "effective_beta", "focal", "label_smoothing")
    of_task = ("open", "on_unknown", "at_least_one", "teaches", "weight")
    return ("memory", "rehearse", "conversations", "authors", "votes", *loss, *(f"network.{key}" for key in network), *(
        f"thresholds.{key}" for key in ("sample", "shrinkage", "every")), *(
        f"tasks.{name}.{key}" for name in params.tasks for key in of_task))


MANIFEST = Manifest(
    "temporal", "aura.zones.temporal.zone:Temporal",
    "Follows conversations turn by turn: what a turn is, how its conversation will end, and who speaks.",
    params=TemporalParams, inputs=_inputs, outputs=_outputs, modulators=(LEARNING_RATE, LEARNING_DRIVE),
    wake_on=_wake_on, self_clocked=lambda params: params.publish_gradient, changeable=_changeable)


@hookimpl
def aura_zones() -> list[Manifest]:
    """Register the temporal lobe."""
    return [MANIFEST]
