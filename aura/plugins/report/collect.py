"""Reading a run folder for its report."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aura.core.blame import told
from aura.core.errors import AuraError
from aura.core.json_text import parse_json
from aura.core.params import validated
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.plugin import aura_metrics
from aura.plugins.metrics.results import Results
from aura.plugins.report.record import RunInfo, RunRecord, Series, SeriesByName

__all__ = ["read_metrics", "read_run"]

SERIES_MAX = 300
"""Series drawn at most, of metrics and of zones each; a metric that names its values anew each time stays bounded."""

_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def read_run(folder: str | Path) -> RunRecord:
    """Read what a run has left. Only run.json must be there; what else is missing or damaged is noted.

    Raises
    ------
    AuraError
        If the folder is no run folder.
    """
    folder = Path(folder)
    run = validated(RunInfo, _run_json(folder), f"{folder.name}/run.json")
    notes: list[str] = []
    metrics = read_metrics(folder / "metrics.json", notes)
    rolling, learned = _rows(folder / "metrics.jsonl", notes)
    return RunRecord(str(folder.resolve()), run, metrics, rolling, learned, _text(folder / "scenario.toml"),
                     tuple(notes))


def _run_json(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    hint = "Give the folder that `aura run` has left."
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise AuraError(str(folder), expected="the folder of a run", got="no run.json in it", hint=hint) from None
    except (OSError, ValueError) as error:
        raise AuraError(str(path), expected="a JSON file", got=told(error), hint=hint) from None
    if not isinstance(found, dict):
        raise AuraError(str(path), expected="a JSON object", got=type(found).__name__, hint=hint)
    return dict(_clean(found))


def read_metrics(path: Path, notes: list[str]) -> dict[str, Results]:
    """Read metrics.json; what cannot be read is left out, and said in `notes`."""
    text = _text(path)
    if not text:
        return {}
    try:
        found = _clean(parse_json(text))
    except ValueError as error:
        notes.append(f"{path.name} cannot be read: {error}")
        return {}
    results: dict[str, Results] = {}

    def unknown(name: str, error: Exception) -> None:
        said = repr(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        notes.append(f"{path.name}: the results of {name!r} are of a form that is not known here ({said})")

    for name, result in found.items() if isinstance(found, dict) else ():
        try:
            results[name] = Results.model_validate(result)
        except ValidationError as error:
            unknown(name, error)
    for name, found in [(name, found) for name, found in results.items() if found.figures is None]:
        try:
            results[name] = found.model_copy(update={"figures": tuple(_metric(found.kind).figures(found, results))})
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            del results[name]
            unknown(name, error)
    return results


def _metric(kind: str) -> type[Metric]:
    """Return the class that draws a kind of metric, in runs of before metrics had written what they draw."""
    return next((known.load() for known in aura_metrics() if known.name == kind), Metric)


def _rows(path: Path, notes: list[str]) -> tuple[dict[str, SeriesByName], dict[str, SeriesByName]]:
    """Return the series of the metrics and of the zones' learning."""
    rolling: dict[str, SeriesByName] = {}
    learned: dict[str, SeriesByName] = {}
    bad = 0
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    row = _clean(parse_json(line))
                    owners = learned if "zone" in row else rolling
                    owner = str(row["zone"] if "zone" in row else row["metric"])
                    _add(owners.setdefault(owner, {}), int(row["time"]), str(row["phase"]), row["values"])
                except (ValueError, KeyError, TypeError, AttributeError):
                    bad += 1
    if bad:
        notes.append(f"{path.name}: {bad} of its lines could not be read and stand nowhere in this report.")
    return rolling, learned


def _add(series: SeriesByName, time: int, phase: str, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, (int, float)) and math.isfinite(value):
            if name not in series and len(series) >= SERIES_MAX:
                continue
            series.setdefault(name, Series()).add(time, phase, float(value))


def _clean(value: Any) -> Any:
    """Return JSON values in which no text holds what neither HTML nor a font knows: controls, lone surrogates."""
    if isinstance(value, str):
        return value if value.isprintable() else _UNSHOWABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_clean(key): _clean(part) for key, part in value.items()}
    return [_clean(part) for part in value] if isinstance(value, list) else value


def _text(path: Path) -> str:
    return _UNSHOWABLE.sub("\ufffd", path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else ""
