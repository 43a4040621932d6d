"""Parts of a classification's section: accuracy by the values of other topics, and forgetting."""

from __future__ import annotations

from aura.plugins.report.mixture_record import ByTable, CrossTable
from aura.plugins.report.palette import dotted_name, tone_of
from aura.plugins.report.record import MetricResult, PhaseResult, RunRecord
from aura.plugins.report.section_frame import phase_pictures
from aura.plugins.report.words import bar, cell, count, figure, table, text

__all__ = ["breakdown", "forgetting_table"]


def breakdown(record: RunRecord, result: MetricResult, key: str) -> str:
    """Return items and accuracy by the values of one topic or two, for the phases that matter."""

    def show(at: str, phase_name: str, phase: PhaseResult) -> str:
        tables = "".join(_by_table(record, one) for one in phase.by if one.values)
        return tables + (_cross_table(record, phase.cross) if phase.cross is not None and phase.cross.rows else "")

    return phase_pictures(result, f"{key}-by", "Groups", show)


def forgetting_table(result: MetricResult) -> str:
    """Return the held-out accuracy of each class by phase, and how far it fell from its best."""
    found = result.forgetting
    if found is None:
        return ""
    if not found.per_class:
        return ('<p class="note">Forgetting is told of classes that were held out after they had been learned; there '
                "are none.</p>")
    said = "" if found.mean is None else (
        f"<p>Mean forgetting {figure(found.mean)}: how far a class has fallen from its best held-out accuracy of an "
        "earlier phase.</p>")
    rows = [cell(text(row.label)) + "".join(bar(row.accuracy.get(phase)) for phase in found.phases)
            + cell(figure(row.forgetting), sort=row.forgetting, kind="num") for row in found.per_class]
    return said + table(("class", *found.phases, "forgetting"), rows, sortable=True, caption=(
        "Accuracy of each class in the phases without learning that follow its first lesson."))


def _by_table(record: RunRecord, found: ByTable) -> str:
    whole = sum(value.items for value in found.values)
    rows = [cell(dotted_name(value.name, tone_of(record, value.name))) + cell(count(value.items), sort=value.items,
                                                                             kind="num")
            + bar(value.items / whole) + bar(value.accuracy) for value in found.values]
    return table((found.topic, "items", "share", "accuracy"), rows, sortable=True,
                 caption=f"Items and accuracy by {found.topic}.")


def _cross_table(record: RunRecord, found: CrossTable) -> str:
    rows = [cell(dotted_name(name, tone_of(record, name))) + "".join(
        cell("–" if accuracy is None else f"{figure(accuracy)} <small>of {count(items)}</small>", sort=accuracy,
             kind="num") for accuracy, items in zip(accuracies, counts, strict=True))
        for name, accuracies, counts in zip(found.rows, found.accuracy, found.items, strict=True)]
    first, second = found.topics
    return table((first, *found.columns), rows, sortable=True,
                 caption=f"Accuracy, and the items that it is of: {first} down, {second} across.")
