"""An exported classifier that predicts alone: numpy and plain files, no brain and no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError, StateError, nearest
from aura.zones.amygdala.export import check_kinds, read_classifier, read_kinds, read_labels, width_of_export
from aura.zones.common.arrays import Array
from aura.zones.common.confidence import Confidence
from aura.zones.common.links import INDICATOR, LOG_ODDS
from aura.zones.common.npy_files import read_array, read_whole

__all__ = ["AmygdalaRelay"]

_LABELS = "_classifier_labels.json"
Numbers: TypeAlias = "NDArray[Any] | Sequence[Any] | str | Path"
"""Numbers, or the ``.npy`` file that holds them."""


class AmygdalaRelay:
    """Scores, probabilities and labels of embeddings, as the zone that was exported would give them.

    Parameters
    ----------
    W : array (features, classes), or path
        The weights: ``emotion_classifier_W.npy``.
    b : array (classes,), or path
        The biases: ``emotion_classifier_b.npy``.
    labels : sequence of str, or path
        The names of the classes: ``emotion_classifier_labels.json``.
    thresholds : array (classes,), or path, optional
        The score from which on a class is said: ``emotion_classifier_thresholds.npy``. Without, a class is said that
        is more likely than not.
    calibration : array (classes, 2), or path, optional
        Slope and offset from a score to its log odds: ``emotion_classifier_calibration.npy``. Without, scores are log
        odds as they are.
    confidence : array (3,), or path, optional
        How sure the best class is: ``emotion_classifier_confidence.npy``, of `aura.zones.common.confidence`.
    kind : {"labels", "choice"}
        As of the task: any number of labels an item, or exactly one.
    at_least_one : bool
        As of the task: whether an item with no class above its threshold is given its best one.

    Raises
    ------
    StateError
        If a file is missing or damaged, a shape does not fit the others, or a number is not finite.

    Examples
    --------
    >>> relay = AmygdalaRelay(W=[[4.0, -4.0], [0.0, 8.0]], b=[-1.0, -2.0], labels=["joy", "fear"])
    >>> relay.predict([[1.0, 0.0], [0.0, 1.0]])
    (('joy',), ('fear',))
    >>> relay.probability([[1.0, 0.0]]).round(3).tolist()
    [[0.953, 0.002]]
    """

    def __init__(self, W: Numbers, b: Numbers, labels: Sequence[str] | str | Path, *,
                 thresholds: Numbers | None = None, calibration: Numbers | None = None,
                 confidence: Numbers | None = None, kind: Literal["labels", "choice"] = "labels",
                 at_least_one: bool = True) -> None:
        if kind not in ("labels", "choice"):
            raise ParameterError("AmygdalaRelay.kind", expected="'labels' or 'choice'", got=repr(kind))
        self.labels = read_labels(Path(labels)) if isinstance(labels, (str, Path)) else tuple(labels)
        count = len(self.labels)
        self.weights = _numbers(W, "W", (-1, count))
        self.bias = _numbers(b, "b", (count,))
        self._link = LOG_ODDS if calibration is None else INDICATOR
        self._calibration = None if calibration is None else _numbers(calibration, "calibration", (count, 2))
        self._thresholds = None if thresholds is None else _numbers(thresholds, "thresholds", (count,))
        self._exclusive, self._at_least_one = kind == "choice", at_least_one
        self._confidence = Confidence(self._exclusive)
        if confidence is not None:
            self._confidence.values = _numbers(confidence, "confidence", (3,))

    @classmethod
    def load(cls, folder: str | Path, task: str = "emotion", *, kind: Literal["labels", "choice"] | None = None,
             at_least_one: bool = True) -> AmygdalaRelay:
        """Read what `aura export` wrote of a task, checked against its digests.

        Without a `kind` the task is of the one of its export, where ``all_kinds.json`` says it; else `labels`.

        Raises
        ------
        StateError
            If a file is missing, as of a network whose scores are no linear map, or damaged, or the task was of another
            kind.
        """
        folder = Path(folder)
        if kind is None:
            kind = cast("Any", read_kinds(folder).get(task, "labels"))  # another one than these two is refused below
        else:
            check_kinds(folder, {task: kind})
        _require_weights(folder, task)
        found, _ = read_classifier(folder, task, width_of_export(folder, task))
        assert found.weights is not None  # their width was given
        assert found.bias is not None
        return cls(found.weights, found.bias, found.classes, thresholds=found.thresholds,
                   calibration=found.calibration, confidence=found.confidence, kind=kind, at_least_one=at_least_one)

    def scores(self, embeddings: Any) -> Array:
        """Return the scores (n, classes) of embeddings (n, features).

        Raises
        ------
        ParameterError
            If they have another number of features, or a number is not finite.
        """
        try:
            rows = np.asarray(embeddings, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ParameterError("AmygdalaRelay.scores", expected=f"rows of {len(self.weights)} features",
                                 got=type(embeddings).__name__) from error
        if rows.ndim != 2 or rows.shape[1] != len(self.weights):
            raise ParameterError("AmygdalaRelay.scores", expected=f"rows of {len(self.weights)} features",
                                 got=f"shape {rows.shape}")
        if not np.isfinite(rows).all():
            raise ParameterError("AmygdalaRelay.scores", expected="finite numbers",
                                 got=f"{int((~np.isfinite(rows)).sum())} that are not")
        scores: Array = rows @ self.weights + self.bias
        return scores

    def probability(self, embeddings: Any) -> Array:
        """Return the probability of each class, (n, classes)."""
        return self._chances(self._logits(self.scores(embeddings)))

    def confidence(self, embeddings: Any) -> Array:
        """Return the probability that the best class is right, (n,)."""
        logits = self._logits(self.scores(embeddings))
        return self._confidence.of_best(logits, self._chances(logits))

    def predict(self, embeddings: Any) -> tuple[tuple[str, ...], ...]:
        """Return the labels of each embedding."""
        scores = self.scores(embeddings)
        if not self.labels:
            return ((),) * len(scores)
        logits = self._logits(scores)
        best = logits.argmax(axis=1).tolist()
        if self._exclusive:
            return tuple((self.labels[place],) for place in best)
        above = logits >= 0.0 if self._thresholds is None else scores >= self._thresholds
        return tuple(tuple(self.labels[place] for place in np.flatnonzero(row).tolist())
                     or ((self.labels[first],) if self._at_least_one else ())
                     for row, first in zip(above, best, strict=True))

    def _chances(self, logits: Array) -> Array:
        return self._confidence.chances(logits, self._link.probability(logits, exclusive=self._exclusive))

    def _logits(self, scores: Array) -> Array:
        if self._calibration is None:
            return scores
        slope, offset = self._calibration.T
        logits: Array = slope * scores + offset
        return logits


def _require_weights(folder: Path, task: str) -> None:
    """Raise if a task's export has no weights of classes, with a word on why."""
    path = folder / f"{task}_classifier_W.npy"
    if path.is_file():
        return
    hint = "`aura export` writes its files together."
    if (folder / f"{task}{_LABELS}").is_file():
        hint = ("Its learner's scores are no linear map of the embedding; an amygdala with that learner takes it over "
                "by load_export.")
    elif (folder / f"{task}_regression_W.npy").is_file():
        hint = f"It is a task of numbers: they are features @ W + b of {task}_regression_W.npy and _b.npy."
    elif tasks := {one.name.removesuffix(_LABELS) for one in folder.glob(f"*{_LABELS}")}:
        hint = nearest(task, tasks)
    raise StateError(str(path), expected="a matrix (features, classes)", got="no such file", hint=hint)


def _numbers(given: Numbers, name: str, shape: tuple[int, ...]) -> Array:
    where, expected = f"AmygdalaRelay.{name}", f"finite numbers of shape {shape}".replace("-1", "features")
    if isinstance(given, (str, Path)):
        where = str(given)
        given = read_array(read_whole(Path(given), None, expected), where, expected)
    try:
        found = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise StateError(where, expected=expected, got=type(given).__name__) from error
    if found.ndim != len(shape) or any(length not in (-1, has) for length, has in zip(shape, found.shape, strict=True)):
        raise StateError(where, expected=expected, got=f"shape {found.shape}")
    if not np.isfinite(found).all():
        raise StateError(where, expected=expected, got=f"{int((~np.isfinite(found)).sum())} that are not")
    return found
