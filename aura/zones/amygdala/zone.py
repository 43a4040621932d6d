"""The amygdala: says what an embedding feels like, by one learner for several tasks, and learns from their teachers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError, StateError
from aura.core.flow import room
from aura.core.pending import PENDING_ITEMS, UNMATCHED, PendingItems, received
from aura.core.signals import Inputs, Items
from aura.core.time import Time, format_time
from aura.core.zone import Zone, ZoneContext
from aura.zones.amygdala.explained import explained
from aura.zones.amygdala.export import check_kinds, check_labels, write_kinds, write_labels
from aura.zones.amygdala.features.rows import FeatureRows
from aura.zones.amygdala.learners.checked import checked_learned, checked_scores
from aura.zones.amygdala.learners.learner import Learner
from aura.zones.amygdala.lessons import TaughtItems, joined
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.plugin import MANIFEST
from aura.zones.amygdala.tasks.task import AnyTask, HeadTask, Task
from aura.zones.amygdala.users.users import Users
from aura.zones.common.gradients import PublishesGradient
from aura.zones.common.least_squares import with_bias

__all__ = ["Amygdala"]

Ids = NDArray[np.int64]


class Amygdala(PublishesGradient, Zone[AmygdalaParams]):
    """Predicts labels from embeddings and learns when the teacher names the items it has seen.

    Notes
    -----
    `step` reads the embeddings, and the texts or annotations beside them if `features` says so, and lets the rows wait
    for their labels; `learn` reads the teachers only. Hence no label can touch what is predicted at its own tick. Each
    item is learned from once for each time it was presented; a label whose item is not waiting (never seen, displaced,
    or labelled before) is counted as unmatched.

    The learner is shown all that was told in a tick as one block, the union of the items, so that one that is shared
    learns from all tasks in one step; a task may bring its own learning instead (`Task`).

    The modulators ``learning_rate`` and ``learning_drive`` multiply what an item weighs (least squares) or its step
    (other learners); at 0 nothing is learned. The gradient is found in `learn` by the weights before it, and published
    by a `step` at the next instant of the brain, so that it stays silent with learning off.
    """

    manifest = MANIFEST
    lasting = ("_features", "_rows", "_tasks", "_learner", "_pending", "users")

    def __init__(self, context: ZoneContext[AmygdalaParams]) -> None:
        super().__init__(context)
        self._features: int | None = None
        """Length of an embedding."""
        self._tasks: dict[str, AnyTask] = {}
        self._learner: Learner | None = None
        teachers = [port.name for port in context.inputs if port.role == "label"]
        memory = room(context.params.memory, map(context.waits.get, teachers), PENDING_ITEMS, f"{context.name}.memory")
        self._pending = PendingItems(memory, readers=len(self.params.tasks), sources=[
            context.sources.get(f"{name}_teacher") for name in self.params.tasks])
        self._rows = FeatureRows(context.name, self.params, memory)
        users = self.params.users
        self.users = None if users is None else Users(users, self.params.followed, memory, context.sources)

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Return the predictions for the embeddings, and the gradient that the last learning left."""
        out: dict[str, Any] = {}
        self._rows.receive(now, inputs)
        embedding = inputs["embedding"]
        if self.users is not None:
            self.users.hear(inputs, self.context.name, now)
        if embedding is not None:
            self._require_width(now, embedding.shape[1])
            ids = inputs.ids.get("embedding")
            rows = self._rows.join(now, ids, embedding)
            if self._learner is not None and self._learner.context:
                followed = self._learner.follow(now, rows, self._rows.texts(ids, len(rows)))
                rows = np.hstack([rows, followed.context])
                out.update(followed.outputs)
            out.update(self._predicted(rows))
            if self.users is not None:
                out.update(self.users.follow(ids, out, explore=self.learns))
            if ids is not None:
                self._pending.store(ids, rows)
        return out | self.waiting("embedding_gradient")

    def _predicted(self, features: NDArray[np.float32]) -> dict[str, Any]:
        """Return the outputs of all tasks for rows, behind which the learner's context stands."""
        scores = self._learner.scores(features) if self._learner is not None else {}
        rows = None
        out: dict[str, Any] = {}
        for name, task in self._tasks.items():
            if not self.learns:
                task.settle()
            if isinstance(task, HeadTask):
                assert self._learner is not None  # a head is there only with it
                out.update(task.answer(checked_scores(self._learner, scores, name, len(features),
                                                      len(task.class_names))))
                out.update(task.novelty(features[:, :self._width]))
            elif isinstance(task, Task):
                rows = with_bias(features[:, :self._width]) if rows is None else rows
                out.update(task.predict(rows))
        return out

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Learn from the labels that have come; return the loss of each task taught, and what became of the labels."""
        modulators = inputs.modulators
        rate = modulators["learning_rate"] * modulators["learning_drive"]
        scalars: dict[str, dict[str, float]] = {}
        gradients: list[tuple[Ids, NDArray[np.float64]]] = []
        heads: dict[str, TaughtItems] = {}
        for reader, name in enumerate(self.params.tasks):
            where = f"{self.context.name}.{name}_teacher"
            batch = received(inputs, f"{name}_teacher", self.context.name, now)
            if batch is None:
                continue
            ids, truths = batch
            found, rows = self._pending.take(ids, reader)
            if self._features is None:
                scalars[name] = {f"{name}_unmatched": float(len(ids))}
                continue
            if not len(found):
                context = self._learner.context if self._learner is not None else 0
                rows = np.zeros((0, self._width + context), np.float32)
            truths = truths[found] if isinstance(truths, np.ndarray) else [truths[index] for index in found.tolist()]
            task = self._tasks[name]
            if isinstance(task, HeadTask):
                items = task.targets(truths, where, now)
                used, own = items.used, items.scalars
                if len(used):
                    heads[name] = TaughtItems(ids[found][used], rows[used], items)
            elif isinstance(task, Task):
                taught = task.learn(rows[:, :self._width], truths, rate, where, now,
                                   want_gradient=self.params.publish_gradient)
                used, own = taught.used, taught.scalars
                if taught.gradient is not None:
                    gradients.append((ids[found][used], taught.gradient))
            scalars[name] = {f"{name}_items": float(len(used)), f"{name}_unmatched": float(len(ids) - len(found)),
                             **own}
        more: Mapping[str, float] = {}
        if heads:
            more = self._learn_heads(heads, rate, scalars, gradients)
        if gradients:
            self._gradient = _summed(gradients, self._rows.added)
        if self.users is not None:
            scalars["users"] = self.users.learn(inputs, rate, self.context.name, now)
        return {key: value for part in (*scalars.values(), more) for key, value in part.items()}

    def _learn_heads(self, heads: dict[str, TaughtItems], rate: float, scalars: dict[str, dict[str, float]],
                     gradients: list[tuple[Ids, NDArray[np.float64]]]) -> Mapping[str, float]:
        """Let the learner learn what all its heads are told, as one block; return what it logs of itself."""
        assert self._learner is not None  # a head is there only with it
        ids, block = joined(heads)
        learned = checked_learned(
            self._learner, self._learner.learn(block, rate, want_gradient=self.params.publish_gradient),
            {name: part.items.targets for name, part in heads.items()})
        for name, part in heads.items():
            scalars[name][f"{name}_loss"] = learned.losses[name]
            task = self._tasks[name]
            self._rows.learn(name, part.rows, part.items.targets, rate)
            if rate > 0 and isinstance(task, HeadTask):
                task.learned(part.rows[:, :self._width], part.items, learned.scores[name], rate)
        if learned.gradient is not None:
            gradients.append((ids, learned.gradient))
        return learned.scalars

    def _require_width(self, now: Time, features: int) -> None:
        if self._features is None:
            self._open(features)
        elif features != self._features:
            raise SignalError(f"{self.context.name}.embedding at {format_time(now)}",
                              expected=f"{self._features} features, as at first", got=str(features),
                              hint="One amygdala reads one encoder.")

    @property
    def _width(self) -> int:
        """Features of a row, without the learner's context."""
        return self._rows.added + (self._features or 0)

    def explain(self, embedding: NDArray[np.float32], text: str = "") -> dict[str, Any]:
        """Return what the zone would say of an item that is not presented, and what lies behind it.

        Parameters
        ----------
        embedding : array float32 (features,)
        text : str
            What it is the embedding of; needed by features and learners that read texts.

        Returns
        -------
        dict
            ``tasks``: of each task the probabilities of its classes by name, or its numbers. Of the learner `mixture`
            also ``experts``, the same of each expert by name, ``routing``, the share of each, and ``attention``, a list
            of words with their weights. Among the ``experts`` are those of a task that learns by itself, as the
            prototypes and the data of `emotions`. Nothing is changed, and nothing learned.

        Raises
        ------
        StateError
            If no embedding has come so far.
        """
        if self._features is None:
            raise StateError(f"{self.context.name}.explain", expected="a zone that has seen an embedding", got="none")
        row = self._rows.row(np.asarray(embedding, np.float32), text)
        return explained(self._learner, self._tasks, row, text)

    def _open(self, features: int) -> None:
        """Set up what depends on the length of an embedding."""
        self._features = features
        self._tasks, self._learner = self._made(self._width)
        self._rows.open(features, {name: task.head() for name, task in self._tasks.items()
                                   if isinstance(task, HeadTask)})

    def _made(self, features: int) -> tuple[dict[str, AnyTask], Learner | None]:
        """Return tasks and learner for rows of so many features."""
        kinds = self.context.parts["task"]
        tasks = {name: kinds[options.kind].load()(name, options, self.params, features)
                 for name, options in self.params.tasks.items()}
        heads = [task for task in tasks.values() if isinstance(task, HeadTask)]
        if not heads:
            return tasks, None
        options = self.params.learner
        learner = self.context.parts["learner"][options.kind].load()(
            options, [task.head() for task in heads], features, self.rng)
        for task in heads:
            task.join(learner)
        return tasks, learner

    def before_load(self, state: dict[str, Any]) -> None:
        self._features, self._tasks, self._learner = None, {}, None
        if state["features"] is not None:
            stream = self.rng.bit_generator.state
            self._open(state["features"])
            self.rng.bit_generator.state = stream  # it is the saved one by now, and what was drawn is not

    def after_load(self) -> None:
        if self._learner is not None and self._learner.moved:
            for task in self._tasks.values():
                if isinstance(task, HeadTask):
                    task.learner_moved()

    def notices(self) -> dict[str, int]:
        """Return what taught nothing or had no text, what tasks have to tell, and what became of users."""
        counts = {UNMATCHED: self._pending.unmatched + (self.users.unmatched if self.users is not None else 0)}
        counts |= self._rows.notices()
        for task in self._tasks.values():
            counts |= task.notices()
        return counts if self.users is None else counts | self.users.notices()

    def class_names(self, task: str) -> tuple[str, ...]:
        """Return the classes that a task tells apart, in their order; none before the first embedding."""
        return self._tasks[task].class_names if task in self._tasks else ()

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> list[Path]:
        """Write what tasks and learner have learned and return the files; none before the first embedding."""
        folder = Path(folder)
        files = [path for task in self._tasks.values() for path in task.export(folder)]
        labels = {name: labels for name, task in self._tasks.items() if (labels := task.exported_labels())}
        files += write_labels(folder, labels)
        if files:
            files.append(write_kinds(folder, self._kinds))
        beside = self._rows.export(folder) if self._tasks else []
        return [*files, *(() if self._learner is None else self._learner.export(folder)), *beside]

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over what was exported of all tasks to `folder`; learning goes on from it.

        Raises
        ------
        StateError
            If a file is missing or does not fit.
        """
        folder = Path(folder)
        check_kinds(folder, self._kinds)
        width, tasks, learner = self._features, self._tasks, self._learner
        if width is None:
            features = self._width_of_export(folder)
            width = features - self._rows.added
            if width < 1:
                raise StateError(str(folder), expected=f"more than {self._rows.added} features", got=str(features),
                                 hint="Was it exported with other `features`?")
            stream = self.rng.bit_generator.state
            tasks, learner = self._made(features)
            self.rng.bit_generator.state = stream
        # All are read before any is taken over, so that a refusal leaves the zone as it was.
        found = {name: task.read_export(folder) for name, task in tasks.items()}
        heads = {name: task.exported_head(found[name][0]) for name, task in tasks.items() if isinstance(task, HeadTask)}
        check_labels(folder, {name: labels for name, task in tasks.items()
                              if (labels := task.exported_labels(found[name][0]))})
        model = None
        if learner is not None and learner.whole:
            model = learner.read_export(folder, list(heads.values()))
        beside = self._rows.read_export(folder, width, heads)
        if self._features is None:
            self._open(width)
        for name, (exported, _) in found.items():
            self._tasks[name].adopt(exported)
        if self._learner is not None and model is not None:
            self._learner.adopt_export(model)
        self._rows.adopt(*beside)
        return [path for _, files in found.values() for path in files]

    @property
    def _kinds(self) -> dict[str, str]:
        return {name: options.kind for name, options in self.params.tasks.items()}

    def _width_of_export(self, folder: Path) -> int:
        tasks, learner = self.context.parts["task"], self.context.parts["learner"][self.params.learner.kind].load()
        if learner.whole and any(issubclass(tasks[one.kind].load(), HeadTask) for one in self.params.tasks.values()):
            return int(learner.width_of_export(folder))
        name, options = next(iter(self.params.tasks.items()))
        return int(tasks[options.kind].load().width_of_export(folder, name))


def _summed(parts: list[tuple[Ids, NDArray[np.float64]]], beside: int) -> Items:
    """Return the gradients of all tasks, added up for each item, in the order in which their labels first came; without
    those of the features that stand `beside` the embedding, before it.
    """
    ids = np.concatenate([identities for identities, _ in parts])
    rows = np.concatenate([gradient[:, beside:] for _, gradient in parts])
    known, first, place = np.unique(ids, return_index=True, return_inverse=True)
    total = np.zeros((len(known), rows.shape[1]))
    np.add.at(total, place, rows)
    order = np.argsort(first)
    return Items(total[order].astype(np.float32), known[order])
