"""The whole page: sections put into the template."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from aura.core.paths import shell_word
from aura.plugins.report.charts import SMALL_CHARTS_MAX, scalar_charts, zone_time_chart
from aura.plugins.report.components_section import components_section
from aura.plugins.report.graph_chart import ZONES_MAX, graph_chart
from aura.plugins.report.grouped_section import grouped_section
from aura.plugins.report.growth_section import growth_section
from aura.plugins.report.map_section import map_section
from aura.plugins.report.metric_sections import baseline_section, metric_section
from aura.plugins.report.overview import cards, facts, phase_table, status_chip
from aura.plugins.report.record import RunRecord, Series
from aura.plugins.report.section_frame import framed
from aura.plugins.report.tissue_sections import raster_section, trace_section, volume_section
from aura.plugins.report.words import drawing, measured, text

__all__ = ["page"]

Section = tuple[str, str, str]
"""Id, title in the contents, and HTML."""

_SECTIONS = {"batch-baselines": baseline_section, "traces": trace_section, "raster": raster_section,
             "map": map_section, "volume": volume_section, "grouped": grouped_section,
             "components": components_section, "growth": growth_section}
"""Kinds of metric that have a section of their own."""


def page(record: RunRecord) -> str:
    """Return the report as one HTML document that needs nothing else."""
    run = record.run
    sections = [section for section in (*_metrics(record), _scalars(record), _brain(record), _time(record),
                                        _go_on(record)) if section[2]]
    contents = "".join(f'<a href="#{key}">{text(title)}</a>' for key, title, _ in sections)
    return _template("page.html").substitute(
        title=text(f"{run.scenario}: {run.status} - AURA"), css=_template("page.css").template,
        name=text(run.scenario), status=status_chip(run), summary=text(run.summary), messages=_messages(record),
        cards=cards(record) or _no_figures(record), facts=facts(run), phases=phase_table(run), contents=contents,
        sections="\n".join(html for _, _, html in sections), version=text(run.aura), folder=text(record.folder))


def _template(name: str) -> Template:
    return Template((files("aura.plugins.report") / name).read_text(encoding="utf-8"))


def _messages(record: RunRecord) -> str:
    said = [(f"{text(message)}", "problem" if record.run.status == "failed" else "")
            for message in record.run.messages]
    said += [(text(note), "") for note in record.notes]
    if record.run.missed_deadlines:
        missed = f"{record.run.missed_deadlines:,} deadlines were missed: the brain was slower than the wall clock."
        said.append((missed, ""))
    said += [(f"{text(str(notice))}.", "problem" if notice.fault else "") for notice in record.run.notices]
    if record.run.status == "running":
        said.append(("The run was not over when this page was written, or it was killed.", ""))
    return "".join(f'<p class="message {kind}" role="note">{message}</p>' for message, kind in said)


def _no_figures(record: RunRecord) -> str:
    why = "The run was given no metrics." if not record.metrics else "The metrics have counted nothing yet."
    return f'<p class="note">{why}</p>'


def _metrics(record: RunRecord) -> list[Section]:
    names = [name for name in dict.fromkeys((*record.metrics, *record.rolling)) if not _is_scalars(record, name)]
    sections = []
    for number, name in enumerate(names):
        result = record.metrics.get(name)
        make = _SECTIONS.get(result.kind if result is not None else "", metric_section)
        key = f"m{number}"
        sections.append((key, name, make(record, name, key)))
    return sections


def _scalars(record: RunRecord) -> Section:
    """Return the scalars: topics of single numbers, which were asked for, and what zones log while they learn."""
    charts: list[tuple[str, Series]] = [chart for metric, group in record.rolling.items()
                                        if _is_scalars(record, metric) for chart in group.items()]
    charts += [(f"{zone}: {name}", series) for zone, group in record.learned.items() for name, series in group.items()]
    if not charts:
        return "scalars", "scalars", ""
    still = [(title, one.points[0][2]) for title, one in charts if one.never_changes]
    charts = [chart for chart in charts if not chart[1].never_changes]
    shown = charts[:SMALL_CHARTS_MAX]
    parts = []
    if shown:
        chart = scalar_charts(shown, record.run.phases, "scalars-chart",
                              f"Scalars over simulated time: {', '.join(title for title, _ in shown)}.")
        parts.append(drawing(chart, "Means over intervals of simulated time."))
    if len(charts) > len(shown):
        parts.append(f'<p class="note">{len(charts) - len(shown)} more are in metrics.jsonl.</p>')
    if still:
        said = ", ".join(f"{text(title)} {measured(value)}" for title, value in still)
        parts.append(f'<p class="note">Never changed: {said}.</p>')
    about = "What zones log while they learn, and topics of single numbers."
    return "scalars", "scalars", framed("Scalars over time", "scalars", about, *parts)


def _is_scalars(record: RunRecord, metric: str) -> bool:
    result = record.metrics.get(metric)
    return result is not None and result.kind == "scalars"


def _brain(record: RunRecord) -> Section:
    graph, parts = record.run.graph, []
    if 0 < len(graph.zones) <= ZONES_MAX:
        alt = ("The brain's zones and pathways: " + "; ".join(
            f"{path.source}.{path.source_port} to {path.target}.{path.target_port}" for path in graph.pathways[:40])
            or "no pathways")
        chart = graph_chart(graph.zones, graph.pathways, "brain-chart", f"{alt}.")
        parts.append(f'<figure><div class="scroll">{chart}</div><figcaption>Zones with the ports that are '
                     "wired, and the delay of each pathway at its end.</figcaption></figure>")
    elif graph.zones:
        parts.append(f'<p class="note">{len(graph.zones)} zones and {len(graph.pathways)} pathways are too many to '
                     "draw.</p>")
    if record.run.schedule:
        parts.append(f"<details><summary>Schedule: who wakes when</summary><pre>{text(record.run.schedule)}</pre>"
                     "</details>")
    if not parts:
        return "brain", "brain", ""
    return "brain", "brain", f'<section id="brain"><h2>The brain</h2>{"".join(parts)}</section>'


def _time(record: RunRecord) -> Section:
    if not any(spent for zone in record.run.profile.values() for _, spent in zone.values()):
        return "time", "time per zone", ""
    chart = zone_time_chart(record.run.profile, "time-chart",
                            f"Wall time in step and learn of {', '.join(record.run.profile)}.")
    return "time", "time per zone", (
        f'<section id="time"><h2>Time per zone</h2><figure><div class="scroll">{chart}</div>'
        "<figcaption>Wall time in each zone, with the mean of a call and the number of calls.</figcaption></figure>"
        "</section>")


def _go_on(record: RunRecord) -> Section:
    folder = shell_word(record.folder)
    ways = [("resume", f"aura resume {folder}", "goes on from the newest checkpoint"),
            ("replay", f"aura replay {folder}", "runs it again and compares every recorded bit"),
            ("branch", f"aura branch {folder} --set zone.param=value", "starts a new run from a checkpoint"),
            ("export", f"aura export {folder} --out DIR", "writes what the zones have learned")]
    if record.run.status == "finished":
        ways = ways[1:]
    rows = "".join(f"<li><code>{text(command)}</code> {text(what)}</li>" for _, command, what in ways)
    scenario = (f"<details><summary>The resolved scenario</summary><pre>{text(record.scenario)}</pre></details>"
                if record.scenario else "")
    return "go-on", "go on", (f'<section id="go-on"><h2>How to go on</h2><ul class="ways">{rows}</ul>{scenario}'
                              "</section>")
