"""The built-in metrics, registered as any plugin's are."""

from __future__ import annotations

from aura.plugins import hookimpl
from aura.plugins.metrics.kind import MetricKind
from aura.plugins.metrics.options import BaselineOptions, ClassificationOptions, RegressionOptions, ScalarOptions

__all__ = ["aura_metrics"]


@hookimpl
def aura_metrics() -> list[MetricKind]:
    """Return the kinds of metric that come with AURA."""
    home = "aura.plugins.metrics"
    return [
        MetricKind("classification", "Label sets against the truth: accuracy, top-1, F1, per class, confusion.",
                   ClassificationOptions, f"{home}.classification:Classification"),
        MetricKind("regression", "Numbers against the truth: MAE, RMSE, R2, Pearson's r.",
                   RegressionOptions, f"{home}.regression:Regression"),
        MetricKind("scalars", "Single numbers and zones' learning scalars over time.",
                   ScalarOptions, f"{home}.scalars:ScalarSeries"),
        MetricKind("batch-baselines", "Batch ridge and logistic regression on the same features, held out alike.",
                   BaselineOptions, f"{home}.baselines:BatchBaselines"),
    ]
