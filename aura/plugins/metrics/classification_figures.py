"""What a classification shows: confusion, classes, examples, accuracy by the values of other topics, forgetting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aura.plugins.figures import Card, Cards, Column, Examples, Figure, Matrix, Table, Text
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.words import count, figure

__all__ = ["classification_figures", "most_confused"]

CLASSES_MAX = 60
"""More classes than this cannot be read on a page."""


def classification_figures(found: Results) -> list[Figure]:
    """Return what stands below the curves and the table of phases."""
    return [*_forgetting(found.more.get("forgetting")), *by_phase(found, "Examples", _examples),
            *by_phase(found, "Groups", _groups), *by_phase(found, "Classes", _classes)]


def _examples(name: str, phase: PhaseResults) -> Iterator[Figure]:
    if phase.more.get("examples"):
        yield Examples(examples=phase.more["examples"])


def _classes(name: str, phase: PhaseResults) -> Iterator[Figure]:
    if confusion := phase.more.get("confusion"):
        labels, counts = confusion["labels"], confusion["matrix"]
        if len(labels) > CLASSES_MAX:
            yield Text(text=f"The confusion matrix of {len(labels)} classes is too large to draw.")
        else:
            yield Matrix(rows=labels, columns=labels, counts=counts, down="true label, and its number of items",
                         across="best label", alt=f"Confusion matrix of {len(labels)} classes in the phase {name}.",
                         caption="Items with one true label: of each true label, the per cent that went to each best "
                                 "label.")
        if mistakes := most_confused(labels, counts):
            yield Table(columns=(Column(name="true"), Column(name="taken for"), Column(name="items", kind="count"),
                                 Column(name="share of the true label", kind="bar")),
                        rows=tuple(mistakes), sortable=False, caption="The most frequent mistakes.")
    if rows := phase.more.get("per_class"):
        most = max(row["support"] for row in rows)
        shares = ("precision", "recall", "f1")
        yield Table(
            columns=(Column(name="class"), Column(name="true items", kind="bar", digits=0, most=most),
                     Column(name="predicted", kind="count"),
                     *(Column(name="F1" if key == "f1" else key, kind="bar") for key in shares)),
            rows=tuple((row["label"], row["support"], row.get("predicted"), *(row[key] for key in shares))
                       for row in rows), caption="Every class; choose a column to sort by it.")


def most_confused(labels: Sequence[str], counts: Sequence[Sequence[int]],
                  most: int = 8) -> list[tuple[str, str, int, float]]:
    """Return the most frequent mistakes: true label, best label, items, share of the true label's items.

    What happened once is no pattern, and left out.
    """
    mistakes = [(labels[row], labels[column], items, items / sum(counts[row])) for row in range(len(labels))
                for column, items in enumerate(counts[row]) if items > 1 and column != row]
    return sorted(mistakes, key=lambda mistake: (-mistake[2], mistake[0], mistake[1]))[:most]


def _groups(name: str, phase: PhaseResults) -> Iterator[Figure]:
    for one in phase.more.get("by", ()):
        topic, values = one["topic"], one["values"]
        whole = sum(value["items"] for value in values)
        if values:
            yield Table(columns=(Column(name=topic, kind="named"), Column(name="items", kind="count"),
                                 Column(name="share", kind="bar"), Column(name="accuracy", kind="bar")),
                        rows=tuple((value["name"], value["items"], value["items"] / whole, value["accuracy"])
                                   for value in values), caption=f"Items and accuracy by {topic}.")
    cross = phase.more.get("cross")
    if cross and cross["rows"]:
        first, second = cross["topics"]
        yield Table(
            columns=(Column(name=first, kind="named"), *(Column(name=name, kind="of") for name in cross["columns"])),
            rows=tuple((name, *zip(accuracies, items, strict=True)) for name, accuracies, items in
                       zip(cross["rows"], cross["accuracy"], cross["items"], strict=True)),
            caption=f"Accuracy, and the items that it is of: {first} down, {second} across.")


def _forgetting(found: Mapping[str, Any] | None) -> list[Figure]:
    if found is None:
        return []
    rows, phases, mean = found["per_class"], found["phases"], found["mean"]
    if not rows:
        return [Text(text="Forgetting is told of classes that were held out after they had been learned; there are "
                          "none.")]
    table = Table(columns=(Column(name="class"), *(Column(name=phase, kind="bar") for phase in phases),
                           Column(name="forgetting", kind="figure")),
                  rows=tuple((row["label"], *(row["accuracy"].get(phase) for phase in phases), row["forgetting"])
                             for row in rows),
                  caption="Accuracy of each class in the phases without learning that follow its first lesson.")
    if mean is None:
        return [table]
    classes = sum(row["forgetting"] is not None for row in rows)
    card = Card(what="forgetting", value=mean, how="held-out, over phases",
                where=f"mean drop from the best, {count(classes)} classes")
    return [Cards(cards=(card,)), Text(kind="plain", text=(
        f"Mean forgetting {figure(mean)}: how far a class has fallen from its best held-out accuracy of an earlier "
        "phase.")), table]
