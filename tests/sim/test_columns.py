"""A pathway from a column that does not fit is told with the setting that mends it."""

from __future__ import annotations

import pytest

from aura import Blueprint, Manifest, Port
from aura.core.errors import WiringError
from aura.sim.columns import require_fitting_column
from aura.sim.scenario import read_scenario


def require(given, wanted, *, columns=None):
    network = Blueprint()
    network.add(Manifest("s", "x:Y", outputs=(Port("f", **given),), period="1 ms"))
    network.add(Manifest("z", "x:Y", inputs=(Port("i", **wanted),), wake_on=("i",)))
    scenario = read_scenario({"aura": 1, "name": "a", "pathways": ["s.f -> z.i"],
                              "streams": {"s": {"kind": "delimited", "columns": columns or {"f": "f"}}}})
    require_fitting_column(scenario.pathways[0], network, scenario)


ITEM = {"shape": ("item",)}


@pytest.mark.parametrize(("given", "wanted", "hint"), [
    ({"dtype": "float64", **ITEM}, {"dtype": "float32", **ITEM}, r'type float64, not float32\. In '
     r'streams\.s\.columns\.f set type = "float"\.$'),
    ({"unit": "mV", **ITEM}, {"unit": "V", **ITEM}, r'set unit = "V"\.$'),
    ({"dtype": "text", **ITEM}, {"dtype": "int64", "unit": "ms", **ITEM}, r'set type = "int" and unit = "ms"\.$'),
    (ITEM, {"shape": ("item", 3)}, r"set 3 columns in a list as `from`, which make a vector\.$"),
])
def test_what_is_to_be_set_is_told(given, wanted, hint):
    with pytest.raises(WiringError, match=hint):
        require(given, wanted)


@pytest.mark.parametrize(("given", "wanted"), [
    (ITEM, ITEM), ({"dtype": "text", **ITEM}, {"dtype": "uint8", **ITEM}),
    ({"shape": ("item", 2)}, {"shape": ("item", 3)}), (ITEM, {"shape": ()}),
])
def test_what_fits_and_what_no_setting_mends_is_left_to_the_wiring(given, wanted):
    require(given, wanted)


def test_a_field_that_is_no_column_is_left_to_the_wiring():
    require({"dtype": "float64", **ITEM}, ITEM, columns={"g": "g"})
