"""Registers the fabric; reading this imports nothing that it computes with."""

from __future__ import annotations

import math

from aura.core.modulators import LEARNING_DRIVE, LEARNING_RATE, Modulator
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.zones.fabric.params import FabricParams

__all__ = ["MANIFEST", "aura_zones"]


def _inputs(params: FabricParams) -> tuple[Port, ...]:
    ports = [Port("frame", shape=("item", *params.frame), doc="What is sensed: one frame for each item.")]
    if params.prediction is not None and params.convolution is not None and params.tissue is not None:
        ports.append(Port("goal", shape=params.frame, required=False, keep="hold",
                          doc="The frame that intentional propagation works towards; the expected one if unfed."))
    if params.labels:
        ports.append(Port("teacher", dtype="tags", shape=("item",), role="label", keep="all", required=False,
                          doc="What earlier frames were."))
    return tuple(ports)


def _outputs(params: FabricParams) -> tuple[Port, ...]:
    last = float(max(math.prod(params.spatial_dims) - 1, 1))
    ports = [
        Port("winner", dtype="int64", shape=("item",), items_from="frame", range=(0.0, last),
             doc="The unit of the map nearest to each frame, in C order of the grid."),
        Port("quantisation_error", dtype="float64", shape=("item",), items_from="frame",
             doc="Distance of each frame from its winner."),
        Port("activation", shape=("x", "y", "z"), range=(0.0, 1.0),
             doc="How far each unit answers to the frames of this tick."),
    ]
    if params.prediction is not None:
        ports += [
            Port("prediction", shape=("item", *params.frame), items_from="frame",
                 doc="The frame expected to follow each frame."),
            Port("loss", dtype="float64", shape=(),
                 doc="Mean squared error of the predictions of the frames of this tick, made before they came."),
            Port("persistence", dtype="float64", shape=(),
                 doc="The same error, had each frame been expected to repeat the one before."),
        ]
    if params.tissue is not None:
        ports += [
            Port("activity", shape=("x", "y", "z"), unit="Hz", doc="Running rate of each neuron."),
            Port("spikes", dtype="int32", shape=("spike",), range=(0.0, last),
                 doc="Neurons that spiked since the last tick."),
            Port("spike_times", dtype="float64", shape=("spike",), unit="ms", doc="When they did."),
        ]
        if params.probes:
            ports += [
                Port("voltage", shape=("probe", "sample"), unit="mV",
                     doc="Somatic voltage of the probed neurons since the last tick, at the end of each slot."),
                Port("voltage_times", dtype="float64", shape=("sample",), unit="ms", doc="When that was."),
            ]
        if params.prediction is not None and params.convolution is not None:
            ports.append(Port("mode", dtype="text", shape=(1,), doc="The mode of propagation of this tick."))
    if params.labels:
        ports.append(Port("label", dtype="tags", shape=("item",), items_from="frame",
                          doc="What the map takes each frame for, by the majority of what its winner has won."))
    return tuple(ports)


def _wake_on(params: FabricParams) -> tuple[str, ...]:
    return ("frame", "teacher") if params.labels else ("frame",)


def _details(params: FabricParams) -> list[str]:
    from aura.zones.fabric.description import described

    return described(params)


MANIFEST = Manifest(
    "fabric", "aura.zones.fabric.zone:Fabric",
    "A 3D tissue of spiking neurons with dendrites that organises itself by what it senses and predicts what comes.",
    params=FabricParams, inputs=_inputs, outputs=_outputs, wake_on=_wake_on, period="10 ms", version="5",
    modulators=(LEARNING_RATE, LEARNING_DRIVE,
                Modulator("reward", "Turns the eligibility of synapses into weight, where the tissue keeps one.",
                          default=0.0, range=(-math.inf, math.inf))),
    details=_details,
    changeable=("map.length", "map.radius_end", "map.rate_start", "map.rate_end", "map.memory", "map.learn",
                "map.sharpness", "prediction.forgetting", "prediction.coherence", "prediction.rate",
                "prediction.block", "threads"))


@hookimpl
def aura_zones() -> list[Manifest]:
    """Register the fabric."""
    return [MANIFEST]
