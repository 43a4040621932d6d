"""The metric ``classification``: label sets predicted by a zone against the truth that the stream tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.classes import ClassIndex
from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time
from aura.plugins.figures import Figure
from aura.plugins.metrics.classification_figures import classification_figures
from aura.plugins.metrics.counts import UNRANKED, LabelCounts, Scored, pack_items, unpack_items
from aura.plugins.metrics.examples import Examples, topics_of_examples
from aura.plugins.metrics.forgetting import PhaseRecall, forgetting
from aura.plugins.metrics.group_counts import GroupCounts, group_values
from aura.plugins.metrics.label_figures import confusion_table, per_class, recalls, rolling_figures, summary
from aura.plugins.metrics.labels import beyond, sets_of
from aura.plugins.metrics.matching import PENDING, ids_of
from aura.plugins.metrics.metric import SEEN_BEFORE, Metric
from aura.plugins.metrics.options import MetricOptions, Pending, RowsEvery, Topic
from aura.plugins.metrics.results import Results
from aura.plugins.metrics.rolling import Rolling
from aura.plugins.metrics.stimuli import can_be_shown

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Classification", "ClassificationOptions"]

_HEADLINE = {"top1": "top1", "macro_f1": "macro_f1", "accuracy": "exact_match"}
_ONE_LABEL = {"accuracy": "accuracy", "macro_f1": "macro_f1"}
"""Called as at the end of a run: where each item has one label, top-1 is the accuracy."""


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
    window: int = Field(1000, ge=1, le=100_000, description="Items that a rolling figure looks back on.")
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


class Classification(Metric):
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
    headlines: ClassVar = {"macro_f1": "macro F1", "top1": "top-1 in the true set", "accuracy": "exact match"}
    quantity = "score, 0 to 1"

    def __init__(self, name: str, options: ClassificationOptions) -> None:
        super().__init__(name, options)
        ranked = options.best or options.scores
        sides = (*(("truth", "prediction", "best") if ranked else ("truth", "prediction")), *options.by)
        wanted = (options.truth, options.prediction, *((ranked,) if ranked else ()), *options.by)
        self._first_group = len(sides) - len(options.by)
        self._sides = [(topic, side) for side, topic in enumerate(wanted)]
        self.topics = tuple(dict.fromkeys((*wanted, *((options.classes,) if options.classes else ()))))
        self._matcher = self.matching(sides)
        self._classes = ClassIndex(most=options.max_classes)
        self._told: tuple[str, ...] = ()
        self._counts: dict[str, LabelCounts] = {}
        self._groups = GroupCounts(options.by, options.max_values)
        self._unlabelled: dict[str, int] = {}
        self._rolling: Rolling[Scored] = Rolling(options.window, options.every)
        self._latest: tuple[str, dict[str, float]] = ("", {})
        """Where the last row stands, and its figures."""
        self._done: list[list[Any]] = []
        self._examples = Examples(options.examples, options.pending or PENDING)

    def check(self, brain: BrainView) -> None:
        options = self.options
        labels = ("tags", "text", "int", "uint")
        self.require_topic(brain, "truth", options.truth, dtypes=labels)
        self.require_topic(brain, "prediction", options.prediction, dtypes=labels)
        for number, topic in enumerate(options.by):
            port = self.require_topic(brain, f"by[{number}]", topic, dtypes=labels)
            if len(port.shape) != 1:
                raise AuraError(f"metrics.{self.name}.by[{number}]", expected="a topic of one value an item",
                                got=f"{topic}: {port.describe()}")
        if options.best is not None:
            self.require_topic(brain, "best", options.best, dtypes=labels)
        elif options.scores is not None:
            self.require_topic(brain, "scores", options.scores, dtypes=("float",))
            if options.classes is None:
                raise AuraError(f"metrics.{self.name}.classes", got="none",
                                expected="the topic that names the classes of the scores")
            self.require_topic(brain, "classes", options.classes, dtypes=("text",), items=False)
        if options.examples:
            stimulus, confidence = topics_of_examples(brain, options.truth, options.prediction)
            if options.stimulus is not None:
                port = self.require_topic(brain, "stimulus", options.stimulus)
                if not can_be_shown(port):
                    raise AuraError(f"metrics.{self.name}.stimulus", got=f"{options.stimulus}: {port.describe()}",
                                    expected="a topic of text, (item,), or of pictures, (item, height, width)")
            if options.confidence is not None:
                self.require_topic(brain, "confidence", options.confidence, dtypes=("float",))
            more = self._examples.watch(options.stimulus or stimulus, options.confidence or confidence)
            self.topics = tuple(dict.fromkeys((*self.topics, *more)))

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        if signal.topic == self.options.classes:
            self._told = tuple(signal.value)  # type: ignore[arg-type]
        ids = None
        self._examples.hear(signal)
        for topic, side in self._sides:
            if topic == signal.topic:
                ids = ids_of(signal.ids) if ids is None else ids
                self._done += self._matcher.put(side, ids, self._values(side, signal))

    def after_tick(self, now: Time) -> None:
        # Only here: all topics of the tick have spoken, whatever their order.
        if self._done:
            self._settle(now)

    def end_phase(self, now: Time) -> None:
        self._settle(now)
        for place in self._rolling.waiting():
            self._roll(place, now)
        self._rolling.clear()

    def _values(self, side: int, signal: Signal) -> Sequence[Any]:
        """Return one value an item: the label set, for the prediction with place and id; the best label; or the group.
        """
        if side >= self._first_group:
            return group_values(signal.value)
        if side == 2:
            return self._best_of(signal.value)
        sets = sets_of(signal.value)
        return list(zip(self.places(signal), sets, ids_of(signal.ids), strict=True)) if side == 1 else sets

    def _best_of(self, value: Any) -> Sequence[Any]:
        """Return the best label of each item: as a label; of scores as its column, for the names may come later."""
        if self.options.best is not None:
            return [labels[0] if labels else None for labels in sets_of(value)]
        return np.argmax(value, axis=1).tolist() if np.size(value) else [None] * len(value)

    def _settle(self, now: Time) -> None:
        """Count the items that are complete."""
        done, self._done = self._done, []
        first = self._first_group
        for entry in done:
            truth, (place, said, number), best, groups = entry[0], entry[1], entry[2:first], entry[first:]
            counts = self._counts.get(place)
            if counts is None:
                counts = self._counts[place] = LabelCounts()
            if not truth:
                self._unlabelled[place] = self._unlabelled.get(place, 0) + 1
                self._examples.forget(number)
                continue
            choice = self._named(best, said)
            item = Scored.of(self._classes, truth, said, choice, ranked=bool(best) or len(said) < 2)
            counts.add(item)
            self._examples.judge(place, number, truth, said, choice,
                                 right=item.exact if item.best == UNRANKED else item.top)
            if groups:
                self._groups.add(place, groups, item.exact)
            if self.is_present(place) and self._rolling.add(place, item, counts.items, now):
                self._roll(place, now)

    def _named(self, told: list[Any], said: tuple[str, ...]) -> str | None:
        """Return the best label: as told, or the only predicted one."""
        if not told:
            return said[0] if len(said) == 1 else None
        best: int | str | None = told[0]
        if isinstance(best, int):
            return self._told[best] if 0 <= best < len(self._told) else None
        return best

    def _roll(self, place: str, now: Time) -> None:
        self._latest = place, rolling_figures(LabelCounts.of(self._rolling.row(place)))
        self.add_row(now, self._counts[place].items, self._latest[1], place)

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        place, latest = self._latest
        later = f" ({SEEN_BEFORE})" if latest and not self.is_first(place) else ""
        counts = self._counts.get(place)
        one = counts is not None and 0 < counts.items == counts.single
        called = _ONE_LABEL if one else _HEADLINE
        return {f"{told}{later}": latest[name] for name, told in called.items() if name in latest}

    def results(self) -> dict[str, Any]:
        phases = {}
        names = self._classes.names
        for place, counts in self._counts.items():
            counts.fold()
            phases[place] = {
                **self.what(place), "items": counts.items, "unlabelled": self._unlabelled.get(place, 0),
                "one_label": 0 < counts.items == counts.single, "summary": summary(counts),
                "per_class": per_class(counts, names), "confusion": confusion_table(counts, names),
                "examples": self._examples.results(place)}
            if self.options.by:
                phases[place] |= self._groups.results(place)
        found = {"kind": self.kind, "truth": self.options.truth, "prediction": self.options.prediction,
                 "phases": phases, "unmatched": self._matcher.alone(), "waiting": len(self._matcher),
                 **beyond(self._classes)}
        if self.options.forgetting:
            found["forgetting"] = forgetting([
                PhaseRecall(place, self.learned(place), recalls(counts, names))
                for place, counts in self._counts.items() if self.learned(place) or self.is_first(place)])
        return found

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        return [*super().figures(found, others), *classification_figures(found)]

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {
            **self.base_state(), "matcher": self._matcher.state(), "done": list(self._done),
            "classes": self._classes.state(), "told": list(self._told), "latest": list(self._latest),
            "phases": [[place, self._unlabelled.get(place, 0), counts.state()]
                       for place, counts in self._counts.items()],
            "groups": self._groups.state(), "rolling": self._rolling.state(pack_items),
            "examples": self._examples.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._matcher.load_state(state["matcher"])
        self._done, self._told = list(state["done"]), tuple(state["told"])
        self._latest = (state["latest"][0], state["latest"][1])
        self._classes.load_state(state["classes"])
        self._counts, self._unlabelled = {}, {}
        for place, unlabelled, tree in state["phases"]:
            self._counts[place] = LabelCounts()
            self._counts[place].load_state(tree)
            self._unlabelled[place] = unlabelled
        self._groups.load_state(state["groups"])
        self._rolling.load_state(state["rolling"], unpack_items)
        self._examples.load_state(state["examples"])
