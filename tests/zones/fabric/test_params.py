"""What is left as it is where a table says something else."""

from __future__ import annotations

from aura.zones.fabric.params import TissueParams
from aura.zones.fabric.tissue.params import HomeostasisParams, PlasticityParams, StdpParams


def test_a_table_about_one_rule_leaves_the_others_on() -> None:
    found = TissueParams.model_validate({"plasticity": {"activation": {"rate_tau_ms": 50.0}}}).plasticity
    assert found.activation.rate_tau_ms == 50.0
    assert (found.stdp, found.homeostasis) == (StdpParams(), HomeostasisParams(tau_s=100.0))


def test_a_table_about_a_part_of_a_rule_leaves_the_rest_of_it() -> None:
    found = TissueParams.model_validate({"plasticity": {"homeostasis": {"target_hz": 8.0}}}).plasticity
    assert found.homeostasis == HomeostasisParams(tau_s=100.0, target_hz=8.0)
    assert found.stdp == StdpParams()


def test_rules_are_switched_off_one_by_one() -> None:
    found = TissueParams.model_validate({"plasticity": {"stdp": False}}).plasticity
    assert (found.stdp, found.homeostasis) == (None, HomeostasisParams(tau_s=100.0))


def test_rules_given_whole_are_taken_whole() -> None:
    assert TissueParams(plasticity=PlasticityParams()).plasticity == PlasticityParams()


def test_what_is_written_out_is_read_back() -> None:
    made = TissueParams.model_validate({"plasticity": {"homeostasis": {"target_hz": 8.0}, "stdp": False}})
    assert TissueParams.model_validate(made.model_dump()) == made
    assert TissueParams.model_validate(made.model_dump(exclude_unset=True)) == made
    named = TissueParams.model_validate({"neuron": {"channels": {"leak": False, "sodium": "100 mS/cm2"}}})
    assert TissueParams.model_validate(named.model_dump()) == named
