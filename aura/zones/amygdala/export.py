"""The classifier of a task as plain files with digests: scores are ``features @ W + b``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aura.core.errors import StateError
from aura.zones.common.arrays import Array
from aura.zones.common.npy_files import read_array, read_digests, read_json, read_whole, write_array, write_digests
from aura.zones.common.whole_files import write_file

__all__ = ["ALL_KINDS", "ALL_LABELS", "Classifier", "check_kinds", "check_labels", "read_classifier", "read_kinds",
           "read_labels", "width_of_export", "write_classifier", "write_kinds", "write_labels"]

ALL_KINDS = "all_kinds.json"
"""The kind of every task by its name: what the files of a task mean, they do not say."""
ALL_LABELS = "all_labels.json"
"""The classes of every task by its name."""


class Classifier(NamedTuple):
    """A linear classifier: an item with ``features @ weights + bias`` at or above a threshold has that class."""

    classes: tuple[str, ...]
    weights: Array | None
    """(features, classes); None, and no bias either, where scores are no linear map of the features."""
    bias: Array | None
    """(classes,)."""
    thresholds: Array
    """(classes,)."""
    calibration: Array | None
    """Slope and offset by which the logistic function turns a score into a probability, (classes, 2); None where the
    score is the log odds itself."""
    confidence: Array | None = None
    """Slope a, offset b and bend c, (3,). Where an item has one class, softmax of a times the log odds are the
    probabilities; where it may have several, the log odds u that softmax gives the best class become those of its being
    right, a u + b + c tanh(u / 2). None where nothing has been shown to be better."""


def write_classifier(folder: Path, task: str, classifier: Classifier) -> list[Path]:
    """Write ``{task}_classifier_W.npy``, ``_b``, ``_thresholds``, ``_labels.json``, ``.sha256``, and where there are
    some ``_calibration`` and ``_confidence``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"W": classifier.weights, "b": classifier.bias, "thresholds": classifier.thresholds,
             "calibration": classifier.calibration, "confidence": classifier.confidence}
    arrays = {name: array for name, array in parts.items() if array is not None}
    files = [write_array(_path(folder, task, f"_{name}.npy"), np.asarray(array, dtype=np.float64))
             for name, array in arrays.items()]
    labels = _path(folder, task, "_labels.json")
    write_file(labels, _as_json(list(classifier.classes)))
    for name in parts.keys() - arrays.keys():  # of an earlier export, which would be taken for one of this
        _path(folder, task, f"_{name}.npy").unlink(missing_ok=True)
    return [*files, labels, write_digests(_path(folder, task, ".sha256"), [*files, labels])]


def read_classifier(folder: Path, task: str, features: int | None) -> tuple[Classifier, list[Path]]:
    """Read what `write_classifier` wrote, and return it with the files, the labels last.

    Weights and bias are left out where the number of `features` is None.

    Files that another program wrote need no digests; where there are some, every file must have its own.

    Raises
    ------
    StateError
        If a file is missing, damaged or cannot be read, or its shape does not fit the others or the `features`.
        Calibration and confidence may be missing.
    """
    digests = read_digests(_path(folder, task, ".sha256"))
    labels = _path(folder, task, "_labels.json")
    classes = read_labels(labels, digests)
    count = len(classes)
    shapes: dict[str, tuple[int, ...]] = {} if features is None else {"W": (features, count), "b": (count,)}
    shapes["thresholds"] = (count,)
    for name, shape in (("calibration", (count, 2)), ("confidence", (3,))):
        if _path(folder, task, f"_{name}.npy").exists():
            shapes[name] = shape
    files = {name: _path(folder, task, f"_{name}.npy") for name in shapes}
    arrays = {name: _read_numbers(files[name], shape, name, labels, digests) for name, shape in shapes.items()}
    found = Classifier(classes, arrays.get("W"), arrays.get("b"), arrays["thresholds"], arrays.get("calibration"),
                       arrays.get("confidence"))
    return found, [*files.values(), labels]


def width_of_export(folder: Path, task: str) -> int:
    """Return the number of features of an exported classifier.

    Raises
    ------
    StateError
        If its weights are missing, damaged or no matrix.
    """
    path, expected = _path(folder, task, "_W.npy"), "a matrix (features, classes)"
    array = read_array(read_whole(path, read_digests(_path(folder, task, ".sha256")), expected), str(path), expected)
    if array.ndim != 2:
        raise StateError(str(path), expected=expected, got=f"shape {array.shape}")
    return int(array.shape[0])


