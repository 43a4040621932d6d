"""What a calibration shows: the reliability diagram, the items behind it, and every class."""

from __future__ import annotations

from collections.abc import Iterator

from aura.plugins.figures import Bars, Column, Figure, Line, Lines, Table
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.words import share

__all__ = ["calibration_figures"]


def calibration_figures(found: Results) -> list[Figure]:
    """Return what stands below the curves and the table of phases."""
    # Folded: the table is as long as there are classes.
    classes = [fold.model_copy(update={"opened": False}) for fold in by_phase(found, "Classes", _classes)]
    return [*by_phase(found, "Reliability", _reliability), *classes]


def _reliability(name: str, phase: PhaseResults) -> Iterator[Figure]:
    rows = phase.more.get("reliability")
    if not rows:
        return
    sure, found = tuple(row["confidence"] for row in rows), tuple(row["accuracy"] for row in rows)
    yield Lines(
        lines=(Line(name="as often as said", x=(0.0, 1.0), y=(0.0, 1.0)),
               Line(name="found", x=sure, y=found)),
        x="probability of the best label, mean of a bin", y="share that was right",
        alt=f"Reliability diagram of the phase {name}.",
        caption="Below the diagonal the probabilities were too high, above it too low.")
    whole = sum(row["items"] for row in rows)
    yield Bars(names=tuple(f"{row['low']:.2f} to {row['high']:.2f}" for row in rows), quantity="items",
               parts={"right": tuple(row["items"] * row["accuracy"] for row in rows),
                      "wrong": tuple(row["items"] * (1.0 - row["accuracy"]) for row in rows)},
               notes=tuple(share(row["items"], whole) for row in rows),
               caption="Items by the probability of their best label.")


def _classes(name: str, phase: PhaseResults) -> Iterator[Figure]:
    if rows := phase.more.get("per_class"):
        most = max(row["items"] for row in rows) or 1
        widest = max(row["ece"] for row in rows) or 1.0
        yield Table(
            columns=(Column(name="class"), Column(name="true items", kind="bar", digits=0, most=most),
                     Column(name="mean probability", kind="figure"), Column(name="share of items", kind="figure"),
                     Column(name="calibration error", kind="bar", most=widest)),
            rows=tuple((row["label"], row["items"], row["confidence"], row["frequency"], row["ece"]) for row in rows),
            caption="Every class; choose a column to sort by it.")
