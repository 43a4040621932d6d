"""What the features are made by, as plain files with digests, so that an exported head can be fed anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.common.arrays import Array
from aura.zones.common.npy_files import read_array, read_digests, read_whole, write_array, write_digests

__all__ = ["Estimate", "read_estimate", "read_recipe", "write_estimate", "write_recipe"]

_HINT = "Was it exported with other `features`, or another `affect`?"


class Estimate(NamedTuple):
    """Says which classes stand out: scores are ``rest @ weights + bias``, of the features after the affect code."""

    weights: Array
    """(features, classes)."""
    bias: Array
    """(classes,)."""
    seen: Array
    """What the items of each class weighed, and last what all items weighed, (classes + 1,)."""


def write_recipe(folder: Path, recipe: dict[str, Any]) -> list[Path]:
    """Write ``features.json``: which features there are, and what their affect code says; and ``features.sha256``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "features.json"
    file.write_bytes((json.dumps(recipe, indent=1) + "\n").encode())
    return [file, write_digests(folder / "features.sha256", [file])]


def read_recipe(folder: Path, recipe: dict[str, Any]) -> tuple[str, ...]:
    """Return the emotions that annotations have named, of what `write_recipe` wrote.

    Parameters
    ----------
    folder : Path
        Where it lies.
    recipe : dict
        What it has to say, the names of emotions aside.

    Raises
    ------
    StateError
        If it is missing or damaged, or says something else.
    """
    path, expected = folder / "features.json", f"{json.dumps(recipe)}, and `emotions`, a list of names that differ"
    data = read_whole(path, read_digests(folder / "features.sha256"), expected)
    try:
        found = json.loads(data.decode())
        names = tuple(found.pop("emotions"))
        fits = found == recipe and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise StateError(str(path), expected=expected, got=described(error), hint=_HINT) from error
    if not fits:
        raise StateError(str(path), expected=expected, got=json.dumps(found)[:200], hint=_HINT)
    return names


def write_estimate(folder: Path, estimate: Estimate) -> list[Path]:
    """Write ``affect_estimate_W.npy``, ``_b``, ``_seen`` and ``.sha256``."""
    files = [write_array(folder / f"affect_estimate_{part}.npy", array)
             for part, array in zip(("W", "b", "seen"), estimate, strict=True)]
    return [*files, write_digests(folder / "affect_estimate.sha256", files)]


def read_estimate(folder: Path, features: int, classes: int) -> Estimate:
    """Read what `write_estimate` wrote.

    Raises
    ------
    StateError
        If a file is missing, damaged, or of another shape than so many features and classes give.
    """
    digests = read_digests(folder / "affect_estimate.sha256")
    found = []
    for part, shape in (("W", (features, classes)), ("b", (classes,)), ("seen", (classes + 1,))):
        path, expected = folder / f"affect_estimate_{part}.npy", f"finite numbers of shape {shape}"
        array = read_array(read_whole(path, digests, expected), str(path), expected)
        if array.shape != shape or not np.isfinite(array).all():
            got = f"shape {array.shape}" if array.shape != shape else "some that are not"
            raise StateError(str(path), expected=expected, got=got, hint=_HINT)
        found.append(np.array(array, np.float64, order="C"))
    if found[2].min() < 0 or found[2][:-1].max(initial=0.0) > found[2][-1]:
        raise StateError(str(folder / "affect_estimate_seen.npy"), got="other numbers",
                         expected="what each class weighed, from 0 to what all items weighed, which comes last")
    return Estimate(*found)
