from __future__ import annotations

import re
from itertools import pairwise

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from pydantic import ValidationError

from aura.plugins.report.charts import one_each, rolling_chart
from aura.plugins.report.confusion_chart import confusion_chart, most_confused
from aura.plugins.report.examples_table import examples_tables
from aura.plugins.report.figures import left_out, main_phases, rolling_names
from aura.plugins.report.grouped_section import SHARE, running_mean
from aura.plugins.report.overview import cards
from aura.plugins.report.record import Confusion, MetricResult, PhaseResult, RunInfo, RunRecord, Series
from aura.plugins.report.svg import INK, SERIES, draw
from aura.plugins.report.words import bar, cell, table


def line(title="loss"):
    figure = Figure(figsize=(2, 1))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=SERIES[0])
    axes.set_title(title)
    return figure


def test_a_figure_follows_the_colours_and_the_font_of_the_page():
    svg = draw(line, "k", "A line.")
    assert "var(--c1)" in svg
    assert not any(colour in svg for colour in (INK, *SERIES))
    assert "font-family" not in svg
    assert "<style" not in svg


def test_the_ids_of_two_figures_differ():
    one, other = (set(re.findall(r'\sid="([^"]+)"', draw(line, key, "A line."))) for key in ("a", "b"))
    assert one
    assert not one & other
    svg = draw(line, "a", "A line.")
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= one


def test_a_figure_is_drawn_alike_each_time_and_changes_no_setting():
    before = dict(mpl.rcParams)
    assert draw(line, "k", "A line.") == draw(line, "k", "A line.")
    assert dict(mpl.rcParams) == before


def test_words_in_a_figure_are_escaped():
    svg = draw(lambda: line('<b> $x & "y"'), "k", 'A <b> & "c".')
    assert "&lt;b&gt; $x &amp;" in svg
    assert 'aria-label="A &lt;b&gt; &amp; &quot;c&quot;."' in svg
    assert "<b>" not in svg


def test_a_confusion_matrix_writes_the_shares_of_each_row():
    svg = confusion_chart(Confusion(labels=("joy", "fear"), matrix=((9, 3), (0, 0))), "k", "Confusion.")
    words = re.findall(r">([^<>\n]+)</text>", svg)
    assert {"75", "25"} <= set(words)
    assert "fear  0" in words  # a class without items has an empty row


def test_the_most_frequent_mistakes_come_first():
    table = Confusion(labels=("joy", "fear", "love"), matrix=((5, 0, 5), (2, 8, 0), (0, 0, 3)))
    assert most_confused(table) == [("joy", "love", 5, 0.5), ("fear", "joy", 2, 0.2)]
    assert most_confused(table, 1) == [("joy", "love", 5, 0.5)]


def test_a_long_series_stays_short_and_even():
    series = Series(most=100)
    for number in range(100_000):
        series.add(number, "learn", float(number))
    times = [time for time, _, _ in series.points]
    assert 50 <= len(times) <= 100
    assert times[0] == 0
    assert len({after - before for before, after in pairwise(times)}) == 1
    assert times[-1] > 98_000


def test_a_series_is_split_where_the_phase_changes():
    series = Series()
    for time, phase in ((1, "a"), (2, "a"), (3, "b"), (4, "a")):
        series.add(time, phase, time * 1.0)
    assert series.by_phase() == [("a", [1, 2], [1.0, 2.0]), ("b", [3], [3.0]), ("a", [4], [4.0])]


def test_a_bar_is_as_long_as_its_share():
    assert 'style="width:25.0%"' in bar(0.25)
    assert 'style="width:50.0%"' in bar(5, 0, 10)
    assert 'style="width:100.0%"' in bar(3.0)
    assert 'style="width:0.0%"' in bar(float("nan"))


def test_a_table_marks_its_columns_of_numbers():
    html = table(("class", "F1"), [cell("joy") + cell("1", sort=1.0, kind="num")], caption="All & each.", sortable=True)
    assert '<th scope="col">class</th><th scope="col" class="num">F1</th>' in html
    assert '<td class="num" data-sort="1.0">1</td>' in html
    assert "All &amp; each." in html


def test_lines_that_lie_on_one_another_are_one():
    made = {name: Series() for name in ("a", "b", "c")}
    for time in range(5):
        for name, one in made.items():
            one.add(time, "learn", time * (2.0 if name == "c" else 1.0))
    assert [names for names, _ in one_each(made)] == [["a", "b"], ["c"]]


def _cards(kind, *, one_label=False, **summary):
    result = MetricResult(kind=kind, phases={"held-out": PhaseResult(
        learning=False, items=9, one_label=one_label, summary=summary)})
    return cards(RunRecord("run", RunInfo(scenario="s", status="finished"), {"m": result}))


def test_a_forecast_has_cards_of_its_error_beside_the_baselines():
    html = _cards("forecast", of_persistence=0.078, of_autoregression=0.797)
    assert ">0.078<" in html
    assert ">0.797<" in html


def test_of_items_with_one_label_top1_and_exact_match_are_one_card_the_accuracy():
    figures = {"top1": 0.9, "accuracy": 0.9, "micro_f1": 0.9, "macro_f1": 0.8}
    one, several = (_cards("classification", one_label=each, **figures) for each in (True, False))
    assert (one.count("0.900"), "m: accuracy" in one, "exact match" in one) == (1, True, False)
    assert (several.count("0.900"), "m: exact match" in several) == (2, True)


