"""What a metric has found, as it stands in metrics.json, and what all metrics tell of it in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from aura.plugins.figures import AnyFigure, Card, Cards, Column, Count, Figure, Fold, Table, Whole
from aura.plugins.words import count, figure, named

__all__ = ["RIVALS", "Model", "PhaseResults", "Results", "by_phase", "cards", "figure_names", "figure_rows",
           "has_one_label", "left_out", "main_phases", "summary_table"]

RIVALS = {"macro_f1": "macro F1", "micro_f1": "micro F1", "top1": "top-1", "accuracy": "exact match"}
"""Figures in which batch learners are compared, and what they are called."""
_CLASSIFICATION = ("macro_f1", "micro_f1", "weighted_f1", "top1", "accuracy")
_ONE_LABEL = ("accuracy", "macro_f1", "weighted_f1")
"""Where every item has one true label and at most one predicted, top-1 and micro F1 are the accuracy."""
_ONE_LABEL_CARDS = {"accuracy": "accuracy", "macro_f1": "macro F1"}
_MANY = 10
"""Figures of other kinds that stand in a table."""


class _Found(BaseModel):
    """What all metrics have in common; what a metric says beyond it is kept as it is, in `more`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def more(self) -> dict[str, Any]:
        """The keys of this metric's own, JSON values."""
        return self.model_extra or {}


class PhaseResults(_Found):
    """What a metric has found in one phase."""

    learning: bool = True
    again: bool = False
    how: str = ""
    items: Whole | None = None
    unlabelled: Count = 0
    one_label: bool = False
    summary: dict[str, float | None] = {}


class Model(BaseModel):
    """A batch baseline on one held-out phase."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    phase: str
    about: str = ""
    items: Whole = 0
    fitted_items: Whole = 0
    seconds: float | None = None
    converged: bool = True
    summary: dict[str, float | None] = {}


class Results(_Found):
    """What a metric has found; `figures` are None in runs of before metrics told theirs.

    Of a `view` the figures show how something went, and do not say how well it was done.
    """

    kind: str = ""
    truth: str = ""
    prediction: str = ""
    signal: str = ""
    unit: str = "1"
    label: str = ""
    view: bool = False
    phases: dict[str, PhaseResults] = {}
    models: tuple[Model, ...] = ()
    unmatched: dict[str, Whole] = {}
    unlabelled: Count = 0
    beyond: Count = 0
    told_apart: Count = 0
    left_out: Count = 0
    figures: tuple[AnyFigure, ...] | None = None

    @property
    def quantity(self) -> str:
        """What is measured, with its unit, as it stands on an axis."""
        return self.signal if self.unit == "1" else f"{self.signal}, {self.unit}"


def figure_names(found: Results) -> dict[str, str]:
    """Return the figures that stand in the table of a metric's phases, and what they are called."""
    keys = list(dict.fromkeys(key for phase in found.phases.values() for key in phase.summary))
    if found.kind != "classification":
        return {key: named(key) for key in keys[:_MANY]}
    if has_one_label(found):
        return {key: named(key) for key in _ONE_LABEL if key in keys}
    return {key: RIVALS.get(key, named(key)) for key in _CLASSIFICATION if key in keys}


def figure_rows(found: Results) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heads and the rows of the table of a metric's phases: phase, what was measured, items, figures."""
    if found.models:
        return ("phase", "learner", "items", *RIVALS.values()), [
            (model.phase, model.name, count(model.items), *(figure(model.summary.get(key)) for key in RIVALS))
            for model in found.models]
    names = figure_names(found)
    return ("phase", "measured", "items", *names.values()), [
        (name, phase.how, count(phase.items), *(figure(phase.summary.get(key)) for key in names))
        for name, phase in found.phases.items()]


def has_one_label(found: Results) -> bool:
    """Return whether all items of all phases had one true label, and no predicted one but the best."""
    judged = [phase.one_label for phase in found.phases.values() if phase.items]
    return bool(judged) and all(judged)


