"""The figures of a metric by phase, and what was left out of them: the same in the report and at the end of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aura.plugins.report.record import MetricResult, PhaseResult
from aura.plugins.report.words import count, figure, named

__all__ = ["RIVALS", "VIEWS", "figure_names", "figure_rows", "has_one_label", "left_out", "main_phases",
           "rolling_names"]

VIEWS = ("scalars", "traces", "raster", "volume", "grouped", "components", "growth")
"""Kinds of metric whose figures show how something went, and do not say how well it was done."""

RIVALS = {"macro_f1": "macro F1", "micro_f1": "micro F1", "top1": "top-1", "accuracy": "exact match"}
"""Figures in which batch learners are compared, and what they are called."""
_CLASSIFICATION = ("macro_f1", "micro_f1", "weighted_f1", "top1", "accuracy")
_ONE_LABEL = ("accuracy", "macro_f1", "weighted_f1")
"""Where every item has one true label and at most one predicted, top-1 and micro F1 are the accuracy."""
_MANY = 8
"""Figures of other kinds that stand in a table."""


def figure_names(result: MetricResult) -> dict[str, str]:
    """Return the figures that stand in the table of a metric's phases, and what they are called."""
    found = list(dict.fromkeys(key for phase in result.phases.values() for key in phase.summary))
    if result.kind != "classification":
        return {key: named(key) for key in found[:_MANY]}
    if has_one_label(result):
        return {key: named(key) for key in _ONE_LABEL if key in found}
    return {key: RIVALS.get(key, named(key)) for key in _CLASSIFICATION if key in found}


def figure_rows(result: MetricResult) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heads and the rows of the table of a metric's phases: phase, what was measured, items, figures."""
    if result.models:
        return ("phase", "learner", "items", *RIVALS.values()), [
            (model.phase, model.name, count(model.items), *(figure(model.summary.get(key)) for key in RIVALS))
            for model in result.models]
    names = figure_names(result)
    return ("phase", "measured", "items", *names.values()), [
        (name, phase.how, count(phase.items), *(figure(phase.summary.get(key)) for key in names))
        for name, phase in result.phases.items()]


def rolling_names(result: MetricResult, keys: Iterable[str]) -> dict[str, str]:
    """Return those of a metric's rolling figures that are worth a line, and what they are called."""
    names = figure_names(result)
    if result.kind != "classification" or not names:
        return {key: named(key) for key in keys}
    return {key: names[key] for key in keys if key in names}


def has_one_label(result: MetricResult) -> bool:
    """Return whether all items of all phases had one true label, and no predicted one but the best."""
    judged = [phase.one_label for phase in result.phases.values() if phase.items]
    return bool(judged) and all(judged)


def main_phases(result: MetricResult) -> list[tuple[str, PhaseResult]]:
    """Return the phases that matter first: the last one without learning, then the last one with.

    Those of rows that were learned before stand back, unless there are no others.
    """
    phases = list(result.phases.items())
    first = [(name, phase) for name, phase in phases if not phase.again] or phases
    held = [(name, phase) for name, phase in first if not phase.learning]
    learned = [(name, phase) for name, phase in first if phase.learning]
    return [*held[-1:], *learned[-1:]]


def left_out(result: MetricResult) -> Iterator[str]:
    """Return sentences on the items and classes that the figures do not tell of."""
    unlabelled = {name: phase.unlabelled for name, phase in result.phases.items() if phase.unlabelled}
    if unlabelled:
        yield f"Without a label, and not counted: {_listed(unlabelled, 'in')}."
    elif result.unlabelled:
        yield f"Without a label, and not counted: {count(result.unlabelled)} items."
    alone = {side: number for side, number in result.unmatched.items() if number}
    if alone:
        yield f"Without their other side, and not counted: {_listed(alone, 'of')}."
    if result.beyond:
        yield (f"Not told apart: {count(result.beyond)} classes beyond the first {count(result.told_apart)}, which "
               'stand as "(other)"; none of them is taken for another.')
    if result.kind == "batch-baselines" and result.left_out:
        yield f"Beyond max_items, and not kept: {count(result.left_out)} items."


def _listed(numbers: dict[str, int], word: str) -> str:
    return "; ".join(f"{count(number)} {word} {name}" for name, number in numbers.items())
