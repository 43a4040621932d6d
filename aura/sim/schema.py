"""A JSON schema of scenario files, for editors: made from the models that check them.

Tables of streams, zones and metrics are told apart by their `kind`. A file that extends another need not say what that
one says, and one that names plugins may have kinds that nobody here knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from aura.plugins.manager import PluginManager
from aura.sim.scenario_model import Extending, Scenario, StreamModel, ZoneModel

__all__ = ["scenario_schema"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_REF = "#/$defs/"
_END = r"[^\s.]+\.\S+"
_PATHWAYS = [{"type": "string", "pattern": rf"^\s*{_END}\s*->\s*{_END}(?:\s+after\s.+)?\s*$"}, {"const": "..."}]
_EXTENDS = {"required": ["extends"]}
_VARIABLE = {
    "type": "object", "description": "A value that is taken from the environment.", "required": ["env"],
    "additionalProperties": False,
    "properties": {"env": {"type": "string", "description": "The name of the variable."},
                   "default": {"description": "What is taken where there is none of that name."}}}


def scenario_schema(manager: PluginManager) -> Schema:
    """Return the schema of scenario files, a JSON value, with the kinds that the manager knows."""
    kinds: dict[str, dict[str, tuple[type[BaseModel], str]]] = {
        "streams": {name: (kind.options_model, kind.summary) for name, kind in manager.all("stream").items()},
        "zones": {name: (zone.params, zone.summary) for name, zone in manager.zones().items()},
        "metrics": {name: (kind.options, kind.summary) for name, kind in manager.all("metric").items()}}
    models: list[type[BaseModel]] = [
        Scenario, Extending, StreamModel, ZoneModel,
        *(model for known in kinds.values() for model, _ in known.values()),
        *(model for zone in manager.zones().values() for model in zone.part_options.values())]
    defs, names = _definitions(models)
    required = {part: {kind: defs[names[model]].get("required", []) for kind, (model, _) in known.items()}
                for part, known in kinds.items()}
    for model in models:
        _ask_for_nothing({"$ref": _REF + names[model]}, defs, {"env"})
    for zone in manager.zones().values():
        options = defs[names[zone.params]]["properties"].get("options")
        if zone.part_options and options:
            options["properties"] = {name: {"$ref": _REF + names[model]} for name, model in zone.part_options.items()}
    keys = {model: defs[names[model]].get("properties", {}) for model in models}
    root = {**keys[Extending], **{key: _or_variable(value, defs) for key, value in keys[Scenario].items()}}
    pathways = keys[Scenario]["pathways"]
    root["pathways"] = {**pathways, "items": {"anyOf": [*_PATHWAYS, pathways["items"]]}}
    for part, known in kinds.items():
        for kind, (model, summary) in known.items():
            defs[f"{part}.{kind}"] = _table(part, kind, summary, keys, model, _REF + names[model])
        root[part] = {**root[part], **_by_kind(part, known, keys[ZoneModel])}
    return {"$schema": DRAFT, "title": "A scenario of AURA", "type": "object", "properties": root,
            "additionalProperties": False, "allOf": [_whole(required), _known_kinds(kinds, manager.all("executor"))],
            "$defs": {**defs, "env": _VARIABLE}}


class _Generator(GenerateJsonSchema):
    """Leaves open what a schema cannot say, of a model that a plugin brings."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:
        return {}


def _definitions(models: list[type[BaseModel]]) -> tuple[Schema, dict[type[BaseModel], str]]:
    """Return the definitions of all models and of what is in them, and the name of each model's own."""
    refs, whole = models_json_schema([(model, "validation") for model in dict.fromkeys(models)],
                                     ref_template=_REF + "{model}", schema_generator=_Generator)
    defs = {name: _cleaned(one) for name, one in whole["$defs"].items()}
    for name, one in defs.items():
        if name not in (Scenario.__name__, Extending.__name__):
            one["properties"] = {key: _or_variable(value, defs) for key, value in one.get("properties", {}).items()}
    return defs, {model: refs[model, "validation"]["$ref"].removeprefix(_REF) for model in models}


