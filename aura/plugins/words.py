"""Numbers, times and names as people read them."""

from __future__ import annotations

import math

from aura.core.time import MS, S, Time, format_time

__all__ = ["clock", "count", "figure", "measured", "named", "share", "short", "simulated"]

_NAMES = {"macro_f1": "macro F1", "micro_f1": "micro F1", "weighted_f1": "weighted F1", "top1": "top-1",
          "r2": "R²", "mae": "MAE", "rmse": "RMSE", "pearson": "Pearson's r",
          "ece": "ECE", "classwise_ece": "classwise ECE", "brier": "Brier score",
          "top1_brier": "top-1 Brier score", "confidence": "mean confidence",
          "auroc": "AUROC", "auroc_low": "AUROC, from", "auroc_high": "to", "f1": "F1", "best_f1": "best F1",
          "latency_f1": "latency-weighted F1", "erde_5": "ERDE 5", "erde_50": "ERDE 50",
          "fpr_at_95": "false positives at 95 % found",
          "prediction_mse": "mean squared error", "persistence_mse": "error of repeating",
          "autoregression_mse": "error of a linear fit", "of_persistence": "relative to repeating",
          "of_autoregression": "relative to the linear fit", "persistence": "repeating the last frame",
          "nats_per_token": "nats per token", "nats_per_byte": "nats per byte",
          "ngram_nats_per_token": "n-gram, per token", "ngram_nats_per_byte": "n-gram, per byte",
          "purity_by_chance": "purity by chance", "utilisation": "share of units that won"}


def figure(value: float | None, digits: int = 3) -> str:
    """Return a figure with so many digits, or a dash if there is none.

    Examples
    --------
    >>> figure(0.38571), figure(None), figure(float("nan"))
    ('0.386', '–', '–')
    """
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def measured(value: float | None, unit: str = "1") -> str:
    """Return a measured number with four digits and its unit, or a dash.

    Examples
    --------
    >>> measured(-78.24312, "mV"), measured(0.0000123456), measured(12_345.6, "Hz"), measured(None, "mV")
    ('-78.24 mV', '1.235e-05', '12,346 Hz', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    shown = f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return shown if unit == "1" else f"{shown} {unit}"


def share(part: float, whole: float) -> str:
    """Return a share in per cent, or a dash.

    Examples
    --------
    >>> share(312, 400), share(399, 400), share(1, 0)
    ('78 %', '99.8 %', '–')
    """
    return f"{100 * part / whole:.3g} %" if whole else "–"


def count(value: float | None) -> str:
    """Return a whole number with separators, or a dash.

    Examples
    --------
    >>> count(43410)
    '43,410'
    """
    return "–" if value is None or not math.isfinite(value) else f"{value:,.0f}"


def clock(seconds: float) -> str:
    """Return wall time in words.

    Examples
    --------
    >>> clock(0.42), clock(83.2), clock(7384)
    ('0.42 s', '1 min 23 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def simulated(time: Time | None) -> str:
    """Return simulated time: exact where that is short, else in seconds to the millisecond.

    Examples
    --------
    >>> simulated(2_000_000), simulated(13_581_000_001)
    ('2 ms', '13.581 s')
    """
    if time is None:
        return "–"
    return format_time(time) if time < S and time % MS == 0 else f"{time / S:,.3f}".rstrip("0").rstrip(".") + " s"


def named(key: str) -> str:
    """Return the name of a figure as it is written.

    Examples
    --------
    >>> named("macro_f1"), named("top1"), named("loss_mean")
    ('macro F1', 'top-1', 'loss mean')
    """
    return _NAMES.get(key, key.replace("_", " "))


def short(value: str, most: int = 28) -> str:
    """Return a text cut to what a figure has room for; not escaped.

    Examples
    --------
    >>> short("joy"), short("a name that goes on and on", 10)
    ('joy', 'a name th…')
    """
    return value if len(value) <= most else f"{value[:most - 1]}…"
