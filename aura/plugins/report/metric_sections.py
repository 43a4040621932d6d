"""The sections of the metrics: figures over time, confusion, classes, batch baselines."""

from __future__ import annotations

from aura.plugins.report.breakdown import breakdown, forgetting_table
from aura.plugins.report.charts import rolling_chart
from aura.plugins.report.confusion_chart import CLASSES_MAX, confusion_chart, most_confused
from aura.plugins.report.examples_table import examples_tables
from aura.plugins.report.figures import RIVALS, figure_names, main_phases, rolling_names
from aura.plugins.report.record import ClassRow, Confusion, MetricResult, PhaseResult, RunRecord
from aura.plugins.report.section_frame import left_out_notes, phase_pictures
from aura.plugins.report.words import bar, cell, clock, count, drawing, figure, named, table, text

__all__ = ["baseline_section", "metric_section"]

_AXES = {"classification": "score, 0 to 1", "forecast": "mean squared error"}
"""What stands on the vertical axis of the rolling figures of some kinds."""


def metric_section(record: RunRecord, name: str, key: str) -> str:
    """Return all that is known of one metric, empty if that is nothing."""
    result = record.metrics.get(name, MetricResult())
    rolled = record.rolling.get(name, {})
    series = {said: rolled[key] for key, said in rolling_names(result, rolled).items()}
    parts = []
    if series:
        alt = f"Rolling values of {', '.join(series)} of the metric {name} over simulated time."
        parts.append(drawing(rolling_chart(series, record.run.phases, f"{key}-time", alt, _AXES.get(result.kind, "")),
                             "Rolling figures over simulated time; phases without learning are shaded."))
    if any(phase.summary for phase in result.phases.values()):
        parts.append(_summary_table(result))
    parts += [forgetting_table(result), phase_pictures(result, f"{key}-ex", "Examples", _examples),
              breakdown(record, result, key)]
    for number, (phase_name, phase) in enumerate(main_phases(result)):
        parts.append(_details(f"{key}-p{number}", phase_name, phase, opened=number == 0))
    parts.append(left_out_notes(result))
    if not any(parts):
        return ""
    about = f"{text(result.prediction)} against {text(result.truth)}" if result.prediction else text(result.kind)
    return f'<section id="{key}"><h2>{text(name)}</h2><p class="about">{about}</p>{"".join(parts)}</section>'


def baseline_section(record: RunRecord, name: str, key: str) -> str:
    """Return the batch learners beside the online learner, on the same held-out items."""
    result = record.metrics[name]
    if not result.models:
        note = result.note or "No batch learner was fitted."
        return (f'<section id="{key}"><h2>{text(name)}</h2><p class="note">{text(note)}</p>'
                f"{left_out_notes(result)}</section>")
    rows = []
    for phase_name in dict.fromkeys(model.phase for model in result.models):
        for other_name, other in record.metrics.items():
            phase = other.phases.get(phase_name)
            if other.kind == "classification" and other.truth == result.truth and phase is not None:
                rows.append(_learner(f"<b>online</b> · {text(other.prediction)} ({text(other_name)})", phase_name,
                                     phase.summary, "one pass, while running"))
        for model in result.models:
            if model.phase == phase_name:
                seconds = "" if model.seconds is None else f", {clock(model.seconds)}"
                about = f"batch, {count(model.fitted_items)} items{seconds}"
                about += "" if model.converged else ", not converged"
                rows.append(_learner(text(model.about or model.name), phase_name, model.summary, about))
    heads = ("learner", "how it was fitted", "phase", *RIVALS.values())
    caption = "The online learner beside batch learners of the same features, on the same held-out items."
    return (f'<section id="{key}"><h2>{text(name)}</h2>'
            f"{table(heads, rows, caption=caption, sortable=True, label=3)}{left_out_notes(result)}</section>")


def _learner(name: str, phase: str, summary: dict[str, float | None], about: str) -> str:
    return (cell(name, kind="wide") + cell(text(about), kind="wide") + cell(text(phase))
            + "".join(bar(summary.get(key)) for key in RIVALS))


def _examples(at: str, name: str, phase: PhaseResult) -> str:
    return examples_tables(phase)


def _summary_table(result: MetricResult) -> str:
    known = figure_names(result)
    rows = []
    for name, phase in result.phases.items():
        figures = "".join(bar(phase.summary.get(key)) if result.kind == "classification"
                          else cell(figure(phase.summary.get(key)), kind="num") for key in known)
        rows.append(cell(text(name)) + cell(text(phase.how)) + cell(count(phase.items), kind="num") + figures)
    heads = ("phase", "measured", "items", *known.values())
    return table(heads, rows, caption="All items of each phase.", label=2)


def _details(key: str, name: str, phase: PhaseResult, *, opened: bool) -> str:
    parts = []
    if phase.confusion is not None:
        parts.append(_confusion(key, name, phase.confusion))
    if phase.per_class:
        parts.append(_class_table(phase.per_class))
    if phase.per_dimension:
        parts.append(_dimension_table(phase.per_dimension))
    if not parts:
        return ""
    state = " open" if opened else ""
    how = f" ({text(phase.how)})" if phase.how and phase.how != name else ""
    what = "Dimensions" if phase.per_dimension else "Classes"
    return (f"<details{state}><summary>{what} in the phase {text(name)}{how}</summary>"
            f'{"".join(parts)}</details>')


def _confusion(key: str, name: str, confusion: Confusion) -> str:
    if len(confusion.labels) > CLASSES_MAX:
        drawn = f'<p class="note">The confusion matrix of {len(confusion.labels)} classes is too large to draw.</p>'
    else:
        alt = f"Confusion matrix of {len(confusion.labels)} classes in the phase {name}."
        drawn = drawing(confusion_chart(confusion, f"{key}-confusion", alt),
                        "Items with one true label: of each true label, the per cent that went to each best label.")
    mistakes = most_confused(confusion)
    rows = [cell(text(true)) + cell(text(best)) + cell(count(items), kind="num") + bar(share)
            for true, best, items, share in mistakes]
    return drawn + (table(("true", "taken for", "items", "share of the true label"), rows, label=2,
                          caption="The most frequent mistakes.") if rows else "")


def _class_table(rows: tuple[ClassRow, ...]) -> str:
    most = max(row.support for row in rows)
    cells = [cell(text(row.label)) + bar(row.support, 0, most)
             + cell(count(row.predicted), sort=row.predicted, kind="num")
             + bar(row.precision) + bar(row.recall) + bar(row.f1) for row in rows]
    return table(("class", "true items", "predicted", "precision", "recall", "F1"), cells, sortable=True,
                 caption="Every class; choose a column to sort by it.")


def _dimension_table(rows: tuple[dict[str, str | float], ...]) -> str:
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "name"]
    cells = [cell(text(row.get("name", ""))) + "".join(_number(row.get(key)) for key in keys) for row in rows]
    return table(("dimension", *map(named, keys)), cells, sortable=True, caption="Every dimension.")


def _number(value: str | float | None) -> str:
    return cell(figure(value), sort=value, kind="num") if isinstance(value, float) else cell("–", kind="num")
