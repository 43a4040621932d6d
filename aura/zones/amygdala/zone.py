"""The amygdala, first part: a linear readout that names what an embedding feels like and learns from a teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.flow import room
from aura.core.lasting import Made
from aura.core.pending import PENDING_ITEMS, UNMATCHED, PendingItems, received
from aura.core.signals import Inputs, Items
from aura.core.time import Time, format_time
from aura.core.zone import Zone, ZoneContext
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.plugin import MANIFEST
from aura.zones.amygdala.tasks.task import Task
from aura.zones.common.least_squares import with_bias

__all__ = ["Amygdala"]

Ids = NDArray[np.int64]


class Amygdala(Zone[AmygdalaParams]):
    """Predicts labels from embeddings and learns when the teacher names the items it has seen.

    Notes
    -----
    `step` reads the embeddings only and lets them wait for their labels; `learn` reads the teachers only. Hence
    no label can touch what is predicted at its own tick. Each item is learned from once for each time it was
    presented; a label whose item is not waiting (never seen, displaced, or labelled before) is counted as unmatched.

    The modulators ``learning_rate`` and ``learning_drive`` multiply what an item weighs (least squares) or its step
    (logistic rule); at 0 nothing is learned. The gradient is found in `learn` by the weights before it, and published
    by the next `step`, so that it stays silent with learning off.
    """

    manifest = MANIFEST
    lasting = ("_features", "_tasks", "_pending", Made("_gradient", Items))

    def __init__(self, context: ZoneContext[AmygdalaParams]) -> None:
        super().__init__(context)
        self._features: int | None = None
        self._tasks: dict[str, Task] = {}
        self._gradient: Items | None = None
        memory = room(context.params.memory, (context.waits.get(f"{task}_teacher") for task in self.params.tasks),
                      PENDING_ITEMS, f"{context.name}.memory")
        self._pending = PendingItems(memory, readers=len(self.params.tasks))

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Return the predictions for the embeddings, and the gradient that the last learning left."""
        out: dict[str, Any] = {}
        embedding = inputs["embedding"]
        if embedding is not None:
            self._require_width(now, embedding.shape[1])
            rows = with_bias(embedding)
            for task in self._tasks.values():
                if not self.learns:
                    task.settle()
                out.update(task.predict(rows))
            ids = inputs.ids.get("embedding")
            if ids is not None:
                self._pending.store(ids, embedding)
        if self._gradient is not None:
            out["embedding_gradient"] = self._gradient
            self._gradient = None
        return out

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Learn from the labels that have come; return the loss of each task taught, and what became of the labels."""
        modulators = inputs.modulators
        rate = modulators["learning_rate"] * modulators["learning_drive"]
        scalars: dict[str, float] = {}
        gradients: list[tuple[Ids, NDArray[np.float64]]] = []
        for reader, name in enumerate(self.params.tasks):
            batch = received(inputs, f"{name}_teacher", self.context.name, now)
            if batch is None:
                continue
            ids, truths = batch
            found, rows = self._pending.take(ids, reader)
            if self._features is None:
                scalars[f"{name}_unmatched"] = float(len(ids))
                continue
            if not len(found):
                rows = np.zeros((0, self._features), np.float32)
            told = truths[found] if isinstance(truths, np.ndarray) else [truths[index] for index in found.tolist()]
            taught = self._tasks[name].learn(rows, told, rate, f"{self.context.name}.{name}_teacher", now,
                                             want_gradient=self.params.publish_gradient)
            scalars[f"{name}_items"] = float(len(taught.used))
            scalars[f"{name}_unmatched"] = float(len(ids) - len(found))
            scalars.update(taught.scalars)
            if taught.gradient is not None:
                gradients.append((ids[found][taught.used], taught.gradient))
        if gradients:
            self._gradient = _summed(gradients)
        return scalars

    def _require_width(self, now: Time, features: int) -> None:
        if self._features is None:
            self._open(features)
        elif features != self._features:
            raise SignalError(f"{self.context.name}.embedding at {format_time(now)}",
                              expected=f"{self._features} features, as at first", got=str(features),
                              hint="One amygdala reads one encoder.")

    def _open(self, features: int) -> None:
        """Set up what depends on the length of an embedding."""
        self._features, self._tasks = features, self._made(features)

    def _made(self, features: int) -> dict[str, Task]:
        kinds = self.context.parts["task"]
        return {name: kinds[options.kind].load()(name, options, self.params, features)
                for name, options in self.params.tasks.items()}

    def before_load(self, state: dict[str, Any]) -> None:
        self._features, self._tasks = None, {}
        if state["features"] is not None:
            self._open(state["features"])

    def notices(self) -> dict[str, int]:
        """Return how many labels taught nothing."""
        return {UNMATCHED: self._pending.unmatched}

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> list[Path]:
        """Write what each task has learned and return the files; none before the first embedding."""
        return [path for task in self._tasks.values() for path in task.export(Path(folder))]

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over what was exported of all tasks to `folder`; learning goes on from it.

        Raises
        ------
        StateError
            If a file is missing or does not fit.
        """
        folder = Path(folder)
        width, tasks = self._features, self._tasks
        if width is None:
            name, options = next(iter(self.params.tasks.items()))
            width = self.context.parts["task"][options.kind].load().width_of_export(folder, name)
            tasks = self._made(width)
        # All are read before any is taken over, so that a refusal leaves the zone as it was.
        found = {name: task.read_export(folder) for name, task in tasks.items()}
        if self._features is None:
            self._open(width)
        for name, (exported, _) in found.items():
            self._tasks[name].adopt(exported)
        return [path for _, files in found.values() for path in files]


def _summed(parts: list[tuple[Ids, NDArray[np.float64]]]) -> Items:
    """Return the gradients of all tasks, added up for each item, in the order in which their labels first came."""
    ids = np.concatenate([identities for identities, _ in parts])
    rows = np.concatenate([gradient for _, gradient in parts])
    known, first, place = np.unique(ids, return_index=True, return_inverse=True)
    total = np.zeros((len(known), rows.shape[1]))
    np.add.at(total, place, rows)
    order = np.argsort(first)
    return Items(total[order].astype(np.float32), known[order])
