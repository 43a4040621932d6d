"""All that a learner has learned as one file, beside it its digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aura.core.errors import StateError
from aura.core.state import read_tree, write_tree
from aura.zones.common.npy_files import read_digests, read_whole, write_digests
from aura.zones.common.whole_files import whole_file

__all__ = ["read_state", "write_state"]


def write_state(folder: Path, name: str, state: Any) -> list[Path]:
    """Write a state as ``NAME.safetensors``, and return the files."""
    path = folder / f"{name}.safetensors"
    with whole_file(path) as aside:
        write_tree(aside, state, f"amygdala.{name}")
    return [path, write_digests(folder / f"{name}.sha256", [path])]


def read_state(folder: Path, name: str) -> Any:
    """Return what `write_state` wrote.

    Raises
    ------
    StateError
        If the file is missing or damaged.
    """
    path = folder / f"{name}.safetensors"
    read_whole(path, read_digests(folder / f"{name}.sha256"), "the state of a learner, as `aura export` writes it")
    found = read_tree(path, f"amygdala.{name}")
    if not isinstance(found, dict):
        raise StateError(str(path), expected="a state by names", got=type(found).__name__)
    return found
