"""The section of a map of units: which of them win, and what each region answers to."""

from __future__ import annotations

from aura.plugins.report.map_chart import map_chart, sheets_shown
from aura.plugins.report.record import PhaseResult, RunRecord
from aura.plugins.report.section_frame import framed, left_out_notes, phase_pictures
from aura.plugins.report.view_record import MapView
from aura.plugins.report.words import bar, cell, count, drawing, share, table, text

__all__ = ["map_section"]


def map_section(record: RunRecord, name: str, key: str) -> str:
    """Return the map of units with what each region answers to."""
    result = record.metrics[name]
    width, height, depth = (*result.shape, 1, 1, 1)[:3]
    shape = width, height, depth

    def show(at: str, phase_name: str, phase: PhaseResult) -> str:
        view = phase.map
        if view is None or not view.units:
            return ""
        alt = f"Map of {result.signal}: which label each of {result.all} units answers to in the phase {phase_name}."
        drawn = drawing(map_chart(view, shape, f"{at}-map", alt), _map_caption(view, shape))
        return drawn + _region_table(phase)

    rows = [cell(text(phase_name)) + cell(text(phase.how)) + cell(count(phase.items), kind="num")
            + bar(phase.summary.get("utilisation")) + bar(phase.summary.get("purity"))
            + bar(phase.summary.get("purity_by_chance"))
            for phase_name, phase in result.phases.items()]
    above = table(("phase", "measured", "items", "units that won", "purity", "by chance"), rows, label=2, caption=(
        "All items of each phase. Purity: the share of the items that have the majority label of their unit; by "
        "chance: the same with the labels dealt out anew.")) \
        if rows else ""
    about = (f"Which unit won for each item ({result.signal}), " + (
        f"and what the items were ({result.truth})." if result.truth else "and how often."))
    return framed(name, key, about, above, phase_pictures(result, key, "Map", show), left_out_notes(result))


def _map_caption(view: MapView, shape: tuple[int, ...]) -> str:
    units = shape[0] * shape[1] * shape[2]
    won = f"{count(len(view.units))} of {count(units)} units won at least once ({share(len(view.units), units)})"
    sheets = len(sheets_shown(shape[2]))
    which = f" {sheets} of {shape[2]} sheets are drawn, evenly chosen." if sheets < shape[2] else ""
    if not view.labels:
        return f"Each square is a unit, the stronger the more often it won; {won}.{which}"
    return (f"Each square is a unit: its colour is the label that most of its items had, and it is the stronger the "
            f"more often it won; {won}.{which}")


def _region_table(phase: PhaseResult) -> str:
    if not phase.regions:
        return ""
    most = max(region.units for region in phase.regions)
    rows = [cell(text(region.label)) + bar(region.units, 0, most) + cell(count(region.items), kind="num")
            + bar(region.own / region.items if region.items else None)
            + bar(region.own / region.held if region.held else None) for region in phase.regions]
    return table(("label", "units", "items", "of its items, in its units", "of its units' items, its own"), rows,
                 sortable=True, caption="What the regions answer to; choose a column to sort by it.")
