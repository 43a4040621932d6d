"""The rows that an amygdala predicts from: affect code, extras and embedding of each item, joined by its id."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.classes import ClassIndex
from aura.core.errors import ParameterError, SignalError
from aura.core.lasting import Stateful
from aura.core.pending import PendingItems, received
from aura.core.signals import Inputs
from aura.core.time import Time, format_time
from aura.zones.amygdala.features.affect_code import LENGTH, NONE, affect_code
from aura.zones.amygdala.features.estimate import AffectEstimate
from aura.zones.amygdala.features.export import Estimate, read_estimate, read_recipe, write_estimate, write_recipe
from aura.zones.amygdala.features.extras import EXTRAS, Extras
from aura.zones.amygdala.features.features import Part, added, joined
from aura.zones.amygdala.features.lexicon import Polarity, read_lexicon
from aura.zones.amygdala.learners.learner import Head
from aura.zones.common.arrays import Array

__all__ = ["TEXTLESS", "UNREAD", "FeatureRows"]

TEXTLESS = "had no text of {count} items when their embeddings came: what it reads of a text is 0 for them"
"""What a zone tells of items without a text."""

UNREAD = "let {count} texts or annotations go whose embeddings had not come while others took their place"
"""What a zone tells of those that waited in vain."""

MOST_NAMES = 1024
"""Emotions told apart that annotations name; the code has no more than so many waves that are plainly different."""

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

    lasting = ("_texts", "_annotations", "_names", "_estimate", "textless")

    def __init__(self, zone: str, params: Any, memory: int) -> None:
        self._zone, self._params, self._parts = zone, params, params.features
        self._source = params.affect.source if "affect" in self._parts else None
        self.added = added(self._parts)
        """How many features stand before those of the embedding."""
        self._extras = Extras(params.tone_keywords)
        self._lexicon = read_lexicon(params.affect.lexicon) if self._source == "lexicon" else None
        self._texts = PendingItems(memory) if params.reads_text else None
        self._annotations = PendingItems(memory) if self._source == "annotation" else None
        self._names = ClassIndex(most=MOST_NAMES)
        self._estimate: AffectEstimate | None = None
        self._task = ""
        self.textless = 0
        """Items whose text was not there."""

    def open(self, features: int, heads: Mapping[str, Head]) -> None:
        """Set up what depends on the length of an embedding and on the heads of the tasks, by name."""
        if self._source != "estimate":
            return
        self._task = self._estimated(heads)
        learner = self._params.learner
        self._estimate = AffectEstimate(
            self.added - LENGTH + features, heads[self._task].outputs, ridge=getattr(learner, "ridge", 1.0),
            forgetting=getattr(learner, "forgetting", 1.0))

    def _estimated(self, heads: Mapping[str, Head]) -> str:
        """Return the task whose classes are estimated."""
        told = [name for name, head in heads.items() if head.told != "numbers"]
        task: str | None = self._params.affect.task or next(iter(told), None)
        if task is None or task not in told:
            raise ParameterError(f"{self._zone}.affect.task", got=repr(task),
                                 expected="a task of labels or of a choice",
                                 hint='Set affect.source to "lexicon" or "annotation" where there is none.')
        return task

    # --- the tick -------------------------------------------------------------------------------------------------

    def receive(self, now: Time, inputs: Inputs) -> None:
        """Read the texts and annotations that have come."""
        if self._texts is not None:
            batch = received(inputs, "text", self._zone, now, what="texts")
            if batch is not None:
                self._texts.store(batch[0], self._read(batch[1]))
        if self._annotations is not None:
            batch = received(inputs, "annotation", self._zone, now, what="annotations")
            if batch is not None:
                self._annotations.store(batch[0], self._named(batch[1]))

    def join(self, now: Time, ids: Ids | None, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rows of items, float32 (n, added + features); the very embedding where it is all there is."""
        if not self.added:
            return embedding
        where = f"{self._zone}.embedding at {format_time(now)}"
        beside = np.zeros((len(embedding), LENGTH + EXTRAS), np.float32)
        if self._texts is not None:
            self.textless += _fill(beside, self._texts, ids, where)
        if self._annotations is not None:
            _fill(beside[:, :LENGTH], self._annotations, ids, where)
        found: dict[Part, NDArray[np.float32]] = {"embedding": embedding}
        if "extras" in self._parts:
            found["extras"] = beside[:, LENGTH:]
        if self._estimate is not None:
            beside[:, :LENGTH] = affect_code(*self._estimate.read(joined(found, where)))
        if "affect" in self._parts:
            found["affect"] = beside[:, :LENGTH]
        return joined(found, where)

    def learn(self, task: str, rows: NDArray[np.float32], targets: Array, rate: float) -> None:
        """Let the estimate learn from the rows (n, added + features) of a task; those of others leave it alone."""
        if self._estimate is not None and task == self._task:
            self._estimate.learn(rows[:, LENGTH:], targets, rate)

    def notices(self) -> dict[str, int]:
        """Return how many items had no text, and how many texts and annotations no item."""
        waiting = [part for part in (self._texts, self._annotations) if part is not None]
        if not waiting:
            return {}
        return {TEXTLESS: self.textless, UNREAD: sum(part.displaced for part in waiting)}

    # --- reading --------------------------------------------------------------------------------------------------

    def _read(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Return what is read of each text, (n, 35)."""
        out = np.zeros((len(texts), LENGTH + EXTRAS), np.float32)
        out[:, LENGTH:] = np.array([self._extras.of(text) for text in texts]).reshape(-1, EXTRAS)
        if self._lexicon is not None and texts:
            places, intensities = zip(*(_of_polarity(self._lexicon.polarity(text)) for text in texts), strict=True)
            out[:, :LENGTH] = affect_code(np.array(places), np.array(intensities))
        return out

    def _named(self, annotations: tuple[tuple[str, ...], ...]) -> NDArray[np.float32]:
        """Return the code of the first two emotions that each annotation names, (n, 32)."""
        places = np.full((len(annotations), 2), NONE, np.intp)
        for row, names in enumerate(annotations):
            for column, name in enumerate(list(dict.fromkeys(names))[:2]):
                places[row, column] = self._names.place(name)
        return affect_code(places, np.ones(places.shape)).astype(np.float32)

    # --- export ---------------------------------------------------------------------------------------------------

    def _recipe(self) -> dict[str, Any]:
        """Return what an export has to say of the features, the names of emotions aside."""
        return {"features": list(self._parts), "source": self._source, "task": self._task,
                "tone_keywords": list(self._params.tone_keywords)}

    def export(self, folder: Path) -> list[Path]:
        """Write what the features are made by and return the files; none where the embedding stands alone."""
        if not self.added:
            return []
        files = write_recipe(folder, {**self._recipe(), "emotions": self._names.names})
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
        names = read_recipe(folder, {**self._recipe(), "task": task})
        return names, read_estimate(folder, self.added - LENGTH + features, heads[task].outputs) if task else None

    def adopt(self, names: tuple[str, ...], estimate: Estimate | None) -> None:
        """Take over what `read_export` returned."""
        self._names.replace(names)
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


def _of_polarity(polarity: Polarity) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return the two poles as emotions: the one that outweighs by how much it does, the other by all that is for it."""
    if polarity.compound >= 0:
        return (0, 1), (polarity.compound, polarity.negative)
    return (1, 0), (-polarity.compound, polarity.positive)
