"""A dendritic NMDA-like conductance: receptors held open by ambient glutamate, blocked by magnesium near rest."""

from __future__ import annotations

from aura.zones.fabric.channels.declaration import Channel, Quantity

__all__ = ["MAGNESIUM_BLOCK", "MAGNESIUM_PARAMETERS", "NMDA", "NMDA_CALCIUM_FRACTION"]

JAHR_STEVENS = "Jahr & Stevens 1990, J. Neurosci. 10, 3178, doi:10.1523/JNEUROSCI.10-09-03178.1990"

MAGNESIUM_BLOCK = "1 / (1 + magnesium / affinity * exp(-slope * v))"
"""The part of open NMDA channels that magnesium leaves free at `v` in mV; synaptic receptors take the same text."""

MAGNESIUM_PARAMETERS = {
    "magnesium": Quantity(value=1.0, unit="mM",
                          source="extracellular, the round number near that of cerebrospinal fluid"),
    "affinity": Quantity(value=3.57, unit="mM", source=f"{JAHR_STEVENS}, the fit that is in general use"),
    "slope": Quantity(value=0.062, unit="1/mV", source=f"{JAHR_STEVENS}, the same fit"),
}
"""What `MAGNESIUM_BLOCK` names."""

NMDA_CALCIUM_FRACTION = 0.107
"""Part of the current of NMDA receptors that calcium carries, in dendrites of CA1 pyramidal cells: 10.7 % (Garaschuk,
Schneggenburger, Schirra, Tempia & Konnerth 1996, J. Physiol. 491, 757)."""

NMDA = Channel(
    name="nmda",
    summary="Dendritic NMDA-like conductance: glutamate-bound, freed from magnesium by depolarisation; regenerative.",
    ion="nonspecific",
    conductance=Quantity(
        value=5e-6, unit="S/cm2",
        source="Le Meur, Galante, Angulo & Audinat 2007, J. Physiol. 580, 373, doi:10.1113/jphysiol.2006.123570: a "
               "tonic current of 54 pA at +40 mV in pyramidal cells, 1.4 nS with the block lifted to 0.98, over some "
               "3e-4 cm2 (300 pF at 1 uF/cm2; taken here). A membrane with leak density g turns regenerative, with a "
               "plateau, from about 4.3 g: the slope of block times voltage is -0.234 at its steepest, at -47 mV"),
    reversal=Quantity(value=0.0, unit="mV", source=f"{JAHR_STEVENS}: near 0 mV"),
    temperature=Quantity(value=22.0, unit="degC", source="room temperature; there is no gate that it would change"),
    factor=MAGNESIUM_BLOCK,
    parameters=MAGNESIUM_PARAMETERS,
    calcium_fraction=NMDA_CALCIUM_FRACTION,
    source=f"{JAHR_STEVENS}. Glutamate gates the channel, voltage only lifts the block. As a density channel it is "
           "what ambient glutamate keeps open (Sah, Hestrin & Nicoll 1989, Science 246, 815, "
           "doi:10.1126/science.2573153: tonic, and regenerative), hence no gate of its own: `conductance` is that of "
           "the open receptors, and the block, whose fast part lifts within 0.1 ms, follows at once. Receptors at "
           "synapses add the time course of glutamate",
)
