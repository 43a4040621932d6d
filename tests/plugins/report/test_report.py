from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aura import AuraError
from aura.plugins.report import write_report

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Checker(HTMLParser):
    """Follows the tags, and keeps what a reader sees, the links and the ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.words, self.links, self.ids, self.tags = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)


def read(folder):
    """Write the report, check that it is well formed, and return what a reader sees and the page itself."""
    html = write_report(folder).read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    return " ".join(" ".join(checker.words).split()), checker, html


@pytest.fixture(scope="module")
def home(played, tmp_path_factory):
    """The run's folder with its report; it is only read."""
    return Path(shutil.copytree(played, tmp_path_factory.mktemp("home") / "small-run"))


@pytest.fixture(scope="module")
def page(home):
    """What a reader sees of that report, its tags, and the page itself."""
    return read(home)


def test_the_page_says_what_ran_and_what_came_of_it(home, page):
    text, _, _ = page
    results = json.loads((home / "metrics.json").read_text(encoding="utf-8"))
    held = results["emotion"]["phases"]["dev"]["summary"]
    assert re.search(r"small +finished", text)
    assert "A small run." in text
    assert "1,600 items/s" in text  # 800 items in 0.5 s
    assert f"{held['macro_f1']:.3f}" in text
    assert f"{results['batch']['models'][0]['summary']['macro_f1']:.3f}" in text
    assert "anger" in text
    assert "posts.feature" in text  # the schedule
    assert re.search(r"aura replay /\S+/small-run", text)
    assert "aura resume" not in text  # it has finished


def test_every_plot_is_there_with_words_for_those_who_cannot_see_it(page):
    _, checker, html = page
    assert re.findall(r'role="img" aria-label="([^"]{10})', html) == [
        "Rolling va", "Confusion ", "Confusion ", "Rolling va", "Rolling va", "Scalars ov", "The brain&", "Wall time "]
    assert checker.tags.count("svg") == 8


def test_the_page_needs_nothing_from_elsewhere(page):
    _, checker, html = page
    assert checker.links
    assert all(link.startswith("#") and link[1:] in checker.ids for link in checker.links)
    assert "@import" not in html
    assert set(re.findall(r"url\(([^)]*)", html)) <= {f"#{name}" for name in checker.ids}
    assert not {"link", "iframe", "img"} & set(checker.tags)


@pytest.mark.slow
def test_the_same_folder_gives_the_same_bytes(home, page):
    assert write_report(home).read_text(encoding="utf-8") == page[2]
    assert not list(home.glob("*.partial"))


@pytest.mark.slow
def test_what_comes_from_data_is_escaped(change):
    evil = "<script>alert('x')</script>\"&"
    folder = change(bare=False, scenario=evil, summary=evil, messages=[evil], status=evil, schedule=evil, executor=evil)
    results = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    phase = results["emotion"]["phases"]["dev"]
    phase["per_class"][0]["label"] = phase["confusion"]["labels"][0] = evil
    results[evil] = results.pop("emotion")
    results[evil]["phases"][evil] = phase
    (folder / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["graph"]["zones"][0]["kind"] = run["phases"][0]["name"] = evil
    run["profile"] = {evil: {"step": [3, 1000], "learn": [0, 0]}}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "scenario.toml").write_text(evil, encoding="utf-8")
    with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"time": 1, "phase": evil, "zone": evil, "values": {evil: 1.0, f"{evil}2": 2.0}}) + "\n")
    text, checker, html = read(folder)
    assert html.count("<script>") == 1  # the page's own
    assert checker.tags.count("script") == 1
    assert text.count("alert('x')") > 10


@pytest.mark.slow
def test_any_label_can_be_shown(run_folder):
    odd = ["\x00nul", "lone \ud800", "喜び", "joy 😀", "$x_1", "a" * 300]
    results = json.loads((run_folder / "metrics.json").read_text(encoding="utf-8"))
    phase = results["emotion"]["phases"]["dev"]
    phase["confusion"] = {"labels": odd, "matrix": [[1] * 6] * 6}
    row = phase["per_class"][0]
    phase["per_class"] = [{**row, "label": label} for label in odd]
    (run_folder / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    text, _, _ = read(run_folder)
    assert all(label in text for label in odd[2:])
    assert "\ufffdnul" in text
    assert "lone \ufffd" in text


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["metrics.json", "metrics.jsonl", "scenario.toml"])
def test_a_missing_file_leaves_a_gap_only(run_folder, missing):
    (run_folder / missing).unlink()
    text, checker, _ = read(run_folder)
    assert "small" in text
    assert checker.tags.count("section") >= 3


