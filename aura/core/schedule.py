"""Who wakes when: the schedule of a brain as a text."""

from __future__ import annotations

from collections.abc import Sequence

from aura.core.time import Time, format_time
from aura.core.wiring import Member, Pathway

__all__ = ["clock_text", "schedule_text"]


def schedule_text(members: Sequence[Member], pathways: Sequence[Pathway], resolution: Time) -> str:
    """Return the zones with what wakes them, and the pathways with their delays."""
    lines = [f"resolution {format_time(resolution)}", "", "zones"]
    width = max((len(member.name) for member in members), default=0)
    for member in members:
        latency = f", answers after {format_time(member.latency)}" if member.latency else ""
        lines.append(f"  {member.name:<{width}}  {clock_text(member)}{latency}")
    lines += ["", "pathways"]
    ends = [f"{p.source}.{p.source_port}" for p in pathways]
    width = max(map(len, ends), default=0)
    for end, path in zip(ends, pathways, strict=True):
        lines.append(f"  {end:<{width}} -> {path.target}.{path.target_port}  after {format_time(path.delay or 0)}")
    return "\n".join(lines)


def clock_text(member: Member) -> str:
    """Return what wakes a zone, as people say it."""
    ways = []
    if member.period:
        ways.append(f"every {format_time(member.period)}")
    if member.wake_on:
        ways.append(f"when {' or '.join(member.wake_on)} arrives")
    if member.self_clocked:
        ways.append("by its own clock")
    return "wakes " + " and ".join(ways)
