"""Plugins and zones as rows and texts for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aura.core.params import models_in
from aura.plugins.info import PluginInfo

if TYPE_CHECKING:
    from aura.core.ports import Port
    from aura.core.zone import Manifest
    from aura.plugins.manager import PluginManager
    from aura.plugins.metrics.kind import MetricKind
    from aura.plugins.streams import ReaderKind

__all__ = ["PLUGIN_COLUMNS", "ZONE_COLUMNS", "manifest_ports", "metric_text", "modulator_rows", "parameter_tables",
           "plugin_rows", "port_rows", "stream_text", "zone_rows", "zone_text"]

PLUGIN_COLUMNS = ("plugin", "from", "version", "brings", "hooks", "state")
_WIDTH = 110
ZONE_COLUMNS = ("zone", "plugin", "clock", "inputs", "outputs", "what it does")


def plugin_rows(infos: Iterable[PluginInfo]) -> list[tuple[str, ...]]:
    """Return one row a plugin, under `PLUGIN_COLUMNS`; the last says "ok", "blocked", or what is wrong."""
    rows: list[tuple[str, ...]] = []
    for info in infos:
        brought = [f"{point}s {', '.join(names)}" for point, names in info.brings.items() if names]
        state = "blocked" if info.blocked else info.error or "ok"
        rows.append((info.name, info.distribution or info.origin, info.version, "; ".join(brought),
                     ", ".join(hook.removeprefix("aura_") for hook in info.hooks), state))
    return rows


def zone_rows(manager: PluginManager) -> list[tuple[str, ...]]:
    """Return one row a zone, under `ZONE_COLUMNS`; ports are those of the default parameters."""
    rows: list[tuple[str, ...]] = []
    for name, manifest in manager.zones().items():
        inputs, outputs = manifest_ports(manifest)
        rows.append((name, manager.owner("zone", name), _clock(manifest), _names(inputs), _names(outputs),
                     manifest.summary))
    return rows


def zone_text(manifest: Manifest) -> str:
    """Return all that a manifest says of a zone: clock, ports, parameters with their defaults."""
    inputs, outputs = manifest_ports(manifest)
    lines = [f"{manifest.name}: {manifest.summary}", f"  wakes {_clock(manifest)}"]
    for side, ports in (("inputs", inputs), ("outputs", outputs)):
        lines += ["", side, *_rows(None if ports is None else port_rows(ports))]
    lines += ["", "modulators", *_rows(modulator_rows(manifest))]
    lines += _sections("parameters", parameter_tables(manifest.params))
    shown = {table for _, table in parameter_tables(manifest.params)}
    for name, options in manifest.part_options.items():
        lines += _sections("options", (one for one in parameter_tables(options, name) if one[1] not in shown))
    return "\n".join(lines)


def metric_text(kind: MetricKind) -> str:
    """Return what a kind of metric is, and its options with their defaults."""
    lines = [f"{kind.name}: {kind.summary}"]
    lines += _sections("options", parameter_tables(kind.options))
    return "\n".join(lines)


def stream_text(kind: ReaderKind, every: type[BaseModel]) -> str:
    """Return what a kind of stream is, its own options, and the keys that `every` stream may have."""
    lines = [f"{kind.name}: {kind.summary}"]
    lines += _sections("options", parameter_tables(kind.options_model))
    lines += _sections("options", parameter_tables(every), whole="every stream")
    return "\n".join(lines)


def parameter_tables(params: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Return the parameters and the tables within them, each with the key it stands under."""
    yield path, params
    for name, field in params.model_fields.items():
        for part in models_in(field.annotation):
            yield from parameter_tables(part, f"{path}.{name}" if path else name)


def _sections(word: str, tables: Iterable[tuple[str, type[BaseModel]]], whole: str = "") -> list[str]:
    """Return the parameters of each place, under a line that says where they stand."""
    places: dict[str, list[type[BaseModel]]] = {}
    for path, table in tables:
        known = places.setdefault(path, [])
        known += [table] if table not in known else []
    return [line for path, known in places.items()
            for line in ("", f"{word} of {path}" if path else whole or word, *_parameters(known))]


