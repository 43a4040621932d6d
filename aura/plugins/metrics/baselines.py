"""The metric ``batch-baselines``: what batch learners make of the same features, beside the online learner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from aura.core.arithmetic import one_thread
from aura.core.classes import OTHER, ClassIndex
from aura.core.signals import Signal
from aura.plugins.figures import Column, Figure, Table, Text
from aura.plugins.metrics.batch import Fitted, evaluate, fit_all
from aura.plugins.metrics.labels import beyond, pack, sets_of, unpack
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MetricOptions, Pending, Topic
from aura.plugins.metrics.results import RIVALS, Results
from aura.plugins.words import clock, count

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["BaselineOptions", "BatchBaselines"]

CLASSES_MAX = 1000
"""Classes told apart; each costs a logistic regression."""


class _Kept:
    """The items of one phase: feature rows and label sets."""

    def __init__(self, learning: bool) -> None:
        self.learning, self.left_out, self.unlabelled = learning, 0, 0
        self.rows: list[np.ndarray] = []
        self.labels: list[tuple[int, ...]] = []

    def features(self) -> np.ndarray:
        return np.stack(self.rows) if self.rows else np.zeros((0, 0), dtype=np.float32)


class BaselineOptions(MetricOptions):
    """Options of the metric ``batch-baselines``."""

    features: Topic = Field(description="Topic of the features, (item, feature), such as embeddings.")
    truth: Topic = Field(description="Topic of tags, of text or of integers, as for classification.")
    models: tuple[Literal["ridge", "logistic"], ...] = Field(
        ("ridge", "logistic"),
        description="Which to fit. On 43,000 embeddings of 28 classes ridge takes about a second, logistic about "
                    "half a minute.")
    penalty: float = Field(1.0, gt=0.0, description="Penalty on the squared weights of the ridge regression.")
    logistic_c: float = Field(1.0, gt=0.0, description="Inverse penalty of the logistic regression.")
    max_items: int = Field(
        100_000, ge=10,
        description="Items kept of the learning phases, and as many of the others; what comes beyond is counted, "
                    "not kept.")
    pending: Pending = None


class BatchBaselines(Metric):
    """Batch ridge and logistic regression, fitted on all that the learning phases showed.

    They see the same features as the online learner, once the run is over, and as often as they like. Where every item
    has exactly one class, the logistic regression is multinomial and the best class is said; else there is one
    regression against the rest for each class, and thresholds are chosen per label for the best F1 on the training
    scores. They are evaluated on each held-out phase. Rows that
    were learned before are not taken again, and those without a label are left out.
    """

    kind = "batch-baselines"

    def __init__(self, name: str, options: BaselineOptions) -> None:
        super().__init__(name, options)
        self.topics = tuple(dict.fromkeys((options.truth, options.features)))
        self._matcher = self.matching(("truth", "features"))
        self._classes = ClassIndex(most=CLASSES_MAX)
        self._kept: dict[str, _Kept] = {}
        self._room = {True: options.max_items, False: options.max_items}
        self._fitted: tuple[int, list[Fitted]] | None = None
        self._evaluated: tuple[tuple[int, int], dict[str, Any]] | None = None

    def check(self, brain: BrainView) -> None:
        self.require_topic(brain, "truth", self.options.truth, dtypes=("tags", "text", "int", "uint"))
        self.require_topic(brain, "features", self.options.features, dtypes=("float",))

    def on_signal(self, signal: Signal) -> None:
        ids = ids_of(signal.ids)
        complete: list[list[Any]] = []
        if signal.topic == self.options.truth:
            complete += self._matcher.put(0, ids, sets_of(signal.value))
        if signal.topic == self.options.features:
            complete += self._matcher.put(1, ids, zip(self.places(signal), np.asarray(signal.value), strict=True))
        for labels, (phase, row) in complete:
            if not self.is_first(phase):
                continue
            kept = self._kept.setdefault(phase, _Kept(self.learned(phase)))
            if not labels:
                kept.unlabelled += 1
                continue
            if self._room[kept.learning] <= 0:
                kept.left_out += 1
                continue
            self._room[kept.learning] -= 1
            kept.rows.append(row)
            kept.labels.append(self._classes.places(labels))

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        """Fit, evaluate and return the figures; done once for the same items."""
        learned = [kept for kept in self._kept.values() if kept.learning and kept.rows]
        held = {phase: kept for phase, kept in self._kept.items() if not kept.learning and kept.rows}
        report: dict[str, Any] = {"kind": self.kind, "truth": self.options.truth, "features": self.options.features,
                                  "phases": {}, "models": [], "unmatched": self._matcher.alone(),
                                  "unlabelled": sum(kept.unlabelled for kept in self._kept.values()),
                                  **beyond(self._classes),
                                  "left_out": sum(kept.left_out for kept in self._kept.values())}
        if not learned or not held:
            report["note"] = "Nothing to compare: it takes items seen while learning and items seen with learning off."
            return report
        counts = (sum(len(kept.rows) for kept in learned), sum(len(kept.rows) for kept in held.values()))
        if self._evaluated is None or self._evaluated[0] != counts:
            with one_thread():
                self._evaluated = (counts, self._evaluate(learned, held, counts[0]))
        return {**report, **self._evaluated[1]}

    def _evaluate(self, learned: Sequence[_Kept], held: dict[str, _Kept], items: int) -> dict[str, Any]:
        names = self._classes.names
        if self._fitted is None or self._fitted[0] != items:
            features = np.concatenate([kept.features() for kept in learned])
            labels = [numbers for kept in learned for numbers in kept.labels]
            self._fitted = (items, fit_all(features, labels, len(names), models=self.options.models,
                                           ridge_penalty=self.options.penalty, logistic_c=self.options.logistic_c,
                                           other=names.index(OTHER) if self._classes.beyond else None))
        models, phases = [], {}
        for phase, kept in held.items():
            summary: dict[str, float] = {}
            for model in self._fitted[1]:
                figures = evaluate(model, kept.features(), kept.labels, len(names))
                models.append({"name": model.name, "about": model.about, "phase": phase, "items": len(kept.rows),
                               "fitted_items": items, "seconds": model.seconds, "converged": model.converged,
                               "summary": figures})
                summary |= {f"{model.name}_{key}": value for key, value in figures.items()}
            phases[phase] = {**self.what(phase), "items": len(kept.rows), "summary": summary}
        return {"phases": phases, "models": models}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return the batch learners beside the online learner, on the same held-out items."""
        if not found.models:
            return [Text(text=found.more.get("note") or "No batch learner was fitted.")]
        rows = []
        for place in dict.fromkeys(model.phase for model in found.models):
            for name, other in others.items():
                phase = other.phases.get(place)
                if other.kind == "classification" and other.truth == found.truth and phase is not None:
                    rows.append((f"online · {other.prediction} ({name})", "one pass, while running", place,
                                 *map(phase.summary.get, RIVALS)))
            for model in found.models:
                if model.phase == place:
                    seconds = "" if model.seconds is None else f", {clock(model.seconds)}"
                    about = f"batch, {count(model.fitted_items)} items{seconds}"
                    rows.append((model.about or model.name, about + ("" if model.converged else ", not converged"),
                                 place, *map(model.summary.get, RIVALS)))
        return [Table(
            columns=(Column(name="learner", wide=True), Column(name="how it was fitted", wide=True),
                     Column(name="phase"), *(Column(name=name, kind="bar") for name in RIVALS.values())),
            rows=tuple(rows),
            caption="The online learner beside batch learners of the same features, on the same held-out items.")]

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return all that was kept; as large as the features of the run."""
        return {**self.base_state(), "matcher": self._matcher.state(), "classes": self._classes.state(),
                "room": [self._room[True], self._room[False]],
                "phases": [[phase, kept.learning, kept.left_out, kept.unlabelled, kept.features(), pack(kept.labels)]
                           for phase, kept in self._kept.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._matcher.load_state(state["matcher"])
        self._classes.load_state(state["classes"])
        self._room = {True: state["room"][0], False: state["room"][1]}
        self._kept, self._fitted, self._evaluated = {}, None, None
        for phase, learning, left_out, unlabelled, features, labels in state["phases"]:
            kept = self._kept[phase] = _Kept(learning)
            kept.unlabelled = unlabelled
            kept.left_out, kept.rows, kept.labels = left_out, list(features), unpack(labels)
