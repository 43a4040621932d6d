"""The small-conductance potassium channel (SK), opened by calcium alone."""

from __future__ import annotations

from aura.zones.fabric.channels.declaration import Channel, Gate, Quantity

__all__ = ["CALCIUM_POTASSIUM"]

KOEHLER = "Köhler et al. 1996, Science 273, 1709, doi:10.1126/science.273.5282.1709"

HAY = "Hay et al. 2011, PLoS Comput. Biol. 7, e1002107, doi:10.1371/journal.pcbi.1002107, SK_E2.mod of ModelDB 139653"

CALCIUM_POTASSIUM = Channel(
    name="calcium_potassium",
    summary="Small-conductance potassium (SK): opened by calcium alone, after-hyperpolarisation and adaptation.",
    ion="k",
    conductance=Quantity(value=0.0012, unit="S/cm2",
                         source=f"{HAY}: apical dendrites; 0.0441 in the soma of the same cell"),
    reversal=Quantity(value=-77.0, unit="mV",
                      source="the potassium potential of the squid axon here, one for all potassium channels of a "
                             "membrane; Hay et al. 2011 have -85 mV for theirs"),
    temperature=Quantity(value=34.0, unit="degC", source="Hay et al. 2011 simulate at 34 degC; with a Q10 of 1 it "
                                                         "changes nothing"),
    parameters={
        "half": Quantity(value=4.3e-4, unit="mM", source=f"{HAY}, after {KOEHLER}: half open at 0.43 uM"),
        "hill": Quantity(value=4.8, unit="1", source=f"{HAY}, after {KOEHLER}: the slope of the dose-response curve"),
        "opening": Quantity(value=1.0, unit="ms", source=f"{HAY}, for all concentrations and without Q10"),
    },
    gates=(
        # The same as 1 / (1 + (half / ca)**hill), without dividing by a concentration that may be 0.
        Gate(name="z", power=1, steady="(ca / half) ** hill / (1 + (ca / half) ** hill)", tau="opening", q10=1.0,
             source=HAY),
    ),
    source=f"{KOEHLER}; {HAY}",
)
