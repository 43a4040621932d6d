"""The whole page: sections put into the template."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from aura.core.paths import shell_word
from aura.core.time import MS, US, S
from aura.plugins.figures import Bars, Curves, Graph, Text
from aura.plugins.metrics.results import Results, left_out
from aura.plugins.report.charts import bar_chart
from aura.plugins.report.graph_chart import ZONES_MAX, graph_chart
from aura.plugins.report.html import drawing, text
from aura.plugins.report.over_time import SMALL_CHARTS_MAX, scalar_charts
from aura.plugins.report.overview import cards, facts, phase_table, status_chip
from aura.plugins.report.palette import palettes
from aura.plugins.report.record import RunRecord, Series
from aura.plugins.report.render import Surroundings, render
from aura.plugins.words import measured

__all__ = ["page"]

Section = tuple[str, str, str]
"""Id, title in the contents, and HTML."""


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
    known = palettes(record)
    sections = []
    for number, name in enumerate(names):
        found = record.metrics.get(name) or Results(figures=(Curves(),))
        around = Surroundings(name, record.run.phases, record.run.now, known, record.rolling.get(name, {}))
        said = [one for one in found.figures or () if isinstance(one, Text) and one.kind == "about"]
        body = render([one for one in found.figures or () if one not in said], around)
        body += render([Text(text=sentence) for sentence in left_out(found)], around)
        sections.append((f"m{number}", name, _section(f"m{number}", name, render(said, around), body)))
    return sections


def _section(key: str, title: str, about: str, body: str) -> str:
    """Return a section, empty if there is nothing in it."""
    return f'<section id="{key}"><h2>{text(title)}</h2>{about}{body}</section>' if body else ""


def _scalars(record: RunRecord) -> Section:
    """Return the scalars: topics of single numbers, which were asked for, and what zones log while they learn."""
    charts: list[tuple[str, Series]] = [chart for metric, group in record.rolling.items()
                                        if _is_scalars(record, metric) for chart in group.items()]
    charts += [(f"{zone}: {name}", series) for zone, group in record.learned.items() for name, series in group.items()]
    still = [(title, one.points[0][2]) for title, one in charts if one.never_changes]
    charts = [chart for chart in charts if not chart[1].never_changes]
    shown, body = charts[:SMALL_CHARTS_MAX], ""
    if shown:
        alt = f"Scalars over simulated time: {', '.join(title for title, _ in shown)}."
        body += drawing(scalar_charts(shown, record.run.phases, alt), "Means over intervals of simulated time.")
    if len(charts) > len(shown):
        body += f'<p class="note">{len(charts) - len(shown)} more are in metrics.jsonl.</p>'
    if still:
        said = ", ".join(f"{text(title)} {measured(value)}" for title, value in still)
        body += f'<p class="note">Never changed: {said}.</p>'
    about = '<p class="about">What zones log while they learn, and topics of single numbers.</p>'
    return "scalars", "scalars", _section("scalars", "Scalars over time", about, body)


def _is_scalars(record: RunRecord, metric: str) -> bool:
    result = record.metrics.get(metric)
    return result is not None and result.kind == "scalars"


def _brain(record: RunRecord) -> Section:
    graph, body = record.run.graph, ""
    if 0 < len(graph.zones) <= ZONES_MAX:
        alt = ("The brain's zones and pathways: " + ("; ".join(
            f"{path.source}.{path.source_port} to {path.target}.{path.target_port}" for path in graph.pathways[:40])
            or "no pathways"))
        body = drawing(graph_chart(Graph(zones=graph.zones, pathways=graph.pathways), f"{alt}."),
                       "Zones with the ports that are wired, and the delay of each pathway at its end.")
    elif graph.zones:
        body = (f'<p class="note">{len(graph.zones)} zones and {len(graph.pathways)} pathways are too many to '
                "draw.</p>")
    if record.run.schedule:
        body += (f"<details><summary>Schedule: who wakes when</summary><pre>{text(record.run.schedule)}</pre>"
                 "</details>")
    return "brain", "brain", _section("brain", "The brain", "", body)


def _time(record: RunRecord) -> Section:
    profile = record.run.profile
    most = max((sum(spent for _, spent in zone.values()) for zone in profile.values()), default=0)
    if not most:
        return "time", "time per zone", ""
    unit, scale = ("s", S) if most >= S else ("ms", MS)
    parts = {part: tuple(zone.get(part, (0, 0))[1] / scale for zone in profile.values()) for part in ("step", "learn")}
    chart = bar_chart(Bars(names=tuple(profile), parts=parts, notes=tuple(map(_per_call, profile.values())),
                           quantity=f"wall time, {unit}"), f"Wall time in step and learn of {', '.join(profile)}.")
    return "time", "time per zone", _section("time", "Time per zone", "", drawing(
        chart, "Wall time in each zone, with the mean of a call and the number of calls."))


def _per_call(spent: dict[str, tuple[int, int]]) -> str:
    parts = []
    for part in ("step", "learn"):
        calls, total = spent.get(part, (0, 0))
        if calls:
            mean = total / calls
            amount = f"{mean / MS:,.2f} ms" if mean >= MS else f"{mean / US:,.1f} µs"
            parts.append(f"{part} {amount} × {calls:,}")
    return ", ".join(parts)


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
    return "go-on", "go on", _section("go-on", "How to go on", "", f'<ul class="ways">{rows}</ul>{scenario}')
