"""Registers the hypothalamus; reading this imports nothing that it computes with."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from aura.core.modulators import LEARNING_RATE
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.zones.control.params import ControlParams

__all__ = ["MANIFEST", "aura_zones"]

_Optional = partial(Port, required=False)
_ANY = (0.0, math.inf)


def _inputs(params: ControlParams) -> tuple[Port, ...]:
    return (
        _Optional("activity", range=_ANY, fan_in="many",
                  doc="How busy a zone has been since the last tick; several add up."),
        _Optional("effort", range=_ANY, fan_in="many",
                  doc="How much a zone has learned since the last tick, where its activity leaves that out."),
        _Optional("loss", fan_in="many", doc="Losses whose fall lifts mood."),
        _Optional("reward", doc="Reward that came since the last tick."),
        _Optional("valence", range=(-1.0, 1.0), doc="How pleasant what was sensed is."),
        _Optional("gate_entropy", range=(0.0, 1.0), doc="Normalised entropy of the gate that is held at a set point."),
        _Optional("utilisation", shape=("expert",), range=(0.0, 1.0), doc="Running share of the gate of each expert."),
        *(Port(f"goal_{name}", keep="hold",
               doc=f"The number that the goal {name} wants {goal.direction} {goal.target:g}.")
          for name, goal in params.goals.items()),
    )


def _outputs(params: ControlParams) -> tuple[Port, ...]:
    # All are modulators, so that no label waits for the way round through this zone.
    _Modulator = partial(Port, role="modulator")
    traits, controller = params.personality, params.controller
    temperature = (1.0 / traits.temperature_span, traits.temperature_span)
    if controller is not None:
        temperature = (controller.minimum, controller.maximum)
    return (
        _Modulator("energy", range=(0.0, 1.0), doc="What is left to spend."),
        _Modulator("fatigue", range=(0.0, 1.0), doc="How tired the brain is."),
        _Modulator("drive", range=(0.0, 1.0), doc="How far the goals are unmet."),
        _Modulator("mood", range=(-1.0, 1.0), doc="The slow trace of what was better or worse than expected."),
        _Modulator("energy_gate", range=(0.0, 1.0), doc="Below 0.1 no zone learns; 0 while energy is short."),
        _Modulator("learning_drive", range=_span(1.0, params.largest_drive), doc="Factor on learning, 1 is neutral."),
        _Modulator("gate_temperature", range=_span(*temperature), doc="Factor on the gate's temperature."),
        _Modulator("merit_momentum", range=(0.0, 1.0), doc="Share of old merit that is kept at each item."),
        _Modulator("distillation_alpha", range=_span(1.0 / traits.distillation_span, traits.distillation_span),
                   doc="Factor on the share of the teacher's answer in what a new expert is taught, 1 is neutral."),
        _Modulator("growth_drive", range=_span(1.0 / traits.growth_span, traits.growth_span),
                   doc="Factor on the readiness to grow, 1 is neutral."),
        _Modulator("routing_bias", shape=("expert",), range=_span(-traits.routing_bias, traits.routing_bias),
                   doc="What to add to the experts' logits: of mean zero, published when their utilisation comes."),
    )


def _span(low: float, high: float) -> tuple[float, float] | None:
    """Return the range of a float32 between two bounds, None where they are one."""
    bounds = float(np.float32(low)), float(np.float32(high))
    return bounds if bounds[0] < bounds[1] else None


MANIFEST = Manifest(
    "control", "aura.zones.control.zone:Control",
    "Keeps the brain's inner state: energy, fatigue, drives, mood, and a personality that sets how it learns.",
    params=ControlParams, inputs=_inputs, outputs=_outputs, period="10 ms", modulators=(LEARNING_RATE,),
    # Where energy begins is past.
    changeable=("energy.[!i]*", "goals", "goals.*", "largest_drive", "mood.*", "personality.*", "controller",
                "controller.*"))


@hookimpl
def aura_zones() -> list[Manifest]:
    """Register the hypothalamus."""
    return [MANIFEST]
