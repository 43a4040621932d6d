"""The reference as Markdown, from the models, manifests and modules themselves."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aura.core.zone import Manifest
from aura.plugins.listing import manifest_ports, modulator_rows, port_rows
from aura.plugins.manager import PluginManager
from aura.sim.readers import Column
from aura.sim.scenario import Scenario
from aura.sim.scenario_model import Extending

__all__ = ["pages"]

WORDS = {str: "text", int: "integer", float: "number", bool: "boolean", Any: "any value"}
BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}

API = {
    "aura": ("What a zone, a notebook and a plugin import.", ["aura"]),
    "hooks": ("What a plugin may implement, each marked with `@aura.hookimpl`.",
              ["aura.plugins.specs", "aura.plugins.context"]),
    "readers": ("What a plugin's reader is made of.", ["aura.sim.readers"]),
    "metrics": ("What a plugin's metric is made of, and the vocabulary of its figures.",
                ["aura.plugins.metrics.kind", "aura.plugins.metrics.metric", "aura.plugins.metrics.results",
                 "aura.plugins.metrics.matching", "aura.plugins.metrics.options", "aura.plugins.figures"]),
    "executors": ("Where zones live, and how those of one tick are computed.",
                  ["aura.core.handle", "aura.core.executor", "aura.core.output"]),
    "testing": ("The conformance kit.", ["aura.testing"]),
}
"""Pages of the Python reference: a sentence, and the modules whose `__all__` they show."""
WHOLE = ("Blueprint", "Brain")
"""Classes that are shown with what they inherit, for their bases are no public names."""


def pages(root: Path) -> dict[str, str]:
    """Return the generated pages by their names, from the built-in plugins and the package in `root`."""
    manager = PluginManager()
    own = [info for info in manager.infos() if info.distribution == "aura-brain"]
    streams, metrics, zones = (sorted(name for info in own for name in info.brings.get(point, ()))
                               for point in ("stream", "metric", "zone"))
    made = {"examples.md": _examples(root / "examples"), "reference/scenario.md": _scenario(),
            "reference/readers.md": _readers(manager, streams), "reference/metrics.md": _metrics(manager, metrics)}
    for name in zones:
        made[f"reference/zones/{name}.md"] = _zone(manager.zone(name))
    for name, (sentence, modules) in API.items():
        made[f"reference/api/{name}.md"] = _api(name, sentence, modules)
    return made


def _scenario() -> str:
    lines = ["# The keys of a scenario file", "", "Written from the models that every scenario is held to. "
             "[Scenarios](../scenarios.md) says what they mean together; keys of a stream's reader stand under "
             "[readers](readers.md), parameters of a zone under its own page.", ""]
    for path, table in [("beside `extends`", Extending), *_tables(Scenario, "")]:
        lines += [f"## {path or 'At the top'}", "", _said(table), "", *_parameters(table)]
    return _text(lines)


def _readers(manager: PluginManager, names: Iterable[str]) -> str:
    lines = ["# Readers and columns", "", "A stream takes the keys of its reader beside "
             "[its own](scenario.md#streamsname). [Streams](../streams.md) says what they mean together.", "",
             "## A column", "", _said(Column), "", *_parameters(Column)]
    for name in names:
        kind = manager.stream(name)
        lines += [f"## {name}", "", kind.summary, ""]
        for path, table in _tables(kind.options_model, ""):
            if table is not Column:
                lines += [*([f"### {name}: {path}", "", _said(table), ""] if path else []), *_parameters(table)]
    return _text(lines)


def _metrics(manager: PluginManager, names: Iterable[str]) -> str:
    lines = ["# Metrics and their options", "", "A scenario names a metric by `[metrics.NAME]` and its kind. "
             "[Metrics](../metrics.md) says how to read what they tell.", ""]
    for name in names:
        kind = manager.metric(name)
        lines += [f"## {name}", "", kind.summary, ""]
        for path, table in _tables(kind.options, ""):
            lines += [*([f"### {name}: {path}", "", _said(table), ""] if path else []), *_parameters(table)]
    return _text(lines)


def _zone(manifest: Manifest) -> str:
    lines = [f"# The zone {manifest.name}", "", manifest.summary, "", "Ports and modulators are those of the default "
             f"parameters; `aura describe SCENARIO` tells those of a scenario, and `aura zones {manifest.name}` all of "
             "this at the terminal.", ""]
    for side, ports in zip(("Inputs", "Outputs"), manifest_ports(manifest), strict=True):
        lines += [f"## {side}", ""]
        lines += ["They depend on the parameters.", ""] if ports is None else _table(
            ("port", "type", "role and range", "what it is"), [_codes(row, 2) for row in port_rows(ports)])
    lines += ["## Modulators", ""]
    rows = modulator_rows(manifest)
    lines += ["They depend on the parameters.", ""] if rows is None else _table(
        ("modulator", "default", "range", "what it does"),
        [(f"`{name}`", default.removeprefix("= "), *more) for name, default, *more in rows])
    for path, table in _tables(manifest.params, ""):
        lines += [f"## Parameters{f' of {path}' if path else ''}", "", *_parameters(table)]
    return _text(lines)


def _api(name: str, sentence: str, modules: Sequence[str]) -> str:
    """Return a page on which mkdocstrings shows every public name of these modules that has something to say."""
    lines = [f"# {name if name in ('aura',) else 'aura.testing' if name == 'testing' else name.capitalize()}", "",
             sentence, ""]
    for module in modules:
        for public in importlib.import_module(module).__all__:
            inherited = ["    options: {inherited_members: true}"] if public in WHOLE else []
            lines += [f"::: {module}.{public}", *inherited, ""]
    return _text(lines)


def _examples(folder: Path) -> str:
    lines = ["# Examples", "", "Each is run by the tests, and prints what stands under it.", ""]
    for path in sorted(folder.glob("*.py")):
        lines += [f"## {path.stem.replace('_', ' ').capitalize()}", "", f"```python file=examples/{path.name}",
                  path.read_text(encoding="utf-8").rstrip(), "```", "", "```output",
                  path.with_suffix(".out").read_text(encoding="utf-8").rstrip(), "```", ""]
    return _text(lines)


def _tables(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Return a model and those within it, each with where it stands in a file: ``streams.NAME``, ``phases[]``."""
    yield path, model
    for name, field in model.model_fields.items():
        for part, place in _models_in(field.annotation, f"{path}.{field.alias or name}".removeprefix(".")):
            yield from _tables(part, place)


