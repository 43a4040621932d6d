"""What people see of plugins and zones."""

from __future__ import annotations

from typing import Any, Literal

from aura.core.modulators import Modulator
from aura.core.ports import Port
from aura.core.zone import Manifest, ZoneParams
from aura.plugins.listing import PLUGIN_COLUMNS, ZONE_COLUMNS, plugin_rows, zone_rows, zone_text
from aura.plugins.manager import PluginManager


def test_each_plugin_has_a_row_with_what_it_brings_and_how_it_is(site: Any) -> None:
    site.plugin("alpha", "raise RuntimeError('no device')\n")
    site.plugin("mood", site.zones("mood", "temper"))
    site.plugin("zeta", "")
    rows = {row[0]: row for row in plugin_rows(PluginManager(["zeta"]).infos())}
    assert rows["alpha"][:5] == ("alpha", "aura-alpha", "1.0", "", "")
    assert rows["alpha"][5].startswith("RuntimeError: no device, at ")
    assert rows["mood"] == ("mood", "aura-mood", "1.0", "zones mood, temper", "zones", "ok")
    assert rows["zeta"][-1] == "blocked"
    assert {len(row) for row in rows.values()} == {len(PLUGIN_COLUMNS)}


def test_each_zone_has_a_row(site: Any) -> None:
    rows = {row[0]: row for row in zone_rows(PluginManager(files=[site.file("local", site.zones("mood"))]))}
    assert rows["mood"] == ("mood", "local", "as the scenario says", "", "", "Brought by a test.")
    assert "embedding" in rows["amygdala"][3]
    assert {len(row) for row in rows.values()} == {len(ZONE_COLUMNS)}


class Needy(ZoneParams):
    """Parameters that must be given."""

    size: int
    rate: float = 0.5


def test_a_zone_is_told_in_full() -> None:
    text = zone_text(Manifest("mood", "x:Y", "Feels.", Needy, period="10 ms", wake_on=("word",),
                              modulators=(Modulator("gain", "How loud.", range=(0.0, 2.0)),), inputs=(
        Port("word", dtype="text", shape=("item",), doc="Heard."),
        Port("truth", dtype="tags", shape=("item",), role="label", required=False, doc="Told.")),
        outputs=lambda params: (Port("level", shape=(params.size,)),)))
    assert text.splitlines() == [
        "mood: Feels.", "  wakes every 10 ms and on word", "", "inputs",
        "  word   text (item)                   Heard.", "  truth  tags (item)  label, optional  Told.", "", "outputs",
        "  depend on the parameters", "", "modulators",
        "  energy_gate  = 1  0 or more             Below 0.1 the zone does not learn.",
        "  gain         = 1  a number from 0 to 2  How loud.", "",
        "parameters", "  size  int    required", "  rate  float  = 0.5"]


def test_tables_within_parameters_are_told_under_their_keys() -> None:
    class Inner(ZoneParams):
        depth: int = 2

    class Outer(ZoneParams):
        inner: Inner = Inner(depth=3)
        other: Inner | None = None

    lines = zone_text(Manifest("mood", "x:Y", params=Outer)).splitlines()
    assert lines[lines.index("parameters"):] == [
        "parameters", "  inner  Inner          = Inner(depth=3)", "  other  Inner or none  = None", "",
        "parameters of inner", "  depth  int  = 2", "", "parameters of other", "  depth  int  = 2"]


def test_tables_of_several_kinds_in_one_place_are_told_together() -> None:
    class Round(ZoneParams):
        kind: Literal["round"] = "round"
        size: int = 1
        radius: float = 2.0

    class Square(ZoneParams):
        kind: Literal["square"]
        size: int = 1

    class Both(ZoneParams):
        shapes: dict[str, Round | Square]

    lines = zone_text(Manifest("mood", "x:Y", params=Both)).splitlines()
    assert lines[lines.index("parameters of shapes"):] == [
        "parameters of shapes", "  kind    'round'   = 'round'", "  kind    'square'  required",
        "  size    int       = 1", "  radius  float     = 2.0      (round)"]


def test_ports_that_follow_from_the_parameters_are_those_of_the_defaults() -> None:
    class Sized(ZoneParams):
        size: int = 3

    text = zone_text(Manifest("mood", "x:Y", params=Sized, outputs=lambda params: (
        Port("level", shape=(params.size,), unit="mV", range=(-80.0, 40.0), doc="How high."),)))
    assert "  level  float32 (3) in mV  -80 to 40  How high." in text
    assert "inputs\n  none" in text
