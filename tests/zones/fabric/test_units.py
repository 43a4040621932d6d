"""Units: every way to write one, what is of another kind, and what is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.zones.fabric.units import PREFIXES, converted, parse_quantity, parse_unit


@pytest.mark.parametrize("written", ["mS/cm2", "mS/cm^2", "mS/cm**2", "mS/cm²", "mS cm-2", "mS cm^-2", "mS·cm⁻²",
                                     "mS*cm-2",
                                     " mS / cm2 ", "mmho/cm2"])
def test_a_unit_may_be_written_in_many_ways(written: str) -> None:
    assert parse_unit(written) == parse_unit("mS/cm2")


@pytest.mark.parametrize(("value", "unit", "wanted", "expected"), [
    (120.0, "mS/cm2", "S/cm2", 0.12), (300.0, "pS/um2", "S/cm2", 0.03), (3.0, "S/m2", "S/cm2", 3e-4),
    (0.3, "nS/µm²", "S/cm2", 0.03), (10.0, "mF/m2", "uF/cm2", 1.0), (0.01, "pF/um2", "uF/cm2", 1.0),
    (1.5, "ohm m", "ohm cm", 150.0), (0.1, "kΩ·cm", "ohm cm", 100.0), (20.0, "nm", "um", 0.02), (1.0, "mm", "um", 1e3),
    (-0.077, "V", "mV", -77.0), (2.0, "s", "ms", 2000.0), (0.5, "uM", "mM", 5e-4), (1.0, "mol/m3", "mM", 1.0),
    (1.0, "umol/l", "mM", 1e-3), (310.15, "K", "degC", 37.0), (2.0, "nS", "uS", 2e-3), (0.3, "m/s", "um/ms", 300.0),
    (5.0, "1/s", "1/ms", 5e-3), (5.0, "Hz", "Hz", 5.0)])
def test_a_value_is_converted_and_rounded_once(value: float, unit: str, wanted: str, expected: float) -> None:
    assert converted(value, unit, wanted) == expected


@pytest.mark.parametrize(("unit", "message"), [
    ("S/cm", "in S/cm2, not in S/cm"), ("furlong", "'furlong' is none"), ("mS/", "does not end in '/'"),
    ("mS/cm22", "a unit such as"), ("", "in S/cm2, not in"), ("S//cm2", "a unit such as"), ("5", "a unit such as"),
    ("S/cm999999999", "a unit such as"), ("mK", "in S/cm2"), ("kdegC", "is none")])
def test_what_is_no_unit_or_one_of_another_kind_is_refused(unit: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        converted(1.0, unit, "S/cm2")


@pytest.mark.parametrize("text", ["", "S/cm2", "much", "0.1", "1,5 mS", "e3 S"])
def test_a_quantity_is_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match=r"a number and its unit|a unit such as"):
        converted(*parse_quantity(text), "S/cm2")


@given(st.floats(-1e12, 1e12), st.sampled_from(sorted(PREFIXES)), st.sampled_from(sorted(PREFIXES)))
def test_there_and_back_changes_no_more_than_rounding(value: float, first: str, second: str) -> None:
    back = converted(converted(value, f"{first}V", f"{second}V"), f"{second}V", f"{first}V")
    assert math.isclose(back, value, rel_tol=1e-15, abs_tol=1e-300)
