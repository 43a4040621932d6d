"""The sections of a tissue: every picture is there, says what it shows, and shows what was measured."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from aura.core.time import MS, S
from aura.plugins.figures import Map, Raster, Rate, Trace, Traces, Volume
from aura.plugins.report.charts import raster_chart, stretch, trace_chart
from aura.plugins.report.over_time import rates
from aura.plugins.report.record import read_run
from aura.plugins.report.space import STEPS, map_chart, sheets_shown, volume_chart
from tests.plugins.report.reading import ROW, read
from tests.plugins.tissue import MODES, all_views, make_brain, play


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The folder of a run of a small tissue; do not write to it."""
    shape = (4, 3, 2)
    brain = make_brain(shape=shape, items=8, rate_hz=20.0, labels=6)
    return play(brain, tmp_path_factory.mktemp("played") / "tissue", all_views(shape), seconds=1.0)


@pytest.fixture
def folder(played, tmp_path):
    return Path(shutil.copytree(played, tmp_path / "tissue"))


def change(folder, edit):
    """Let `edit` change metrics.json."""
    path = folder / "metrics.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    edit(found)
    path.write_text(json.dumps(found), encoding="utf-8")


@pytest.fixture(scope="module")
def home(played, tmp_path_factory):
    """The folder of that run with its report; it is only read."""
    return Path(shutil.copytree(played, tmp_path_factory.mktemp("home") / "tissue"))


@pytest.fixture(scope="module")
def page(home):
    """The page of that run, and what a reader sees of it."""
    return read(home)


def texts(svg):
    return re.findall(r">([^<>\n]+)</text>", svg)


@pytest.mark.slow
def test_every_picture_is_there_with_words_for_those_who_cannot_see_it(page):
    html, text = page
    assert [label[:11] for label in re.findall(r'role="img" aria-label="([^"]+)', html)] == [
        "tissue.volt", "tissue.volt", "Mean rate o", "Spikes of 2", "Spikes of 2", "Map of tiss", "Map of tiss",
        "Mean and la", "Mean tissue", "Mean and la", "Mean tissue", "Mean tissue", "The brain&#"]
    for name in ("voltage", "spikes", "regions", "activity", "loss"):
        assert f"<h2>{name}</h2>" in html
    for phase in ("learn", "held-out"):
        assert f"Spikes in the phase {phase}" in text
    assert html.count("<details open>") == 4  # the held-out phase of each view with a picture for each phase


@pytest.mark.slow
def test_the_page_says_in_words_what_is_seen(page, played):
    _, text = page
    results = json.loads((played / "metrics.json").read_text(encoding="utf-8"))
    regions = results["regions"]["phases"]["held-out"]
    won = len(regions["map"]["units"])
    assert f"{won} of 24 units won at least once" in text
    assert "each trace in a row of its own, all to one scale: from" in text
    assert "Each mark is one spike of one cell: all 24 cells, in the last" in text
    assert "Each point is a unit, the larger and stronger the more active it is." in text
    x, y, z = results["activity"]["phases"]["held-out"]["volume"]["most_active"]
    assert f"unit ({x}, {y}, {z}) was the most active" in text
    assert "tissue.loss by what tissue.mode said in the same tick." in text
    assert f"{regions['summary']['purity']:.3f} regions: purity" in text  # the card at the top


@pytest.mark.slow
def test_the_tables_hold_the_figures(page, played):
    html, _ = page
    results = json.loads((played / "metrics.json").read_text(encoding="utf-8"))
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in ROW.findall(html)]
    spikes = results["spikes"]["phases"]["learn"]["summary"]
    assert ["learn", "while", "learning", f"{spikes['spikes']:,.0f}", f"{spikes['rate_hz']:.4g}"] in rows
    for group in results["loss"]["phases"]["held-out"]["groups"]:
        assert ["held-out", "held-out", group["name"], str(group["count"]),
                *(f"{group[key]:.4g}" for key in ("mean", "least", "largest", "last"))] in rows
    for region in results["regions"]["phases"]["held-out"]["regions"]:
        assert [region["label"], str(region["units"]), str(region["items"]),
                f"{region['own'] / region['items']:.3f}", f"{region['own'] / region['held']:.3f}"] in rows


