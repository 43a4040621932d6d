"""What the temporal lobe has learned as files: a state dict that torch reads, and the classes of each task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aura.core.errors import StateError
from aura.zones.common.model_file import read_model, write_model
from aura.zones.common.npy_files import read_digests, read_json, write_digests
from aura.zones.common.whole_files import write_file
from aura.zones.temporal.model import Model
from aura.zones.temporal.params import TemporalParams
from aura.zones.temporal.tasks import ClassTask, Task, task_of

__all__ = ["Exported", "read_export", "write_export"]

MODEL, CLASSES, CLASSES_DIGEST = "temporal_model.pt", "temporal_classes.json", "temporal_classes.sha256"


@dataclass(frozen=True)
class Exported:
    """What was exported, checked against the parameters."""

    model: Model
    tasks: Mapping[str, Task]
    files: list[Path]

    @property
    def features(self) -> int:
        """Of an embedding."""
        return self.model.features

    def adopted(self, model: Model, tasks: Mapping[str, Task]) -> None:
        """Take it over."""
        model.load_state(self.model.state())
        for name, task in tasks.items():
            task.load_state(self.tasks[name].state())


def write_export(folder: Path, model: Model, tasks: Mapping[str, Task]) -> list[Path]:
    """Write ``temporal_model.pt``, ``temporal_classes.json`` and their digests, and return the files."""
    for task in tasks.values():
        task.settle()
    files = write_model(folder / MODEL, _named(model, tasks))
    classes = folder / CLASSES
    # Escaped, so that a name that is no valid Unicode comes back as it is.
    names = {name: list(task.class_names) for name, task in tasks.items() if isinstance(task, ClassTask)}
    write_file(classes, (json.dumps(names, indent=1) + "\n").encode())
    return [*files, classes, write_digests(folder / CLASSES_DIGEST, [classes])]


def read_export(folder: Path, params: TemporalParams, features: int | None) -> Exported:
    """Return what `write_export` wrote.

    Raises
    ------
    StateError
        If a file is missing or damaged, or is of other tasks or sizes.
    """
    path, classes = folder / MODEL, folder / CLASSES
    found = read_model(path)
    classes_of = read_json(classes, read_digests(folder / CLASSES_DIGEST), "the classes of each task")
    mean = found.get("embedding.mean")
    if mean is None or mean.ndim != 1 or (features is not None and len(mean) != features):
        raise StateError(str(path), got="none" if mean is None else f"shape {mean.shape}",
                         expected=f"'embedding.mean' of shape ({'features' if features is None else features},)")
    model = Model(params, len(mean), np.random.default_rng(0))
    width = Model.width(params, len(mean))
    tasks = {name: task_of(name, options, params, width) for name, options in params.tasks.items()}
    for name, task in tasks.items():
        if isinstance(task, ClassTask):
            _take_classes(task, classes_of.get(name) if isinstance(classes_of, dict) else None, classes)
    named = _named(model, tasks)
    if found.keys() != named.keys():
        raise StateError(str(path), expected=f"tensors for the tasks {', '.join(tasks)} and a network as the "
                         "parameters say", got=f"others: {', '.join(sorted(found.keys() ^ named.keys())[:8])}")
    for name, array in named.items():
        if found[name].shape != array.shape:
            raise StateError(str(path), expected=f"{name!r} of shape {array.shape}", got=f"shape {found[name].shape}")
        array[...] = found[name]
    return Exported(model, tasks, [path, classes])


def _take_classes(task: ClassTask, names: object, path: Path) -> None:
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names) or len(set(names)) < len(names):
        raise StateError(str(path), expected=f"a list of class names that differ of the task {task.name}",
                         got=repr(names)[:100])
    known = task.class_names
    if tuple(names[:len(known)]) != known or (not task.options.open and len(names) > len(known)):
        raise StateError(str(path), expected=f"the classes {', '.join(known) or 'none'} of the task {task.name}",
                         got=", ".join(names), hint="Was it exported with other parameters?")
    task.take(names)


def _named(model: Model, tasks: Mapping[str, Task]) -> dict[str, np.ndarray]:
    """Return all that is exported by name; views of what it is."""
    named = model.named()
    for name, task in tasks.items():
        readout = task.readout
        named |= {f"tasks.{name}.weight": readout.parameters.values[:-1].T,
                  f"tasks.{name}.bias": readout.parameters.values[-1],
                  f"tasks.{name}.aggregator": task.aggregator.weights}
        named |= {f"tasks.{name}.{key}": array for key, array in readout.known.arrays.items()}
        if isinstance(task, ClassTask):
            named |= {f"tasks.{name}.thresholds": task.thresholds, f"tasks.{name}.confidence": task.confidence}
    return named
