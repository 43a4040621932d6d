"""The built-in metrics, registered as any plugin's are."""

from __future__ import annotations

from aura.plugins import hookimpl
from aura.plugins.metrics.kind import MetricKind
from aura.plugins.metrics.mixture_options import ComponentOptions, GrowthOptions
from aura.plugins.metrics.options import (
    BaselineOptions,
    ClassificationOptions,
    ForecastOptions,
    RegressionOptions,
    ScalarOptions,
)
from aura.plugins.metrics.view_options import GroupedOptions, MapOptions, RasterOptions, TraceOptions, VolumeOptions

__all__ = ["aura_metrics"]


@hookimpl
def aura_metrics() -> list[MetricKind]:
    """Return the kinds of metric that come with AURA."""
    home = "aura.plugins.metrics"
    return [
        MetricKind("classification", "Label sets against the truth: accuracy, F1, confusion, by group, forgetting.",
                   ClassificationOptions, f"{home}.classification:Classification"),
        MetricKind("regression", "Numbers against the truth: MAE, RMSE, R2, Pearson's r.",
                   RegressionOptions, f"{home}.regression:Regression"),
        MetricKind("scalars", "Single numbers and zones' learning scalars over time.",
                   ScalarOptions, f"{home}.scalars:ScalarSeries"),
        MetricKind("batch-baselines", "Batch ridge and logistic regression on the same features, held out alike.",
                   BaselineOptions, f"{home}.baselines:BatchBaselines"),
        MetricKind("forecast", "Predictions of the next frame, beside persistence and a linear autoregression.",
                   ForecastOptions, f"{home}.forecast:Forecast"),
        MetricKind("traces", "The last stretch of a sampled signal, such as voltages.",
                   TraceOptions, f"{home}.traces:Traces"),
        MetricKind("raster", "Which cells spiked when, and how often.", RasterOptions, f"{home}.raster:Raster"),
        MetricKind("map", "How often each unit of a map wins, and what its items were.",
                   MapOptions, f"{home}.unit_map:UnitMap"),
        MetricKind("volume", "Mean and last activity over a three-dimensional grid.",
                   VolumeOptions, f"{home}.volume:Volume"),
        MetricKind("grouped", "A number by the value of another signal, such as loss by mode.",
                   GroupedOptions, f"{home}.grouped:Grouped"),
        MetricKind("components", "A number for each component of a mixture that may grow, such as utilisation.",
                   ComponentOptions, f"{home}.components:Components"),
        MetricKind("growth", "What grew, was pruned or frozen, and when.", GrowthOptions, f"{home}.growth:Growth"),
    ]
