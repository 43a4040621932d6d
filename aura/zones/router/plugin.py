"""Registers the router; reading this imports nothing that it computes with."""

from __future__ import annotations

from aura.core.modulators import LEARNING_RATE, Modulator
from aura.core.ports import Axis, Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.zones.router.params import RouterParams

__all__ = ["MANIFEST", "aura_zones"]


def _inputs(params: RouterParams) -> tuple[Port, ...]:
    ports: list[Port] = []
    for name, options in params.relays.items():
        item: tuple[Axis, ...] = ("item", *options.axes)
        ports += (
            Port(name, shape=item, doc="What is relayed."),
            Port(f"{name}_routing", shape=("item", "expert"), range=(0.0, 1.0), required=False, keep="all",
                 doc=f"Who took which item of {name}: the weights of the gate, by id."),
            Port(f"{name}_feedback", shape=("route",), required=False, keep="hold",
                 doc=f"Bias from above on the routes of {name}."),
            Port(f"{name}_gradients", shape=item, required=False, fan_in="many", role="gradient",
                 doc=f"Gradients with respect to what was relayed of {name}, by id, from whoever used it."),
        )
    return tuple(ports)


def _outputs(params: RouterParams) -> tuple[Port, ...]:
    ports: list[Port] = []
    for name, options in params.relays.items():
        item: tuple[Axis, ...] = ("item", *options.axes)
        ports += (
            Port(f"{name}_relay", shape=item, items_from=name, doc=f"The items of {name}, times the gain."),
            Port(f"{name}_gate_bias", shape=("item", "route"), items_from=name,
                 doc="How near each item is to each route's centroid, 0 at the centroid and negative elsewhere, and "
                     "the feedback."),
            Port(f"{name}_magnitude", range=(0.0, float("inf")),
                 doc="Thalamic magnitude: root mean square of the gate's bias, less each item's mean."),
            Port(f"{name}_attention", shape=("route",), range=(0.0, float("inf")),
                 doc="The attention gain of each route; 1 on average over the routes in use."),
            Port(f"{name}_gradient", shape=item, role="gradient",
                 doc=f"The gradient with respect to {name}, by id: all that came, added up, times the gain."),
        )
    return tuple(ports)


def _wake_on(params: RouterParams) -> tuple[str, ...]:
    return tuple(f"{name}{port}" for name in params.relays for port in ("", "_routing", "_gradients"))


MANIFEST = Manifest(
    "router", "aura.zones.router.zone:Router",
    "Relays streams, biases who takes an item by how near it is to learned centroids, and carries gradients back.",
    params=RouterParams, inputs=_inputs, outputs=_outputs, wake_on=_wake_on, version="4",
    modulators=(LEARNING_RATE, Modulator("gain", "Factor on the gains of the relays."),
                Modulator("thalamic_scale", "Factor on the bias of each gate.")),
    changeable=tuple(f"relays.*.{name}" for name in ("gain", "scale", "rate", "memory", "recent", "seed_weight",
                                                     "spread")))


@hookimpl
def aura_zones() -> list[Manifest]:
    """Register the router."""
    return [MANIFEST]
