"""Cells that several tests of this folder use."""

from __future__ import annotations

import pytest

from aura.zones.fabric.channels import CHANNELS, CalciumPool
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA


def declared(*names: str) -> tuple[Placement, ...]:
    """Return channels at their declared density everywhere."""
    return tuple(Placement(CHANNELS[name], {"all": CHANNELS[name].conductance.value}) for name in names)


@pytest.fixture(scope="session")
def squid() -> Membrane:
    """The squid axon's membrane."""
    return Membrane(declared("sodium", "potassium", "leak"))


@pytest.fixture(scope="session")
def rich() -> Membrane:
    """Every channel, a calcium pool and all receptors."""
    return Membrane(declared(*CHANNELS), pool=CalciumPool(), afferents=(
        Afferent("excitatory", ((AMPA, 1.0), (NMDA, 0.5))), Afferent("inhibitory", ((GABA_A, 1.0),))))
