"""The section of the components of a mixture: who has how much, over time and by phase."""

from __future__ import annotations

from aura.plugins.report.components_chart import SHOWN_MAX, components_chart
from aura.plugins.report.figures import main_phases
from aura.plugins.report.palette import dotted_name, palette
from aura.plugins.report.record import MetricResult, RunRecord
from aura.plugins.report.section_frame import framed, quantity
from aura.plugins.report.words import bar, cell, count, drawing, measured, share, table, text

__all__ = ["components_section", "one_sided_notes"]


def components_section(record: RunRecord, name: str, key: str) -> str:
    """Return the components of a mixture: their chart over time, a sentence if one has nearly all, and a table."""
    result = record.metrics[name]
    series = record.rolling.get(name, {})
    what = result.label or "component"
    parts = []
    if series:
        how = "as layers on top of each other" if result.stacked else "a line for each"
        alt = f"{result.signal} of {len(series)} over simulated time, {how}: {', '.join(list(series)[:SHOWN_MAX])}."
        chart = components_chart(series, palette(record, result.label), record.run.phases, f"{key}-time", alt,
                                 stacked=result.stacked, quantity=quantity(result))
        parts.append(drawing(chart, f"Means over intervals of simulated time, {how}; phases without learning are "
                                    "shaded."))
    if len(series) > SHOWN_MAX:
        parts.append(f'<p class="note">The {SHOWN_MAX} with the most on average are drawn one by one.</p>')
    parts += [one_sided_notes(result), _table(record, result, what)]
    beyond = result.all - len(result.names)
    if beyond > 0:
        parts.append(f'<p class="note">{count(beyond)} more were not kept.</p>')
    return framed(name, key, f"{result.signal}: one number for each {what}.", *parts)


def one_sided_notes(result: MetricResult) -> str:
    """Return a sentence for each phase in which one component takes over."""
    return "".join(
        f'<p class="message" role="note">Routing is one-sided in the phase {text(phase_name)}: {text(found.name)} '
        f"takes {share(found.share, 1.0)} since the last growth. Above 90 % either the data are that simple or the "
        "gate has collapsed.</p>"
        for phase_name, phase in result.phases.items() if (found := phase.one_sided) is not None)


def _table(record: RunRecord, result: MetricResult, what: str) -> str:
    tones = palette(record, result.label)
    rows = []
    for phase_name, phase in main_phases(result):
        most = max((row.mean for row in phase.components), default=0.0)
        rows += [cell(dotted_name(row.name, tones.get(row.name))) + cell(text(phase_name)) + cell(text(phase.how))
                 + bar(row.mean, 3, 1.0 if result.stacked else most)
                 + "".join(cell(measured(value), sort=value, kind="num")
                           for value in (row.least, row.largest, row.last))
                 + cell(count(row.count), sort=row.count, kind="num")
                 for row in phase.components]
    if not rows:
        return ""
    return table((what, "phase", "measured", "mean", "least", "largest", "last", "ticks"), rows, label=3,
                 sortable=True, caption=f"{quantity(result)} in the phases that matter; choose a column to sort by it.")
