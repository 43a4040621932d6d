"""The metric ``early-detection``: how soon a belief about a conversation or an author, told turn by turn, is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from aura.core.errors import AuraError
from aura.core.pending import PendingItems
from aura.core.signals import Signal
from aura.plugins.figures import Cards, Figure, Text
from aura.plugins.metrics.early_figures import turn_by_turn
from aura.plugins.metrics.early_scores import best_threshold, erde, interval, latency_f1, resampled, threshold_figures
from aura.plugins.metrics.matching import PENDING, ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import LABELS, MetricOptions, Need, Pending, Topic
from aura.plugins.metrics.results import Results, by_phase, cards, summary_table
from aura.plugins.metrics.roc import detection_figures
from aura.plugins.metrics.scores import sets_of
from aura.plugins.metrics.turns import Courses

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
    names: tuple[str, ...] = Field((), description="What the scores are called; by default by their topics.")
    classes: Topic | None = Field(None, description="Topic of the names of the classes, where a score has several.")
    threshold: float = Field(0.5, allow_inf_nan=False, description="The score above which one is taken to be found.")
    turns: tuple[int, ...] = Field(
        (1, 2, 3, 5, 8, 12, 16, 20, 30, 50), min_length=1, max_length=100,
        description="After how many turns it is judged; of one that has fewer its last counts.")
    within: tuple[int, int] = Field((5, 50), description="Turns after which a find costs one half, of both ERDE.")
    resamples: int = Field(1000, ge=100, le=100_000, description="Bootstrap resamples, for intervals.")
    resample_by: Topic | None = Field(
        None, description="Topic of text: the user whose each item is. Users are resampled with all their "
                          "conversations, as those of one are alike; by default conversations are.")
    max_groups: int = Field(
        10_000, ge=10, le=1_000_000, description="Conversations kept in each phase; beyond, the oldest go, counted.")
    max_turns: int = Field(
        500, ge=1, le=100_000, description="Turns of each of which the score is kept; the last is kept always.")
    pending: Pending = None

    @model_validator(mode="after")
    def _a_name_each(self) -> EarlyDetectionOptions:
        scores = self.score if isinstance(self.score, tuple) else (self.score,)
        if self.names and len(set(self.names)) != len(scores):
            raise ValueError(f"names: expected {len(scores)}, a different one for each score, got {list(self.names)}")
        return self


class EarlyDetection(Metric):
    """Area under the ROC curve after so many turns, with intervals over conversations; ERDE; latency-weighted F1.

    Items are turns. What is said of a conversation under several ids is brought together by its name in `group`; it
    counts for the phase in which its turns were, and those without a truth are counted and left out.
    """

    kind = "early-detection"
    needs: ClassVar = {
        "truth": Need(LABELS), "group": Need(("text",)), "resample_by": Need(("text",)),
        "score": Need(("float",), axes=(0, 1), words="numbers of an item"), "classes": Need(("text",), items=None)}
    headlines: ClassVar = {"auroc": "AUROC", "latency_f1": "latency-weighted F1"}
    lasting = ("_matcher", "_members", "_truths", "_names")

    def __init__(self, name: str, options: EarlyDetectionOptions) -> None:
        super().__init__(name, options)
        self.scores = options.score if isinstance(options.score, tuple) else (options.score,)
        self.groups = options.group if isinstance(options.group, tuple) else (options.group,)
        self._texts = (*self.groups, *([] if options.resample_by is None else [options.resample_by]))
        """The topics of the names that belong together, and of the users."""
        self._matcher = self.matching((*("group" for _ in self._texts), *self.scores), options.pending)
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
        for side, source in enumerate(self._texts):
            if topic == source:
                done += self._matcher.put(side, ids, zip(signal.value, ids, self.places(signal), strict=True))
        for side, score in enumerate(self.scores, len(self._texts)):
            if topic == score:
                done += self._matcher.put(side, ids, self._belief(np.asarray(signal.value, np.float64)))
        for sides in done:
            texts, beliefs = [name for name, _, _ in sides[:len(self._texts)]], sides[len(self._texts):]
            _, item, place = sides[0]
            names, user = texts[:len(self.groups)], texts[len(self.groups):]
            if all(names):
                group = BETWEEN.join(names)
                self.part(place).add(group, beliefs, *user)
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
        others = len(self.scores) - 2
        return {"truth": self.options.truth,
                "prediction": " and ".join(self.scores[:2]) + (f" and {others} more" if others > 0 else "")}

    def tell(self, place: str, part: Courses) -> dict[str, Any]:
        options, positive, lengths = self.options, part.positive, part.lengths
        found: dict[str, Any] = {"items": len(positive), "positives": int(positive.sum()),
                                 "unlabelled": part.unlabelled, "gone": part.gone, "summary": {}}
        if not positive.any() or positive.all():
            return found
        users = part.users
        turns = sorted({turn for turn in options.turns if turn < lengths.max()} | {int(lengths.max())})
        found["turns"], found["going_on"] = turns, [float((lengths >= turn).mean()) for turn in turns]
        found["users"] = int(users.max()) + 1 if options.resample_by else None
        names = options.names or [topic.partition(".")[2] for topic in self.scores]
        lasts = np.stack([part.after(number) for number in range(len(names))])
        drawn = resampled(lasts, positive, users, options.threshold, options.resamples)
        found["scores"] = [
            {"name": name, "by_turn": [_area(part.after(number, turn), positive) for turn in turns],
             "intervals": {key: interval(values[number]) for key, values in drawn.items()},
             "more_than_first": interval(drawn["auroc"][number] - drawn["auroc"][0], max(1, len(names) - 1)),
             "summary": self._judged(lasts[number], part.first_above(number, options.threshold), positive, lengths)}
            for number, name in enumerate(names)]
        summary = found["scores"][0]["summary"]
        low, high = found["scores"][0]["intervals"]["auroc"]
        found["summary"] = {"auroc": summary["auroc"], "auroc_low": low, "auroc_high": high, **summary}
        return found

    def _judged(self, last: np.ndarray, first: np.ndarray, positive: np.ndarray, lengths: np.ndarray
                ) -> dict[str, float]:
        """Return the figures of one score: what it is after the last turn, and when it first passes the threshold."""
        figures = detection_figures(last[positive], last[~positive])
        threshold, most = best_threshold(last, positive)
        return {"auroc": figures["auroc"], "average_precision": figures["average_precision"],
                **threshold_figures(last, positive, self.options.threshold),
                "latency_f1": latency_f1(first, positive, lengths),
                **{f"erde_{within}": erde(first, positive, within) for within in reversed(self.options.within)},
                "best_f1": most, "best_threshold": threshold}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        names = next(([one["name"] for one in phase.more["scores"]] for phase in found.phases.values()
                      if phase.more.get("scores")), [])
        first = f"the first score, {names[0]}" if len(names) > 1 else ""
        shown = cards(found, cls.headlines)
        if first:
            shown = [Cards(cards=tuple(card.model_copy(update={"beside": f"of {first}"}) for card in one.cards))
                     for one in shown if isinstance(one, Cards)]
        return [Text(text=f"{found.prediction} against {found.truth}", kind="about"), *shown,
                *summary_table(found, caption=f"All items of each phase, by {first}." if first else
                               "All items of each phase."), *by_phase(found, "Turn by turn", turn_by_turn)]


def _area(scores: np.ndarray, positive: np.ndarray) -> float:
    return detection_figures(scores[positive], scores[~positive])["auroc"]
