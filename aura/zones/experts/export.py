"""The files of a mixture: an expert each, the growth log, and the gate with what it knows of the experts."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.common.heads import read_head, write_head
from aura.zones.common.whole_files import write_file
from aura.zones.experts.mixture import Mixture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura.zones.experts.kinds.expert import ExpertKind
    from aura.zones.experts.params import ExpertsParams

__all__ = ["GATE_FILE", "LOG_FILE", "Opened", "open_export", "write_export"]

GATE_FILE = "gate.msgpack"
LOG_FILE = "growth.jsonl"


class Opened(NamedTuple):
    """A mixture taken from files; its experts are read when they are first asked."""

    mixture: Mixture
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    files: list[Path]


def write_export(folder: Path, mixture: Mixture, shape: tuple[int, ...], classes: list[str]) -> list[Path]:
    """Write ``expert_0.msgpack``, ``expert_1.msgpack``, ..., ``gate.msgpack`` and ``growth.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    files = mixture.population.store.export(folder)
    log = folder / LOG_FILE
    lines = "".join(f"{line}\n" for line in mixture.population.log.lines()).encode()
    write_file(log, lines)
    gate = write_head(folder / GATE_FILE, {"shape": list(shape), "classes": list(classes),
                                           "log_sha256": sha256(lines).hexdigest(), **mixture.heads()})
    return [*files, log, gate]


def open_export(folder: Path, name: str, params: ExpertsParams, seed: int, kinds: Mapping[str, ExpertKind]) -> Opened:
    """Return the mixture that was written into a folder.

    Raises
    ------
    StateError
        If the gate or the log is missing or damaged, or they do not fit each other or the parameters.
    """
    log, gate = folder / LOG_FILE, folder / GATE_FILE
    head = read_head(gate)
    try:
        data = log.read_bytes()
    except OSError as error:
        raise StateError(str(log), expected="the growth log of the experts", got=described(error),
                         hint="`aura export` writes it beside them.") from error
    if head.get("log_sha256") != sha256(data).hexdigest():
        raise StateError(str(log), expected=f"the growth log whose digest stands in {GATE_FILE}", got="another one",
                         hint="It is damaged, or of another export.")
    try:
        shape, classes = tuple(int(length) for length in head["shape"]), tuple(str(name) for name in head["classes"])
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(str(gate), expected="the gate of a mixture, with shape and classes",
                         got=described(error)) from error
    mixture = Mixture(name, params, shape, max(1, len(classes)), seed, kinds)
    mixture.population.load_log(data.decode().splitlines())
    mixture.load_heads(head)
    if mixture.gate.count != len(mixture.population):
        raise StateError(str(gate), expected=f"a gate of {len(mixture.population)} experts, as {LOG_FILE} tells",
                         got=f"one of {mixture.gate.count}", hint="The files are of different exports.")
    names = mixture.population.structure.names
    mixture.population.store.attach(folder, names)
    return Opened(mixture, shape, classes, [log, gate, *(folder / f"{name}.msgpack" for name in names)])
