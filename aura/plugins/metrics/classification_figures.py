"""What a classification tells of groups and of forgetting, and all that it shows.

Forgetting: how far each class has fallen from its best held-out accuracy of an earlier phase,
``f(c) = max over earlier held-out phases of a(phase, c) - a(last held-out phase, c)``, and its mean over the classes
that were held out at least twice after they had been learned (Chaudhry et al. 2018, equation 3).

References
----------
Chaudhry, Dokania, Ajanthan & Torr 2018, Riemannian walk for incremental learning, doi:10.1007/978-3-030-01252-6_33
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aura.plugins.figures import Card, Cards, Column, Examples, Figure, Matrix, Table, Text
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.metrics.scores import natural_key
from aura.plugins.words import count, figure

__all__ = ["by_groups", "classification_figures", "forgetting", "most_confused"]

CLASSES_MAX = 60
"""More classes than this cannot be read on a page."""


def by_groups(topics: Sequence[str], counts: Mapping[tuple[str, ...], Sequence[int]]) -> dict[str, Any]:
    """Return a table for each topic, and of two topics that of their pairs, from items and hits by their values."""
    tables: list[dict[str, Any]] = []
    for axis, topic in enumerate(topics):
        sums: dict[str, list[int]] = {}
        for key, (items, hits) in counts.items():
            row = sums.setdefault(key[axis], [0, 0])
            row[0], row[1] = row[0] + items, row[1] + hits
        tables.append({"topic": topic, "values": [{"name": name, "items": sums[name][0],
                                                   "accuracy": sums[name][1] / sums[name][0]}
                                                  for name in sorted(sums, key=natural_key)]})
    if len(topics) < 2:
        return {"by": tables}
    rows, columns = ([value["name"] for value in table["values"]] for table in tables)
    cells = [[counts.get((row, column), (0, 0)) for column in columns] for row in rows]
    return {"by": tables, "cross": {
        "topics": list(topics), "rows": rows, "columns": columns,
        "items": [[items for items, _ in row] for row in cells],
        "accuracy": [[hits / items if items else None for items, hits in row] for row in cells]}}


def forgetting(phases: Sequence[tuple[str, bool, Mapping[str, float]]]) -> dict[str, Any]:
    """Return the mean forgetting and that of each class.

    A phase without learning counts for a class once the class has occurred in a learning phase.

    Parameters
    ----------
    phases : sequence of (str, bool, mapping of str to float)
        All phases in their order: the name, whether zones learned, and the share said of each true class that occurred.

    Returns
    -------
    dict
        ``mean``, None if no class was held out twice; ``phases``, the held-out ones; ``per_class``, rows of label,
        ``accuracy`` by phase, and, of classes held out twice or more, best, last and forgetting; below zero where the
        last is the best.

    Examples
    --------
    >>> found = forgetting([("one", True, {"a": 0.5}), ("try", False, {"a": 0.9, "b": 0.0}),
    ...                     ("two", True, {"b": 0.5}), ("end", False, {"a": 0.7, "b": 0.8})])
    >>> round(found["mean"], 3), [(row["label"], row["accuracy"]) for row in found["per_class"]]
    (0.2, [('a', {'try': 0.9, 'end': 0.7}), ('b', {'end': 0.8})])
    """
    learned: set[str] = set()
    found: dict[str, dict[str, float]] = {}
    for name, learning, recall in phases:
        if learning:
            learned.update(recall)
        else:
            for label in learned.intersection(recall):
                found.setdefault(label, {})[name] = recall[label]
    rows: list[dict[str, Any]] = []
    for label in sorted(found, key=natural_key):
        *earlier, last = found[label].values()
        best = max(earlier, default=None)
        rows.append({"label": label, "accuracy": found[label], "best": best, "last": last,
                     "forgetting": None if best is None else best - last})
    fallen = [row["forgetting"] for row in rows if row["forgetting"] is not None]
    return {"mean": sum(fallen) / len(fallen) if fallen else None,
            "phases": [name for name, learning, _ in phases if not learning], "per_class": rows}


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
