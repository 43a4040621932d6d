"""The metric ``classification``: label sets predicted by a zone against the truth that the stream tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.classes import ClassIndex
from aura.core.errors import AuraError
from aura.core.lasting import Lasting, Stateful
from aura.core.signals import Signal
from aura.core.time import NEVER, Time
from aura.plugins.figures import Figure
from aura.plugins.metrics.classification_figures import by_groups, classification_figures, forgetting
from aura.plugins.metrics.examples import Examples, can_be_shown, topics_of_examples
from aura.plugins.metrics.matching import PENDING
from aura.plugins.metrics.options import LABELS, MetricOptions, Need, Pending, RowsEvery, Topic, Window
from aura.plugins.metrics.results import Results
from aura.plugins.metrics.rolling import Rolling
from aura.plugins.metrics.scores import UNRANKED, LabelCounts, Scored, beyond, sets_of

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Classification", "ClassificationOptions"]

NONE = "(none)"
"""The value of an item whose set of tags is empty, where items are counted by it."""


class ClassificationOptions(MetricOptions):
    """Options of the metric ``classification``."""

    truth: Topic = Field(
        description="Topic of tags (label sets), of text (one label an item) or of integers (one class an item). Items "
                    "without a true label (an empty set, an empty text) are left out and counted.")
    prediction: Topic = Field(description="Topic of what was predicted of the same items: tags, text or integers.")
    best: Topic | None = Field(
        None,
        description="Topic of the one best label of each item, for the top-1 figure and the confusion matrix.")
    scores: Topic | None = Field(
        None,
        description="Instead of best: topic of the scores, (item, class), of which the largest tells the best label.")
    classes: Topic | None = Field(None, description="Topic of the names of the classes that the scores are of.")
    window: Window = 1000
    every: RowsEvery = "auto"
    pending: Pending = None
    max_classes: int = Field(
        1000, ge=2, le=10_000,
        description='Classes counted apart; what comes beyond stands as one class "(other)", in which a label is '
                    "right only where it is the true one.")
    by: Annotated[tuple[Topic, ...], Field(max_length=2)] = Field(
        (),
        description="One or two topics of text, of integers or of tags, one value an item, such as the expert that "
                    "answered: items and accuracy are counted for each of their values too, and for each pair of "
                    "values.")
    max_values: int = Field(
        100, ge=2, le=1000,
        description='Values of such a topic counted apart; what comes beyond is one value "(other)".')
    stimulus: Topic | None = Field(
        None,
        description="Topic of text or of pictures, (item,) or (item, height, width): what the examples show. By "
                    "default the first such output of the zone that tells the truth.")
    confidence: Topic | None = Field(
        None,
        description="Topic of probabilities, (item,) or (item, class), of which the largest says how sure a "
                    "prediction was. By default the one that stands beside the prediction.")
    examples: int = Field(
        5, ge=0, le=50,
        description="Examples that are kept of each phase: so many of the most confident mistakes, and as many "
                    "that were right.")
    forgetting: bool = Field(
        False,
        description="Whether to tell how far each class has fallen from its best accuracy of an earlier phase "
                    "without learning.")


class _Phase(Stateful):
    """What one phase has counted: of `groups` items and hits by the values of the topics `by`."""

    lasting = ("counts", "unlabelled", "groups")

    def __init__(self) -> None:
        self.counts = LabelCounts()
        self.unlabelled = 0
        self.groups: dict[tuple[str, ...], list[int]] = {}


class Classification(Rolling):
    """Accuracy, top-1, F1, the table of classes and the confusion matrix, per phase and rolling.

    Truth and prediction are brought together by their items' ids. An item counts for the phase in which it was
    predicted: with learning on the figures are prequential (predicted first, learned after), with learning off they
    are held-out; items whose rows were learned before stand apart. Items without a true label are left out, and
    counted. Accuracy is that of whole label sets (exact match); top-1 asks whether the best label is among the
    true ones; an item without an answer is a miss of both. The confusion matrix takes the items with one true label.
    By the values of other topics items and accuracy are counted once more. Forgetting compares the phases without
    learning.
    """

    kind = "classification"
    needs: ClassVar = {
        "truth": Need(LABELS), "prediction": Need(LABELS), "best": Need(LABELS), "scores": Need(("float",)),
        "by": Need(LABELS, axes=(0,), words="one value an item"), "classes": Need(("text",), items=None),
        "confidence": Need(("float",)), "stimulus": Need()}
    headlines: ClassVar = {"macro_f1": "macro F1", "top1": "top-1 in the true set", "accuracy": "exact match"}
    quantity = "score, 0 to 1"
    lasting = ("_matcher", "_done", "_classes", Lasting("_class_names", key="told"), "_values", "_examples")

    def __init__(self, name: str, options: ClassificationOptions) -> None:
        super().__init__(name, options)
        ranked = options.best or options.scores
        sides = {"truth": options.truth, "prediction": options.prediction, **({"best": ranked} if ranked else {}),
                 **{topic: topic for topic in options.by}}
        self._matcher = self.matching(tuple(sides), options.pending)
        self._first_group = len(sides) - len(options.by)
        self._sides: dict[str, list[int]] = {}
        for side, topic in enumerate(sides.values()):
            self._sides.setdefault(topic, []).append(side)
        self._classes = ClassIndex(most=options.max_classes)
        self._class_names: tuple[str, ...] = ()
        self._values = [ClassIndex(most=options.max_values) for _ in options.by]
        self._done: list[list[Any]] = []
        self._examples = Examples(options.examples, options.pending or PENDING)

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        options = self.options
        if options.scores is not None and options.best is None and options.classes is None:
            raise AuraError(f"metrics.{self.name}.classes", got="none",
                            expected="the topic that names the classes of the scores")
        if options.examples:
            stimulus, confidence = topics_of_examples(brain, options.truth, options.prediction)
            if options.stimulus is not None:
                port = self.require_topic(brain, "stimulus", options.stimulus)
                if not can_be_shown(port):
                    raise AuraError(f"metrics.{self.name}.stimulus", got=f"{options.stimulus}: {port.describe()}",
                                    expected="a topic of text, (item,), or of pictures, (item, height, width)")
            more = self._examples.watch(options.stimulus or stimulus, options.confidence or confidence)
            self.topics = tuple(dict.fromkeys((*self.topics, *more)))

    def new_part(self) -> _Phase:
        return _Phase()

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        if signal.topic == self.options.classes:
            self._class_names = tuple(signal.value)  # type: ignore[arg-type]
        ids = [] if signal.ids is None else np.asarray(signal.ids).tolist()
        if signal.topic in (self._examples.stimulus, self._examples.confidence):
            self._examples.hear(signal, ids)
        for side in self._sides.get(signal.topic, ()):
            self._done += self._matcher.put(side, ids, self._values_of(side, signal, ids))
        if self._done:
            self.due = 0

    def after_tick(self, now: Time) -> Time:
        # Only here: all topics of the tick have spoken, whatever their order.
        self._settle(now)
        return NEVER

    def end_phase(self, now: Time) -> None:
        self._settle(now)
        super().end_phase(now)

    def _values_of(self, side: int, signal: Signal, ids: list[int]) -> Sequence[Any]:
        """Return one value an item: the label set, for the prediction with place and id; the best label; or the group.

        Of scores the best label is told by its column, for the names may come later.
        """
        if side == 2 < self._first_group and self.options.best is None:
            scores = np.asarray(signal.value)
            return scores.argmax(axis=1).tolist() if scores.size else [None] * len(scores)
        sets = sets_of(signal.value)
        if side >= self._first_group:
            return [", ".join(labels) or NONE for labels in sets]
        if side == 2:
            return [labels[0] if labels else None for labels in sets]
        return list(zip(self.places(signal), sets, ids, strict=True)) if side == 1 else sets

    def _settle(self, now: Time) -> None:
        """Count the items that are complete."""
        done, self._done = self._done, []
        first, ranked = self._first_group, self._first_group > 2
        for entry in done:
            truth, (place, predicted, number) = entry[0], entry[1]
            part: _Phase = self.part(place)
            if not truth:
                part.unlabelled += 1
                self._examples.forget(number)
                continue
            choice = self._best(entry[2]) if ranked else predicted[0] if len(predicted) == 1 else None
            item = Scored.of(self._classes, truth, predicted, choice, ranked or len(predicted) < 2)
            part.counts.add((item,))
            self._examples.judge(place, number, truth, predicted, choice,
                                 right=item.exact if item.best == UNRANKED else item.top)
            if entry[first:]:
                key = tuple(known.names[known.place(value)]
                            for known, value in zip(self._values, entry[first:], strict=True))
                group = part.groups.setdefault(key, [0, 0])
                group[0] += 1
                group[1] += item.exact
            self.roll(place, item, part.counts.items, now)

    def _best(self, best: int | str | None) -> str | None:
        if isinstance(best, int):
            return self._class_names[best] if best < len(self._class_names) else None
        return best

    def figures_of(self, items: list[Any]) -> dict[str, float]:
        return LabelCounts().add(items).rolling()

    # --- what a person reads --------------------------------------------------------------------------------------

    @property
    def headings(self) -> dict[str, str]:  # type: ignore[override]
        """Called as at the end of a run: where each item has one label, top-1 is the accuracy."""
        part = self.parts.get(self._latest[0])
        if part is not None and 0 < part.counts.items == part.counts.single:
            return {"accuracy": "accuracy", "macro_f1": "macro_f1"}
        return {"top1": "top1", "macro_f1": "macro_f1", "accuracy": "exact_match"}

    def about(self) -> dict[str, Any]:
        found: dict[str, Any] = {"truth": self.options.truth, "prediction": self.options.prediction,
                                 **beyond(self._classes)}
        if self.options.forgetting:
            found["forgetting"] = forgetting([
                (place, self.learned(place), part.counts.recalls(self._classes.names))
                for place, part in self.parts.items() if self.learned(place) or self.is_first(place)])
        return found

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        names, counts = self._classes.names, part.counts
        return {"items": counts.items, "unlabelled": part.unlabelled,
                "one_label": 0 < counts.items == counts.single, "summary": counts.summary(),
                "per_class": counts.per_class(names), "confusion": counts.confusion_table(names),
                "examples": self._examples.results(place),
                **(by_groups(self.options.by, part.groups) if self.options.by else {})}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        return [*super().figures(found, others), *classification_figures(found)]
