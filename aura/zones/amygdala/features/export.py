"""What the features are made by, as plain files with digests, so that an exported head can be fed anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.amygdala.features.features import Part
from aura.zones.common.arrays import Array
from aura.zones.common.npy_files import (
    read_array,
    read_digests,
    read_json,
    read_whole,
    write_array,
    write_digests,
)
from aura.zones.common.whole_files import write_file

__all__ = ["Estimate", "Settings", "check_settings", "read_estimate", "read_settings", "shape_of_estimate",
           "write_estimate", "write_settings"]

_HINT = "Was it exported with other `features`, or another `affect`?"


class Estimate(NamedTuple):
    """Says which classes stand out: scores are ``rest @ weights + bias``, of the features after the affect code."""

    weights: Array
    """(features, classes)."""
    bias: Array
    """(classes,)."""
    seen: Array
    """What the items of each class weighed, and last what all items weighed, (classes + 1,)."""


class Settings(BaseModel):
    """What ``features.json`` says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    features: tuple[Part, ...] = Field(description="Which parts a row has, in their order.")
    source: Literal["estimate", "lexicon", "annotation"] | None = Field(
        description="What the affect code is computed from; null where there is none.")
    task: str = Field(description="The task whose classes are estimated; empty where none is.")
    tone_keywords: tuple[str, ...] = Field(description="Words that set a tone.")
    emotions: tuple[str, ...] = Field(
        default=(), description="The emotions that annotations have named, in the order of their waves.")

    @field_validator("emotions")
    @classmethod
    def _differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("expected names that differ")
        return names


def write_settings(folder: Path, settings: Settings) -> list[Path]:
    """Write ``features.json`` and ``features.sha256``."""
    file = folder / "features.json"
    write_file(file, (json.dumps(settings.model_dump(), indent=1) + "\n").encode())
    return [file, write_digests(folder / "features.sha256", [file])]


def read_settings(folder: Path) -> Settings:
    """Read what `write_settings` wrote.

    Raises
    ------
    StateError
        If it is missing or damaged.
    """
    path, expected = folder / "features.json", "what an export says of its features"
    saved = read_json(path, read_digests(folder / "features.sha256"), expected)
    try:
        return Settings.model_validate(saved, strict=False)
    except ValueError as error:
        raise StateError(str(path), expected=expected, got=described(error)) from error


def check_settings(folder: Path, wanted: Settings) -> Settings:
    """Return what an export says of its features, if that is as wanted, the emotions aside.

    Raises
    ------
    StateError
        If it is not.
    """
    found = read_settings(folder)
    for name in ("features", "source", "task", "tone_keywords"):
        if getattr(found, name) != getattr(wanted, name):
            raise StateError(f"{folder / 'features.json'}: {name}", expected=repr(getattr(wanted, name)),
                             got=repr(getattr(found, name)), hint=_HINT)
    return found


def write_estimate(folder: Path, estimate: Estimate) -> list[Path]:
    """Write ``affect_estimate_W.npy``, ``_b``, ``_seen`` and ``.sha256``."""
    files = [write_array(folder / f"affect_estimate_{part}.npy", array)
             for part, array in zip(("W", "b", "seen"), estimate, strict=True)]
    return [*files, write_digests(folder / "affect_estimate.sha256", files)]


def shape_of_estimate(folder: Path) -> tuple[int, int]:
    """Return the numbers of features and classes of an exported estimate.

    Raises
    ------
    StateError
        If its weights are missing, damaged, or no matrix.
    """
    path, expected = folder / "affect_estimate_W.npy", "a matrix (features, classes)"
    digests = read_digests(folder / "affect_estimate.sha256")
    array = read_array(read_whole(path, digests, expected), str(path), expected)
    if array.ndim != 2:
        raise StateError(str(path), expected=expected, got=f"shape {array.shape}")
    return array.shape[0], array.shape[1]


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