def test_the_phases_that_matter_are_first_sights():
    phases = {name: PhaseResult(learning=learning, again=again, items=9, summary={"accuracy": 0.5}) for
              name, learning, again in (("learn", True, False), ("learn, seen before", True, True),
                                        ("held-out", False, False), ("trial, seen before", False, True))}
    assert [name for name, _ in main_phases(MetricResult(phases=phases))] == ["held-out", "learn"]
    again = {name: phase for name, phase in phases.items() if phase.again}
    assert [name for name, _ in main_phases(MetricResult(phases=again))] == [
        "trial, seen before", "learn, seen before"]


def test_what_figures_leave_out_is_told():
    phases = {"learn": PhaseResult(items=9, unlabelled=300), "held-out": PhaseResult(items=9, unlabelled=1)}
    result = MetricResult(kind="classification", phases=phases, beyond=2001, told_apart=999,
                          unmatched={"truth": 0, "prediction": 12})
    assert list(left_out(result)) == [
        "Without a label, and not counted: 300 in learn; 1 in held-out.",
        "Without their other side, and not counted: 12 of prediction.",
        'Not told apart: 2,001 classes beyond the first 999, which stand as "(other)"; none of them is taken for '
        "another."]


def test_a_running_mean_begins_anew_with_each_phase():
    series = Series()
    for time in range(4 * SHARE):
        series.add(time, "learn" if time < 2 * SHARE else "held-out", float(time))
    values = [value for _, _, value in running_mean(series).points]
    assert values[:3] == pytest.approx([0.0, 0.5, 1.5])
    assert values[2 * SHARE:2 * SHARE + 2] == pytest.approx([2 * SHARE, 2 * SHARE + 0.5])
    assert [time for time, _, _ in running_mean(series).points] == list(range(4 * SHARE))


def test_examples_show_what_was_said_and_how_sure_it_was():
    rows = ({"stimulus": {"text": "a <b>"}, "truth": ["joy"], "said": ["fear", "awe"], "best": "awe", "sure": 0.91},
            {"stimulus": {"png": "iVBORw0KGgo=", "width": 28, "height": 28}, "truth": ["3"], "said": ["8"], "best": "8",
             "sure": 0.5, "right": True},
            {"stimulus": None, "truth": ["4"], "said": [], "best": None, "right": False})
    html = examples_tables(PhaseResult(examples=rows))
    assert html.index("a &lt;b&gt;") < html.index("Right ones")
    assert "fear, awe <small>(best: awe)</small>" in html
    assert "0.910" in html
    assert 'src="data:image/png;base64,iVBORw0KGgo=" width="28"' in html
    assert html.count("nothing") == 1
    assert examples_tables(PhaseResult()) == ""


def test_a_picture_that_is_no_base64_is_refused():
    with pytest.raises(ValidationError):
        PhaseResult(examples=({"stimulus": {"png": 'x" onload="y'}},))


def test_mistakes_that_came_once_are_left_out():
    confusion = Confusion(labels=("a", "b", "c"), matrix=((5, 1, 3), (1, 9, 0), (2, 0, 4)))
    assert most_confused(confusion) == [("a", "c", 3, 3 / 9), ("c", "a", 2, 2 / 6)]


def test_rolling_figures_that_are_one_by_definition_are_one_line():
    summary = dict.fromkeys(("accuracy", "macro_f1", "top1"), 0.5)
    phases = {"learn": PhaseResult(items=9, one_label=True, summary=summary)}
    keys = ("accuracy", "top1", "macro_f1", "micro_f1")
    assert rolling_names(MetricResult(kind="classification", phases=phases), keys) == {
        "accuracy": "accuracy", "macro_f1": "macro F1"}
    several = {"learn": phases["learn"].model_copy(update={"one_label": False})}
    assert rolling_names(MetricResult(kind="classification", phases=several), keys) == {
        "accuracy": "exact match", "top1": "top-1", "macro_f1": "macro F1"}


def test_lines_at_the_ends_of_the_scale_are_seen_whole_and_told_apart_where_they_lie_on_one_another():
    made = {name: Series() for name in ("a", "b", "c")}
    for time in range(40):
        for place, one in enumerate(made.values()):
            one.add(time, "learn", min(1.0, time / 20 + 0.0001 * place))
    svg = rolling_chart(made, (), "k", "alt")
    lines = [[float(y) for y in re.findall(r"[ML] [\d.]+ ([\d.]+)", path)]
             for path in re.findall(r'<path d="([^"]+)" clip-path', svg) if path.count("L") > 20]
    [box] = re.findall(r'<clipPath id="[^"]+">\s*<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', svg)
    assert len(lines) == 3
    assert min(map(min, lines)) - float(box[0]) > 2.0
    assert float(box[0]) + float(box[1]) - max(map(max, lines)) > 2.0
    dashes = re.findall(r"stroke-dasharray: ([\d., ]+)", svg)
    assert len(set(dashes)) == 2  # of three lines, one is drawn through
