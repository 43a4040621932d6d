"""The high-threshold calcium channel of neocortical pyramidal cells, which fills the calcium pool."""

from __future__ import annotations

from aura.zones.fabric.channels.declaration import Channel, Gate, Quantity

__all__ = ["CALCIUM"]

REUVENI = ("Reuveni, Friedman, Amitai & Gutnick 1993, J. Neurosci. 13, 4609, "
           "doi:10.1523/JNEUROSCI.13-11-04609.1993")
"""The rates' origin. They are the same, number by number, in ca.mod of Mainen & Sejnowski (ModelDB 2488) and in
Ca_HVA.mod of Hay et al. 2011 (ModelDB 139653); these files are what is followed here."""

MAINEN = "Mainen & Sejnowski 1996, Nature 382, 363, doi:10.1038/382363a0, ModelDB 2488"

RATES = (f"{REUVENI}, rates in 1/ms; Q10 of 2.3 from {MAINEN}, ca.mod (it scales the conductance by it as well, "
         "which is left out here; Hay et al. 2011 has no Q10)")

CALCIUM = Channel(
    name="calcium",
    summary="High-threshold calcium: fast activation m, very slow inactivation h; fills the calcium pool.",
    ion="ca",
    conductance=Quantity(
        value=3e-5, unit="S/cm2",
        source=f"{MAINEN}: 0.3 pS/um2 in soma and dendrites. Hay et al. 2011, doi:10.1371/journal.pcbi.1002107, fit "
               "9.92e-4 in the soma together with a pool that leaves 1 in 2000 calcium ions free"),
    reversal=Quantity(
        value=140.0, unit="mV",
        source=f"{MAINEN}. Hay et al. 2011 follow Nernst's equation with 2 mM outside instead; a constant is taken, "
               "since the driving force changes little in the range of the action potential"),
    temperature=Quantity(value=23.0, unit="degC", source=f"{MAINEN}, ca.mod"),
    gates=(
        Gate(name="m", power=2, alpha="0.055 * linoid(v + 27, 3.8)", beta="0.94 * exp(-(v + 75) / 17)", q10=2.3,
             source=RATES),
        Gate(name="h", power=1, alpha="0.000457 * exp(-(v + 13) / 50)", beta="0.0065 / (exp(-(v + 15) / 28) + 1)",
             q10=2.3, source=RATES),
    ),
    source=REUVENI,
)
