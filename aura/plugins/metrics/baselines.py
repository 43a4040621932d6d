"""The metric ``batch-baselines``: what batch learners make of the same features, beside the online learner."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from aura.core.arithmetic import one_thread
from aura.core.classes import OTHER, ClassIndex
from aura.core.lasting import Stateful
from aura.core.signals import Signal
from aura.plugins.figures import Column, Figure, Table, Text
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import LABELS, MetricOptions, Need, Pending, Topic
from aura.plugins.metrics.results import RIVALS, Results
from aura.plugins.metrics.scores import LabelCounts, beyond, sets_of
from aura.plugins.words import clock, count

__all__ = ["BaselineOptions", "BatchBaselines", "best_thresholds"]

CLASSES_MAX = 1000
"""Classes told apart; each costs a logistic regression."""
LOGISTIC_ITERATIONS_MAX = 300
"""L-BFGS took 20 to 60 iterations on 43,000 sentence embeddings; a fit that needs more is reported as such."""

PlaceSets = Sequence[tuple[int, ...]]
"""The true classes of each item."""


class _Kept(Stateful):
    """The items of one phase: feature rows and label sets."""

    lasting = ("left_out", "unlabelled", "features", "labels")

    def __init__(self) -> None:
        self.left_out = self.unlabelled = 0
        self.rows: list[np.ndarray] = []
        self.labels: list[tuple[int, ...]] = []

    @property
    def features(self) -> Any:
        """Float (item, feature), None without items."""
        return np.stack(self.rows) if self.rows else None

    @features.setter
    def features(self, rows: Any) -> None:
        self.rows = [] if rows is None else list(rows)


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
    scores. They are evaluated on each held-out phase. Rows that were learned before are not taken again, and those
    without a label are left out.
    """

    kind = "batch-baselines"
    needs: ClassVar = {"truth": Need(LABELS), "features": Need(("float",))}
    lasting = ("_matcher", "_classes", "_room")

    def __init__(self, name: str, options: BaselineOptions) -> None:
        super().__init__(name, options)
        self._matcher = self.matching(("truth", "features"), options.pending)
        self._classes = ClassIndex(most=CLASSES_MAX)
        self._room = {True: options.max_items, False: options.max_items}
        self._fitted: tuple[int, list[_Fitted]] = (0, [])
        self._evaluated: tuple[tuple[int, int], dict[str, Any]] = ((0, 0), {})

    def new_part(self) -> _Kept:
        return _Kept()

    def on_signal(self, signal: Signal) -> None:
        ids = ids_of(signal.ids)
        complete: list[list[Any]] = []
        if signal.topic == self.options.truth:
            complete += self._matcher.put(0, ids, sets_of(signal.value))
        if signal.topic == self.options.features:
            complete += self._matcher.put(1, ids, zip(self.places(signal), np.asarray(signal.value), strict=True))
        for labels, (place, row) in complete:
            if not self.is_first(place):
                continue
            kept, learned = self.part(place), self.learned(place)
            if not labels:
                kept.unlabelled += 1
            elif self._room[learned] <= 0:
                kept.left_out += 1
            else:
                self._room[learned] -= 1
                kept.rows.append(row)
                kept.labels.append(self._classes.places(labels))

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        """Fit, evaluate and return the figures; done once for the same items."""
        learned = [kept for place, kept in self.parts.items() if self.learned(place) and kept.rows]
        held = {place: kept for place, kept in self.parts.items() if not self.learned(place) and kept.rows}
        report = {"kind": self.kind, "truth": self.options.truth, "features": self.options.features,
                  "phases": {}, "models": [], "unmatched": self._matcher.alone(),
                  "unlabelled": sum(kept.unlabelled for kept in self.parts.values()), **beyond(self._classes),
                  "left_out": sum(kept.left_out for kept in self.parts.values())}
        if not learned or not held:
            report["note"] = "Nothing to compare: it takes items seen while learning and items seen with learning off."
            return report
        counts = (sum(len(kept.rows) for kept in learned), sum(len(kept.rows) for kept in held.values()))
        if self._evaluated[0] != counts:
            with one_thread():
                self._evaluated = counts, self._evaluate(learned, held, counts[0])
        return {**report, **self._evaluated[1]}

    def _evaluate(self, learned: Sequence[_Kept], held: Mapping[str, _Kept], items: int) -> dict[str, Any]:
        classes = len(self._classes)
        if self._fitted[0] != items:
            labels = [places for kept in learned for places in kept.labels]
            targets = _targets(labels, classes)
            if self._classes.beyond:
                targets[:, self._classes.names.index(OTHER)] = False
            exclusive = all(len(places) == 1 for places in labels)
            features = np.concatenate([kept.features for kept in learned])
            self._fitted = items, [_fit(name, features, targets, exclusive, self.options)
                                   for name in ("ridge", "logistic") if name in self.options.models]
        models, phases = [], {}
        for place, kept in held.items():
            summary: dict[str, float] = {}
            for model in self._fitted[1]:
                figures = model.evaluate(kept.features, _targets(kept.labels, classes))
                models.append({"name": model.name, "about": model.about, "phase": place, "items": len(kept.rows),
                               "fitted_items": items, "seconds": model.seconds, "converged": model.converged,
                               "summary": figures})
                summary |= {f"{model.name}_{key}": value for key, value in figures.items()}
            phases[place] = {**self.what(place), "items": len(kept.rows), "summary": summary}
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


