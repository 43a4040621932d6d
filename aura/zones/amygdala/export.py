"""The classifier of a task as plain files: scores are ``features @ W + b``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aura.core.errors import StateError
from aura.zones.common.arrays import Array

__all__ = ["Classifier", "read_classifier", "width_of_export", "write_classifier"]


class Classifier(NamedTuple):
    """A linear classifier: an item with ``features @ weights + bias`` at or above a threshold has that class."""

    classes: tuple[str, ...]
    weights: Array
    """(features, classes)."""
    bias: Array
    """(classes,)."""
    thresholds: Array
    """(classes,)."""
    calibration: Array | None
    """Slope and offset by which the logistic function turns a score into a probability, (classes, 2); None where the
    score is the log odds itself."""


def write_classifier(folder: Path, task: str, classifier: Classifier) -> list[Path]:
    """Write ``{task}_classifier_W.npy``, ``_b``, ``_thresholds``, ``_calibration`` and ``_labels.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"W": classifier.weights, "b": classifier.bias, "thresholds": classifier.thresholds}
    if classifier.calibration is not None:
        arrays["calibration"] = classifier.calibration
    files = [_path(folder, task, f"{name}.npy") for name in arrays]
    for path, array in zip(files, arrays.values(), strict=True):
        np.save(path, np.ascontiguousarray(array, dtype=np.float64), allow_pickle=False)
    labels = _path(folder, task, "labels.json")
    labels.write_text(json.dumps(list(classifier.classes), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [*files, labels]


def read_classifier(folder: Path, task: str, features: int) -> tuple[Classifier, list[Path]]:
    """Read what `write_classifier` wrote, and return it with the files, the labels last.

    Raises
    ------
    StateError
        If a file is missing or cannot be read, or its shape does not fit the others or the `features`. The
        calibration alone may be missing.
    """
    labels = _path(folder, task, "labels.json")
    classes = _read_labels(labels)
    count = len(classes)
    shapes = {"W": (features, count), "b": (count,), "thresholds": (count,)}
    files = {name: _path(folder, task, f"{name}.npy") for name in shapes}
    arrays = {name: _read_array(files[name], shape, name, labels) for name, shape in shapes.items()}
    calibration = None
    extra = _path(folder, task, "calibration.npy")
    if extra.exists():
        calibration = _read_array(extra, (count, 2), "calibration", labels)
        files["calibration"] = extra
    found = Classifier(classes, arrays["W"], arrays["b"], arrays["thresholds"], calibration)
    return found, [*files.values(), labels]


def width_of_export(folder: Path, task: str) -> int:
    """Return the number of features of an exported classifier.

    Raises
    ------
    StateError
        If its weights are missing or no matrix.
    """
    path = _path(folder, task, "W.npy")
    array = _load(path, "a matrix (features, classes)")
    if array.ndim != 2:
        raise StateError(str(path), expected="a matrix (features, classes)", got=f"shape {array.shape}")
    return int(array.shape[0])


def _path(folder: Path, task: str, part: str) -> Path:
    return folder / f"{task}_classifier_{part}"


def _read_labels(path: Path) -> tuple[str, ...]:
    expected = "a JSON list of class names that differ"
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StateError(str(path), expected=expected, got="no such file", hint=_HINT) from None
    except (OSError, ValueError) as error:
        raise StateError(str(path), expected=expected, got=f"{type(error).__name__}: {error}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StateError(str(path), expected=expected, got=type(names).__name__)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise StateError(str(path), expected=expected, got=f"{twice!r} twice")
    return tuple(names)


def _read_array(path: Path, shape: tuple[int, ...], name: str, labels: Path) -> Array:
    meaning = {"W": "features, classes", "calibration": "classes, 2"}.get(name, "classes,")
    expected = f"numbers of shape {shape}, ({meaning})"
    array = _load(path, expected)
    if array.shape != shape:
        raise StateError(str(path), expected=expected, got=f"shape {array.shape}",
                         hint=f"{labels.name} names {shape[-1] if name == 'W' else shape[0]} classes.")
    if not np.isfinite(array).all():
        raise StateError(str(path), expected="finite numbers", got=f"{int((~np.isfinite(array)).sum())} that are not")
    return np.ascontiguousarray(array, dtype=np.float64)


def _load(path: Path, expected: str) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise StateError(str(path), expected=expected, got="no such file", hint=_HINT) from None
    except (OSError, ValueError, EOFError) as error:
        raise StateError(str(path), expected=expected, got=f"{type(error).__name__}: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise StateError(str(path), expected=expected, got=f"type {getattr(array, 'dtype', type(array).__name__)}")
    return array


_HINT = "`aura export` writes W, b, thresholds and labels together."
