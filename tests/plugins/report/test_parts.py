from __future__ import annotations

import re
from itertools import pairwise

import pytest
from pydantic import ValidationError

from aura.plugins.figures import FIGURES, Bars, Column, Examples, Image, Line, Lines, Matrix, Table, flat
from aura.plugins.metrics.classification import Classification
from aura.plugins.metrics.classification_figures import most_confused
from aura.plugins.metrics.forecast import Forecast
from aura.plugins.metrics.results import PhaseResults, Results, figure_names, left_out, main_phases
from aura.plugins.report.charts import bar_chart, line_chart, matrix_chart
from aura.plugins.report.over_time import SHARE, one_each, rolling_chart, running_mean
from aura.plugins.report.record import Series
from aura.plugins.report.render import Surroundings, render, render_cards
from aura.plugins.report.svg import Canvas, limits, ticks


def texts(svg):
    return re.findall(r">([^<>\n]+)</text>", svg)


def test_a_picture_follows_the_colours_and_the_font_of_the_page():
    svg = line_chart(Lines(lines=(Line(name="loss", x=(0, 1), y=(0, 1)),)), "A line.")
    assert "var(--c1)" in svg
    assert not re.findall(r"#[0-9a-f]{6}|font-family|<style|\sid=", svg)


def test_words_in_a_picture_are_escaped():
    svg = line_chart(Lines(lines=(Line(name='<b> $x & "y"', x=(0, 1), y=(0, 1)),)), 'A <b> & "c".')
    assert '&lt;b&gt; $x &amp; "y"' in svg
    assert 'aria-label="A &lt;b&gt; &amp; &quot;c&quot;."' in svg
    assert "<b>" not in svg


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-75.3, 41.0), (1e-9, 3e-9), (0.0, 123_456.0), (5.0, 5.0)])
def test_ticks_are_few_round_numbers_within_the_scale(low, high):
    found = ticks(low, high)
    assert 1 <= len(found) <= 7
    assert all(low <= value <= high for value in found)
    assert len({round(b - a, 12) for a, b in pairwise(found)}) <= 1


def test_a_scale_of_shares_begins_at_zero_and_leaves_room_for_the_width_of_a_line():
    low, high = limits([0.4, 1.0], shares=True)
    assert low < 0.0
    assert high > 1.0
    low, high = limits([-3.0, 5.0])
    assert low < -3.0 < 5.0 < high


def test_a_legend_takes_as_many_rows_as_its_words_need():
    assert Canvas(400, 0).legend([("word", "line", "red", 1.0)] * 3) < Canvas(400, 0).legend(
        [("word", "line", "red", 1.0)] * 30)


def test_a_matrix_writes_the_shares_of_each_row():
    words = texts(matrix_chart(Matrix(rows=("joy", "fear"), columns=("joy", "fear"), counts=((9, 3), (0, 0))), "alt"))
    assert {"75", "25"} <= set(words)
    assert "fear  0" in words  # a class without items has an empty row


def test_bars_are_as_long_as_their_values_and_bear_their_notes():
    svg = bar_chart(Bars(names=("one", "two"), parts={"a": (1.0, 2.0), "b": (0.0, 2.0)}, notes=("n1", "n2"), sort=True),
                    "alt")
    bars = [float(width) for width, height in re.findall(r'<rect[^>]* width="([\d.]+)" height="([\d.]+)"', svg)
            if height == "20"]
    assert bars[0] / bars[2] == pytest.approx(2.0, abs=0.01)  # the largest sum on top
    assert bars[0] == bars[1]
    assert {"one", "two", "a", "b", "n1", "n2"} <= set(texts(svg))


@pytest.mark.parametrize(("sort", "order"), [(False, ["3..6", "12..15", "6..9"]), (True, ["6..9", "12..15", "3..6"])])
def test_bars_stand_as_given_or_the_largest_on_top(sort, order):
    drawn = texts(bar_chart(Bars(names=("3..6", "12..15", "6..9"), parts={"a": (1, 2, 3)}, sort=sort), "alt"))
    assert [text for text in drawn if ".." in text] == order