# --- batch learners through scikit-learn --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fitted:
    """A fitted model: its name, its settings in words, and what it says.

    It gives `scores` of features, (item, class); a label is said from its threshold on, which is infinite for a class
    that was never seen; where classes are `exclusive` the best one is.
    """

    name: str
    about: str
    scores: Callable[[np.ndarray], np.ndarray]
    thresholds: np.ndarray
    exclusive: bool
    seconds: float
    converged: bool

    def evaluate(self, features: np.ndarray, true: np.ndarray) -> dict[str, float]:
        """Return accuracy, top-1 and F1 on other items, of which `true` tells the classes, bool (item, class)."""
        scores = np.where(np.isfinite(self.thresholds), self.scores(features), -np.inf)
        best = np.eye(true.shape[1], dtype=bool)[scores.argmax(axis=1)] & np.isfinite(scores)
        predicted = best if self.exclusive else scores >= self.thresholds
        counts = LabelCounts()
        counts.items = counts.ranked = len(true)
        counts.exact, counts.top = int((predicted == true).all(axis=1).sum()), int((best & true).sum())
        cells = np.stack([(predicted & true).sum(axis=0), (predicted & ~true).sum(axis=0),
                          (true & ~predicted).sum(axis=0)], axis=1)
        counts.cells = {place: row for place, row in enumerate(cells.tolist()) if any(row)}
        return counts.summary()


def _targets(labels: PlaceSets, classes: int) -> np.ndarray:
    targets = np.zeros((len(labels), classes), dtype=bool)
    for item, places in enumerate(labels):
        targets[item, list(places)] = True
    return targets


def best_thresholds(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return for each class the score from which on predicting the label gives the best F1 on these items.

    Parameters
    ----------
    targets, scores : numpy.ndarray
        (item, class); a target above one half is a true label.

    Examples
    --------
    >>> best_thresholds(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([[0.1], [0.6], [0.4], [0.8]]))
    array([0.4])
    """
    thresholds = np.full(targets.shape[1], np.inf)
    for number in range(targets.shape[1]):
        true = targets[:, number] > 0.5
        if true.any():
            order = np.argsort(scores[:, number])
            at, first = np.unique(scores[order, number], return_index=True)
            predicted = len(order) - first
            hits = true[order][::-1].cumsum()[predicted - 1]  # of those that score so much, or more
            thresholds[number] = at[(2 * hits / (predicted + true.sum())).argmax()]
    return thresholds


def _fit(name: str, features: np.ndarray, targets: np.ndarray, exclusive: bool, options: BaselineOptions) -> _Fitted:
    """Fit a model; where every item has exactly one class, the logistic regression is multinomial."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multiclass import OneVsRestClassifier

    start, labelled = perf_counter(), targets.any(axis=1)
    classes = seen = np.flatnonzero(targets.any(axis=0))
    always = np.flatnonzero(targets.all(axis=0))
    logistic = LogisticRegression(C=options.logistic_c, max_iter=LOGISTIC_ITERATIONS_MAX)
    about = f"logistic regression, {'multinomial' if exclusive else 'one against the rest'}, C {options.logistic_c:g}"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if name == "ridge":
            about = f"ridge regression, penalty {options.penalty:g}"
            classes, always = np.arange(targets.shape[1]), classes[:0]
            decide = Ridge(alpha=options.penalty).fit(features, targets).predict
        elif exclusive and len(seen) > 1:
            decide = logistic.fit(features[labelled], targets[labelled].argmax(axis=1)).decision_function
        else:
            decide = OneVsRestClassifier(logistic).fit(features, targets[:, seen].astype(int)).decision_function

    def scores(rows: np.ndarray) -> np.ndarray:
        decided = np.asarray(decide(rows)).reshape(len(rows), -1)
        if decided.shape[1] < len(classes):  # of two classes that exclude each other the second is told
            decided = np.concatenate([-decided, decided], axis=1)
        scored = np.full((len(rows), targets.shape[1]), -np.inf)
        scored[:, classes] = decided
        scored[:, always] = np.log(2.0 * len(targets) + 1.0)  # the log-odds, half an item added to either side
        return scored

    thresholds = best_thresholds(targets, scores(features))
    return _Fitted(name, about, scores, thresholds, exclusive, perf_counter() - start,
                   not any(issubclass(entry.category, ConvergenceWarning) for entry in caught))
