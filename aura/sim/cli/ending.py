"""The end of a run, told: the figures of each phase, where all of it lies, or one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from aura.core.errors import CheckpointError
from aura.core.notices import Notice
from aura.core.paths import shell_word, shown_path
from aura.core.time import format_time
from aura.sim.runfolder import RunFolder, strict_json

__all__ = ["document", "print_document", "say_end"]


def say_end(folder: RunFolder) -> int:
    """Print what came of a run, and return the number of its faults.

    Raises
    ------
    CheckpointError
        If its folder is no longer there.
    """
    record = folder.read()
    if not record:
        raise CheckpointError(str(folder.path / "run.json"), expected="what came of the run", got="no such file",
                              hint="The folder was moved or removed as the run ended.")
    say_figures(folder.path)
    notices = [Notice(**notice) for notice in record.get("notices", [])]
    faults = sum(notice.fault for notice in notices)
    status = record["status"]
    how = f"{status}, with {faults} {'fault' if faults == 1 else 'faults'}," if faults else status
    typer.echo(f"{how} at {format_time(_instant(record))}: {shown_path(folder.path)}")
    for notice in notices:
        typer.echo(f"{'fault: ' if notice.fault else ''}{notice}")
    if (folder.path / "report.html").is_file():
        typer.echo(f"report: {shown_path(folder.path / 'report.html')}")
    if status == "stopped":
        typer.echo(f"to go on: aura resume {shell_word(folder.path)}")
    return faults


def say_figures(folder: Path) -> None:
    """Print the figures of each phase as the report has them: tables on a terminal wide enough, else a line for each.
    """
    from aura.plugins.metrics.results import figure_rows, left_out
    from aura.plugins.report.record import read_metrics
    from aura.sim.cli.tables import print_figures

    for name, result in read_metrics(folder / "metrics.json", []).items():
        heads, rows = figure_rows(result)
        if result.view or not rows:
            continue
        title = f"{name}: {result.prediction} against {result.truth}" if result.prediction else name
        if not (sys.stdout.isatty() and print_figures(title, heads, rows, words=2)):
            for phase, measured, items, *figures in rows:
                parts = (f"{head} {value}" for head, value in zip(heads[3:], figures, strict=True) if value != "–")
                typer.echo(f"{name}, {phase} ({measured}): {', '.join((f'{items} items', *parts))}")
        for sentence in left_out(result):
            typer.echo(f"{name}: {sentence[0].lower()}{sentence[1:]}")


def print_document(folder: RunFolder, **more: Any) -> None:
    """Print a run as one JSON document."""
    typer.echo(json.dumps(strict_json({**document(folder), **more}), indent=1, ensure_ascii=False))


def document(folder: RunFolder) -> dict[str, Any]:
    """Return a run as JSON values: folder, status, instant in ns, phases with figures, notices."""
    from aura.plugins.report.record import read_metrics

    record, report = folder.read(), folder.path / "report.html"
    results = read_metrics(folder.metrics, [])
    phases = {phase["name"]: {**phase, "figures": {}} for phase in record.get("phases", [])}
    for name, result in results.items():
        for place, phase in result.phases.items():
            entry = phases.setdefault(place, {"name": place, "learning": phase.learning, "figures": {}})
            entry["figures"][name] = {"measured": phase.how, "items": phase.items, "unlabelled": phase.unlabelled,
                                      **phase.summary}
    # What stands apart of a phase comes right behind it.
    played = {phase["name"]: place for place, phase in enumerate(record.get("phases", []))}
    order = sorted(phases, key=lambda name: (played.get(name, played.get(name.rpartition(", ")[0], len(played)))))
    return {"folder": str(folder.path), "status": record.get("status"), "now": _instant(record),
            "report": str(report) if report.is_file() else None, "phases": [phases[name] for name in order],
            "notices": list(_notices(record)), "messages": record.get("messages", [])}


def _notices(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for notice in record.get("notices", []):
        yield {**notice, "said": str(Notice(**notice))}


def _instant(record: dict[str, Any]) -> int:
    """Return the last tick's instant: within a tick time is counted on in nanoseconds."""
    now, grid = record.get("now", 0), record.get("resolution") or 1
    return int(now // grid * grid)
