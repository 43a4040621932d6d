"""The potassium channel of the squid giant axon, the delayed rectifier (Hodgkin and Huxley 1952)."""

from __future__ import annotations

from aura.zones.fabric.channels.declaration import Channel, Gate, Quantity
from aura.zones.fabric.channels.sodium import HODGKIN_HUXLEY, SQUID_TEMPERATURE

__all__ = ["POTASSIUM"]

POTASSIUM = Channel(
    name="potassium",
    summary="Delayed-rectifier potassium of the squid giant axon: slow activation n.",
    ion="k",
    conductance=Quantity(value=0.036, unit="S/cm2", source=f"{HODGKIN_HUXLEY}, table 3: 36 mS/cm2"),
    reversal=Quantity(value=-77.0, unit="mV", source=f"{HODGKIN_HUXLEY}, table 3: 12 mV below rest"),
    temperature=SQUID_TEMPERATURE,
    gates=(
        Gate(name="n", power=4, alpha="0.01 * linoid(v + 55, 10)", beta="0.125 * exp(-(v + 65) / 80)", q10=3.0,
             source=f"{HODGKIN_HUXLEY}, equations 12 and 13, rates in 1/ms; Q10 of 3 from the same paper"),
    ),
    source=HODGKIN_HUXLEY,
)
