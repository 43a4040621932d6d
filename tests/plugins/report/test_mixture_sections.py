"""The sections of a mixture: shares, the growth tree, accuracy by group, forgetting; one colour for each expert."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from aura.core.time import MS
from aura.plugins.figures import Column, Curves, Event, Table, Timeline
from aura.plugins.metrics.growth import LIVES_MAX
from aura.plugins.report.over_time import SHOWN_MAX, components_chart, growth_chart, on_one_grid, stretches
from aura.plugins.report.record import PhaseInfo, Series, read_run
from aura.plugins.report.render import Surroundings, render
from aura.plugins.report.svg import LABELS, palettes
from tests.plugins.mixture import BIRTHS, all_metrics, make_brain, play
from tests.plugins.report.reading import ROW, read

PHASES = (("one", True, "800 ms"), ("after one", False, "200 ms"), ("two", True, "800 ms"), ("after two", False,
                                                                                            "200 ms"))


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The folder of a run of a small mixture; do not write to it."""
    return play(make_brain(), tmp_path_factory.mktemp("played") / "mixture", all_metrics(), PHASES)


@pytest.fixture
def folder(played, tmp_path):
    return Path(shutil.copytree(played, tmp_path / "mixture"))


def change(folder, edit):
    """Let `edit` change metrics.json."""
    path = folder / "metrics.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    edit(found)
    path.write_text(json.dumps(found), encoding="utf-8")


@pytest.fixture(scope="module")
def page(played, tmp_path_factory):
    """The page of that run, and what a reader sees of it."""
    return read(Path(shutil.copytree(played, tmp_path_factory.mktemp("page") / "mixture")))


@pytest.fixture
def results(played):
    return json.loads((played / "metrics.json").read_text(encoding="utf-8"))


def section(html, name):
    start = html.index(f"<h2>{name}</h2>")
    return html[start:html.index("</section>", start)]


def cells(html):
    """Return the words of each table row."""
    return [re.sub(r"<[^>]+>", " ", row).split() for row in ROW.findall(html)]


def texts(svg):
    return re.findall(r">([^<>\n]+)</text>", svg)


def events_of(*rows):
    return [Event(time=time * MS, items=time, action=action, expert=expert, parents=parents)
            for time, action, expert, parents in rows]


@pytest.mark.slow
def test_every_section_has_its_picture_with_words_for_those_who_cannot_see_it(page):
    html, _ = page
    alts = re.findall(r'role="img" aria-label="([^"]+)', html)
    assert any(alt.startswith("mixture.utilisation of 5 over simulated time, as layers on top of each other: "
                              "expert_0, expert_1") for alt in alts)
    assert any(alt.startswith("mixture.accuracy of 5 over simulated time, a line for each") for alt in alts)
    [tree] = [alt for alt in alts if alt.startswith("Growth tree: ")]
    assert "expert_0 was grown at 1 ms; expert_1 was grown from expert_0 at 401 ms" in tree
    assert "expert_2 was grown from expert_0 and expert_1 at 801 ms" in tree
    assert "expert_1 was pruned at 1.301 s" in tree


@pytest.mark.slow
def test_the_tables_hold_the_figures(page, results):
    rows = cells(page[0])
    for one in results["digit"]["phases"]["after two"]["by"]:
        whole = sum(value["items"] for value in one["values"])
        for value in one["values"]:
            assert [value["name"], str(value["items"]), f"{value['items'] / whole:.3f}",
                    f"{value['accuracy']:.3f}"] in rows
    for row in results["digit"]["forgetting"]["per_class"]:
        assert [row["label"], *(f"{value:.3f}" for value in row["accuracy"].values()),
                f"{row['forgetting']:.3f}"] in rows
    for row in results["utilisation"]["phases"]["two"]["components"]:
        assert [row["name"], "two", "while", "learning", f"{row['mean']:.3f}",
                *(f"{row[key]:.4g}" for key in ("least", "largest", "last")), str(row["count"])] in rows
    assert ["801", "ms", "640", "grow", "expert_2", "mlp", "expert_0,", "expert_1", "committee", "schedule",
            "0"] in rows