@pytest.mark.slow
def test_loss_by_mode_has_a_line_for_each_mode(page):
    html, _ = page
    section = html[html.index("<h2>loss</h2>"):]
    assert set(MODES) <= set(texts(section[:section.index("</svg>")]))


@pytest.mark.slow
def test_the_same_folder_gives_the_same_bytes(home, page):
    assert read(home) == page


@pytest.mark.slow
def test_ids_differ_and_nothing_comes_from_elsewhere(page):
    html, _ = page
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', html)) <= set(ids)
    assert "http" not in re.sub(r'xmlns[:\w]*="[^"]*"', "", html)


@pytest.mark.slow
def test_what_comes_from_data_is_escaped(folder):
    evil = "<script>alert('x')</script>&"

    def edit(found):
        found["voltage"]["phases"]["held-out"]["traces"][0]["name"] = evil
        found["voltage"]["unit"] = found["regions"]["truth"] = found["loss"]["group"] = evil
        for phase in found["regions"]["phases"].values():
            phase["map"]["labels"] = [evil] * len(phase["map"]["labels"])
            phase["regions"][0]["label"] = evil
        found["loss"]["phases"]["learn"]["groups"][0]["name"] = evil
        found["activity"]["signal"] = evil

    change(folder, edit)
    html, text = read(folder)
    assert html.count("<script>") == 1  # the page's own
    assert text.count("alert('x')") > 8


@pytest.mark.slow
def test_a_map_without_labels_shows_the_wins(folder):
    def edit(found):
        found["regions"]["truth"] = ""
        for phase in found["regions"]["phases"].values():
            units = len(phase["map"]["units"])
            phase["map"].update(labels=[], majority=[-1] * units, purity=[None] * units)
            phase.update(regions=[], summary={"utilisation": units / 24})

    change(folder, edit)
    _, text = read(folder)
    assert "Each square is a unit, the stronger the more often it won;" in text
    assert "and how often." in text


def test_a_run_that_saw_nothing_says_so(folder):
    def edit(found):
        for result in found.values():
            result["phases"] = {}
        found["spikes"]["rate"]["counts"] = []

    change(folder, edit)
    (folder / "metrics.jsonl").unlink()
    html, text = read(folder)
    assert "No cell has spiked." in text
    assert "<h2>voltage</h2>" not in html


@pytest.mark.parametrize(("name", "spoil"), [
    ("voltage", lambda phase: phase["traces"][0]["times"].pop()),
    ("voltage", lambda phase: phase["traces"][0]["values"].__setitem__(0, None)),
    ("spikes", lambda phase: phase["raster"]["rows"].__setitem__(0, 10**6)),
    ("spikes", lambda phase: phase["raster"]["times"].append(0)),
    ("regions", lambda phase: phase["map"]["units"].__setitem__(0, 24)),
    ("regions", lambda phase: phase["map"]["majority"].__setitem__(0, 99)),
    ("activity", lambda phase: phase["volume"]["mean"].append(0.0)),
    ("activity", lambda phase: phase["volume"].update(shape=[4, 3])),
    ("loss", lambda phase: phase["groups"][0].update(mean="much"))])
def test_results_that_do_not_fit_together_are_left_out_and_named(folder, name, spoil):
    change(folder, lambda found: spoil(found[name]["phases"]["learn"]))
    record = read_run(folder)
    assert name not in record.metrics
    assert [f"the results of '{name}' are of a form that is not known here" in note for note in record.notes] == [True]


def test_short_stretches_are_written_in_milliseconds_from_a_round_start():
    assert stretch(0, 500 * MS) == ("simulated time, ms", MS, 0)
    assert stretch(3 * S, 9 * S) == ("simulated time, s", S, 0)
    assert stretch(3600 * S + 5, 3600 * S + 80 * MS) == ("simulated time after 3,600 s, ms", MS, 3600 * S)


def test_traces_share_one_scale_and_bear_their_names():
    lines = [Trace(name=name, times=(0, MS), values=(low, low + 1))
             for name, low in (("soma", -70.0), ("tip", 30.0))]
    svg = trace_chart(Traces(traces=tuple(lines), quantity="fabric.voltage, mV"), "Two traces.")
    assert {"soma", "tip", "fabric.voltage, mV", "simulated time, ms"} <= set(texts(svg))


