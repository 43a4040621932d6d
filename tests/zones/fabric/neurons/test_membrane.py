"""Membranes: what they are made of, where, and what is refused."""

from __future__ import annotations

import math

import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS, CalciumPool, Quantity, channel_from_table
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import ball_and_sticks
from aura.zones.fabric.neurons.layout import lay_out
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.receptors import AMPA, NMDA, Receptor

LEAK, SODIUM = CHANNELS["leak"], CHANNELS["sodium"]
CABLE = discretise(ball_and_sticks(dendrites=1, segments=2), 100.0)


def test_a_density_of_dendrites_holds_for_basal_and_apical_ones_that_are_not_named():
    placement = Placement(LEAK, {"dendrite": 1.0, "basal": 2.0, "all": 3.0})
    assert [placement.of(kind) for kind in ("soma", "axon", "basal", "apical", "dendrite")] == [3.0, 3.0, 2.0, 1.0, 1.0]
    assert Placement(LEAK, {"dendrite": 1.0}).of("axon") == 0.0


def test_a_density_holds_for_a_kind_of_section_and_all_for_the_rest():
    placement = Placement(LEAK, {"soma": 1e-3, "all": 3e-4})
    assert placement.of("soma") == 1e-3
    assert placement.of("apical") == 3e-4
    assert Placement(LEAK, {"soma": 1e-3}).of("apical") == 0.0


def test_parameters_of_a_node_are_in_microsiemens_and_nanofarad_per_step():
    """A soma of 400 pi um2: 0.3 mS/cm2 are 3.77 nS, 1 uF/cm2 is 12.57 pF."""
    plan = lay_out(CABLE, Membrane((Placement(LEAK, {"soma": 3e-4}),)), 0.025)
    assert plan.parameters[0, 3] == pytest.approx(3e-4 * 1e6 * 400e-8 * math.pi)
    assert plan.parameters[0, 1] == pytest.approx(1e3 * 400e-8 * math.pi / 0.025)
    assert plan.parameters[1, 3] == 0.0
    assert plan.parameters[1, 0] == pytest.approx(CABLE.axial_us[1])


def test_nodes_have_the_variables_of_what_their_section_carries():
    placements = (Placement(SODIUM, {"soma": 0.12}), Placement(CHANNELS["calcium"], {"dendrite": 3e-4}))
    membrane = Membrane(placements, pool=CalciumPool(), afferents=(Afferent("in", ((AMPA, 1.0),)),),
                        synaptic_kinds=("dendrite",))
    plan = lay_out(CABLE, membrane, 0.025)
    common = ("v", "diagonal", "right", "peak")
    assert plan.variables(0) == (*common, "sodium.m", "sodium.h")
    assert plan.variables(1) == (*common, "calcium.m", "calcium.h", "ca", "ampa.rise", "ampa.decay")
    assert plan.rows_of("ca").tolist() == [-1, 6 + 6, 6 + 9 + 6]
    assert plan.rows == 6 + 9 + 9 + 2
    assert len(plan.kept_rows()) == plan.rows - 2 - 2 * 3


@pytest.mark.parametrize("make, message", [
    (lambda: Placement(LEAK, {"dendrit": 1.0}), "leak.density.dendrit: expected a kind of section, .* Try 'dendrite'"),
    (lambda: Placement(LEAK, {"soma": -1.0}), "leak.density.soma: expected a density of 0 or more, in S/cm², got -1"),
    (lambda: Placement(LEAK, {"all": math.nan}), "leak.density.all: expected a density of 0 or more"),
    (lambda: Membrane((), 0.0), "membrane.capacitance_uf_cm2: expected a capacitance above 0, got 0"),
    (lambda: Membrane((Placement(LEAK, {}), Placement(LEAK, {}))), "membrane.channels: expected each channel once"),
    (lambda: Membrane((), afferents=(Afferent("a", ((AMPA, 1.0),)), Afferent("b", ((AMPA, 1.0), (NMDA, 1.0))))),
     "membrane.afferents: expected each receptor once, got ampa, ampa, nmda"),
    (lambda: Membrane((), synaptic_kinds=("somas",)), "membrane.synaptic_kinds: expected kinds of section, .* 'soma'"),
    (lambda: Afferent("a", ((AMPA, -0.5),)), "a.ampa.share: expected a share of 0 or more, got -0.5")])
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_gate_and_a_trace_of_the_same_name_are_refused():
    channel = channel_from_table("own", {"ion": "k", "conductance": "1 S/cm2", "reversal": "0 mV", "gates": [
        {"name": "decay", "steady": 0.5, "tau": 1.0}], "temperature": "20 degC"}, "a test")
    receptor = Receptor(name="own", decay=Quantity(value=1.0, unit="ms"), reversal=Quantity(value=0.0, unit="mV"))
    with pytest.raises(ParameterError, match=r"expected gates unlike the traces of receptors, got 'own.decay' of both"):
        Membrane((Placement(channel, {"all": 1.0}),), afferents=(Afferent("a", ((receptor, 1.0),)),))
