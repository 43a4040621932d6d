from __future__ import annotations

import subprocess
import sys

import pytest

from aura import AuraError
from aura.core.errors import PluginError
from aura.plugins.metrics import Metric, MetricKind, MetricOptions
from aura.plugins.metrics.plugin import aura_metrics

KINDS = {kind.name: kind for kind in aura_metrics()}
TOPICS = {"truth": "posts.label", "prediction": "amygdala.label"}


def test_the_built_in_kinds_are_registered():
    assert list(KINDS) == ["classification", "regression", "calibration", "detection", "early-detection", "scalars",
                           "batch-baselines", "forecast", "next-token", "traces", "raster", "map", "volume", "grouped",
                           "components", "attention", "growth"]


@pytest.mark.parametrize(("name", "values"), [
    ("classification", TOPICS), ("regression", TOPICS), ("scalars", {"zones": ["*"]}),
    ("batch-baselines", {"truth": "posts.label", "features": "posts.feature"}),
    ("traces", {"signal": "tissue.voltage"}), ("raster", {"spikes": "tissue.spikes"}),
    ("map", {"winner": "tissue.winner", "shape": [5, 5, 16]}), ("volume", {"signal": "tissue.activity"}),
    ("grouped", {"value": "tissue.loss", "group": "tissue.mode"})])
def test_a_kind_builds_its_metric(name, values):
    metric = KINDS[name].build("mine", values)
    assert isinstance(metric, Metric)
    assert (metric.name, metric.kind) == ("mine", name)
    assert metric.results()["kind"] == name
    assert metric.headline() == {}
    assert metric.take_rows() == []


@pytest.mark.parametrize(("values", "message"), [
    ({**TOPICS, "windows": 3}, "Try 'window'"), ({"truth": "posts.label"}, "metrics.mine.prediction"),
    ({**TOPICS, "every": 0}, "items above zero"), ({**TOPICS, "every": "0 s"}, "a time above zero"),
    ({**TOPICS, "every": "3 fortnights"}, "units"), ({**TOPICS, "truth": "posts"}, "metrics.mine.truth"),
    ({**TOPICS, "window": 0}, "greater than or equal to 1")])
def test_a_wrong_option_is_named(values, message):
    with pytest.raises(AuraError, match=message):
        KINDS["classification"].build("mine", values)


@pytest.mark.parametrize("factory", ["aura.nowhere:Metric", "aura.plugins.metrics.kind:Nothing", MetricOptions])
def test_a_factory_that_is_no_metric_is_refused(factory):
    with pytest.raises(PluginError, match="factory"):
        MetricKind("mine", "", MetricOptions, factory).build("mine", {})


@pytest.mark.slow
def test_listing_the_kinds_imports_nothing_heavy():
    code = ("import sys; from aura.plugins.metrics.plugin import aura_metrics; aura_metrics();"
            "print([name for name in ('sklearn', 'scipy', 'matplotlib', 'rich', 'torch') if name in sys.modules])")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.slow
def test_judging_imports_numpy_alone():
    code = ("import sys; from aura.plugins.metrics import baselines, classification, forecast, regression;"
            "print([name for name in ('sklearn', 'scipy', 'matplotlib', 'pandas') if name in sys.modules])")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
