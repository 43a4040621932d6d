"""The top of the page: what ran, how it ended, and the figures that matter."""

from __future__ import annotations

from datetime import datetime

from aura.core.time import format_time
from aura.plugins.report.figures import main_phases
from aura.plugins.report.mixture_record import Forgetting
from aura.plugins.report.record import MetricResult, Model, PhaseResult, RunInfo, RunRecord
from aura.plugins.report.words import cell, clock, count, figure, simulated, table, text

__all__ = ["cards", "facts", "phase_table", "status_chip"]

_HEADLINES = {
    "classification": (("macro_f1", "macro F1"), ("top1", "top-1 in the true set"), ("accuracy", "exact match")),
    "forecast": (("of_persistence", "error relative to repeating the last frame"),
                 ("of_autoregression", "error relative to a linear fit of past frames")),
    "map": (("purity", "purity"), ("utilisation", "share of units that won")),
    "regression": (("r2", "R²"), ("pearson", "Pearson's r"), ("mae", "MAE")),
}
_ONE_LABEL = (("accuracy", "accuracy"), ("macro_f1", "macro F1"))
"""Of items with one label each: accuracy and top-1 are one figure."""


def status_chip(run: RunInfo) -> str:
    """Return the status as a coloured word."""
    kind = run.status if run.status in ("finished", "stopped", "failed", "running") else "other"
    return f'<span class="chip {kind}">{text(run.status)}</span>'


def facts(run: RunInfo) -> str:
    """Return what ran, as a list of terms."""
    items = sum(run.items.values())
    rate = items / run.wall_seconds if run.wall_seconds > 0 and items else None
    paced = f"{run.realtime:g} × real time, {count(run.missed_deadlines)} missed deadlines" if run.realtime else ""
    rows = [
        ("started", _instant(run.started)), ("wall time", clock(run.wall_seconds)),
        ("simulated time", simulated(run.now)), ("items", count(items) if run.items else ""),
        ("rate", f"{rate:,.0f} items/s" if rate else ""), ("ticks", count(run.ticks)),
        ("seed", "" if run.seed is None else str(run.seed)),
        ("resolution", "" if run.resolution is None else format_time(run.resolution)), ("executor", run.executor),
        ("paced", paced),
        ("resumed", ", ".join(f"at {simulated(time)}" for time in run.resumed)),
        ("AURA", run.aura), *run.versions.items()]
    if len(run.items) > 1:
        rows.insert(4, ("by stream", ", ".join(f"{name} {count(number)}" for name, number in run.items.items())))
    return "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in rows if value)


def _instant(started: str) -> str:
    """Return an ISO instant as people read it; another text as it is."""
    try:
        then = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{then:%Y-%m-%d %H:%M:%S} {then.tzname() or ''}".strip()


def cards(record: RunRecord) -> str:
    """Return the headline figures of every metric, a card each."""
    made = []
    for name, result in record.metrics.items():
        for phase_name, phase in main_phases(result):
            for key, words in _ONE_LABEL if phase.one_label else _HEADLINES.get(result.kind, ()):
                value = phase.summary.get(key)
                if value is not None:
                    beside = " · ".join(f"{model.name} {figure(model.summary.get(key))}"
                                        for model in _rivals(record, result, phase_name)
                                        if model.summary.get(key) is not None)
                    made.append(_card(name, phase_name, phase, words, value, beside))
        if result.forgetting is not None and result.forgetting.mean is not None:
            made.append(_forgetting_card(name, result.forgetting))
    return f'<div class="cards">{"".join(made)}</div>' if made else ""


def _rivals(record: RunRecord, result: MetricResult, phase: str) -> list[Model]:
    return [model for other in record.metrics.values() if other.truth == result.truth
            for model in other.models if model.phase == phase]


def _card(metric: str, phase_name: str, phase: PhaseResult, words: str, value: float, beside: str) -> str:
    kind = "learning" if phase.learning else "held"
    below = f'<p class="beside">batch: {text(beside)}</p>' if beside else ""
    return (f'<article class="card {kind}"><p class="how">{text(phase.how or phase_name)}</p>'
            f'<p class="value">{figure(value)}</p><p class="what">{text(metric)}: {text(words)}</p>'
            f'<p class="where">{count(phase.items)} items, phase {text(phase_name)}</p>{below}</article>')


def _forgetting_card(metric: str, found: Forgetting) -> str:
    classes = sum(row.forgetting is not None for row in found.per_class)
    return (f'<article class="card held"><p class="how">held-out, over phases</p>'
            f'<p class="value">{figure(found.mean)}</p><p class="what">{text(metric)}: forgetting</p>'
            f'<p class="where">mean drop from the best, {count(classes)} classes</p></article>')


def phase_table(run: RunInfo) -> str:
    """Return the phases as they were played."""
    if not run.phases:
        return ""
    rows = []
    for phase in run.phases:
        items, wall = sum(phase.items.values()) if phase.items else None, phase.wall_seconds
        rate = items / wall if items and wall else None
        rows.append("".join((
            cell(text(phase.name)), cell("learning" if phase.learning else "not learning"),
            cell(simulated(phase.start), kind="num"), cell(simulated(phase.end), kind="num"),
            cell(count(items), kind="num"), cell("–" if wall is None else clock(wall), kind="num"),
            cell(count(rate), kind="num"))))
    heads = ("phase", "zones", "from", "to", "items", "wall time", "items/s")
    return table(heads, rows, caption="The phases of the run, in simulated time.", label=2)