def _parameters(tables: Sequence[type[BaseModel]]) -> list[str]:
    """Return a line for each parameter, and what it means under it; of tables of several kinds, each but once.

    The kinds come first; a parameter that not all of them have says behind it which do.
    """
    found: dict[tuple[str, str, str], tuple[str, list[str]]] = {}
    for table in tables:
        for name, field in table.model_fields.items():
            row = (field.alias or name, _type(field.annotation), _default(field))
            found.setdefault(row, (field.description or "", []))[1].append(_kind(table))
    rows = sorted(found.items(), key=lambda one: one[0][0] != "kind") if len(tables) > 1 else list(found.items())
    heads = _table([(*row, f"({', '.join(kinds)})" if len(kinds) < len(tables) and row[0] != "kind" else "")
                    for row, (_, kinds) in rows])
    if not rows:
        return heads
    return [line for head, (_, (sentence, _)) in zip(heads, rows, strict=True)
            for line in (head, *textwrap.wrap(sentence, _WIDTH, initial_indent=" " * 6,
                                              subsequent_indent=" " * 6, break_long_words=False))]


def _kind(table: type[BaseModel]) -> str:
    """Return what tells a table from others in its place: the one kind that it takes, or else its model's name."""
    kinds = get_args(table.model_fields["kind"].annotation) if "kind" in table.model_fields else ()
    return str(kinds[0]) if len(kinds) == 1 else table.__name__


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        # What is not as the table's own defaults have it; the table is shown by itself.
        own = {name: value for name, value in default if name in default.model_fields_set}
        return f"= {type(default).__name__}({', '.join(f'{name}={_short(value)}' for name, value in own.items())})"
    return f"= {default!r}"


def _short(value: Any) -> str:
    return f"{type(value).__name__}(...)" if isinstance(value, BaseModel) else repr(value)


def manifest_ports(manifest: Manifest) -> tuple[tuple[Port, ...] | None, tuple[Port, ...] | None]:
    """Return inputs and outputs under the default parameters, None where these do not say."""
    try:
        return manifest.ports(manifest.params())
    except KeyboardInterrupt:
        raise
    except BaseException:  # parameters that must be given, or a plugin's mistake: either way the other zones are listed
        return (None if callable(manifest.inputs) else manifest.inputs,
                None if callable(manifest.outputs) else manifest.outputs)


def port_rows(ports: Iterable[Port]) -> list[tuple[str, str, str, str]]:
    """Return name, type, notes (role, range, optional) and sentence of each port."""
    return [(port.name, port.describe(), _notes(port), port.doc) for port in ports]


def modulator_rows(manifest: Manifest) -> list[tuple[str, str, str, str]] | None:
    """Return name, default, range and sentence of each modulator under the default parameters, None where these do
    not say.
    """
    try:
        params = manifest.params() if callable(manifest.modulators) else None
        known = manifest.modulators_of(params)
    except Exception:  # as for ports
        return None
    return [(one.name, f"= {one.default:g}", one.bounds, one.summary) for one in known.values()]


def _rows(rows: Sequence[tuple[str, ...]] | None) -> list[str]:
    return ["  depend on the parameters"] if rows is None else _table(rows)


def _names(ports: tuple[Port, ...] | None) -> str:
    return "depend on the parameters" if ports is None else ", ".join(port.name for port in ports)


def _clock(manifest: Manifest) -> str:
    ways = [f"every {manifest.period}"] if manifest.period else []
    if callable(manifest.wake_on):
        ways.append("on inputs that depend on the parameters")
    elif manifest.wake_on:
        ways.append(f"on {', '.join(manifest.wake_on)}")
    return " and ".join(ways) or "as the scenario says"


def _notes(port: Port) -> str:
    notes: list[str] = [] if port.role == "signal" else [port.role]
    if port.range is not None:
        notes.append(f"{port.range[0]:g} to {port.range[1]:g}")
    if not port.required:
        notes.append("optional")
    return ", ".join(notes)


def _type(annotation: Any) -> str:
    """Return an annotation as people write it, without the constraints that pydantic keeps in it."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(parts[0])
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in parts)
    name = getattr(origin or annotation, "__name__", str(annotation))
    shown = ", ".join("..." if part is Ellipsis else _type(part) for part in parts)
    return "none" if annotation is type(None) else f"{name}[{shown}]" if parts else name


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return ["  none"]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]
