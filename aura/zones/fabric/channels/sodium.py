"""The sodium channel of the squid giant axon (Hodgkin and Huxley 1952)."""

from __future__ import annotations

from aura.zones.fabric.channels.declaration import Channel, Gate, Quantity

__all__ = ["HODGKIN_HUXLEY", "SODIUM", "SQUID_TEMPERATURE"]

HODGKIN_HUXLEY = "Hodgkin & Huxley 1952, J. Physiol. 117, 500, doi:10.1113/jphysiol.1952.sp004764"
"""The paper. It counts potentials from rest and with the opposite sign; the modern form sets rest at -65 mV, as here
and in NEURON's `hh`: v = -65 - V."""

SQUID_TEMPERATURE = Quantity(value=6.3, unit="degC", source=f"{HODGKIN_HUXLEY}, where the rates of table 3 hold")

SODIUM = Channel(
    name="sodium",
    summary="Sodium of the squid giant axon: fast activation m, slower inactivation h.",
    ion="na",
    conductance=Quantity(value=0.12, unit="S/cm2", source=f"{HODGKIN_HUXLEY}, table 3: 120 mS/cm2"),
    reversal=Quantity(value=50.0, unit="mV", source=f"{HODGKIN_HUXLEY}, table 3: 115 mV above rest"),
    temperature=SQUID_TEMPERATURE,
    gates=(
        Gate(name="m", power=3, alpha="0.1 * linoid(v + 40, 10)", beta="4 * exp(-(v + 65) / 18)", q10=3.0,
             source=f"{HODGKIN_HUXLEY}, equations 20 and 21, rates in 1/ms; Q10 of 3 from the same paper"),
        Gate(name="h", power=1, alpha="0.07 * exp(-(v + 65) / 20)", beta="1 / (exp(-(v + 35) / 10) + 1)", q10=3.0,
             source=f"{HODGKIN_HUXLEY}, equations 23 and 24, rates in 1/ms; Q10 of 3 from the same paper"),
    ),
    source=HODGKIN_HUXLEY,
)
