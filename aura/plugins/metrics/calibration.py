"""The metric ``calibration``: whether what is said with a probability of 0.8 is right in four of five cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aura.core.classes import ClassIndex
from aura.core.errors import AuraError
from aura.core.lasting import Lasting
from aura.core.signals import Signal
from aura.core.time import NEVER, Time
from aura.plugins.figures import Figure
from aura.plugins.metrics.calibration_figures import calibration_figures
from aura.plugins.metrics.options import LABELS, MetricOptions, Need, Pending, RowsEvery, Topic, Window
from aura.plugins.metrics.reliability import Bins, calibration_error
from aura.plugins.metrics.results import Results
from aura.plugins.metrics.rolling import Rolling
from aura.plugins.metrics.scores import beyond, natural_key, sets_of

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Calibration", "CalibrationOptions"]


class CalibrationOptions(MetricOptions):
    """Options of the metric ``calibration``."""

    truth: Topic = Field(
        description="Topic of tags (label sets), of text (one label an item) or of integers (one class an item). Items "
                    "without a true label are left out and counted.")
    probability: Topic | None = Field(
        None, description="Topic of the probability of each class, (item, class).")
    classes: Topic | None = Field(None, description="Topic of the names of the classes that the probabilities are of.")
    best: Topic | None = Field(
        None, description="Topic of the one label that was said of each item; by default the class of the largest "
                          "probability.")
    confidence: Topic | None = Field(
        None, description="Topic of the probability that the best label is a true one, (item,); by default the largest "
                          "probability.")
    bins: int = Field(15, ge=2, le=200, description="Bins of equal width from 0 to 1.")
    window: Window = 1000
    every: RowsEvery = "auto"
    pending: Pending = None
    max_classes: int = Field(
        1000, ge=2, le=10_000,
        description="Classes counted apart, some 500 bytes each; those beyond are left out of what is told of all "
                    "classes, not of what is told of the best.")


class _Judged(NamedTuple):
    """One item: its true labels, the probabilities of the classes there were, that of the best label, and the hit."""

    truth: tuple[str, ...]
    chances: NDArray[np.float64]
    sure: float
    hit: bool


class Calibration(Rolling):
    """Expected calibration error of the best label and of each class, Brier score and reliability, per phase.

    Truth and prediction are brought together by their items' ids; phases as for ``classification``. The best label is
    right if it is among the true ones, so that an item may have any number of them. A true label that had no
    probability yet, because its class had not been met, had one of zero. Memory is that of the bins, whatever the
    number of items.
    """

    kind = "calibration"
    needs: ClassVar = {
        "truth": Need(LABELS), "probability": Need(("float",), axes=(1,), words="one number for each class of an item"),
        "classes": Need(("text",), items=None), "best": Need(LABELS),
        "confidence": Need(("float",), axes=(0,), words="one number an item")}
    headlines: ClassVar = {"ece": "calibration error (ECE)"}
    headings: ClassVar = {"ece": "ece"}
    quantity = "share, 0 to 1"
    lasting = ("_matcher", "_done", "_classes", Lasting("_class_names", key="told"))

    def __init__(self, name: str, options: CalibrationOptions) -> None:
        super().__init__(name, options)
        self._sides = [side for side in ("truth", "probability", "best", "confidence")
                       if getattr(options, side) is not None]
        self._matcher = self.matching(tuple(self._sides), options.pending)
        self._classes = ClassIndex(most=options.max_classes)
        self._class_names: tuple[str, ...] = ()
        self._done: list[list[Any]] = []

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        options = self.options
        if options.probability is None and (options.best is None or options.confidence is None):
            raise AuraError(f"metrics.{self.name}.probability", got="none",
                            expected="a topic of probabilities, or both best and confidence")
        if options.probability is not None and options.classes is None:
            raise AuraError(f"metrics.{self.name}.classes", got="none",
                            expected="the topic that names the classes of the probabilities")

    def new_part(self) -> Bins:
        return Bins(self.options.bins)

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        if signal.topic == self.options.classes:
            self._class_names = tuple(signal.value)  # type: ignore[arg-type]
        ids = [] if signal.ids is None else np.asarray(signal.ids).tolist()
        for number, side in enumerate(self._sides):
            if signal.topic == getattr(self.options, side):
                self._done += self._matcher.put(number, ids, self._values_of(side, signal))
        if self._done:
            self.due = 0

    def _values_of(self, side: str, signal: Signal) -> Sequence[Any]:
        if side in ("truth", "best"):
            sets = sets_of(signal.value)
            return sets if side == "truth" else [labels[0] if labels else "" for labels in sets]
        rows = np.asarray(signal.value, dtype=np.float64)
        judged = "probability" if self.options.probability is not None else "confidence"
        if side != judged:
            return list(rows)
        return list(zip(self.places(signal), rows, strict=True))

    def after_tick(self, now: Time) -> Time:
        # Only here: all topics of the tick have spoken, the names of the classes too.
        self._settle(now)
        return NEVER

    def end_phase(self, now: Time) -> None:
        self._settle(now)
        super().end_phase(now)

    def _settle(self, now: Time) -> None:
        """Count the items that are complete, in blocks of one place and one number of classes."""
        done, self._done = self._done, []
        blocks: dict[tuple[str, int], list[_Judged]] = {}
        for entry in done:
            heard = dict(zip(self._sides, entry, strict=True))
            place, item = self._judged(heard)
            if item.truth:
                blocks.setdefault((place, len(item.chances)), []).append(item)
            else:
                self.part(place).unlabelled += 1
        for (place, _), items in blocks.items():
            part = self.part(place)
            if self.options.probability is not None:
                part.add_classes(*self._by_class(items))
            for number, item in enumerate(items, part.items + 1):
                self.roll(place, (item.sure, float(item.hit)), number, now)
            part.add(np.array([item.sure for item in items]), np.array([float(item.hit) for item in items]))

    def _judged(self, heard: dict[str, Any]) -> tuple[str, _Judged]:
        """Return where an item counts, and the item."""
        truth, chances = heard["truth"], np.zeros(0)
        if "probability" in heard:
            place, chances = heard["probability"]
            top = int(chances.argmax()) if len(chances) else None
            best = self._class_names[top] if top is not None and top < len(self._class_names) else ""
            sure = 0.0 if top is None else float(chances[top])
        else:
            place, sure = heard["confidence"]
        if "best" in heard:
            best = heard["best"]
        if "probability" in heard and "confidence" in heard:
            sure = heard["confidence"]
        return place, _Judged(truth, chances, float(sure), best in truth)

    def _by_class(self, items: list[_Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the probability of each class and whether it is true, (item, class) each.

        Of a class that only the truth names the probability was zero.
        """
        class_places = [self._classes.place(name) for name in self._class_names[:len(items[0].chances)]]
        true = [self._classes.places(item.truth) for item in items]
        width = min(len(self._classes), self.options.max_classes - 1)  # those beyond stand last, as one
        probability, targets = np.zeros((len(items), width)), np.zeros((len(items), width))
        columns = [column for column, place in enumerate(class_places) if place < width]
        if columns:
            chances = np.stack([item.chances for item in items])
            probability[:, [class_places[column] for column in columns]] = chances[:, columns]
        for row, places in enumerate(true):
            targets[row, [place for place in places if place < width]] = 1.0
        return probability, targets

    def figures_of(self, items: list[Any]) -> dict[str, float]:
        bins = Bins(self.options.bins)
        bins.add(*np.array(items).T)
        found = bins.summary()
        return {key: found[key] for key in ("ece", "confidence", "top1")}

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        options = self.options
        return {"truth": options.truth, "prediction": options.confidence or options.probability,
                **beyond(self._classes)}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        sure, hits = part.top
        of_classes = zip(self._classes.names, part.classes[0], part.classes[1], strict=False)
        return {
            "items": part.items, "unlabelled": part.unlabelled, "summary": part.summary(),
            "reliability": [
                {"low": number / len(sure), "high": (number + 1) / len(sure), "items": int(items),
                 "confidence": sure[number] / items, "accuracy": hits[number] / items}
                for number, items in enumerate(part.counted.tolist()) if items],
            "per_class": sorted((
                {"label": name, "items": round(true.sum()), "confidence": float(chances.sum()) / part.seen,
                 "frequency": float(true.sum()) / part.seen, "ece": calibration_error(true, chances, part.seen)}
                for name, chances, true in of_classes if part.seen), key=lambda row: natural_key(str(row["label"])))}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        return [*super().figures(found, others), *calibration_figures(found)]
