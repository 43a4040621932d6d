"""The message types of a recording, and how a port's values become messages and values again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.blame import described
from aura.core.ports import Port
from aura.plugins.recording.cdr import ARRAY_TYPES, array_encoder, array_schema, decode_array, schema_name
from aura.plugins.recording.exact_json import dumps, json_text, loads

if TYPE_CHECKING:
    from aura.core.ports import Value

__all__ = ["ERROR", "LEARN", "PHASE", "Codec", "MessageType", "codec_for", "decode", "encode_scalars"]


class MessageType(NamedTuple):
    """A schema as MCAP stores it: name, encodings of schema and messages, and the schema itself."""

    name: str
    schema_encoding: str
    encoding: str
    schema: bytes


class Codec(NamedTuple):
    """How the values of one port are written."""

    type: MessageType
    encode: Callable[[Any, np.ndarray | None], bytes]


def _json_type(name: str, properties: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> MessageType:
    schema = {"title": name, "type": "object", "properties": dict(properties), **(more or {})}
    return MessageType(name, "jsonschema", "json", json.dumps(schema).encode())


_IDS = {"type": ["array", "null"], "items": {"type": "integer"}}
_NUMBER = {"anyOf": [{"type": "number"}, {"type": "string", "enum": ["nan", "inf", "-inf"]}]}
_STRINGS = {"type": "array", "items": {"type": "string"}}
TEXT = _json_type("aura.Text", {"value": _STRINGS, "ids": _IDS})
TAGS = _json_type("aura.Tags", {"value": {"type": "array", "items": _STRINGS}, "ids": _IDS})
LEARN = _json_type("aura.Learn", {}, {"additionalProperties": _NUMBER})
PHASE = _json_type("aura.Phase", {"phase": {"type": "string"}, "learning": {"type": "boolean"}})
ERROR = _json_type("aura.ZoneError", {"zone": {"type": "string"}, "error": {"type": "string"}})

_DTYPE_OF = {schema_name(dtype): dtype for dtype in ARRAY_TYPES}


def codec_for(port: Port) -> Codec:
    """Return how the values of a port are written."""
    if port.dtype in ("text", "tags"):
        return Codec(TEXT if port.dtype == "text" else TAGS, _encode_text)
    kind = MessageType(schema_name(port.dtype), "ros2msg", "cdr", array_schema(port.dtype))
    return Codec(kind, array_encoder(port.dtype))


def encode_scalars(scalars: Mapping[str, float]) -> bytes:
    """Return what a learn returned as JSON; numbers that are not finite are written as texts.

    Examples
    --------
    >>> encode_scalars({"loss": 0.5, "gain": float("inf")})
    b'{"loss":0.5,"gain":"inf"}'
    """
    return dumps({name: _number(value) for name, value in scalars.items()})


def decode(schema: str, data: bytes) -> tuple[Value | dict[str, Any], np.ndarray | None]:
    """Return the value and the item ids of a message of the named type.

    Raises
    ------
    ValueError
        If the message is not of that type, or the type is none of AURA's.
    """
    dtype = _DTYPE_OF.get(schema)
    if dtype is not None:
        return decode_array(data, dtype)
    if schema not in (TEXT.name, TAGS.name, LEARN.name, PHASE.name, ERROR.name):
        raise ValueError(f"the message type {schema!r} is none of AURA's")
    try:
        return _decode_json(schema, loads(data))
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"JSON that is no message of that type ({described(error)})") from error


def _decode_json(schema: str, content: Any) -> tuple[Value | dict[str, Any], np.ndarray | None]:
    if schema == LEARN.name:
        return {name: float(value) if isinstance(value, str) else value for name, value in content.items()}, None
    if schema in (PHASE.name, ERROR.name):
        return content, None
    value = tuple(content["value"]) if schema == TEXT.name else tuple(tuple(tags) for tags in content["value"])
    ids = None if content["ids"] is None else np.array(content["ids"], np.int64)
    if ids is not None:
        ids.flags.writeable = False
    return value, ids


def _encode_text(value: Any, ids: np.ndarray | None) -> bytes:
    # `dumps`, written out: once for each signal.
    return json_text({"value": value, "ids": None if ids is None else ids.tolist()}).encode("utf-8", "surrogatepass")


def _number(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.item()
    if isinstance(value, float):
        # float(): a subclass such as numpy's would be written by its own repr.
        return float(value) if math.isfinite(value) else str(float(value))
    return value