def test_the_most_frequent_mistakes_come_first():
    labels, counts = ("joy", "fear", "love"), ((5, 0, 5), (2, 8, 0), (0, 0, 3))
    assert most_confused(labels, counts) == [("joy", "love", 5, 0.5), ("fear", "joy", 2, 0.2)]
    assert most_confused(labels, counts, 1) == [("joy", "love", 5, 0.5)]


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


@pytest.mark.parametrize(("value", "bounds", "width"), [
    (0.25, {}, "25.0"), (5, {"digits": 0, "most": 10}, "50.0"), (3.0, {}, "100.0"), (None, {}, "0.0")])
def test_a_bar_is_as_long_as_its_share(value, bounds, width):
    table = Table(columns=(Column(name="share", kind="bar", **bounds),), rows=((value,),))
    assert f'style="width:{width}%"' in render([table], Surroundings())


def test_a_table_marks_its_columns_of_numbers():
    html = render([Table(columns=(Column(name="class"), Column(name="F1", kind="figure")), rows=(("joy", 1.0),),
                         caption="All & each.")], Surroundings())
    assert '<th scope="col">class</th><th scope="col" class="num">F1</th>' in html
    assert '<td class="num" data-sort="1.0">1.000</td>' in html
    assert "All &amp; each." in html


def test_lines_that_lie_on_one_another_are_one():
    made = {name: Series() for name in ("a", "b", "c")}
    for time in range(5):
        for name, one in made.items():
            one.add(time, "learn", time * (2.0 if name == "c" else 1.0))
    assert [names for names, _ in one_each(made)] == [["a", "b"], ["c"]]


def _cards(metric, *, one_label=False, **summary):
    found = Results(kind=metric.kind, phases={"held-out": PhaseResults(
        learning=False, items=9, one_label=one_label, summary=summary)})
    return render_cards("m", metric.figures(found, {"m": found}))


def test_a_forecast_has_cards_of_its_error_beside_the_baselines():
    html = _cards(Forecast, of_persistence=0.078, of_autoregression=0.797)
    assert ">0.078<" in html
    assert ">0.797<" in html


def test_of_items_with_one_label_top1_and_exact_match_are_one_card_the_accuracy():
    figures = {"top1": 0.9, "accuracy": 0.9, "micro_f1": 0.9, "macro_f1": 0.8}
    one, several = (_cards(Classification, one_label=each, **figures) for each in (True, False))
    assert (one.count("0.900"), "m: accuracy" in one, "exact match" in one) == (1, True, False)
    assert (several.count("0.900"), "m: exact match" in several) == (2, True)


def test_the_phases_that_matter_are_first_sights():
    phases = {name: PhaseResults(learning=learning, again=again, items=9, summary={"accuracy": 0.5}) for
              name, learning, again in (("learn", True, False), ("learn, seen before", True, True),
                                        ("held-out", False, False), ("trial, seen before", False, True))}
    assert [name for name, _ in main_phases(Results(phases=phases))] == ["held-out", "learn"]
    again = {name: phase for name, phase in phases.items() if phase.again}
    assert [name for name, _ in main_phases(Results(phases=again))] == [
        "trial, seen before", "learn, seen before"]


