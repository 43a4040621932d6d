"""The sections of signals of a tissue: voltages, spikes, activity in space."""

from __future__ import annotations

from aura.plugins.report.raster_chart import raster_chart, rate_chart
from aura.plugins.report.record import PhaseResult, RunRecord
from aura.plugins.report.section_frame import framed, phase_pictures, quantity
from aura.plugins.report.trace_chart import trace_chart
from aura.plugins.report.view_record import RasterView, VolumeView
from aura.plugins.report.volume_chart import profile_chart, volume_chart
from aura.plugins.report.words import cell, count, drawing, measured, simulated, table, text

__all__ = ["raster_section", "trace_section", "volume_section"]


def trace_section(record: RunRecord, name: str, key: str) -> str:
    """Return the traces at the end of the phases."""
    result = record.metrics[name]

    def show(at: str, phase_name: str, phase: PhaseResult) -> str:
        lines = phase.traces
        if not lines:
            return ""
        span = max(line.times[-1] for line in lines) - min(line.times[0] for line in lines)
        least, largest = min(min(line.values) for line in lines), max(max(line.values) for line in lines)
        of = f"each of {len(lines)} of {result.all} traces" if len(lines) < result.all else "each trace"
        alt = f"{result.signal} over the last {simulated(span)} of the phase {phase_name}, a line for {of}."
        return drawing(trace_chart(lines, quantity(result), f"{at}-traces", alt),
                       f"The last {simulated(span)} of the phase, {of} in a row of its own, all to one scale: from "
                       f"{measured(least, result.unit)} to {measured(largest, result.unit)}.")

    return framed(name, key, f"{result.signal} as it was sampled, at the end of each phase.",
                  phase_pictures(result, key, "Traces", show))


def raster_section(record: RunRecord, name: str, key: str) -> str:
    """Return the population rate of the run, the rate of each phase, and the spikes at the end of the phases."""
    result = record.metrics[name]

    def show(at: str, phase_name: str, phase: PhaseResult) -> str:
        raster = phase.raster
        if raster is None or not raster.cells:
            return ""
        alt = f"Spikes of {len(raster.cells)} cells at the end of the phase {phase_name}."
        return drawing(raster_chart(raster, f"{at}-raster", alt), _raster_caption(raster, result.all))

    parts = []
    if result.rate is not None and result.rate.counts:
        parts.append(drawing(
            rate_chart(result.rate, result.all, record.run.phases, f"{key}-rate",
                       f"Mean rate of all cells of {result.signal} over simulated time."),
            "Mean rate of all cells over the whole run; phases without learning are shaded."))
    rows = [cell(text(phase_name)) + cell(text(phase.how)) + cell(count(phase.summary.get("spikes")), kind="num")
            + cell(measured(phase.summary.get("rate_hz")), kind="num") for phase_name, phase in result.phases.items()]
    if rows:
        parts.append(table(("phase", "measured", "spikes", "mean rate of a cell, Hz"), rows, label=2,
                           caption="All spikes of each phase."))
    if not parts:
        parts.append('<p class="note">No cell has spiked.</p>')
    return framed(name, key, f"Spikes of {count(result.all)} cells, as {result.signal} tells them.", *parts,
                  phase_pictures(result, key, "Spikes", show))


def _raster_caption(raster: RasterView, cells: int) -> str:
    shown = len(raster.cells)
    who = f"{shown} of {count(cells)} cells, evenly chosen" if shown < cells else f"all {count(cells)} cells"
    active = len(set(raster.rows))
    return (f"Each mark is one spike of one cell: {who}, in the last {simulated(raster.end - raster.start)} of the "
            f"phase; {active} of them spiked, {count(len(raster.rows))} times in all.")


def volume_section(record: RunRecord, name: str, key: str) -> str:
    """Return the activity of a grid in three dimensions and along its axes."""
    result = record.metrics[name]

    def show(at: str, phase_name: str, phase: PhaseResult) -> str:
        volume = phase.volume
        if volume is None:
            return ""
        size = " × ".join(map(str, volume.shape))
        alt = f"Mean and last {result.signal} of each unit of {size} in the phase {phase_name}."
        drawn = drawing(volume_chart(volume, result.signal, result.unit, f"{at}-volume", alt),
                        _volume_caption(volume, phase, result.unit))
        profiles = [profile for profile in volume.profiles if len(profile.mean) > 1]
        if not profiles:
            return drawn
        alt = f"Mean {result.signal} along each axis in the phase {phase_name}."
        return drawn + drawing(profile_chart(profiles, quantity(result), f"{at}-profile", alt),
                               "Along each axis: the mean over the plane across it.")

    keys = ("mean", "least", "largest", "sparseness")
    rows = [cell(text(phase_name)) + cell(text(phase.how))
            + "".join(cell(measured(phase.summary.get(one)), kind="num") for one in keys)
            for phase_name, phase in result.phases.items()]
    caption = (f"The units' means over each phase, {quantity(result)}. Sparseness is 1 where all units are equally "
               "active, and near 0 where few are active at all.")
    above = table(("phase", "measured", *keys), rows, label=2, caption=caption) if rows else ""
    return framed(name, key, f"{result.signal} over the grid, on average and at the end of each phase.", above,
                  phase_pictures(result, key, "Activity", show))


def _volume_caption(volume: VolumeView, phase: PhaseResult, unit: str) -> str:
    block = " × ".join(map(str, volume.sides))
    what = "a unit" if max(volume.sides) == 1 else f"the mean of a block of {block} units"
    where = ", ".join(map(str, volume.most_active))
    return (f"Each point is {what}, the larger and stronger the more active it is. On average unit ({where}) was the "
            f"most active, with {measured(phase.summary.get('largest'), unit)}.")
