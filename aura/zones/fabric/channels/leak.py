"""The leak of the squid giant axon (Hodgkin and Huxley 1952)."""

from __future__ import annotations

from aura.zones.fabric.channels.declaration import Channel, Quantity
from aura.zones.fabric.channels.sodium import HODGKIN_HUXLEY, SQUID_TEMPERATURE

__all__ = ["LEAK"]

LEAK = Channel(
    name="leak",
    summary="Leak of the squid giant axon: always open.",
    ion="nonspecific",
    conductance=Quantity(value=0.0003, unit="S/cm2", source=f"{HODGKIN_HUXLEY}, table 3: 0.3 mS/cm2"),
    reversal=Quantity(
        value=-54.3, unit="mV",
        source=f"NEURON's hh. {HODGKIN_HUXLEY}, table 3, has 10.613 mV above rest, -54.387 mV, chosen there so that no "
               "current flows at rest; NEURON's rounded value is taken, since published figures are compared with it"),
    temperature=SQUID_TEMPERATURE,
    source=HODGKIN_HUXLEY,
)
