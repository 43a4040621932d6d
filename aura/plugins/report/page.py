"""From a run folder to its report: the sections of the page, put into the template."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from aura.core.errors import unwritable
from aura.core.paths import shell_word
from aura.core.symlinks import refuse_links
from aura.core.time import MS, US, S, format_time
from aura.plugins.figures import Bars, Column, Curves, Graph, Table, Text
from aura.plugins.metrics.results import Results, left_out
from aura.plugins.report.graph import ZONES_MAX
from aura.plugins.report.over_time import SMALL_CHARTS_MAX
from aura.plugins.report.record import RunInfo, RunRecord, read_run
from aura.plugins.report.render import SmallCharts, Surroundings, render, render_cards, templates
from aura.plugins.report.svg import palettes
from aura.plugins.words import clock, count, measured, simulated

__all__ = ["page", "write_report"]


class _Section(NamedTuple):
    """Its id, its name in the contents, its title, and its HTML."""

    key: str
    name: str
    title: str
    body: str


def write_report(folder: str | Path) -> Path:
    """Write ``report.html`` into a run folder and return its path.

    The page is a pure function of what lies in the folder: the same files give the same bytes.

    Parameters
    ----------
    folder : Path
        A run folder, with at least run.json in it.

    Raises
    ------
    AuraError
        If the folder is no run folder, cannot be written to, or holds links, through which nothing is written.
    """
    refuse_links(Path(folder))
    record = read_run(Path(folder))
    target = Path(folder) / "report.html"
    aside = target.with_suffix(".html.partial")
    text = page(record)
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise unwritable(target, error) from error
    return target


def page(record: RunRecord) -> str:
    """Return the report as one HTML document that needs nothing else."""
    run, around = record.run, Surroundings(phases=record.run.phases)
    shown = (("scalars", "scalars", "Scalars over time", _scalars(record)),
             ("brain", "brain", "The brain", _brain(run)), ("time", "time per zone", "Time per zone", _time(run)))
    sections = [*_metrics(record), *(_Section(key, name, title, render(figures, around))
                                      for key, name, title, figures in shown if figures)]
    cards = Markup().join(render_cards(name, result.figures or ()) for name, result in record.metrics.items())
    css = (files("aura.plugins.report") / "page.css").read_text(encoding="utf-8")
    text = templates().get_template("page.html").render(
        run=run, css=Markup(css), messages=_messages(record), cards=cards, metrics=record.metrics, facts=_facts(run),
        phases=render(_phases(run), around), sections=sections, scenario=record.scenario, folder=record.folder,
        place=shell_word(record.folder))
    return text.encode("utf-8", "backslashreplace").decode()  # a folder's name may be of bytes that are no text


def _facts(run: RunInfo) -> list[tuple[str, str]]:
    """Return what ran."""
    items = sum(run.items.values())
    several = ", ".join(f"{name} {count(number)}" for name, number in run.items.items()) if len(run.items) > 1 else ""
    return [
        ("started", _instant(run.started)), ("wall time", clock(run.wall_seconds)),
        ("simulated time", simulated(run.now)), ("items", count(items) if run.items else ""), ("by stream", several),
        ("rate", f"{items / run.wall_seconds:,.0f} items/s" if run.wall_seconds > 0 and items else ""),
        ("ticks", count(run.ticks)), ("seed", "" if run.seed is None else str(run.seed)),
        ("resolution", "" if run.resolution is None else format_time(run.resolution)), ("executor", run.executor),
        ("paced", f"{run.realtime:g} × real time, {count(run.missed_deadlines)} missed deadlines"
         if run.realtime else ""),
        ("resumed", ", ".join(f"at {simulated(time)}" for time in run.resumed)),
        ("AURA", run.aura), *run.versions.items()]


def _instant(started: str) -> str:
    """Return an ISO instant as people read it; another text as it is."""
    try:
        then = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{then:%Y-%m-%d %H:%M:%S} {then.tzname() or ''}".strip()


def _phases(run: RunInfo) -> list[Table]:
    """Return the phases as they were played."""
    columns = (Column(name="phase"), Column(name="zones"), Column(name="from", kind="time"),
               Column(name="to", kind="time"), Column(name="items", kind="count"), Column(name="wall time"),
               Column(name="items/s", kind="count"))
    rows = []
    for phase in run.phases:
        items, wall = sum(phase.items.values()) if phase.items else None, phase.wall_seconds
        rows.append((phase.name, "learning" if phase.learning else "not learning", phase.start, phase.end, items,
                     None if wall is None else clock(wall), items / wall if items and wall else None))
    return [Table(columns=columns, rows=tuple(rows), caption="The phases of the run, in simulated time.",
                  sortable=False)]


def _messages(record: RunRecord) -> list[tuple[str, bool]]:
    """Return what a person should not miss, and whether it is a problem."""
    run = record.run
    messages = [(message, run.status == "failed") for message in run.messages]
    messages += [(note, False) for note in record.notes]
    if run.missed_deadlines:
        missed = f"{run.missed_deadlines:,} deadlines were missed: the brain was slower than the wall clock."
        messages.append((missed, False))
    messages += [(f"{notice}.", notice.fault) for notice in run.notices]
    if run.status == "running":
        messages.append(("The run was not over when this page was written, or it was killed.", False))
    return messages


def _metrics(record: RunRecord) -> Iterator[_Section]:
    known = palettes(record.figures())
    names = [name for name in dict.fromkeys((*record.metrics, *record.rolling)) if not _is_scalars(record, name)]
    for number, name in enumerate(names):
        found = record.metrics.get(name) or Results(figures=(Curves(),))
        around = Surroundings(name, record.run.phases, record.run.now, known, record.rolling.get(name, {}))
        about = [one for one in found.figures or () if isinstance(one, Text) and one.kind == "about"]
        body = render([one for one in found.figures or () if one not in about]
                      + [Text(text=sentence) for sentence in left_out(found)], around)
        if body:
            yield _Section(f"m{number}", name, name, render(about, around) + body)


def _is_scalars(record: RunRecord, metric: str) -> bool:
    result = record.metrics.get(metric)
    return result is not None and result.kind == "scalars"


def _scalars(record: RunRecord) -> list[Any]:
    """Return the scalars: topics of single numbers, which were asked for, and what zones log while they learn."""
    charts = [chart for metric, group in record.rolling.items() if _is_scalars(record, metric)
              for chart in group.items()]
    charts += [(f"{zone}: {name}", series) for zone, group in record.learned.items() for name, series in group.items()]
    still = [f"{title} {measured(one.points[0][2])}" for title, one in charts if one.never_changes]
    moving = [(title, one) for title, one in charts if not one.never_changes]
    figures: list[Any] = []
    if shown := moving[:SMALL_CHARTS_MAX]:
        figures.append(SmallCharts(shown, "Means over intervals of simulated time.",
                                   f"Scalars over simulated time: {', '.join(title for title, _ in shown)}."))
    if len(moving) > len(shown):
        figures.append(Text(text=f"{len(moving) - len(shown)} more are in metrics.jsonl."))
    if still:
        figures.append(Text(text=f"Never changed: {', '.join(still)}."))
    about = Text(text="What zones log while they learn, and topics of single numbers.", kind="about")
    return [about, *figures] if figures else []


def _brain(run: RunInfo) -> list[Any]:
    zones, pathways = run.graph.zones, run.graph.pathways
    if not zones:
        return []
    if len(zones) > ZONES_MAX:
        return [Text(text=f"{len(zones)} zones and {len(pathways)} pathways are too many to draw.")]
    listed = "; ".join(f"{path.source}.{path.source_port} to {path.target}.{path.target_port}"
                       for path in pathways[:40])
    return [Graph(zones=zones, pathways=pathways, alt=f"The brain's zones and pathways: {listed or 'no pathways'}.",
                  caption="Zones with the ports that are wired, and the delay of each pathway at its end.")]


def _time(run: RunInfo) -> list[Any]:
    most = max((sum(spent for _, spent in zone.values()) for zone in run.profile.values()), default=0)
    if not most:
        return []
    unit, scale = ("s", S) if most >= S else ("ms", MS)
    zones = run.profile.values()
    parts = {part: tuple(zone.get(part, (0, 0))[1] / scale for zone in zones) for part in ("step", "learn")}
    return [Bars(names=tuple(run.profile), parts=parts, notes=tuple(map(_per_call, run.profile.values())),
                 quantity=f"wall time, {unit}", sort=True,
                 alt=f"Wall time in step and learn of {', '.join(run.profile)}.",
                 caption="Wall time in each zone, with the mean of a call and the number of calls.")]


def _per_call(spent: dict[str, tuple[int, int]]) -> str:
    parts = []
    for part in ("step", "learn"):
        calls, total = spent.get(part, (0, 0))
        if calls:
            mean = total / calls
            amount = f"{mean / MS:,.2f} ms" if mean >= MS else f"{mean / US:,.1f} µs"
            parts.append(f"{part} {amount} × {calls:,}")
    return ", ".join(parts)
