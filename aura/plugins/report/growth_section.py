"""The section of growth: the tree over time, and a table of its events."""

from __future__ import annotations

from collections.abc import Sequence

from aura.plugins.report.growth_chart import LIVES_MAX, growth_chart, lives
from aura.plugins.report.mixture_record import GrowthEvent
from aura.plugins.report.palette import dotted_name, palette
from aura.plugins.report.record import RunRecord
from aura.plugins.report.section_frame import framed
from aura.plugins.report.words import cell, count, drawing, simulated, table, text

__all__ = ["growth_section", "in_words"]

ROWS_MAX = 200
"""Events in the table; all are in metrics.json."""

TOLD_MAX = 20
"""Events that are told in words, for those who cannot see the tree."""

_DONE = {"grow": "was grown", "prune": "was pruned", "revive": "was revived", "freeze": "was frozen",
         "thaw": "was thawed"}


def growth_section(record: RunRecord, name: str, key: str) -> str:
    """Return the growth tree and its events."""
    result = record.metrics[name]
    events, what = result.events, result.label or "component"
    if not events:
        return framed(name, key, f"What {result.signal} told of.", '<p class="note">Nothing grew.</p>')
    tones, parts = palette(record, result.label), []
    born = lives(events)
    if len(born) <= LIVES_MAX:
        chart = growth_chart(events, tones, record.run.phases, record.run.now, f"{key}-tree", in_words(events))
        parts.append(drawing(chart, (
            f"A line for the life of each {what}, with lines from those that it was grown from: thick while it learns, "
            "thin while it is frozen, dotted while it is put away; phases without learning are shaded.")))
    else:
        parts.append(f'<p class="note">{count(len(born))} lives are too many to draw.</p>')
    rows = [cell(simulated(event.time), sort=event.time, kind="num") + cell(count(event.items), sort=event.items,
                                                                            kind="num")
            + cell(text(event.action)) + cell(dotted_name(event.expert, tones.get(event.expert)))
            + "".join(cell(text(part)) for part in (event.kind, ", ".join(event.parents), event.start, event.reason,
                                                    str(event.group)))
            for event in events[:ROWS_MAX]]
    heads = ("time", "items", "event", what, "kind", "from", "how", "why", "group")
    parts.append(table(heads, rows, sortable=True, label=len(heads), caption="Every event, in its order."))
    more = len(events) - len(rows) + result.left_out
    if more:
        parts.append(f'<p class="note">{count(more)} more events are not shown.</p>')
    about = f"What {result.signal} told of: {count(len(born))} grown, {count(result.all)} of them take part at the end."
    return framed(name, key, about, *parts)


def in_words(events: Sequence[GrowthEvent]) -> str:
    """Return the tree as a sentence.

    Examples
    --------
    >>> in_words([GrowthEvent(time=0, items=0, action="grow", expert="a"),
    ...           GrowthEvent(time=2_000_000, items=9, action="grow", expert="b", parents=("a",))])
    'Growth tree: a was grown at 0 s; b was grown from a at 2 ms.'
    """
    told = [f"{event.expert} {_DONE[event.action]}{' from ' + ' and '.join(event.parents) if event.parents else ''} "
            f"at {simulated(event.time)}" for event in events[:TOLD_MAX]]
    more = f"; and {len(events) - len(told)} more events" if len(events) > len(told) else ""
    return f"Growth tree: {'; '.join(told)}{more}."
