"""The metric ``classification``: label sets predicted by a zone against the truth that the stream tells."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time
from aura.plugins.metrics.cadence import Cadence
from aura.plugins.metrics.counts import NO_BEST, LabelCounts, Scored
from aura.plugins.metrics.forgetting import PhaseRecall, forgetting
from aura.plugins.metrics.group_counts import GroupCounts, group_values
from aura.plugins.metrics.label_figures import confusion_table, per_class, recalls, rolling_figures, summary
from aura.plugins.metrics.labels import Classes, pack, sets_of, unpack
from aura.plugins.metrics.matching import Matcher, ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import ClassificationOptions

if TYPE_CHECKING:
    from aura.core.brain import Brain

__all__ = ["Classification"]

_HEADLINE = ("top1", "macro_f1", "accuracy")


class Classification(Metric):
    """Accuracy, top-1, F1, the table of classes and the confusion matrix, per phase and rolling.

    Truth and prediction are brought together by their items' ids. An item counts for the phase in which it was
    predicted: with learning on the figures are prequential (predicted first, learned after), with learning off they
    are held-out. Accuracy is that of whole label sets (exact match); top-1 asks whether the best label is among the
    true ones; the confusion matrix takes the items with one true label. By the values of other topics items and
    accuracy are counted once more. Forgetting compares the phases without learning.

    Parameters
    ----------
    name : str
        The metric's name in its scenario.
    options : ClassificationOptions
        What it watches.
    """

    kind = "classification"

    def __init__(self, name: str, options: ClassificationOptions) -> None:
        super().__init__(name, options)
        ranked = options.best or options.scores
        sides = (*(("truth", "prediction", "best") if ranked else ("truth", "prediction")), *options.by)
        wanted = (options.truth, options.prediction, *((ranked,) if ranked else ()), *options.by)
        self._first_group = len(sides) - len(options.by)
        self._sides = [(topic, side) for side, topic in enumerate(wanted)]
        self.topics = tuple(dict.fromkeys((*wanted, *((options.classes,) if options.classes else ()))))
        self._matcher = Matcher(sides, options.pending)
        self._classes = Classes(options.max_classes)
        self._told: tuple[str, ...] = ()
        self._counts: dict[str, LabelCounts] = {}
        self._groups = GroupCounts(options.by, options.max_values)
        self._learned: dict[str, bool] = {}
        self._window: deque[Scored] = deque(maxlen=options.window)
        self._cadence = Cadence(options.every)
        self._latest: dict[str, float] = {}
        self._done: list[list[Any]] = []
        self._since_row = 0

    def check(self, brain: Brain) -> None:
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

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        if signal.topic == self.options.classes:
            self._told = tuple(signal.value)  # type: ignore[arg-type]
        ids = None
        for topic, side in self._sides:
            if topic == signal.topic:
                ids = ids_of(signal.ids) if ids is None else ids
                self._done += self._matcher.put(side, ids, self._values(side, signal))

    def after_tick(self, now: Time) -> None:
        # Only here: all topics of the tick have spoken, whatever their order.
        if self._done:
            self._settle(now)

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        if (phase, learning) == (self.phase, self.learning):
            return
        self._settle(now)
        if self._since_row:
            self._roll(now)
        super().on_phase(phase, learning, now)
        self._window.clear()
        self._cadence.new_phase(now)

    def _values(self, side: int, signal: Signal) -> Sequence[Any]:
        """Return one value an item: the label set, with the phase for the prediction; what tells the best label; or the
        group.
        """
        if side >= self._first_group:
            return group_values(signal.value)
        if side == 2 and self.options.best is None:
            return np.argmax(signal.value, axis=1).tolist() if np.size(signal.value) else [NO_BEST] * len(signal.value)
        sets = sets_of(signal.value)
        return [(self.phase, self.learning, labels) for labels in sets] if side == 1 else sets

    def _settle(self, now: Time) -> None:
        """Count the items that are complete."""
        done, self._done = self._done, []
        numbers = self._classes.numbers
        first = self._first_group
        for entry in done:
            truth, (phase, learning, said), best, groups = entry[0], entry[1], entry[2:first], entry[first:]
            item = Scored(numbers(truth), numbers(said), self._best(best, said))
            counts = self._counts.get(phase)
            if counts is None:
                counts = self._counts[phase] = LabelCounts()
                self._learned[phase] = learning
            counts.add(item)
            if groups:
                self._groups.add(phase, groups, item.truth == item.prediction)
            if phase == self.phase:
                self._window.append(item)
                self._since_row += 1
                if self._cadence.due(counts.items, now):
                    self._roll(now)

    def _best(self, told: list[Any], said: tuple[str, ...]) -> int:
        """Return the number of the best label: as told, or the only predicted one."""
        if not told:
            return self._classes.number(said[0]) if len(said) == 1 else NO_BEST
        [best] = told
        if isinstance(best, int):
            return self._classes.number(self._told[best]) if 0 <= best < len(self._told) else NO_BEST
        return self._classes.number(best[0]) if best else NO_BEST

    def _roll(self, now: Time) -> None:
        self._since_row = 0
        self._latest = rolling_figures(LabelCounts.of(self._window))
        self.add_row(now, self._counts[self.phase].items, self._latest)

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        return {name: self._latest[name] for name in _HEADLINE if name in self._latest}

    def results(self) -> dict[str, Any]:
        phases = {}
        names = self._classes.names
        for phase, counts in self._counts.items():
            counts.fold()
            learning = self._learned[phase]
            phases[phase] = {
                "learning": learning, "how": "prequential" if learning else "held-out", "items": counts.items,
                "summary": summary(counts), "per_class": per_class(counts, names),
                "confusion": confusion_table(counts, names)}
            if self.options.by:
                phases[phase] |= self._groups.results(phase)
        found = {"kind": self.kind, "truth": self.options.truth, "prediction": self.options.prediction,
                 "phases": phases, "unmatched": dict(self._matcher.unmatched), "waiting": len(self._matcher)}
        if self.options.forgetting:
            found["forgetting"] = forgetting([
                PhaseRecall(phase, self._learned[phase], recalls(counts, names))
                for phase, counts in self._counts.items()])
        return found

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        window = list(self._window)
        return {
            **self.base_state(), "matcher": self._matcher.state(), "done": list(self._done),
            "classes": self._classes.names, "told": list(self._told), "next": self._cadence.next,
            "since_row": self._since_row, "latest": dict(self._latest),
            "phases": [[phase, self._learned[phase], counts.state()] for phase, counts in self._counts.items()],
            "groups": self._groups.state(),
            "window": {"truth": pack([item.truth for item in window]),
                       "prediction": pack([item.prediction for item in window]),
                       "best": np.array([item.best for item in window], dtype=np.int64)},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._matcher.load_state(state["matcher"])
        self._done, self._told, self._latest = list(state["done"]), tuple(state["told"]), state["latest"]
        self._classes = Classes(self.options.max_classes, state["classes"])
        self._cadence.next, self._since_row = state["next"], state["since_row"]
        self._counts, self._learned = {}, {}
        for phase, learning, tree in state["phases"]:
            self._counts[phase], self._learned[phase] = LabelCounts(), learning
            self._counts[phase].load_state(tree)
        self._groups.load_state(state["groups"])
        window = state["window"]
        items = zip(unpack(window["truth"]), unpack(window["prediction"]), window["best"].tolist(), strict=True)
        self._window = deque((Scored(*item) for item in items), maxlen=self.options.window)
