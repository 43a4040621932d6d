"""The metric ``early-detection``: how soon a belief about a conversation or an author, told turn by turn, is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.pending import PendingItems
from aura.core.signals import Signal
from aura.plugins.figures import Column, Figure, Line, Lines, Table
from aura.plugins.metrics.early_scores import area_interval, best_threshold, erde, latency_f1, threshold_figures
from aura.plugins.metrics.matching import PENDING, ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import LABELS, MetricOptions, Need, Pending, Topic
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.metrics.roc import detection_figures
from aura.plugins.metrics.scores import sets_of
from aura.plugins.metrics.turns import Courses
from aura.plugins.words import named, share

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["EarlyDetection", "EarlyDetectionOptions"]

BETWEEN = "\x1f"
"""Parts the names of one group: the unit separator of ASCII, which no id has."""


class EarlyDetectionOptions(MetricOptions):
    """Options of the metric ``early-detection``."""

    truth: Topic = Field(
        description="Topic of tags, text or integers that says what a conversation (or an author) is, with the id of "
                    "any of its items; the last that comes counts.")
    positive: tuple[str, ...] = Field(min_length=1, description='The labels of those to be found, such as ["donates"].')
    group: Topic | tuple[Topic, ...] = Field(
        description="Topic of text: the conversation, or the author, of each item; both, in a list, for what is "
                    "believed of an author within one conversation.")
    score: Topic | tuple[Topic, ...] = Field(
        description="Topic of the belief after each item, from 0 to 1: (item,), or (item, class) with `classes`. "
                    "Several are compared; the figures of the phase are those of the first.")
    classes: Topic | None = Field(None, description="Topic of the names of the classes, where a score has several.")
    threshold: float = Field(0.5, allow_inf_nan=False, description="The score above which one is taken to be found.")
    turns: tuple[int, ...] = Field(
        (1, 2, 3, 5, 8, 12, 16, 20, 30, 50), min_length=1, max_length=100,
        description="After how many turns it is judged; of one that has fewer its last counts.")
    within: tuple[int, int] = Field((5, 50), description="Turns after which a find costs one half, of both ERDE.")
    resamples: int = Field(1000, ge=100, le=100_000, description="Bootstrap resamples of conversations, for intervals.")
    max_groups: int = Field(
        10_000, ge=10, le=1_000_000, description="Conversations kept in each phase; beyond, the oldest go, counted.")
    max_turns: int = Field(
        500, ge=1, le=100_000, description="Turns of each of which the score is kept; the last is kept always.")
    pending: Pending = None


class EarlyDetection(Metric):
    """Area under the ROC curve after so many turns, with intervals over conversations; ERDE; latency-weighted F1.

    Items are turns. What is said of a conversation under several ids is brought together by its name in `group`; it
    counts for the phase in which its turns were, and those without a truth are counted and left out.
    """

    kind = "early-detection"
    needs: ClassVar = {
        "truth": Need(LABELS), "group": Need(("text",)),
        "score": Need(("float",), axes=(0, 1), words="numbers of an item"), "classes": Need(("text",), items=None)}
    headlines: ClassVar = {"auroc": "AUROC", "latency_f1": "latency-weighted F1"}
    lasting = ("_matcher", "_members", "_truths", "_names")

    def __init__(self, name: str, options: EarlyDetectionOptions) -> None:
        super().__init__(name, options)
        self.scores = options.score if isinstance(options.score, tuple) else (options.score,)
        self.groups = options.group if isinstance(options.group, tuple) else (options.group,)
        self._matcher = self.matching((*("group" for _ in self.groups), *self.scores), options.pending)
        self._members, self._truths = PendingItems(PENDING), PendingItems(PENDING)
        """Of items that have come their place and group; of items of which nothing else has come, what is true."""
        self._names: tuple[str, ...] = ()
        self._positive = frozenset(options.positive)

    def new_part(self) -> Courses:
        return Courses(len(self.scores), self.options.max_groups, self.options.max_turns)

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        for topic in self.scores:
            port = self.require_topic(brain, "score", topic)
            if len(port.shape) > 1 and self.options.classes is None:
                raise AuraError(f"metrics.{self.name}.classes", expected="the topic that names the classes of a score",
                                got=f"none, and {topic}: {port.describe()}")

    def make_room(self, brain: BrainView) -> None:
        super().make_room(brain)
        self._members.capacity = self._truths.capacity = max(PENDING, self._matcher.capacity)

    def on_signal(self, signal: Signal) -> None:
        ids, topic, done = ids_of(signal.ids), signal.topic, []
        if topic == self.options.classes:
            self._names = tuple(signal.value)  # type: ignore[arg-type]
        if topic == self.options.truth:
            for item, labels in zip(ids, sets_of(signal.value), strict=True):
                self._true(item, labels)
        for side, source in enumerate(self.groups):
            if topic == source:
                done += self._matcher.put(side, ids, zip(signal.value, ids, self.places(signal), strict=True))
        for side, score in enumerate(self.scores, len(self.groups)):
            if topic == score:
                done += self._matcher.put(side, ids, self._belief(np.asarray(signal.value, np.float64)))
        for sides in done:
            names, beliefs = [name for name, _, _ in sides[:len(self.groups)]], sides[len(self.groups):]
            _, item, place = sides[0]
            if all(names):
                group = BETWEEN.join(names)
                self.part(place).add(group, beliefs)
                self._members.store([item], [(place, group)])
                labels = self._truths.pop(item)
                if labels is not None:
                    self._true(item, labels)

    def _belief(self, values: np.ndarray) -> list[float]:
        if values.ndim == 1:
            return list(map(float, values))
        columns = [column for column, name in enumerate(self._names[:values.shape[1]]) if name in self._positive]
        return list(map(float, values[:, columns].sum(axis=1)))

    def _true(self, item: int, labels: tuple[str, ...]) -> None:
        member = self._members.get(item)
        if not labels:
            return
        if member is None:
            self._truths.store([item], [labels])
        else:
            self.part(member[0]).tell(member[1], positive=not self._positive.isdisjoint(labels))

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        return {"truth": self.options.truth, "prediction": " and ".join(self.scores)}

    def tell(self, place: str, part: Courses) -> dict[str, Any]:
        names, options = [topic.partition(".")[2] for topic in self.scores], self.options
        found: dict[str, Any] = {"items": len(part.positive), "positives": int(part.positive.sum()),
                                 "unlabelled": part.unlabelled, "gone": part.gone, "summary": {}}
        positive, lengths = part.positive, part.lengths
        if not positive.any() or positive.all():
            return found
        turns = sorted({turn for turn in options.turns if turn < lengths.max()} | {int(lengths.max())})
        found["turns"], found["going_on"] = turns, [float((lengths >= turn).mean()) for turn in turns]
        found["scores"] = []
        for number, name in enumerate(names):
            last, first = part.after(number), part.first_above(number, options.threshold)
            low, high = area_interval(last, positive, options.resamples)
            threshold, most = best_threshold(last, positive)
            figures = detection_figures(last[positive], last[~positive])
            found["scores"].append({
                "name": name, "low": low, "high": high, "threshold": threshold,
                "by_turn": [detection_figures(seen[positive], seen[~positive])["auroc"]
                            for seen in (part.after(number, turn) for turn in turns)],
                "summary": {
                    "auroc": figures["auroc"], "average_precision": figures["average_precision"],
                    **threshold_figures(last, positive, options.threshold), "best_f1": most,
                    **{f"erde_{within}": erde(first, positive, within) for within in options.within},
                    "latency_f1": latency_f1(first, positive, lengths)}})
        main = found["scores"][0]
        found["summary"] = {"auroc": main["summary"]["auroc"], "auroc_low": main["low"], "auroc_high": main["high"],
                            **main["summary"]}
        return found

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        return [*super().figures(found, others), *by_phase(found, "Turn by turn", _turn_by_turn)]


def _turn_by_turn(name: str, phase: PhaseResults) -> Iterator[Figure]:
    scores, turns = phase.more.get("scores") or [], phase.more.get("turns") or []
    if not scores:
        return
    yield Lines(
        lines=tuple(Line(name=one["name"], x=tuple(map(float, turns)), y=tuple(one["by_turn"])) for one in scores),
        x="turns seen", y="AUROC", alt=f"Area under the ROC curve by the number of turns seen, phase {name}.",
        caption=f"{phase.more['positives']:,} of {phase.items or 0:,} are to be found "
                f"({share(phase.more['positives'], phase.items or 0)}). Of one with fewer turns its last counts; as "
                "many turns or more have: " + ", ".join(f"{turn}: {share(part, 1.0)}" for turn, part
                                                   in zip(turns, phase.more["going_on"], strict=True)) + ".")
    keys = list(scores[0]["summary"])
    yield Table(
        columns=(Column(name="score"), Column(name="AUROC, from", kind="figure"), Column(name="to", kind="figure"),
                 *(Column(name=named(key), kind="figure") for key in keys)),
        rows=tuple((one["name"], one["low"], one["high"], *(one["summary"][key] for key in keys)) for one in scores),
        caption="After the last turn. Between the first two lie 95 % of the areas of resampled conversations. The best "
                "F1 is that of the threshold which suits these very conversations best.")
