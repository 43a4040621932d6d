"""Registers the mixture of experts; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.core.modulators import LEARNING_DRIVE, LEARNING_RATE, Modulator
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.plugins.extension import ExtensionPoint
from aura.zones.experts.kinds.expert import ExpertKind
from aura.zones.experts.kinds.lookup import KINDS
from aura.zones.experts.params import ExpertsParams

__all__ = ["MANIFEST", "aura_experts", "aura_extension_points", "aura_zones"]


def _inputs(params: ExpertsParams) -> tuple[Port, ...]:
    return (
        Port("stimulus", shape=("item", *params.stimulus), doc="What is to be told apart."),
        Port("gate_bias", shape=("item", "route"), required=False,
             doc="Added to the gate's logits of each item, a column for each expert in order of birth; from a router."),
        Port("routing_bias", shape=("expert",), required=False, keep="hold",
             doc="Added to the gate's logits of every item; the leaning of a personality."),
        Port("teacher", dtype="tags", shape=("item",), role="label", keep="all", required=False,
             doc="The true class of items seen before."),
    )


def _outputs(params: ExpertsParams) -> tuple[Port, ...]:
    items = "stimulus"
    ports = (
        Port("label", dtype="tags", shape=("item",), items_from=items,
             doc="The predicted class; none while no class is known."),
        Port("probability", shape=("item", "class"), range=(0.0, 1.0), items_from=items,
             doc="The probability of each class."),
        Port("classes", dtype="text", shape=("class",),
             doc="The names of the classes, published at first and whenever they change."),
        Port("expert", dtype="text", shape=("item",), items_from=items,
             doc="The expert whose answer weighed most; empty where none was asked."),
        Port("routing", shape=("item", "expert"), range=(0.0, 1.0), items_from=items,
             doc="What each expert's answer weighed, a column for each in order of birth."),
        Port("gate_entropy", range=(0.0, 1.0),
             doc="Mean entropy of the gate over the active experts, as a share of the largest possible."),
        Port("utilisation", shape=("expert",), range=(0.0, 1.0), doc="Running share of the gate, by expert."),
        Port("routed_accuracy", shape=("expert",), range=(0.0, 1.0),
             doc="Running share of right answers among the items in which the expert weighed most."),
        Port("loss", doc="Mean loss of the items last learned from, in nats, as they were predicted."),
        Port("activity", doc="Answers given, and lessons last learned, per item."),
        Port("growth", dtype="text", shape=("event",),
             doc="What has grown or been pruned since the last tick, as the lines of the growth log."),
        Port("skipped", dtype="int64", doc="Items not learned so far because no expert that was asked may learn."),
    )
    if not params.publish_gradient:
        return ports
    return (*ports, Port("stimulus_gradient", shape=("item", *params.stimulus), role="gradient",
                         doc="Gradient of each item's loss with respect to the stimuli last learned from."))


def _modulators(params: ExpertsParams) -> tuple[Modulator, ...]:
    momentum = () if params.merit is None else (
        Modulator("merit_momentum", "Takes the place of the parameter merit.momentum.", default=params.merit.momentum,
                  range=(0.0, 1.0)),)
    return (
        LEARNING_RATE, LEARNING_DRIVE, *momentum,
        Modulator("gate_temperature", "Factor on the temperature of the gate."),
        Modulator("distillation_alpha", "Factor on the share of the teacher in what a new expert is taught."),
        Modulator("growth_drive", "Makes the triggers of growth easier or, at 0, shuts them."),
    )


MANIFEST = Manifest(
    "experts", "aura.zones.experts.zone:Experts",
    "A growing mixture of experts: routes each stimulus to a few, learns online which of them know it, and grows.",
    params=ExpertsParams, inputs=_inputs, outputs=_outputs, modulators=_modulators,
    wake_on=("stimulus", "teacher"), parts={"expert": KINDS}, self_clocked=lambda params: params.publish_gradient,
    version="5",
    changeable=(
        "on_unknown", "max_experts", "learning.*", "store.on_damage",
        *(f"gate.{name}" for name in ("temperature", "learning_rate", "utility_rate", "utility_weight",
                                      "hierarchical", "group_temperature", "permute")),
        *(f"merit.{name}" for name in ("weight", "momentum", "exploration")),
        *(f"growth.{name}" for name in (
            "surprise", "surprise_items", "entropy", "patience", "litter", "cooldown", "start", "alpha", "bootstrap",
            "bootstrap_bias", "freeze_parent", "prune_below", "prune_after", "revive"))))


@hookimpl
def aura_zones() -> list[Manifest]:
    """Register the mixture of experts."""
    return [MANIFEST]


@hookimpl
def aura_extension_points() -> list[ExtensionPoint]:
    """Let plugins bring kinds of expert."""
    return [ExtensionPoint("expert", "aura_experts", ExpertKind, "Predicts and learns as one of a mixture of experts.")]


@hookimpl
def aura_experts() -> list[ExpertKind]:
    """Bring the kinds of this package."""
    return list(KINDS.values())
