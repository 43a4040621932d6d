"""The top of the page: what ran, how it ended, and the figures that matter."""

from __future__ import annotations

from datetime import datetime

from aura.core.time import format_time
from aura.plugins.report.html import cell, table, text
from aura.plugins.report.record import RunInfo, RunRecord
from aura.plugins.report.render import render_cards
from aura.plugins.words import clock, count, simulated

__all__ = ["cards", "facts", "phase_table", "status_chip"]


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
    made = "".join(render_cards(name, result.figures or ()) for name, result in record.metrics.items())
    return f'<div class="cards">{made}</div>' if made else ""


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
    heads = [("phase", False), ("zones", False),
             *((name, True) for name in ("from", "to", "items", "wall time", "items/s"))]
    return table(heads, rows, caption="The phases of the run, in simulated time.")