def test_a_flat_trace_of_one_point_can_be_drawn():
    assert "<svg" in trace_chart(Traces(traces=(Trace(name="a", times=(5,), values=(1.0,)),)), "One point.")


def test_a_raster_has_a_mark_for_each_spike():
    raster = Raster(start=0, end=100 * MS, cells=(3, 7), rows=(0, 0, 1), times=(10 * MS, 90 * MS, 50 * MS))
    svg = raster_chart(raster, "Three spikes.")
    [path] = re.findall(r'd="(M[^"]+v[^"]+M[^"]+)"', svg)
    assert path.count("M") == path.count("v") == 3
    assert {"3", "7", "cell"} <= set(texts(svg))
    assert "<svg" in raster_chart(Raster(start=0, end=100 * MS, cells=(3, 7)), "No spikes.")


def test_rates_are_spikes_per_cell_and_second():
    edges, values = rates(Rate(width=10 * MS, end=40 * MS, counts=(4, 0, 8), cells=2))
    assert edges.tolist() == [0, 10 * MS, 20 * MS, 30 * MS, 40 * MS]
    np.testing.assert_allclose(values, [200.0, 0.0, 400.0, 0.0])


@pytest.mark.parametrize(("end", "edges", "last"), [
    (18 * MS, [0, 10 * MS, 18 * MS], 1 / 0.008), (13 * MS, [0, 13 * MS], 2 / 0.013)])
def test_the_last_bin_ends_with_the_run(end, edges, last):
    found, values = rates(Rate(width=10 * MS, end=end, counts=(1, 1), cells=1))
    assert found.tolist() == edges
    assert values[-1] == pytest.approx(last)


def test_rates_of_many_bins_are_joined_and_lose_no_spike():
    counts = tuple(np.random.default_rng(1).integers(0, 9, size=1000).tolist())
    edges, values = rates(Rate(width=10 * MS, end=10 * S, counts=counts, cells=7))
    assert len(values) <= 256
    assert (values * np.diff(edges) / S * 7).sum() == pytest.approx(sum(counts))


def test_a_map_writes_what_each_unit_answers_to():
    view = Map(shape=(2, 3, 1), units=(0, 1, 5), wins=(9, 4, 1), labels=("joy", "fear"), majority=(0, 0, 1))
    words = texts(map_chart(view, "A map."))
    assert words.count("joy") == 3  # two units, and the legend
    assert words.count("fear") == 2
    assert "never won" in words


@pytest.mark.slow
def test_a_deep_map_has_a_row_of_sheets():
    view = Map(shape=(1, 1, 128), units=(0, 127), wins=(1, 1), labels=("a",), majority=(0, 0))
    words = texts(map_chart(view, "A map."))
    assert [word for word in words if word.startswith("z = ")] == [f"z = {z}" for z in sheets_shown(128)]
    assert "z = 0" in words
    assert "z = 127" in words


def test_many_labels_share_a_colour_and_the_legend_says_so():
    labels = tuple(f"label {number}" for number in range(30))
    view = Map(shape=(6, 5, 1), units=tuple(range(30)), wins=(1,) * 30, labels=labels, majority=tuple(range(30)))
    assert "19 other labels" in texts(map_chart(view, "A map."))


def test_units_whose_items_have_no_label_are_told_apart():
    view = Map(shape=(2, 1, 1), units=(0, 1), wins=(1, 1), labels=("a",), majority=(0, -1))
    assert "no label known" in texts(map_chart(view, "A map."))


@pytest.mark.parametrize("values", [(0.0, 1.0, 2.0, 3.0), (0.0,) * 4, (-1.0, 0.0, 1.0, 2.0)])
def test_a_volume_has_a_point_for_each_block(values):
    volume = Volume(shape=(2, 2, 1), sides=(1, 1, 1), mean=values, last=values, quantity="fabric.activity", unit="Hz")
    svg = volume_chart(volume, "A volume.")
    assert svg.count("<circle") == 2 * (4 + STEPS)  # in each of two pictures, and in their legends
    assert {"fabric.activity, mean of the phase", "fabric.activity, last of the phase"} <= set(texts(svg))
    assert sum(" Hz" in word for word in texts(svg)) == 2 * STEPS
