"""What the task `emotions` has learned as plain files with digests: two linear readouts, how far data taught each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aura.core.errors import StateError
from aura.zones.common.arrays import Array
from aura.zones.common.npy_files import read_array, read_digests, read_json, read_whole, write_array, write_digests
from aura.zones.common.whole_files import write_file

__all__ = ["Readouts", "read_readouts", "width_of_readouts", "write_readouts"]


class Readouts(NamedTuple):
    """What makes the probabilities of an embedding: see `blended`."""

    prototypes: Array
    """(features + 1, emotions), the bias in the last row; softmax makes log probabilities of it."""
    data: Array
    """The same, taught by data alone."""
    labelled: Array
    """How much data weigh for each emotion, (emotions,)."""
    trained: Array
    """From how many items of data each emotion was learned, (emotions,)."""


def write_readouts(folder: Path, task: str, emotions: tuple[str, ...], found: Readouts) -> list[Path]:
    """Write ``{task}_emotions_{prototypes,data,labelled,trained}.npy``, ``_labels.json`` and ``.sha256``."""
    files = [write_array(_path(folder, task, f"_{name}.npy"), np.asarray(array, np.float64))
             for name, array in found._asdict().items()]
    labels = _path(folder, task, "_labels.json")
    write_file(labels, (json.dumps(emotions, ensure_ascii=False, indent=1) + "\n").encode())
    return [*files, labels, write_digests(_path(folder, task, ".sha256"), [*files, labels])]


def read_readouts(folder: Path, task: str, emotions: tuple[str, ...], features: int) -> tuple[Readouts, list[Path]]:
    """Return what `write_readouts` wrote, and the files.

    Raises
    ------
    StateError
        If a file is missing or damaged, or of other emotions or features.
    """
    digests, labels = read_digests(_path(folder, task, ".sha256")), _path(folder, task, "_labels.json")
    expected = f"the emotions {', '.join(emotions)}"
    names = read_json(labels, digests, expected)
    if not isinstance(names, list) or tuple(names) != emotions:
        raise StateError(str(labels), expected=expected, got="others", hint="Was it exported with another taxonomy?")
    weights, count = (features + 1, len(emotions)), (len(emotions),)
    found = {}
    for name, shape in zip(Readouts._fields, (weights, weights, count, count), strict=True):
        path, wanted = _path(folder, task, f"_{name}.npy"), f"finite numbers of shape {shape}"
        array = read_array(read_whole(path, digests, wanted), str(path), wanted)
        if array.shape != shape or not np.isfinite(array).all():
            raise StateError(str(path), expected=wanted,
                             got=f"shape {array.shape}" if array.shape != shape else "some that are not")
        if len(shape) == 1 and not ((array >= 0) & (array < 2.0**53)).all():
            raise StateError(str(path), expected="how much data there were, from 0", got="other numbers")
        found[name] = np.array(array, np.float64, order="C")
    return Readouts(**found), [*(_path(folder, task, f"_{name}.npy") for name in found), labels]


def width_of_readouts(folder: Path, task: str) -> int:
    """Return the number of features of what was exported."""
    path, wanted = _path(folder, task, "_prototypes.npy"), "a matrix (features + 1, emotions)"
    array = read_array(read_whole(path, read_digests(_path(folder, task, ".sha256")), wanted), str(path), wanted)
    if array.ndim != 2:
        raise StateError(str(path), expected=wanted, got=f"shape {array.shape}")
    return len(array) - 1


def _path(folder: Path, task: str, part: str) -> Path:
    return folder / f"{task}_emotions{part}"
