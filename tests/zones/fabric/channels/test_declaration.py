"""Declarations: a user's own channel works from Python and from a table, a broken one says what is wrong with it."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from aura.core.errors import ParameterError, ScenarioError
from aura.core.params import validated
from aura.core.zone import ZoneParams
from aura.zones.fabric.channels import (
    CHANNELS,
    CalciumPool,
    Channel,
    ChannelWarning,
    Gate,
    Quantity,
    channel_from_table,
)

GOOD: dict[str, Any] = {"name": "mine", "ion": "k", "conductance": "0.01 S/cm2", "reversal": "-90 mV",
                        "temperature": "20 degC"}
SHUT = {"name": "n", "steady": "sigmoid(v + 20, 9)", "tau": "2"}

TABLE = """
[channels.delayed]
summary = "The squid's potassium, said in another way."
ion = "k"
conductance = { value = 0.036, unit = "S/cm2", source = "table 3" }
reversal = "-77 mV"
temperature = "6.3 degC"
parameters = { half = "-55 mV", width = "10 mV" }
source = "a test"

[[channels.delayed.gates]]
name = "n"
power = 4
steady = "0.01 * linoid(v - half, width) / (0.01 * linoid(v - half, width) + 0.125 * exp(-(v + 65) / 80))"
tau = "1 / (0.01 * linoid(v - half, width) + 0.125 * exp(-(v + 65) / 80))"
q10 = 3
"""


class Params(ZoneParams):
    channels: dict[str, Channel]


def gate(**values: Any) -> dict[str, Any]:
    return {"gates": [{"name": "n", **values}]}


def test_a_users_channel_from_toml_is_what_it_says() -> None:
    mine = channel_from_table("delayed", tomllib.loads(TABLE)["channels"]["delayed"], "fabric.channels.delayed")
    squid = CHANNELS["potassium"]
    v = np.linspace(-100, 60, 321)
    np.testing.assert_allclose(mine.steady_state("n", v, 1e-4), squid.steady_state("n", v, 1e-4), rtol=1e-13)
    np.testing.assert_allclose(mine.time_constant("n", v, 1e-4, 30.0), squid.time_constant("n", v, 1e-4, 30.0),
                               rtol=1e-13)
    assert (mine.name, mine.conductance, mine.gates[0].power) == (
        "delayed", Quantity(value=0.036, unit="S/cm2", source="table 3"), 4)


def test_a_channel_is_the_same_from_python_and_survives_a_scenario_file() -> None:
    mine = Channel(**GOOD, gates=(Gate(name="n", steady="sigmoid(v + 20, 9)", tau="2"),))
    assert mine == Channel(**GOOD, gates=[{**SHUT, "tau": 2}])
    assert mine == Channel.model_validate(mine.model_dump())
    assert mine == Channel.model_validate_json(mine.model_dump_json())


@pytest.mark.parametrize("values, path, expected", [
    (gate(alpha="1", beta="1", steady="1", tau="1"), "gates.0", "either alpha and beta, or steady and tau"),
    (gate(alpha="1"), "gates.0", "not alpha"),
    (gate(), "gates.0", "not none"),
    (gate(alpha="exp(u)", beta="1"), "gates.0.alpha", r"names that are known here, not 'u'"),
    ({**gate(alpha="1", beta="exp(v / wdth)"), "parameters": {"width": "5 mV"}}, "gates.0.beta", r"Try 'width'"),
    (gate(steady="tanh(v)", tau="1"), "gates.0.steady", r"from 0 to 1 at v = -150 mV, not -1"),
    (gate(steady="0.5", tau="ca - 0.01"), "gates.0.tau", r"above 0 at v = -150 mV, ca = 1e-06 mM, not -0\.009999"),
    (gate(alpha="1 - v", beta="1"), "gates.0.alpha", r"at least 0 at v = 1\.5 mV, not -0\.5"),
    (gate(alpha="0", beta="maximum(0, v)"), "gates.0", "not both 0 at v = -150 mV"),
    (gate(alpha="(v + 40) / (1 - exp(-(v + 40) / 10))", beta="1"), "gates.0.alpha", r"finite value at v = -40 mV.*lin"),
    (gate(alpha="(v + 40.3) / (1 - exp(-(v + 40.3) / 10))", beta="1"), "gates.0.alpha",
     r"a divisor that does not pass 0 at v = -40 mV"),
    (gate(alpha="1", beta="abs(v + 40.3) * abs(v + 40.3) ** -1 * abs((v + 40.3) ** -3)"), "gates.0.beta",
     "a divisor that does not pass 0"),
    (gate(alpha="1", beta="1", power=0), "gates.0.power", "greater than or equal to 1"),
    (gate(alpha="1", beta="1", q10=0), "gates.0.q10", "greater than 0"),
    (gate(alpha="1", beta="1", powr=2), "gates.0.powr", "a known key.*Try 'power'"),
    ({"gates": [SHUT, SHUT]}, "gates.1.name", "names that differ, got 'n'"),
    *(({"gates": [{**SHUT, "name": name}]}, "gates.0.name", message) for name, message in (
        ("v", "not a variable"), ("ca", "not a variable"), ("exp", "not a function"), ("if", "not a word of Python"))),
    ({"gates": [SHUT], "parameters": {"n": "1 mM"}}, "parameters", "unlike the gates, not .n. for both"),
    ({"conductance": "-0.01 S/cm2"}, "conductance", "at least 0"),
    ({"conductance": "3 pS/um"}, "conductance", r"in S/cm2, not in pS/um, got"),
    ({"conductance": "3 pS/furlong"}, "conductance", r"a unit such as .*, not 'pS/furlong' \('furlong' is none\)"),
    ({"conductance": {"value": 1, "unit": "ohm"}}, "conductance", "in S/cm2, not in ohm"),
    ({"conductance": {"value": float("nan"), "unit": "S/cm2"}}, "conductance.value", "finite"),
    ({"conductance": 0.01}, "conductance", "a number and its unit"),
    ({"reversal": "-0.09 S"}, "reversal", "in mV, not in S"),
    ({"temperature": "293 mV"}, "temperature", "in degC, not in mV"),
    (gate(steady="1.01 * sigmoid(v, 9)", tau="1"), "gates.0.steady",
     r"from 0 to 1 at v = 42.5 mV, not 1\.001\d{10,} \(the worst is 1\.0099\d{10,} at v = 100 mV\)"),
    ({"temperature": "-300 degC"}, "temperature", "above -273.15"),
    ({"ion": "cl"}, "ion", "'na', 'k', 'ca' or 'nonspecific'"),
    ({"calcium_fraction": 0.1}, "calcium_fraction", "a nonspecific current only"),
    ({"factor": "v"}, "factor", r"a factor of at least 0 at v = -150 mV"),
    ({"factor": "v.real"}, "factor", "numbers, "),
    ({"parameters": {"ca": "1 mM"}}, "parameters.ca", "not a variable"),
    ({"parameters": {"exp": "1 mM"}}, "parameters.exp", "not a function"),
    ({"parameters": {"lambda": "1 mM"}}, "parameters.lambda", "not a word of Python"),
    ({"parameters": {"half": "5"}}, "parameters.half", "a number and its unit"),
    ({"name": "my channel"}, "name", "pattern"),
    ({"gatse": []}, "gatse", "a known key.*Try 'gates'"),
])
def test_a_broken_declaration_says_where_and_what(values: dict[str, Any], path: str, expected: str) -> None:
    with pytest.raises(ParameterError, match=expected) as direct:
        Channel(**{**GOOD, **values})
    assert f".{path}: " in str(direct.value)
    with pytest.raises(ScenarioError, match=expected) as in_scenario:
        validated(Params, {"channels": {"mine": {**GOOD, **values}}}, "fabric", ScenarioError)
    assert str(in_scenario.value).startswith(f"fabric.channels.mine.{path}: expected ")
    with pytest.raises(ParameterError, match=expected) as table:
        channel_from_table("mine", {**GOOD, **values}, "fabric.channels.mine")
    assert str(table.value).startswith(f"fabric.channels.mine.{path}: expected ")


def test_quantities_are_converted_to_the_units_of_the_model() -> None:
    mine = Channel(**{**GOOD, "conductance": "3 pS/um2", "reversal": "-0.09 V", "temperature": "293.15 K"},
                   parameters={"half": "0.5 uM", "lag": "0.1 s", "slope": "9 mV", "pure": "2 1", "odd": "3 spikes"})
    assert [str(quantity) for quantity in (mine.conductance, mine.reversal, mine.temperature)] == [
        "0.0003 S/cm2", "-90 mV", "20 degC"]
    assert {name: str(quantity) for name, quantity in mine.parameters.items()} == {
        "half": "0.0005 mM", "lag": "100 ms", "slope": "9 mV", "pure": "2 1", "odd": "3 spikes"}
    assert Quantity(value=3.0, unit="pS/um2").unit == "pS/um2"
    pool = CalciumPool(depth="100 nm", tau="0.08 s")
    assert (str(pool.depth), str(pool.tau)) == ("0.1 um", "80 ms")


def test_a_steady_state_that_leaves_0_to_1_a_little_is_taken_with_a_warning() -> None:
    gates = [{"name": "n", "steady": "1.00025 * sigmoid(v, 9)", "tau": 1}]
    with pytest.warns(ChannelWarning, match=r"took channel mine though .* gate n leaves 0 to 1 .*worst is 1\.00023"):
        Channel(**GOOD, gates=gates)
    with pytest.warns(ChannelWarning, match="took channel mine"):
        channel_from_table("mine", {**GOOD, "gates": gates}, "fabric.channels.mine")
    with pytest.raises(ParameterError, match="from 0 to 1"):
        Channel(**GOOD, gates=[{**gates[0], "steady": "1.0011 * sigmoid(v, 9)"}])


def test_a_table_as_a_scenario_has_it_declares_the_channel_alone() -> None:
    table = {**GOOD, "density": {"soma": 0.5}, "gates": [SHUT]}
    assert channel_from_table("mine", table, "fabric.channels.mine") == Channel(**GOOD, gates=[SHUT])
    with pytest.raises(ParameterError, match=r"expected a channel without mistakes, got 2: .*mine\.ion: .*mine\.q"):
        channel_from_table("mine", {**table, "ion": "cl", "q": 1}, "fabric.channels.mine")


def test_a_missing_value_is_asked_for() -> None:
    with pytest.raises(ParameterError, match=r"channel 'mine'\.reversal: expected a value, it is required"):
        Channel(**{key: value for key, value in GOOD.items() if key != "reversal"})
    with pytest.raises(ParameterError, match="expected a table of keys and values, got int"):
        channel_from_table("mine", 3, "fabric.channels.mine")  # type: ignore[arg-type]


def test_declarations_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        CHANNELS["sodium"].name = "other"


def test_equal_channels_hash_alike() -> None:
    assert len({Channel(**GOOD, gates=[SHUT]), Channel(**GOOD, gates=[SHUT]), CHANNELS["sodium"]}) == 2


def test_a_changed_channel_is_checked_anew() -> None:
    sodium = CHANNELS["sodium"]
    denser = sodium.changed(conductance="0.24 S/cm2")
    assert (denser.conductance.value, denser.gates) == (0.24, sodium.gates)
    assert sodium.conductance.value == 0.12
    with pytest.raises(ParameterError, match="at least 0"):
        sodium.changed(conductance="-1 S/cm2")


def test_an_unknown_gate_is_named_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"sodium\.gates: expected a gate .*, got 'n'"):
        CHANNELS["sodium"].steady_state("n", -65.0, 1e-4)


def test_a_declared_time_constant_is_scaled_by_the_q10_of_its_gate() -> None:
    mine = Channel(**GOOD, gates=[{**SHUT, "q10": 2.0}])
    assert mine.rate_factor("n", 40.0) == pytest.approx(4.0)
    assert float(mine.time_constant("n", -65.0, 1e-4, 40.0)) == pytest.approx(0.5)
    assert float(mine.time_constant("n", -65.0, 1e-4, 20.0)) == 2.0


def test_braces_in_a_text_are_only_text() -> None:
    with pytest.raises(ParameterError, match=r"got '\{expected\}'"):
        Channel(**GOOD, factor="{expected}")


def test_the_pool_takes_in_the_charge_that_flows_and_empties_exponentially() -> None:
    pool = CalciumPool(depth="0.2 um", tau="50 ms", rest="5e-5 mM", free_fraction="0.1 1")
    # 2 uA/cm2 for 1 ms, in moles of doubly charged ions, over the litres of the shell below 1 cm2.
    moles_per_cm2 = 2e-6 * 1e-3 / (2 * 96485.33212)
    litres_per_cm2 = 0.2e-4 * 1e-3
    expected_mm = 0.1 * moles_per_cm2 / litres_per_cm2 * 1e3
    assert float(pool.derivative(5e-5, -2e-3)) == pytest.approx(expected_mm, rel=1e-12)
    assert float(pool.derivative(5e-5 + 1e-3, 0.0)) == pytest.approx(-1e-3 / 50, rel=1e-12)


def test_an_outward_current_takes_no_calcium_out_of_the_pool() -> None:
    pool = CalciumPool()
    assert float(pool.derivative(pool.rest.value, 5.0)) == 0.0


@pytest.mark.parametrize("values, expected", [
    ({"depth": "0 um"}, "depth: expected a quantity above 0"), ({"tau": "1 m"}, "in ms, not in m"),
    ({"free_fraction": "2 1"}, "at most 1"), ({"rest": "-1 mM"}, "above 0"), ({"dept": "1 um"}, "Try 'depth'")])
def test_a_broken_pool_says_what_is_wrong(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(ParameterError, match=expected):
        CalciumPool(**values)