@pytest.mark.slow
def test_pairs_of_two_topics_stand_in_a_table_of_their_own(page, results):
    cross = results["digit"]["phases"]["two"]["cross"]
    assert cross["columns"] == ["after", "before"]
    rows = cells(page[0])
    for name, accuracies, counts in zip(cross["rows"], cross["accuracy"], cross["items"], strict=True):
        wanted = [["–"] if a is None else [f"{a:.3f}", "of", str(n)] for a, n in zip(accuracies, counts, strict=True)]
        assert [name, *wanted[0], *wanted[1]] in rows


@pytest.mark.slow
def test_forgetting_has_a_card(page, results):
    _, text = page
    assert f"{results['digit']['forgetting']['mean']:.3f} digit: forgetting mean drop from the best, 4 classes" in text


@pytest.mark.slow
def test_an_expert_has_one_colour_in_all_charts_and_tables(page):
    html, _ = page
    for name in ("utilisation", "accuracy", "growth"):
        part = section(html, name)
        for number in range(len(BIRTHS)):
            assert f"var(--c{number + 1})" in part
            assert f'var(--c{number + 1});opacity:0.85"></i>expert_{number}</span>' in part
    # Shown by expert_1 too, in the accuracy by expert.
    assert 'var(--c2);opacity:0.85"></i>expert_1</span>' in section(html, "digit")


@pytest.mark.slow
def test_one_that_takes_over_is_told_of(folder):
    def collapse(found):
        found["utilisation"]["phases"]["two"]["one_sided"] = {"name": "expert_<3>", "share": 0.97}

    change(folder, collapse)
    html, text = read(folder)
    assert ("Routing is one-sided in the phase two: expert_<3> takes 97 % since the last growth. Above 90 % either the "
            "data are that simple or the gate has collapsed.") in text
    assert "expert_<3>" not in html


def test_a_collapsed_mixture_says_so_from_its_own_figures(tmp_path):
    options = {"use": all_metrics()["utilisation"]}
    _, text = read(play(make_brain(collapsed=True), tmp_path / "run", options, PHASES[:1]))
    assert "Routing is one-sided in the phase one: expert_0 takes 9" in text


@pytest.mark.slow
def test_a_run_in_which_nothing_grew_says_so(folder):
    def empty(found):
        found["growth"] |= {"events": [], "all": 0}
        found["digit"]["forgetting"] = {"mean": None, "phases": [], "per_class": []}

    change(folder, empty)
    _, text = read(folder)
    assert "Nothing grew." in text
    assert "held out after they had been learned; there are none" in text


@pytest.mark.slow
@pytest.mark.parametrize("edit", [
    lambda found: found["growth"]["events"][0].update(action="explode"),
    lambda found: found["utilisation"]["phases"]["two"]["components"][0].update(mean="much"),
    lambda found: found["digit"]["phases"]["two"]["cross"]["items"].pop(),
    lambda found: found["digit"]["forgetting"].update(mean="little")])
def test_results_that_do_not_fit_are_named_and_the_page_is_still_written(folder, edit):
    change(folder, edit)
    html, text = read(folder)
    assert "are of a form that is not known here" in text
    assert "<h2>" in html


# --- the parts ------------------------------------------------------------------------------------------------------


def colours(*figures):
    return palettes(figures)


def curves(label, *names):
    return Curves(label=label, names={name: name for name in names})


def test_colours_follow_the_order_of_birth_and_the_label():
    found = colours(curves("expert", "expert_0", "expert_1"), curves("route", "route_0"),
                    Timeline(label="expert", events=tuple(events_of((0, "grow", "expert_7", ())))))
    assert {name: tone.colour for name, tone in found["expert"].items()} == {
        "expert_0": LABELS[0], "expert_1": LABELS[1], "expert_7": LABELS[2]}
    assert list(found["route"]) == ["route_0"]


