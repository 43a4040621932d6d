"""What `aura describe` says of a fabric."""

from __future__ import annotations

from typing import Any

import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.description import described
from aura.zones.fabric.params import FabricParams
from aura.zones.fabric.tissue.cell import cell_of

M_CURRENT = {"ion": "k", "conductance": "0.5 mS/cm2", "reversal": "-77 mV", "temperature": "6.3 degC",
             "density": {"soma": "0.5 mS/cm2"}, "gates": [{"name": "w", "steady": "sigmoid(v + 35, 10)", "tau": 100}]}


def fabric(**neuron: Any) -> FabricParams:
    return FabricParams.model_validate({"spatial_dims": (2, 3, 4), "tissue": {"neuron": neuron}})


def test_it_lists_compartments_channels_with_densities_and_receptors() -> None:
    lines = described(fabric(channels={"m_current": M_CURRENT, "leak": False}, dendrites=3, segments=2))
    assert lines[0] == "24 neurons (2 x 3 x 4), each of 7 compartments (1 soma, 6 dendrite), 320.0 um, 3141.6 um2"
    assert lines[1] == "1 uF/cm2, 100 ohm cm, 6.3 degC"
    assert [line.split() for line in lines[2:7]] == [
        ["channel", "sodium", "na", "50", "mV", "soma", "0.12,", "dendrite", "0.12", "S/cm2"],
        ["channel", "potassium", "k", "-77", "mV", "soma", "0.036,", "dendrite", "0.036", "S/cm2"],
        ["channel", "calcium", "ca", "140", "mV", "dendrite", "3e-05", "S/cm2"],
        ["channel", "calcium_potassium", "k", "-77", "mV", "dendrite", "0.0003", "S/cm2"],
        ["channel", "m_current", "k", "-77", "mV", "soma", "0.0005", "S/cm2"]]
    assert lines[7:] == ["excitatory synapses open ampa (1 of the weight, 0 mV), nmda (0.5 of the weight, 0 mV)",
                         "inhibitory synapses open gaba_a (1 of the weight, -80 mV)"]


def test_a_membrane_without_channels_and_a_fabric_without_tissue_are_said_to_be() -> None:
    assert described(fabric(channels={"replace": True}))[2] == "no channels: the membrane is a capacitor"
    assert described(FabricParams.model_validate({"tissue": False})) == ["no tissue"]


def test_a_channel_for_sections_that_are_not_there_is_told() -> None:
    nowhere = fabric(channels={"sodium": {"apical": 0.1, "axon": 0.2}, "potassium": {"apical": 0.0}})
    notice = "has its channel sodium nowhere: it is for apical and axon, the neurons are of dendrite and soma"
    assert nowhere.tissue is not None
    assert cell_of(nowhere.tissue).notices == {notice: 1}
    assert described(nowhere)[-1] == notice
    assert "nowhere: no section of this shape has any" in described(nowhere)[2]


def test_mistakes_are_named_as_when_it_is_built() -> None:
    with pytest.raises(ParameterError, match=r"channels\.sodum: expected the name of a channel"):
        described(fabric(channels={"sodum": 0.1}))