def test_a_run_that_left_only_its_beginning_has_a_page(run_folder):
    for name in ("metrics.json", "metrics.jsonl", "scenario.toml"):
        (run_folder / name).unlink()
    (run_folder / "run.json").write_text('{"scenario": "small", "status": "running"}', encoding="utf-8")
    text, checker, _ = read(run_folder)
    assert "was not over" in text
    assert "was given no metrics" in text
    assert re.search(r"aura resume /\S+/small-run", text)
    assert "svg" not in checker.tags


def test_a_failed_run_shows_its_error_and_how_to_go_on(change):
    text, _, html = read(change(status="failed", messages=["amygdala at 5 ns: expected finite values, got nan."]))
    assert "amygdala at 5 ns: expected finite values, got nan." in text
    assert 'class="message problem"' in html
    assert re.search(r"aura resume /\S+/small-run", text)


def test_a_stopped_run_says_how_to_resume(change):
    text, _, _ = read(change(status="stopped", resumed=[100_000_000]))
    assert re.search(r"aura resume /\S+/small-run", text)
    assert "at 100 ms" in text


def test_what_zones_left_unlearned_is_told(change):
    notice = {"source": "hippocampus", "text": "left {count} items unlearned", "count": 1234, "fault": False}
    assert "hippocampus left 1,234 items unlearned" in read(change(notices=[notice]))[0]


def test_missed_deadlines_are_told(change):
    assert "1,234 deadlines were missed" in read(change(missed_deadlines=1234, realtime=1.0))[0]


@pytest.mark.slow
def test_scalars_that_never_change_are_named_and_not_drawn(run_folder):
    with (run_folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        rows = [{"time": time, "phase": "learn", "zone": "amygdala", "values": {"still": 2.5}} for time in (10, 20)]
        file.writelines(json.dumps(row) + "\n" for row in rows)
    html = write_report(run_folder).read_text(encoding="utf-8")
    assert "Never changed: amygdala: still 2.5." in html
    [drawn] = re.findall(r'id="scalars".*?</section>', html, re.DOTALL)
    assert "amygdala: loss" in drawn
    assert drawn.count("amygdala: still") == 1


@pytest.mark.slow
def test_damaged_rows_are_left_out_and_counted(run_folder):
    with (run_folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"time": 1}\nnot json\n{"time": 1, "phase": "learn", "metric": "emo')
    assert "3 of its lines could not be read" in read(run_folder)[0]


@pytest.mark.slow
def test_results_of_an_unknown_form_are_left_out_and_named(run_folder):
    results = json.loads((run_folder / "metrics.json").read_text(encoding="utf-8"))
    results["foreign"] = {"phases": [1, 2, 3]}
    results["other"] = {"kind": "someone's", "phases": {"dev": {"summary": {"surprisal": 1.25, "nothing": None}}}}
    (run_folder / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    text, _, _ = read(run_folder)
    assert "the results of 'foreign' are of a form that is not known here" in text
    assert "surprisal" in text
    assert "1.250" in text


@pytest.mark.slow
def test_figures_that_are_no_numbers_stand_as_dashes(run_folder):
    results = json.loads((run_folder / "metrics.json").read_text(encoding="utf-8"))
    results["emotion"]["phases"]["dev"]["summary"] = {"macro_f1": float("nan"), "top1": None}
    (run_folder / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    text, _, html = read(run_folder)
    assert "nan" not in re.sub(r"<script>.*</script>", "", html, flags=re.DOTALL)
    assert "–" in text


def test_too_many_zones_are_listed_not_drawn(change):
    zones = [{"name": f"z{number}", "kind": "ring", "clock": ""} for number in range(100)]
    text, _, _ = read(change(graph={"zones": zones, "pathways": []}))
    assert "100 zones and 0 pathways are too many to draw" in text


@pytest.mark.parametrize(("content", "message"), [
    (None, "no run.json in it"), ("[1]", "a JSON object"), ("{", "a JSON file"),
    ('{"status": "finished"}', "scenario"), ('{"scenario": "a", "status": "b", "now": "soon"}', "now")])
def test_a_folder_that_is_no_run_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(AuraError, match=message):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_path_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(AuraError, match="the folder of a run"):
            write_report(path)


def test_importing_it_loads_no_plotting():
    code = "import sys; import aura.plugins.report; print('matplotlib' in sys.modules, 'networkx' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