def _cleaned(schema: Any) -> Any:
    """Return a schema without titles, which repeat the keys, and without null, which TOML does not know."""
    if isinstance(schema, list):
        return [_cleaned(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: {name: _cleaned(part) for name, part in value.items()} if key == "properties" else _cleaned(value)
             for key, value in schema.items() if key != "title" and not (key == "default" and value is None)}
    if "oneOf" in found:  # a table without its kind may be of any: which it is, the model knows
        found["anyOf"] = found.pop("oneOf")
        found.pop("discriminator", None)
    options = [inner for part in found.get("anyOf", ()) for inner in part.get("anyOf", [part])
               if inner != {"type": "null"}]
    if len(options) == 1:
        del found["anyOf"]
        return {**options[0], **found}
    return {**found, "anyOf": options} if options else found


def _or_variable(schema: Schema, defs: Schema) -> Schema:
    """Return a schema of a value that may be taken from the environment, unless it is of a table."""
    if "$ref" in schema or schema.get("type") == "object" or "const" in schema or "properties" in schema:
        return schema
    kept: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    value = {key: part for key, part in schema.items() if key not in kept}
    if value.get("type") == "array" and isinstance(value.get("items"), dict):
        value["items"] = _or_variable(value["items"], defs)
    options = [{**part, "pattern": value["pattern"]} if "pattern" in value and part.get("type") == "string" else part
               for part in value.get("anyOf", [value])]
    return {**kept, "anyOf": [*options, {"$ref": f"{_REF}env"}]}


def _ask_for_nothing(schema: Schema, defs: Schema, seen: set[str]) -> None:
    """Let no table ask for a key, but for its kind, nor but those in lists: what is extended may have it."""
    name = schema.get("$ref", "").removeprefix(_REF)
    if name and name not in seen:
        seen.add(name)
        _ask_for_nothing(defs[name], defs, seen)
    if schema.get("required") != ["kind"]:  # that tells one kind from another
        schema.pop("required", None)
    for part in _parts(schema):
        _ask_for_nothing(part, defs, seen)


def _parts(schema: Schema) -> Iterator[Schema]:
    for key in ("properties", "patternProperties"):
        yield from schema.get(key, {}).values()
    yield from schema.get("anyOf", ())
    if isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]


def _table(part: str, kind: str, summary: str, keys: Mapping[type[BaseModel], Schema], model: type[BaseModel],
           ref: str) -> Schema:
    """Return the schema of a table of one kind."""
    named: Schema = {"kind": {"const": kind, "description": summary}}
    if part == "zones":
        properties = {**keys[ZoneModel], "params": {"$ref": ref}, **named}
    elif part == "streams":
        held_out = {"type": "object", "description": keys[StreamModel]["held_out"]["description"],
                    "properties": {**keys[model], "limit": keys[StreamModel]["limit"]}, "additionalProperties": False}
        properties = {**keys[StreamModel], **keys[model], "held_out": held_out, **named}
    else:
        properties = {**keys[model], **named}
    return {"type": "object", "description": summary, "properties": properties, "additionalProperties": False}


def _by_kind(part: str, known: Mapping[str, Any], zone: Schema) -> Schema:
    """Return what the tables of a part may be: of a kind that is known, of another, or of one that is not told."""
    table: Schema = {"type": "object"}
    if part == "zones":
        table |= {"properties": zone, "additionalProperties": False}
    other = {**table, "required": ["kind"], "not": {"properties": {"kind": {"enum": list(known)}}}}
    named = [*({"$ref": f"{_REF}{part}.{kind}", "required": ["kind"]} for kind in known), other]
    found: Schema = {"additionalProperties": {"anyOf": [*named, {**table, "not": {"required": ["kind"]}}]}}
    if part == "zones":  # of the kind of its own name, unless it says another
        found["properties"] = {kind: {"anyOf": [{"$ref": f"{_REF}zones.{kind}"}, *named]} for kind in known}
    return found


def _whole(required: Mapping[str, Mapping[str, list[str]]]) -> Schema:
    """Return what a file must say that extends no other."""
    def asks(part: str) -> Schema:
        return {"additionalProperties": {"required": ["kind"], "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}}, "then": {"required": keys}}
            for kind, keys in required[part].items() if keys]}}

    return {"if": {"not": _EXTENDS},
            "then": {"required": ["aura", "name"],
                     "properties": {part: asks(part) for part in ("streams", "metrics")}}}


def _known_kinds(kinds: Mapping[str, Mapping[str, Any]], executors: Iterable[str]) -> Schema:
    """Return that kinds are those that are known, where neither a plugin nor another file may bring more."""
    one = {part: {"properties": {"kind": {"enum": list(known)}}} for part, known in kinds.items()}
    parts: Schema = {part: {"additionalProperties": {**one[part], "required": ["kind"]}} for part in kinds}
    parts["executor"] = {"anyOf": [{"enum": list(executors)}, {"type": "object"}]}
    parts["zones"]["properties"] = dict.fromkeys(kinds["zones"], one["zones"])
    return {"if": {"not": {"anyOf": [_EXTENDS, {"required": ["plugins"]}]}}, "then": {"properties": parts}}
