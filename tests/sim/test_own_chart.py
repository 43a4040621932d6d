"""A metric of a plugin file brings a chart of its own; it stands in the report as those of built-in metrics do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aura.plugins.report import write_report
from tests.documents import ROOT, blocks_of

PAGE = ROOT / "docs" / "own-metric.md"


@pytest.fixture
def play(tmp_path, aura):
    """Return a function that writes the files of the page and runs its scenario, and the run's folder."""
    for block in blocks_of(PAGE):
        if "file" in block.settings:
            Path(block.settings["file"]).write_text(block.text, encoding="utf-8")

    def run(edit=lambda text: text):
        plugin = Path("hits.py")
        plugin.write_text(edit(plugin.read_text(encoding="utf-8")), encoding="utf-8")
        return aura("run", "guesses.toml", "--out", "run", "--quiet").status, tmp_path / "run"

    return run


def test_a_chart_of_a_plugin_file_is_drawn_and_needs_no_plugin_to_be_drawn_again(play, tmp_path):
    code, folder = play()
    assert code == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    [chart] = re.findall(r'<svg [^>]*aria-label="Items of each word in the phase learn.*?</svg>', page)
    assert {"cat", "dog", "cow", "hits", "others"} <= set(re.findall(r">([^<>]+)</text>", chart))
    assert "animals: hits" in page  # its card
    (tmp_path / "hits.py").unlink()
    (folder / "report.html").unlink()
    assert write_report(folder).read_text(encoding="utf-8") == page


def test_its_figures_stand_in_the_results_as_data(play):
    _, folder = play()
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["animals"]["figures"]
    [bars] = [one for one in found if one["figure"] == "bars"]
    assert bars["parts"] == {"hits": [1.0, 1.0, 1.0], "others": [0.0, 1.0, 0.0]}


@pytest.mark.parametrize(("line", "message"), [
    ("        return [1]", "expected figures of aura.plugins.figures, got 0"),
    ("        return 1 / 0", "ZeroDivisionError")])
def test_figures_that_cannot_be_drawn_are_a_fault_of_the_metric_and_the_results_stand(play, line, message):
    code, folder = play(lambda text: text.replace("        charts = []", f"{line}\n        charts = []"))
    assert code == 3
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["animals"]
    assert found["phases"]["learn"]["summary"] == {"hits": 0.75}
    assert "figures" not in found
    assert message in (folder / "run.json").read_text(encoding="utf-8") + (folder / "tracebacks.txt").read_text(
        encoding="utf-8")
