"""The section of a number by group, such as loss by mode."""

from __future__ import annotations

import numpy as np

from aura.plugins.report.charts import rolling_chart
from aura.plugins.report.record import RunRecord, Series
from aura.plugins.report.section_frame import framed, quantity
from aura.plugins.report.words import cell, count, drawing, measured, table, text

__all__ = ["grouped_section", "running_mean"]

SHARE = 25
"""Running means take so many parts of a phase's points: lines that cross at every point are not read."""


def running_mean(series: Series) -> Series:
    """Return the mean of each point of a phase and those before it, up to a share of the phase's points."""
    found = Series()
    for phase, times, values in series.by_phase():
        window = max(1, len(values) // SHARE)
        sums = np.concatenate([[0.0], np.cumsum(values)])
        first = np.maximum(np.arange(len(values)) + 1 - window, 0)
        means = (sums[1:] - sums[first]) / (np.arange(len(values)) + 1 - first)
        found.points += [(time, phase, float(mean)) for time, mean in zip(times, means, strict=True)]
    return found


def grouped_section(record: RunRecord, name: str, key: str) -> str:
    """Return a number by group: its curves over time, and a table."""
    result = record.metrics[name]
    parts = []
    series = record.rolling.get(name, {})
    if series:
        alt = f"Mean {result.signal} by {result.group} over simulated time."
        parts.append(drawing(rolling_chart({group: running_mean(one) for group, one in series.items()},
                                           record.run.phases, f"{key}-time", alt, quantity(result)),
                             f"Running means, each of a {SHARE}th of its phase, a line for each {result.group}; phases "
                             "without learning are shaded."))
    # The same order in every phase, that in which the groups first came.
    places = {row.name: None for phase in result.phases.values() for row in phase.groups}
    order = {group: place for place, group in enumerate(places)}
    rows = [cell(text(phase_name)) + cell(text(phase.how)) + cell(text(row.name)) + cell(count(row.count), kind="num")
            + "".join(cell(measured(value), sort=value, kind="num")
                      for value in (row.mean, row.least, row.largest, row.last))
            for phase_name, phase in result.phases.items()
            for row in sorted(phase.groups, key=lambda row: order[row.name])]
    if rows:
        heads = ("phase", "measured", result.group, "ticks", "mean", "least", "largest", "last")
        unit = "" if result.unit == "1" else f" in {result.unit}"
        parts.append(table(heads, rows, label=3, sortable=True, caption=f"{result.signal}{unit} by {result.group}."))
    return framed(name, key, f"{result.signal} by what {result.group} said in the same tick.", *parts)
