"""One expert, one file: all that it has learned, as a msgpack file of flax that carries a digest of itself.

The file is ``flax.serialization.msgpack_serialize`` of one map with the keys format, name, kind, shape, classes,
options (JSON), seed, state and, at its end, sha256: the digest of every byte before it. What msgpack has no word for is
said as `aura.core.state.encode` says it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from aura.core.blame import described
from aura.core.errors import AuraError, StateError
from aura.core.state import decode, encode
from aura.zones.common.whole_files import write_file
from aura.zones.experts.kinds.expert import Expert

__all__ = ["FORMAT", "DamagedError", "ExpertHeader", "pack_expert", "read_bytes", "read_expert", "require_whole",
           "unpack_expert", "write_expert"]

FORMAT = 1
"""Of the files; readers refuse any other."""

_DIGEST_BYTES = 32
_KEYS = ("format", "name", "kind", "shape", "classes", "options", "seed", "state", "sha256")
_HINT = 'Try another copy of the file, or [store] on_damage = "mask" to run on without this expert.'


class DamagedError(StateError):
    """A file of an expert that is missing, damaged, or of an expert that does not fit; the message names it."""


@dataclass(frozen=True, slots=True)
class ExpertHeader:
    """What an expert's file says of it.

    Parameters
    ----------
    name : str
        Of the expert.
    kind : str
        The name of its kind, as in a scenario.
    shape : tuple of int
        Of one stimulus.
    classes : int
        How many it tells apart.
    options : str
        Of its kind, as JSON.
    seed : int
        It was built with.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    classes: int
    options: str
    seed: int


def pack_expert(expert: Expert, name: str, kind_name: str) -> bytes:
    """Return the bytes of an expert's file.

    Raises
    ------
    StateError
        If its state holds what a file cannot.
    """
    from flax.serialization import msgpack_serialize

    tree = {"format": FORMAT, "name": name, "kind": kind_name, "shape": [int(length) for length in expert.shape],
            "classes": int(expert.classes), "options": json.dumps(expert.options.model_dump(mode="json")),
            "seed": encode(int(expert.seed), name), "state": encode(expert.state(), name),
            "sha256": bytes(_DIGEST_BYTES)}
    # In place, on the copy that was just made: else the keys of every map would be sorted.
    body = bytes(msgpack_serialize(tree, in_place=True))[:-_DIGEST_BYTES]
    return body + sha256(body).digest()


def unpack_expert(data: bytes, where: str, kinds: Callable[[str], type[Expert]], *,
                  shape: tuple[int, ...] | None = None, name: str | None = None) -> tuple[ExpertHeader, Expert]:
    """Return the expert that the bytes of a file hold, as `read_expert` does; `where` names the file."""
    from flax.serialization import msgpack_restore

    require_whole(data, where)
    try:
        tree = msgpack_restore(data)
    except Exception as error:  # whole, yet no msgpack: its reader raises errors of every kind
        _refuse(where, "a file of an expert", described(error), error)
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        _refuse(where, f"a file of an expert, of format {FORMAT}",
                f"format {tree.get('format')!r}" if isinstance(tree, dict) else type(tree).__name__)
    if set(tree) != set(_KEYS):
        _refuse(where, f"the keys {', '.join(_KEYS)}", ", ".join(map(str, tree)))
    header = ExpertHeader(tree["name"], tree["kind"], tuple(tree["shape"]), tree["classes"], tree["options"],
                          decode(tree["seed"]))
    if shape is not None and header.shape != shape:
        _refuse(where, f"an expert for stimuli of shape {shape}", f"one for {header.shape}")
    if name is not None and header.name != name:
        _refuse(where, f"the expert {name!r}", f"{header.name!r}")
    try:
        kind = kinds(header.kind)
        expert = kind(header.shape, header.classes, kind.Options.model_validate_json(header.options), header.seed)
        expert.load_state(decode(tree["state"]))
    except (AuraError, ValueError, TypeError, KeyError) as error:
        _refuse(where, f"an expert of the kind {header.kind!r} as it is here", str(error), error)
    return header, expert


def write_expert(path: str | Path, expert: Expert, name: str, kind_name: str) -> None:
    """Write an expert's file: aside first, then in the place of an older one, so that a crash leaves one of them whole.

    Raises
    ------
    StateError
        If the file cannot be written, or the state holds what a file cannot.
    """
    path = Path(path)
    write_file(path, pack_expert(expert, name, kind_name), durable=True)


def read_expert(path: str | Path, kinds: Callable[[str], type[Expert]], *, shape: tuple[int, ...] | None = None,
                name: str | None = None) -> tuple[ExpertHeader, Expert]:
    """Return what a file says of its expert, and the expert as it was.

    Parameters
    ----------
    path : Path
        The file.
    kinds : callable
        Gives the class of a kind by its name.
    shape : tuple of int, optional
        Of the stimuli that it is to be for.
    name : str, optional
        Of the expert that it is to be.

    Raises
    ------
    DamagedError
        A `StateError` that names the file: missing, cut short, changed by a single bit, of another format or kind, for
        another shape, or of another expert.
    """
    path = Path(path)
    return unpack_expert(read_bytes(path), str(path), kinds, shape=shape, name=name)


def require_whole(data: bytes, where: str) -> None:
    """Raise `DamagedError` unless the bytes of a file, which `where` names, end in the digest of those before."""
    if len(data) <= _DIGEST_BYTES or sha256(data[:-_DIGEST_BYTES]).digest() != data[-_DIGEST_BYTES:]:
        _refuse(where, "a whole file of an expert", f"{len(data)} bytes, cut short, changed, or of another kind")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file; raises `DamagedError` if it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        _refuse(str(path), "the file of an expert", error.strerror or str(error), error)


def _refuse(where: str, expected: str, got: str, cause: Exception | None = None) -> NoReturn:
    raise DamagedError(where, expected=expected, got=got, hint=_HINT) from cause
