"""What the built-in metrics may be told. Light: nothing here computes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from aura.plugins.metrics.cadence import checked_every, checked_span
from aura.plugins.metrics.kind import MetricOptions

__all__ = [
    "BaselineOptions", "ClassificationOptions", "Every", "ForecastOptions", "RegressionOptions", "ScalarOptions",
    "Span", "Topic",
]

Topic = Annotated[str, Field(pattern=r"^[^.\s]+\.[^.\s]+$", description="zone.port")]
Every = Annotated[int | str, AfterValidator(checked_every)]
Span = Annotated[str, AfterValidator(checked_span)]


class ClassificationOptions(MetricOptions):
    """Options of the metric ``classification``.

    Parameters
    ----------
    truth, prediction : str
        Topics of tags (label sets), of text (one label an item) or of integers (one class an item). Items without a
        true label (an empty set, an empty text) are left out and counted.
    best : str, optional
        Topic of the one best label of each item, for the top-1 figure and the confusion matrix.
    scores, classes : str, optional
        Instead of `best`: topics of the scores, (item, class), and of the classes' names.
    window : int
        Items that a rolling figure looks back on.
    every : int or str
        A rolling row every so many items or so much simulated time, or ``"auto"``: often at first, then every 250
        items. Each costs about 8 ms (28 classes, 1,000 items).
    pending : int
        Items that may wait for their other side; the oldest beyond it are counted as unmatched.
    max_classes : int
        Classes counted apart; what comes beyond stands as one class "(other)", in which a label is right only where it
        is the true one.
    by : tuple of str
        One or two topics of text, of integers or of tags, one value an item, such as the expert that answered: items
        and accuracy are counted for each of their values too, and for each pair of values.
    max_values : int
        Values of such a topic counted apart; what comes beyond is one value "(other)".
    stimulus : str, optional
        Topic of text or of pictures, (item,) or (item, height, width): what the examples show. By default the first
        such output of the zone that tells the truth.
    confidence : str, optional
        Topic of probabilities, (item,) or (item, class), of which the largest says how sure a prediction was. By
        default the one that stands beside the prediction.
    examples : int
        Examples that are kept of each phase: so many of the most confident mistakes, and as many that were right.
    forgetting : bool
        Whether to tell how far each class has fallen from its best accuracy of an earlier phase without learning.
    """

    truth: Topic
    prediction: Topic
    best: Topic | None = None
    scores: Topic | None = None
    classes: Topic | None = None
    window: int = Field(1000, ge=1, le=100_000)
    every: Every = "auto"
    pending: int = Field(10_000, ge=1)
    max_classes: int = Field(1000, ge=2, le=10_000)
    by: Annotated[tuple[Topic, ...], Field(max_length=2)] = ()
    max_values: int = Field(100, ge=2, le=1000)
    stimulus: Topic | None = None
    confidence: Topic | None = None
    examples: int = Field(5, ge=0, le=50)
    forgetting: bool = False


class RegressionOptions(MetricOptions):
    """Options of the metric ``regression``.

    Parameters
    ----------
    truth, prediction : str
        Topics of floats, (item,) or (item, dimension).
    names : tuple of str
        The dimensions' names; by default they are numbered.
    window, every, pending :
        As for ``classification``.
    """

    truth: Topic
    prediction: Topic
    names: tuple[str, ...] = ()
    window: int = Field(1000, ge=2, le=100_000)
    every: Every = "auto"
    pending: int = Field(10_000, ge=1)


class ScalarOptions(MetricOptions):
    """Options of the metric ``scalars``.

    Parameters
    ----------
    topics : tuple of str
        Topics of single numbers.
    zones : tuple of str
        Zones whose learning scalars are kept, shell patterns; by default all.
    every : str
        One row in so much simulated time, of the means since the last one.
    max_rows : int
        After so many rows of one series its interval doubles, so that rows grow with the logarithm of time only.
    """

    topics: tuple[Topic, ...] = ()
    zones: tuple[str, ...] = ("*",)
    every: Span = "100 ms"
    max_rows: int = Field(2000, ge=10)


class BaselineOptions(MetricOptions):
    """Options of the metric ``batch-baselines``.

    Parameters
    ----------
    features : str
        Topic of the features, (item, feature), such as embeddings.
    truth : str
        Topic of tags, of text or of integers, as for ``classification``.
    models : tuple of {"ridge", "logistic"}
        Which to fit. On 43,000 embeddings of 28 classes ridge takes about a second, logistic about half a minute.
    penalty : float
        Ridge penalty.
    logistic_c : float
        Inverse penalty of the logistic regression.
    max_items : int
        Items kept of the learning phases, and as many of the others; what comes beyond is counted, not kept.
    pending : int
        As for ``classification``.
    """

    features: Topic
    truth: Topic
    models: tuple[Literal["ridge", "logistic"], ...] = ("ridge", "logistic")
    penalty: float = Field(1.0, gt=0.0)
    logistic_c: float = Field(1.0, gt=0.0)
    max_items: int = Field(100_000, ge=10)
    pending: int = Field(10_000, ge=1)


class ForecastOptions(MetricOptions):
    """Options of the metric ``forecast``.

    Parameters
    ----------
    frames : str
        Topic of the frames, (item, ...), in their order.
    prediction : str
        Topic of the frames expected to follow, one with each frame, alike in shape.
    context : int
        Frames that the autoregression reads; give it as many as the zone has.
    penalty : float
        Its ridge penalty.
    window : int
        Frames that a rolling figure looks back on.
    every : int or str
        As for ``classification``.
    """

    frames: Topic
    prediction: Topic
    context: int = Field(1, ge=1, le=64)
    penalty: float = Field(1.0, gt=0.0)
    window: int = Field(1000, ge=1, le=100_000)
    every: Every = "auto"