def _models_in(annotation: Any, place: str) -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, place
    origin = get_origin(annotation)
    more = ".NAME" if origin is dict else "[]" if origin in (tuple, list) else ""
    for part in get_args(annotation):
        yield from _models_in(part, f"{place}{more}")


def _parameters(table: type[BaseModel]) -> list[str]:
    return _table(("key", "type and default", "what it is"),
                  [(f"`{field.alias or name}`", "".join(_may_be(field)), field.description or "")
                   for name, field in table.model_fields.items()])


def _may_be(field: FieldInfo) -> Iterator[str]:
    """Return the type as a TOML file has it, the bounds, and the default."""
    yield ", ".join([_kind(field.annotation), *_bounds(field.metadata)])
    if field.is_required():
        yield "; required"
    elif (default := field.get_default(call_default_factory=True)) is not None and (said := _value(default)) != "{}":
        yield f"; default `{said}`"


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [bound for part in parts[1:] for bound in _bounds(getattr(part, "metadata", [part]))]
        return " ".join([_kind(parts[0]), *bounds])
    if origin is Literal:
        return " or ".join(f"`{_value(part)}`" for part in parts)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_kind(part) for part in parts if part is not NoneType))
    if origin is tuple and Ellipsis not in parts:
        return f"list of {len(parts)}: {', '.join(map(_kind, parts))}"
    if origin in (tuple, list, set, frozenset):
        return f"list of {_kind(parts[0])}"
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return f"{_kind(parts[1])} by name"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "table"
    return WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _bounds(metadata: Iterable[Any]) -> list[str]:
    return [f"{word} {getattr(one, name):g}" for one in metadata for name, word in BOUNDS.items()
            if getattr(one, name, None) is not None]


def _value(value: Any) -> str:
    """Return a default as TOML has it; of a table what is not as in the table's own section."""
    if isinstance(value, BaseModel):
        value = {key: getattr(value, key) for key in type(value).model_fields if key in value.model_fields_set}
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(one)}' for key, one in value.items())} }}" if value else "{}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False, default=str)


def _said(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def _codes(row: Sequence[str], count: int) -> list[str]:
    """Return a row whose first cells are code, where there is any."""
    return [f"`{cell}`" if cell and place < count else cell for place, cell in enumerate(row)]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return ["None.", ""]
    lines = [" | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in row) for row in rows]
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {line} |" for line in lines), ""]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines)
