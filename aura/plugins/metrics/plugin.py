"""The built-in metrics, registered as any plugin's are."""

from __future__ import annotations

from aura.plugins import hookimpl
from aura.plugins.metrics import (
    attention,
    baselines,
    calibration,
    classification,
    components,
    detection,
    early_detection,
    forecast,
    grouped,
    growth,
    next_token,
    raster,
    regression,
    scalars,
    traces,
    unit_map,
    volume,
)
from aura.plugins.metrics.kind import MetricKind

__all__ = ["aura_metrics"]


@hookimpl
def aura_metrics() -> list[MetricKind]:
    """Return the kinds of metric that come with AURA."""
    return [
        MetricKind("classification", "Label sets against the truth: accuracy, F1, confusion, by group, forgetting.",
                   classification.ClassificationOptions, classification.Classification),
        MetricKind("regression", "Numbers against the truth: MAE, RMSE, R2, Pearson's r.",
                   regression.RegressionOptions, regression.Regression),
        MetricKind("calibration", "Whether probabilities are right as often as they say: ECE, classwise, Brier.",
                   calibration.CalibrationOptions, calibration.Calibration),
        MetricKind("detection", "Whether a score finds some items among all: AUROC, false positives, precision.",
                   detection.DetectionOptions, detection.Detection),
        MetricKind("early-detection", "How soon a belief about a conversation or an author is right, turn by turn.",
                   early_detection.EarlyDetectionOptions, early_detection.EarlyDetection),
        MetricKind("scalars", "Single numbers and zones' learning scalars over time.",
                   scalars.ScalarOptions, scalars.ScalarSeries),
        MetricKind("batch-baselines", "Batch ridge and logistic regression on the same features, held out alike.",
                   baselines.BaselineOptions, baselines.BatchBaselines),
        MetricKind("forecast", "Predictions of the next frame, beside persistence and a linear autoregression.",
                   forecast.ForecastOptions, forecast.Forecast),
        MetricKind("next-token", "Loss per token and per byte of a text's next tokens, beside an online n-gram.",
                   next_token.NextTokenOptions, next_token.NextToken),
        MetricKind("traces", "The last stretch of a sampled signal, such as voltages.",
                   traces.TraceOptions, traces.Traces),
        MetricKind("raster", "Which cells spiked when, and how often.", raster.RasterOptions, raster.Raster),
        MetricKind("map", "How often each unit of a map wins, and what its items were.",
                   unit_map.MapOptions, unit_map.UnitMap),
        MetricKind("volume", "Mean and last activity over a three-dimensional grid.",
                   volume.VolumeOptions, volume.Volume),
        MetricKind("grouped", "A number by the value of another signal, such as loss by mode.",
                   grouped.GroupedOptions, grouped.Grouped),
        MetricKind("components", "A number for each component of a mixture that may grow, such as utilisation.",
                   components.ComponentOptions, components.Components),
        MetricKind("attention", "Which words of a text weighed how much: examples, and means of each word.",
                   attention.AttentionOptions, attention.Attention),
        MetricKind("growth", "What grew, was pruned or frozen, and when.", growth.GrowthOptions, growth.Growth),
    ]
