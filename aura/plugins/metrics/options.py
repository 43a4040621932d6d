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
    every: Every = Field(
        "auto",
        description='A rolling row every so many items or so much simulated time, or "auto": often at first, '
                    "then every 250 items. Each costs some 3 ms (28 classes, 1,000 items).")
    pending: int | None = Field(
        None, ge=1,
        description="Items that may wait for their other side; the oldest beyond it are counted as unmatched. By "
                    "default as many as the wiring needs, and 10,000 at least.")
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


class RegressionOptions(MetricOptions):
    """Options of the metric ``regression``."""

    truth: Topic = Field(description="Topic of floats, (item,) or (item, dimension).")
    prediction: Topic = Field(description="Topic of what was predicted of the same items, alike in shape.")
    names: tuple[str, ...] = Field((), description="The dimensions' names; by default they are numbered.")
    window: int = Field(1000, ge=2, le=100_000, description="Items that a rolling figure looks back on.")
    every: Every = Field(
        "auto",
        description='A rolling row every so many items or so much simulated time, or "auto": often at first, '
                    "then every 250 items. Each costs some 3 ms (28 classes, 1,000 items).")
    pending: int | None = Field(
        None, ge=1,
        description="Items that may wait for their other side; the oldest beyond it are counted as unmatched. By "
                    "default as many as the wiring needs, and 10,000 at least.")


class ScalarOptions(MetricOptions):
    """Options of the metric ``scalars``."""

    topics: tuple[Topic, ...] = Field((), description="Topics of single numbers.")
    zones: tuple[str, ...] = Field(
        ("*",),
        description="Zones whose learning scalars are kept, shell patterns; by default all.")
    every: Span = Field("100 ms", description="One row in so much simulated time, of the means since the last one.")
    max_rows: int = Field(
        2000, ge=10,
        description="After so many rows of one series its interval doubles, so that rows grow with the logarithm "
                    "of time only.")


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
    pending: int | None = Field(
        None, ge=1,
        description="Items that may wait for their other side; the oldest beyond it are counted as unmatched. By "
                    "default as many as the wiring needs, and 10,000 at least.")


class ForecastOptions(MetricOptions):
    """Options of the metric ``forecast``."""

    frames: Topic = Field(description="Topic of the frames, (item, ...), in their order.")
    prediction: Topic = Field(
        description="Topic of the frames expected to follow, one with each frame, alike in shape.")
    context: int = Field(
        1, ge=1, le=64,
        description="Frames that the autoregression reads; give it as many as the zone has.")
    penalty: float = Field(1.0, gt=0.0, description="Penalty on the squared weights of the autoregression.")
    window: int = Field(1000, ge=1, le=100_000, description="Frames that a rolling figure looks back on.")
    every: Every = Field(
        "auto",
        description='A rolling row every so many items or so much simulated time, or "auto": often at first, '
                    "then every 250 items. Each costs some 3 ms (28 classes, 1,000 items).")
