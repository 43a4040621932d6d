"""Who wakes when: the schedule of a brain as a text."""

from __future__ import annotations

from collections.abc import Sequence

from aura.core.pathway import Pathway
from aura.core.plan import Plan
from aura.core.time import Time, format_time

__all__ = ["clock_text", "schedule_text"]


def schedule_text(plans: Sequence[Plan], pathways: Sequence[Pathway], resolution: Time) -> str:
    """Return the zones with what wakes them, and the pathways with their delays."""
    lines = [f"resolution {format_time(resolution)}", "", "zones"]
    width = max((len(plan.name) for plan in plans), default=0)
    for plan in plans:
        latency = f", answers after {format_time(plan.latency)}" if plan.latency else ""
        lines.append(f"  {plan.name:<{width}}  {clock_text(plan)}{latency}")
    lines += ["", "pathways"]
    ends = [f"{p.source}.{p.source_port}" for p in pathways]
    width = max(map(len, ends), default=0)
    for end, path in zip(ends, pathways, strict=True):
        lines.append(f"  {end:<{width}} -> {path.target}.{path.target_port}  after {format_time(path.delay or 0)}")
    return "\n".join(lines)


def clock_text(plan: Plan) -> str:
    """Return what wakes a zone, as people say it."""
    ways = []
    if plan.period:
        ways.append(f"every {format_time(plan.period)}")
    if plan.wake_on:
        ways.append(f"when {' or '.join(plan.wake_on)} arrives")
    if plan.self_clocked:
        ways.append("by its own clock")
    return "wakes " + " and ".join(ways)
