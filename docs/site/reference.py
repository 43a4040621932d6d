"""The reference as Markdown, from the models, manifests and modules themselves."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aura.core.zone import Manifest
from aura.plugins import figures
from aura.plugins.listing import manifest_ports, modulator_rows, port_rows
from aura.plugins.manager import PluginManager
from aura.sim.readers import Column
from aura.sim.scenario import Scenario
from aura.sim.scenario_model import Extending
from aura.zones.amygdala.emotions.taxonomy import load_taxonomy

__all__ = ["pages"]

WORDS = {str: "text", int: "integer", float: "number", bool: "boolean", Any: "value"}
WORDS |= {model: f"`{name}`" for name in figures.__all__ if inspect.isclass(model := getattr(figures, name))}
BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}

API = {
    "aura": ("aura", "What a zone, a notebook and a plugin import.", {"aura": ...}),
    "affect": ("Answers of an engine", "What `EmotionEngine` says of a text.", {"aura.affect.analysis": ...}),
    "experts": ("Kinds of expert", "What a plugin's kind of expert is made of.",
                {"aura.zones.experts.kinds.expert": ...}),
    "hooks": ("Hooks", "What a plugin may implement, each marked with `@aura.hookimpl`.",
              {"aura.plugins.specs": ..., "aura.plugins.context": ..., "aura.plugins.following": ...,
               "aura.plugins.extension": ("ExtensionPoint",), "aura.core.contract": ...}),
    "readers": ("Readers", "What a plugin's reader is made of.", {"aura.plugins.streams": ..., "aura.sim.readers": (
        "Column", "ColumnMap", "IterableSource", "JsonLinesSource", "OnBad", "ReaderOptions", "read_iterable")}),
    "metrics": ("Metrics", "What a plugin's metric is made of.", {
        "aura.plugins.metrics.kind": ("MetricKind", "MetricOptions"), "aura.plugins.metrics.metric": ...,
        "aura.plugins.metrics.results": ("Results", "PhaseResults"), "aura.plugins.metrics.matching": ...,
        "aura.plugins.metrics.options": ("Need", "Topic", "Pending", "RowsEvery", "MeansEvery", "MaxRows", "Span")}),
    "figures": ("Figures", "What a metric shows: data that stand in `metrics.json` and that one renderer draws.",
                {"aura.plugins.figures": ...}),
    "executors": ("Executors", "Where zones live, and how those of one tick are computed.", {
        "aura.core.executor": ..., "aura.core.handle": ..., "aura.core.local": ("LocalZone", "place_here"),
        "aura.core.output": ("Output", "Published"), "aura.core.sent_errors": ...}),
    "tasks": ("Tasks of the amygdala", "What a kind of task is made of.", {
        "aura.zones.amygdala.tasks.task": ..., "aura.zones.amygdala.tasks.kinds": (
            "LabelOptions", "ChoiceOptions", "NumberOptions")}),
    "learners": ("Learners of the amygdala", "What a kind of learner is made of.", {
        "aura.zones.amygdala.learners.learner": ...,
        "aura.zones.common.links": ("Link", "INDICATOR", "LOG_ODDS"),
        "aura.zones.amygdala.learners.kinds": ("RlsOptions", "LogisticOptions", "NetworkOptions"),
        "aura.zones.amygdala.relay": ...}),
    "testing": ("aura.testing", "The conformance kit.", {"aura.testing": ...}),
}
"""Pages of the Python reference: title, sentence, and the names that it shows of each module (...: its `__all__`)."""
WHOLE = ("Blueprint", "Brain")
"""Classes that are shown with what they inherit, for their bases are no public names."""


def pages(root: Path) -> dict[str, str]:
    """Return the generated pages by their names, from the built-in plugins and the package in `root`."""
    manager = PluginManager()
    brought = [info.brings for info in manager.infos() if info.distribution == "aura-brain"]

    def own(point: str) -> list[str]:
        return sorted(name for brings in brought for name in brings.get(point, ()))

    made = {"examples.md": _examples(root / "examples"), "reference/scenario.md": _scenario(),
            "reference/readers.md": _readers(manager, own("stream")),
            "reference/metrics.md": _metrics(manager, own("metric")), "reference/emotions.md": _emotions()}
    for name in own("zone"):
        made[f"reference/zones/{name}.md"] = _zone(manager.zone(name))
    for name, (title, sentence, modules) in API.items():
        more = _bringing(manager) if name == "hooks" else ()
        made[f"reference/api/{name}.md"] = _api(title, sentence, modules, more)
    return made


def _scenario() -> str:
    lines = ["# The keys of a scenario file", "", "Written from the models that every scenario is held to. "
             "[Scenarios](../scenarios.md) says what they mean together; keys of a stream's reader stand under "
             "[readers](readers.md), parameters of a zone under its own page.", ""]
    for path, table in _tables(Scenario, ""):
        lines += [f"## {path or 'At the top'}", "", _docstring(table), "", *_parameters(table)]
        if table is Scenario:
            lines += ["A file that extends another says besides:", "", *_parameters(Extending)]
    return _text(lines)


def _readers(manager: PluginManager, names: Iterable[str]) -> str:
    lines = ["# Readers and columns", "", "A stream takes the keys of its reader beside "
             "[its own](scenario.md#streamsname). [Streams](../streams.md) says what they mean together.", "",
             "## A column", "", _docstring(Column), "", *_parameters(Column)]
    for name in names:
        kind = manager.all("stream")[name]
        lines += [f"## {name}", "", kind.summary, "", *((f"{kind.deprecated}.", "") if kind.deprecated else ())]
        for path, table in _tables(kind.options_model, ""):
            if table is not Column:
                lines += [*([f"### {name}: {path}", "", _docstring(table), ""] if path else []), *_parameters(table)]
    return _text(lines)


def _metrics(manager: PluginManager, names: Iterable[str]) -> str:
    lines = ["# Metrics and their options", "", "A scenario names a metric by `[metrics.NAME]` and its kind. "
             "[Metrics](../metrics.md) says how to read what they tell.", ""]
    for name in names:
        kind = manager.metric(name)
        lines += [f"## {name}", "", kind.summary, ""]
        for path, table in _tables(kind.options, ""):
            lines += [*([f"### {name}: {path}", "", _docstring(table), ""] if path else []), *_parameters(table)]
    return _text(lines)


def _emotions() -> str:
    own = load_taxonomy()
    rows = [(f"**{one.name}**", one.definition, ", ".join(one.goemotions), "yes" if one.learning else "")
            for one in own.emotions]
    return _text([f"# The {len(rows)} emotions", "", "Written from the file of the taxonomy. "
                  "[The forty emotions](../emotions.md) says what it is for.", "",
                  *_table(("emotion", "what it means", "label of GoEmotions", "of learning"), rows)])


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
    for point, items in manifest.parts.items():
        for name, item in items.items():
            lines += [f"## The {point} {name}", "", item.summary, "", *_parameters(manifest.part_options[name])]
    return _text(lines)


def _api(title: str, sentence: str, modules: Mapping[str, Any], more: Iterable[str] = ()) -> str:
    """Return a page on which mkdocstrings shows these names, those of a module in the order of its text."""
    lines = [f"# {title}", "", sentence, "", *more]
    for name, chosen in modules.items():
        module = importlib.import_module(name)
        text = inspect.getsource(module)
        for public in sorted(module.__all__ if chosen is ... else chosen, key=lambda one: _place(one, text)):
            inherited = ["    options: {inherited_members: true}"] if public in WHOLE else []
            lines += [f"::: {name}.{public}", *inherited, ""]
            item = getattr(module, public)
            if inspect.isclass(item) and issubclass(item, BaseModel) and item.model_fields:
                lines += _parameters(item, () if item is figures.Figure else tuple(figures.Figure.model_fields))
    return _text(lines)


def _place(name: str, text: str) -> int:
    found = re.search(rf"^(class |def )?{name}\b", text, re.MULTILINE)
    return found.start() if found else 0


def _bringing(manager: PluginManager) -> Iterator[str]:
    """Return the hooks that bring something: they follow from the extension points."""
    for point in manager.points().values():
        if point.contract.__module__.startswith("aura."):
            yield from (f"## {point.hook}()", "", inspect.cleandoc(getattr(point.spec(), point.hook).__doc__), "")


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


def _parameters(table: type[BaseModel], but: Sequence[str] = ()) -> list[str]:
    rows = [(f"`{field.alias or name}`", "".join(_may_be(field)), field.description or "")
            for name, field in table.model_fields.items() if name not in but]
    cells = 3 if any(sentence for *_, sentence in rows) else 2
    return _table(("key", "type and default", "what it is")[:cells], [row[:cells] for row in rows])


def _may_be(field: FieldInfo) -> Iterator[str]:
    """Return the type as a TOML file has it, the bounds, and the default."""
    yield ", ".join([_kind(field.annotation), *_bounds(field.metadata)])
    if field.is_required():
        yield "; required"
    elif (default := field.get_default(call_default_factory=True)) is not None and (text := _value(default)) != "{}":
        yield f"; default `{text}`"


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
        return f"list of {_several(parts[0])}"
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return f"table of {_several(parts[1])}, by name"
    if annotation in WORDS:
        return WORDS[annotation]
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "table"
    return getattr(annotation, "__name__", str(annotation))


def _several(annotation: Any) -> str:
    return re.sub(r"^(text|integer|number|boolean|value|table|list)\b", r"\1s", _kind(annotation))


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


def _docstring(model: type[BaseModel]) -> str:
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