def test_beyond_twelve_the_colours_come_again_in_another_way():
    tones = list(colours(curves("e", *(f"e_{k}" for k in range(30))))["e"].values())
    assert tones[12].colour == tones[0].colour
    assert len({tone[2:] for tone in (tones[0], tones[12], tones[24])}) == 3


def test_a_name_without_a_colour_has_no_dot():
    def cell(name, label, known):
        table = Table(columns=(Column(name="who", kind="named", label=label),), rows=((name,),))
        return re.findall("<td>(.*)</td>", render([table], Surroundings(palettes=known)))

    assert cell("<b>", "", {}) == ["&lt;b&gt;"]
    assert '<i class="dot"' in cell("e_0", "", colours(curves("e", "e_0")))[0]
    assert "<i" not in cell("e_0", "other", colours(curves("e", "e_0")))[0]


def series(*points):
    one = Series()
    for time, value in points:
        one.add(time, "run", value)
    return one


def test_a_component_has_nothing_before_it_was_grown():
    times, values = on_one_grid({"a": series((0, 1.0), (10, 0.5), (20, 0.4)), "b": series((10, 0.5), (20, 0.6))})
    np.testing.assert_array_equal(times, [0, 10, 20])
    np.testing.assert_array_equal(values["b"], [0.0, 0.5, 0.6])


@pytest.mark.slow
@pytest.mark.parametrize("stacked", [True, False])
@pytest.mark.parametrize("points", [1, 40])
@pytest.mark.parametrize("count", [1, 40])
def test_few_or_many_components_are_drawn(stacked, points, count):
    found = {f"e_{k}": series(*((t * MS, 1.0 / count) for t in range(points))) for k in range(count)}
    svg = components_chart(found, colours(curves("e", *found))["e"], (), "alt", stacked=stacked, quantity="share")
    named = [text for text in texts(svg) if text.startswith("e_")]
    assert len(named) == min(count, SHOWN_MAX)
    assert ("16 others" in texts(svg)) == (stacked and count > SHOWN_MAX)
    assert svg.startswith("<svg viewBox=")


def test_a_life_is_active_frozen_or_pruned():
    life = events_of((0, "grow", "a", ()), (2, "freeze", "a", ()), (3, "prune", "a", ()), (5, "revive", "a", ()),
                     (6, "thaw", "a", ()))
    assert [(start // MS, until // MS, state) for start, until, state in stretches(life, 10 * MS)] == [
        (0, 2, "active"), (2, 3, "frozen"), (3, 5, "pruned"), (5, 6, "frozen"), (6, 10, "active")]
    assert list(stretches(events_of((6, "grow", "b", ("a",))), 0)) == [(6 * MS, 6 * MS, "active")]


def test_the_tree_has_a_line_for_each_and_a_mark_for_each_kind_of_event():
    events = events_of((0, "grow", "a", ()), (4, "grow", "b", ("a", "nobody")), (6, "prune", "b", ()))
    phases = [PhaseInfo(name="learn", start=0, end=8 * MS)]
    svg = growth_chart(events, {}, phases, 8 * MS, "alt")
    assert {"a", "b", "grown", "pruned", "learn"} <= set(texts(svg))
    assert "revived" not in texts(svg)


@pytest.mark.slow
def test_more_lives_than_a_page_has_room_for_are_listed_only(folder):
    def grow(found):
        born = {**found["growth"]["events"][0], "parents": []}
        found["growth"]["events"] = [{**born, "expert": f"expert_{k}", "time": k} for k in range(LIVES_MAX + 1)]

    change(folder, grow)
    html, text = read(folder)
    assert f"{LIVES_MAX + 1} lives are too many to draw." in text
    assert "Growth tree" not in html


@pytest.mark.slow
def test_the_record_reads_what_the_metrics_have_left(played):
    found = read_run(played)
    assert found.notes == ()
    [tree] = [one for one in found.figures() if isinstance(one, Timeline)]
    assert len(tree.events) == len(BIRTHS) + 4
    assert found.metrics["digit"].phases["two"].more["by"][0]["topic"] == "mixture.expert"