def write_labels(folder: Path, labels: Mapping[str, tuple[str, ...]]) -> list[Path]:
    """Write ``all_labels.json``, the classes of every task that has some, and return the file."""
    if not labels:
        return []
    path = folder / ALL_LABELS
    write_file(path, _as_json({task: list(names) for task, names in labels.items()}))
    return [path]


def check_labels(folder: Path, labels: Mapping[str, tuple[str, ...]]) -> None:
    """Raise unless ``all_labels.json``, where there is one, says these classes of these tasks.

    Raises
    ------
    StateError
        If it is damaged or says others.
    """
    path = folder / ALL_LABELS
    if not path.exists():
        return
    expected = "the classes of each task, as the files of that task have them"
    saved = read_json(path, None, expected)
    for task, names in labels.items():
        if not isinstance(saved, dict) or saved.get(task) != list(names):
            raise StateError(str(path), expected=expected, got=f"others of {task}",
                             hint="`aura export` writes its files together.")


def write_kinds(folder: Path, kinds: Mapping[str, str]) -> Path:
    """Write ``all_kinds.json``, the kind of every task, and return the file."""
    path = folder / ALL_KINDS
    write_file(path, (json.dumps(dict(kinds), indent=1) + "\n").encode())
    return path


def read_kinds(folder: Path) -> dict[str, str]:
    """Return the kinds of the tasks that were exported to a folder; empty where nothing says them.

    Raises
    ------
    StateError
        If ``all_kinds.json`` is damaged.
    """
    path, expected = folder / ALL_KINDS, "the kind of each task, by its name"
    if not path.exists():  # another program wrote the files, or AURA before there was this one
        return {}
    kinds = read_json(path, None, expected)
    if not isinstance(kinds, dict) or not all(isinstance(kind, str) for kind in kinds.values()):
        raise StateError(str(path), expected=expected, got=type(kinds).__name__)
    return kinds


def check_kinds(folder: Path, kinds: Mapping[str, str]) -> None:
    """Raise if ``all_kinds.json``, where there is one, says that a task was of another kind.

    Raises
    ------
    StateError
        If it is damaged or says others.
    """
    saved = read_kinds(folder)
    for task, kind in kinds.items():
        if saved.get(task, kind) != kind:
            raise StateError(str(folder / ALL_KINDS), expected=f"{task!r} of the kind {kind!r}",
                             got=f"an export of the kind {saved[task]!r}",
                             hint=f'Set tasks.{task}.kind = "{saved[task]}".')


def _path(folder: Path, task: str, part: str) -> Path:
    return folder / f"{task}_classifier{part}"


def _as_json(names: list[str] | dict[str, list[str]]) -> bytes:
    """Return the names as a person reads them; escaped, where one is no valid Unicode."""
    try:
        return (json.dumps(names, ensure_ascii=False, indent=1) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(names, indent=1) + "\n").encode()


def read_labels(path: Path, digests: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the names of classes that a file lists.

    Raises
    ------
    StateError
        If it is missing, damaged, or no list of names that differ.
    """
    expected = "a JSON list of class names that differ"
    names = read_json(path, digests, expected)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StateError(str(path), expected=expected, got=type(names).__name__)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise StateError(str(path), expected=expected, got=f"{twice!r} twice")
    return tuple(names)


def _read_numbers(path: Path, shape: tuple[int, ...], name: str, labels: Path,
                  digests: Mapping[str, str] | None) -> Array:
    meaning = {"W": "features, classes", "calibration": "classes, 2",
               "confidence": "slope, offset and bend"}.get(name, "classes,")
    expected = f"numbers of shape {shape}, ({meaning})"
    array = read_array(read_whole(path, digests, expected), str(path), expected)
    if array.shape != shape:
        raise StateError(str(path), expected=expected, got=f"shape {array.shape}",
                         hint=f"{labels.name} names {shape[-1] if name == 'W' else shape[0]} classes.")
    if not np.isfinite(array).all():
        raise StateError(str(path), expected="finite numbers", got=f"{int((~np.isfinite(array)).sum())} that are not")
    return np.ascontiguousarray(array, dtype=np.float64)
