"""Where an engine's texts would come from, were they played: a zone that never says anything."""

from __future__ import annotations

from aura.core.ports import Port
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.core.zone import Manifest, Outputs, Zone, ZoneParams

__all__ = ["Silence"]


class Silence(Zone[ZoneParams]):
    """Feeds the encoder's input on paper; what an engine is asked is injected there."""

    manifest = Manifest("silence", "", "Says nothing.", self_clocked=True,
                        outputs=(Port("text", dtype="text", shape=("item",)),))

    def next_wake(self, now: Time) -> Time | None:
        return None

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        return None
