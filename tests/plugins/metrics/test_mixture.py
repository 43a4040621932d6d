"""What holds for all metrics that show a mixture: they resume to the bit and their results are plain JSON."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from aura.core.state import read_tree, trees_equal, write_tree
from tests.plugins.metrics.retelling import history_of, tell, watch_it_resume
from tests.plugins.mixture import all_metrics, build, make_brain

NAMES = sorted(all_metrics())
TIGHT = {"utilisation": {"max_rows": 10, "max_components": 3, "every": "20 ms"},
         "accuracy": {"names": "mixture.names"}, "growth": {"max_events": 4}, "digit": {"max_values": 3, "pending": 5}}
"""Bounds that the run reaches."""


def make(name, **more):
    [metric] = build({name: {**all_metrics()[name], **more}})
    return metric


@pytest.fixture(scope="module")
def history():
    """All that was told in a run of two phases."""
    return history_of(make_brain(), ("1 s", "1 s"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bounds", [{}, TIGHT], ids=["roomy", "tight"])
def test_a_resumed_metric_is_equal_to_the_bit(tmp_path, history, name, bounds):
    watch_it_resume(lambda: make(name, **bounds.get(name, {})), tmp_path, history,
                    (0.0, 0.0011, 0.2501, 0.4021, 0.5003, 0.9))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_saved_state_does_not_change_when_the_metric_goes_on(tmp_path, history, name):
    metric, half = make(name), len(history) // 2
    tell(metric, history[:half])
    state = metric.state()
    write_tree(tmp_path / "state.safetensors", state, name)
    tell(metric, history[half:])
    assert trees_equal(state, read_tree(tmp_path / "state.safetensors", name))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_results_are_plain_json_also_before_anything_was_seen(history, name):
    metric = make(name)
    assert json.loads(json.dumps(metric.results()))["phases"] == {}
    tell(metric, history)
    phases = json.loads(json.dumps(metric.results(), allow_nan=False))["phases"]
    assert list(phases) == ["learn", "held-out"]


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_the_brain_that_it_was_made_for(name):
    make(name).check(make_brain())


def test_the_metrics_that_the_guide_shows_are_valid():
    guide = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    [block] = [found for found in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL) if "components" in found]
    assert [metric.kind for metric in build(tomllib.loads(block)["metrics"])] == [
        "components", "growth", "classification"]