def test_what_figures_leave_out_is_told():
    phases = {"learn": PhaseResults(items=9, unlabelled=300), "held-out": PhaseResults(items=9, unlabelled=1)}
    result = Results(kind="classification", phases=phases, beyond=2001, told_apart=999,
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


@pytest.mark.parametrize(("predicted", "confidence"), [
    ("predicted", "confidence"), ("said", "sure")])  # now, and before
def test_examples_show_what_was_predicted_and_with_which_confidence(predicted, confidence):
    rows = ({"stimulus": {"text": "a <b>"}, "truth": ["joy"], predicted: ["fear", "awe"], "best": "awe",
             confidence: 0.91},
            {"stimulus": {"png": "iVBORw0KGgo=", "width": 28, "height": 28}, "truth": ["3"], predicted: ["8"],
             "best": "8", confidence: 0.5, "right": True},
            {"stimulus": None, "truth": ["4"], predicted: [], "best": None, "right": False})
    html = render([Examples(examples=rows)], Surroundings())
    assert html.index("a &lt;b&gt;") < html.index("Right ones")
    assert "fear, awe <small>(best: awe)</small>" in html
    assert "0.910" in html
    assert 'src="data:image/png;base64,iVBORw0KGgo=" width="28"' in html
    assert html.count("nothing") == 1
    assert render([Examples(examples=())], Surroundings()) == ""


def test_a_picture_that_is_no_base64_is_refused():
    with pytest.raises(ValidationError):
        Examples(examples=({"stimulus": {"png": 'x" onload="y'}},))
    with pytest.raises(ValidationError):
        Image(png='x" onload="y', width=1, height=1)


@pytest.mark.parametrize("spoiled", [
    {"figure": "table", "columns": [{"name": "a"}], "rows": [["x", "y"]]},
    {"figure": "table", "columns": [{"name": "a", "kind": "bar"}], "rows": [["much"]]},
    {"figure": "matrix", "rows": ["a"], "columns": ["a", "b"], "counts": [[1]]},
    {"figure": "lines", "lines": [{"name": "a", "x": [0, 1], "y": [0]}]},
    {"figure": "lines", "lines": [{"name": "a", "x": [0], "y": [float("nan")]}]},
    {"figure": "bars", "names": ["a"], "parts": {"b": [1.0, 2.0]}},
    {"figure": "text", "text": "a", "colour": "red"}, {"figure": "pie", "shares": [1.0]}])
def test_a_figure_that_does_not_fit_together_is_refused(spoiled):
    with pytest.raises(ValidationError):
        FIGURES.validate_python([spoiled])


def test_figures_are_the_same_after_they_were_written_and_read():
    found = Results(kind="classification", phases={"learn": PhaseResults(items=4, summary={"accuracy": 0.5}, **{
        "confusion": {"labels": ["a", "b"], "matrix": [[1, 3], [0, 2]]}})})
    figures = tuple(Classification.figures(found, {}))
    assert FIGURES.validate_json(FIGURES.dump_json(figures, exclude_defaults=True)) == figures
    assert {type(one) for one in flat(figures)} >= {Matrix, Table}


def test_mistakes_that_came_once_are_left_out():
    assert most_confused(("a", "b", "c"), ((5, 1, 3), (1, 9, 0), (2, 0, 4))) == [("a", "c", 3, 3 / 9),
                                                                                ("c", "a", 2, 2 / 6)]


def test_rolling_figures_that_are_one_by_definition_are_one_line():
    summary = dict.fromkeys(("accuracy", "macro_f1", "top1"), 0.5)
    phases = {"learn": PhaseResults(items=9, one_label=True, summary=summary)}
    assert figure_names(Results(kind="classification", phases=phases)) == {
        "accuracy": "accuracy", "macro_f1": "macro F1"}
    several = {"learn": phases["learn"].model_copy(update={"one_label": False})}
    assert figure_names(Results(kind="classification", phases=several)) == {
        "accuracy": "exact match", "top1": "top-1", "macro_f1": "macro F1"}


def test_lines_at_the_ends_of_the_scale_are_seen_whole_and_told_apart_where_they_lie_on_one_another():
    made = {name: Series() for name in ("a", "b", "c")}
    for time in range(40):
        for place, one in enumerate(made.values()):
            one.add(time, "learn", min(1.0, time / 20 + 0.0001 * place))
    svg = rolling_chart(made, (), "alt")
    lines = [[float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]
             for path in re.findall(r'<path d="([^"]+)"', svg) if path.count("L") > 20]
    [(top, bottom)] = [(float(a), float(b)) for a, b in re.findall(
        r'<path d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)L[\d.]+ [\d.]+" fill="none" stroke="var\(--line\)"', svg)]
    assert len(lines) == 3
    assert min(map(min, lines)) - top > 2.0
    assert bottom - max(map(max, lines)) > 2.0
    dashes = re.findall(r'stroke-dasharray="([\d. ]+)"', svg)
    assert len(set(dashes)) == 2  # of three lines, one is drawn through
