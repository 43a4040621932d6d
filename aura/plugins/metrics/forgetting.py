"""Forgetting: how far each class has fallen from its best held-out accuracy of an earlier phase.

``f(c) = max over earlier held-out phases of a(phase, c) - a(last held-out phase, c)``, and its mean over the classes
that were held out at least twice after they had been learned (Chaudhry et al. 2018, equation 3).

References
----------
Chaudhry, Dokania, Ajanthan & Torr 2018, Riemannian walk for incremental learning, doi:10.1007/978-3-030-01252-6_33
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aura.plugins.metrics.labels import natural_key

__all__ = ["PhaseRecall", "forgetting"]


class PhaseRecall(NamedTuple):
    """What was found in one phase: whether zones learned, and of each true class that occurred the share said."""

    name: str
    learning: bool
    recall: Mapping[str, float]


def forgetting(phases: Sequence[PhaseRecall]) -> dict[str, Any]:
    """Return the mean forgetting and that of each class, from all phases in their order.

    A phase without learning counts for a class once the class has occurred in a learning phase.

    Returns
    -------
    dict
        ``mean``, None if no class was held out twice; ``phases``, the held-out ones; ``per_class``, rows of label,
        ``accuracy`` by phase, and, of classes held out twice or more, best, last and forgetting; below zero where the
        last is the best.

    Examples
    --------
    >>> found = forgetting([PhaseRecall("one", True, {"a": 0.5}), PhaseRecall("try", False, {"a": 0.9, "b": 0.0}),
    ...                     PhaseRecall("two", True, {"b": 0.5}), PhaseRecall("end", False, {"a": 0.7, "b": 0.8})])
    >>> round(found["mean"], 3), [(row["label"], row["accuracy"]) for row in found["per_class"]]
    (0.2, [('a', {'try': 0.9, 'end': 0.7}), ('b', {'end': 0.8})])
    """
    learned: set[str] = set()
    found: dict[str, dict[str, float]] = {}
    for phase in phases:
        if phase.learning:
            learned.update(phase.recall)
            continue
        for label, recall in phase.recall.items():
            if label in learned:
                found.setdefault(label, {})[phase.name] = recall
    rows = [_row(label, found[label]) for label in sorted(found, key=natural_key)]
    fallen = [row["forgetting"] for row in rows if row["forgetting"] is not None]
    return {"mean": sum(fallen) / len(fallen) if fallen else None,
            "phases": [phase.name for phase in phases if not phase.learning], "per_class": rows}


def _row(label: str, accuracy: dict[str, float]) -> dict[str, Any]:
    *earlier, last = accuracy.values()
    best = max(earlier, default=None)
    return {"label": label, "accuracy": accuracy, "best": best, "last": last,
            "forgetting": None if best is None else best - last}