def main_phases(found: Results) -> list[tuple[str, PhaseResults]]:
    """Return the phases that matter first: the last one without learning, then the last one with.

    Those of rows that were learned before stand back, unless there are no others.
    """
    phases = list(found.phases.items())
    first = [(name, phase) for name, phase in phases if not phase.again] or phases
    held = [(name, phase) for name, phase in first if not phase.learning]
    learned = [(name, phase) for name, phase in first if phase.learning]
    return [*held[-1:], *learned[-1:]]


def left_out(found: Results) -> Iterator[str]:
    """Return sentences on the items and classes that the figures do not tell of."""
    unlabelled = {name: phase.unlabelled for name, phase in found.phases.items() if phase.unlabelled}
    if unlabelled:
        yield f"Without a label, and not counted: {_listed(unlabelled, 'in')}."
    elif found.unlabelled:
        yield f"Without a label, and not counted: {count(found.unlabelled)} items."
    alone = {side: number for side, number in found.unmatched.items() if number}
    if alone:
        yield f"Without their other side, and not counted: {_listed(alone, 'of')}."
    if found.beyond:
        yield (f"Not told apart: {count(found.beyond)} classes beyond the first {count(found.told_apart)}, which "
               'stand as "(other)"; none of them is taken for another.')
    if found.kind == "batch-baselines" and found.left_out:
        yield f"Beyond max_items, and not kept: {count(found.left_out)} items."


# --- figures that several metrics show ----------------------------------------------------------------------------


def cards(found: Results, headlines: Mapping[str, str], others: Mapping[str, Results] | None = None) -> list[Figure]:
    """Return a card for each of the headlines (figure to words) in each phase that matters.

    Beside it stands what batch learners of the same truth came to, if there are any among the `others`.
    """
    made = []
    for place, phase in main_phases(found):
        rivals = [model for other in (others or {}).values() if other.truth == found.truth
                  for model in other.models if model.phase == place]
        for key, words in (_ONE_LABEL_CARDS if phase.one_label else headlines).items():
            if (value := phase.summary.get(key)) is not None:
                beside = " · ".join(f"{model.name} {figure(model.summary.get(key))}" for model in rivals
                                    if model.summary.get(key) is not None)
                made.append(Card(what=words, value=_finite(value), how=phase.how or place, learning=phase.learning,
                                 where=f"{count(phase.items)} items, phase {place}",
                                 beside=f"batch: {beside}" if beside else ""))
    return [Cards(cards=tuple(made))] if made else []


def by_phase(found: Results, what: str, show: Callable[[str, PhaseResults], Iterable[Figure]]) -> list[Figure]:
    """Return what is shown of each phase that matters, folded but for the first."""
    folds: list[Figure] = []
    for name, phase in main_phases(found):
        if shown := list(show(name, phase)):
            how = f" ({phase.how})" if phase.how and phase.how != name else ""
            folds.append(Fold(title=f"{what} in the phase {name}{how}", figures=tuple(shown),  # type: ignore[arg-type]
                              opened=not folds))
    return folds


def summary_table(found: Results, columns: Mapping[str, Column] | None = None, *, items: bool = True,
                  caption: str = "All items of each phase.") -> list[Figure]:
    """Return the table of all phases: of these figures, or of all that there are."""
    if columns is None:
        kind = "bar" if found.kind == "classification" else "figure"
        columns = {key: Column(name=name, kind=kind)  # type: ignore[arg-type]
                   for key, name in figure_names(found).items()}
    if not columns or not any(phase.summary for phase in found.phases.values()):
        return []
    heads = (Column(name="phase"), Column(name="measured"), *((Column(name="items", kind="count"),) if items else ()))
    rows = tuple((name, phase.how, *((phase.items,) if items else ()),
                  *(_finite(phase.summary.get(key)) for key in columns)) for name, phase in found.phases.items())
    return [Table(columns=(*heads, *columns.values()), rows=rows, caption=caption, sortable=False)]


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def _listed(numbers: dict[str, int], word: str) -> str:
    return "; ".join(f"{count(number)} {word} {name}" for name, number in numbers.items())
