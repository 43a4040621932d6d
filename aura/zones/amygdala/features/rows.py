"""The rows that an amygdala predicts from: affect code, extras and embedding of each item, joined by its id."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError, SignalError
from aura.core.lasting import Stateful
from aura.core.pending import PendingItems, received
from aura.core.signals import Inputs
from aura.core.time import Time, format_time
from aura.zones.amygdala.features.affect_code import LENGTH
from aura.zones.amygdala.features.estimate import AffectEstimate
from aura.zones.amygdala.features.export import (
    Estimate,
    Settings,
    check_settings,
    read_estimate,
    write_estimate,
    write_settings,
)
from aura.zones.amygdala.features.features import added
from aura.zones.amygdala.features.reading import BESIDE, Reading, composed
from aura.zones.amygdala.learners.learner import Head
from aura.zones.common.arrays import Array

__all__ = ["TEXTLESS", "UNREAD", "FeatureRows"]

TEXTLESS = "had no text of {count} items when their embeddings came: what it reads of a text is 0 for them"
"""What a zone tells of items without a text."""

UNREAD = "let {count} texts or annotations go whose embeddings had not come while others took their place"
"""What a zone tells of those that waited in vain."""

MOST_CHARACTERS_KEPT = 4096
"""Of a text that waits for a learner that reads it, so that what waits is bounded."""

Ids = NDArray[np.int64]


class FeatureRows(Stateful):
    """Keeps what is read of texts and annotations until the embeddings of their items come, and joins them to rows.

    Parameters
    ----------
    zone : str
        The zone's name.
    params : AmygdalaParams
        The zone's parameters.
    memory : int
        Items whose text or annotation may wait for their embedding.

    Notes
    -----
    A text is read when it comes, so what waits is 35 numbers, whatever was written. An item without a text has zeros
    in their place, and is counted; one without an annotation has a code of zeros, as one of no emotion.
    """

    lasting = ("_texts", "_whole_texts", "_annotations", "_reading", "_estimate", "textless")

    def __init__(self, zone: str, params: Any, memory: int) -> None:
        self._zone, self._params, self._parts = zone, params, params.features
        self._source = params.affect.source if "affect" in self._parts else None
        self.added = added(self._parts)
        """How many features stand before those of the embedding."""
        self._reading = Reading(self._source, params.tone_keywords, params.affect.lexicon)
        self._texts = PendingItems(memory) if params.features_of_text else None
        self._whole_texts = PendingItems(memory) if params.learner.reads_text else None
        self._annotations = PendingItems(memory) if self._source == "annotation" else None
        self._estimate: AffectEstimate | None = None
        self._task, self._width = "", 0
        self.textless = 0
        """Items whose text was not there."""

    def open(self, features: int, heads: Mapping[str, Head]) -> None:
        """Set up what depends on the length of an embedding and on the heads of the tasks, by name."""
        self._width = self.added + features
        if self._source != "estimate":
            return
        self._task = self._estimated(heads)
        learner = self._params.learner
        self._estimate = AffectEstimate(
            self.added - LENGTH + features, heads[self._task].outputs, ridge=getattr(learner, "ridge", 1.0),
            forgetting=getattr(learner, "forgetting", 1.0))

    def _estimated(self, heads: Mapping[str, Head]) -> str:
        """Return the task whose classes are estimated."""
        tasks = [name for name, head in heads.items() if head.target_type != "numbers"]
        task: str | None = self._params.affect.task or next(iter(tasks), None)
        if task is None or task not in tasks:
            raise ParameterError(f"{self._zone}.affect.task", got=repr(task),
                                 expected="a task of labels or of a choice",
                                 hint='Set affect.source to "lexicon" or "annotation" where there is none.')
        return task

    # --- the tick -------------------------------------------------------------------------------------------------

    def receive(self, now: Time, inputs: Inputs) -> None:
        """Read the texts and annotations that have come."""
        if self._params.reads_text:
            batch = received(inputs, "text", self._zone, now, what="texts")
            if batch is not None and self._texts is not None:
                self._texts.store(batch[0], self._reading.texts(batch[1]))
            if batch is not None and self._whole_texts is not None:
                self._whole_texts.store(batch[0], [text[:MOST_CHARACTERS_KEPT] for text in batch[1]])
        if self._annotations is not None:
            batch = received(inputs, "annotation", self._zone, now, what="annotations")
            if batch is not None:
                self._annotations.store(batch[0], self._reading.annotations(batch[1]))

    def join(self, now: Time, ids: Ids | None, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows of items, float32 (n, added + features); the very embedding where it is all there is."""
        if not self.added:
            return embedding
        where = f"{self._zone}.embedding at {format_time(now)}"
        beside = np.zeros((len(embedding), BESIDE), np.float32)
        if self._texts is not None:
            self.textless += _fill(beside, self._texts, ids, where)
        if self._annotations is not None:
            _fill(beside[:, :LENGTH], self._annotations, ids, where)
        return composed(self._parts, beside, self._estimate, embedding, where)

    def texts(self, ids: Ids | None, items: int) -> list[str]:
        """Return the texts of items for a learner that reads them, "" where there is none; they wait no more."""
        if self._whole_texts is None or ids is None:
            return [""] * items
        return [self._whole_texts.pop(identity, "") for identity in ids.tolist()]

    def row(self, embedding: NDArray[np.float32], text: str) -> NDArray[np.float32]:
        """Return the row of an item that was not presented, (1, added + features); nothing is changed."""
        where = f"{self._zone}.explain"
        return composed(self._parts, self._reading.texts((text,)), self._estimate, embedding[None], where)

    def learn(self, task: str, rows: NDArray[np.float32], targets: Array, rate: float) -> None:
        """Let the estimate learn from a task's rows (n, added + features + more); those of others leave it alone."""
        if self._estimate is not None and task == self._task:
            self._estimate.learn(rows[:, LENGTH:self._width], targets, rate)

    def notices(self) -> dict[str, int]:
        """Return how many items had no text, and how many texts and annotations no item."""
        waiting = [part for part in (self._texts, self._annotations) if part is not None]
        if not waiting:
            return {}
        return {TEXTLESS: self.textless, UNREAD: sum(part.displaced for part in waiting)}

    # --- export ---------------------------------------------------------------------------------------------------

    def _settings(self, task: str) -> Settings:
        return Settings(features=self._parts, source=self._source, task=task, emotions=tuple(self._reading.names.names),
                        tone_keywords=self._params.tone_keywords)

    def export(self, folder: Path) -> list[Path]:
        """Write what the features are made by and return the files; none where the embedding stands alone."""
        if not self.added:
            return []
        files = write_settings(folder, self._settings(self._task))
        return files if self._estimate is None else [*files, *write_estimate(folder, self._estimate.export())]

    def read_export(self, folder: Path, features: int,
                    heads: Mapping[str, Head]) -> tuple[tuple[str, ...], Estimate | None]:
        """Return names and estimate as exported to `folder`, checked; nothing is changed.

        Raises
        ------
        StateError
            If a file is missing or does not fit so many features of an embedding, or the heads.
        """
        if not self.added:
            return (), None
        task = self._estimated(heads) if self._source == "estimate" else ""
        names = check_settings(folder, self._settings(task)).emotions
        return names, read_estimate(folder, self.added - LENGTH + features, heads[task].outputs) if task else None

    def adopt(self, names: tuple[str, ...], estimate: Estimate | None) -> None:
        """Take over what `read_export` returned."""
        self._reading.names.replace(names)
        if self._estimate is not None and estimate is not None:
            self._estimate.adopt(estimate)


def _fill(rows: NDArray[np.float32], waiting: PendingItems, ids: Ids | None, where: str) -> int:
    """Write what waits of each item into its row; return how many items had nothing."""
    if ids is None:
        raise SignalError(where, expected="items with ids, by which their texts are found", got="items without ids",
                          hint="The output that feeds it must carry items_from, or return Items(values, ids).")
    known = {identity: waiting.pop(identity) for identity in dict.fromkeys(ids.tolist())}
    without = 0
    for row, identity in zip(rows, ids.tolist(), strict=True):
        if known[identity] is None:
            without += 1
        else:
            row[:] = known[identity]
    return without
