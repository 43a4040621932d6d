"""The metric ``map``: how often each unit of a map wins, and what its items were."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, PositiveInt

from aura.core.classes import OTHER, ClassIndex
from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.plugins.figures import Column, Figure, Map, Table, Text
from aura.plugins.metrics.labels import beyond, natural_key, sets_of
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MetricOptions, Pending, Topic
from aura.plugins.metrics.results import PhaseResults, Results, by_phase, cards, summary_table
from aura.plugins.words import count, share

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["MapOptions", "UnitMap", "purity_by_chance"]

DEALS = 8
"""Deals of the labels of which the purity by chance is the mean; of a thousand items each is off by some 0.01."""


class _Counts:
    """What one phase has shown: wins by unit, labelled items by unit, and items by unit and label."""

    def __init__(self) -> None:
        self.unlabelled = 0
        self.wins: dict[int, int] = {}
        self.labelled: dict[int, int] = {}
        self.pairs: dict[tuple[int, int], int] = {}


def purity_by_chance(pairs: Mapping[tuple[int, int], int]) -> float:
    """Return the purity to be expected of a map that knows nothing of the labels.

    Parameters
    ----------
    pairs : mapping of (unit, label) to items
        How many items of each label each unit has won.

    Returns
    -------
    float
        The mean purity over `DEALS` deals of the same labels to the same wins, always the same ones.
    """
    found = np.array([(unit, label, items) for (unit, label), items in sorted(pairs.items())])
    units, labels = (np.unique(column, return_inverse=True)[1] for column in found[:, :2].T)
    winners, dealt = np.repeat(units, found[:, 2]), np.repeat(labels, found[:, 2])
    kinds, rng, pure = int(labels.max()) + 1, np.random.default_rng(0), 0
    for _ in range(DEALS):
        table = np.bincount(winners * kinds + rng.permutation(dealt), minlength=(int(units.max()) + 1) * kinds)
        pure += int(table.reshape(-1, kinds).max(axis=1).sum())
    return pure / (DEALS * len(dealt))


class MapOptions(MetricOptions):
    """Options of the metric ``map``."""

    winner: Topic = Field(description="Topic of the index of the winning unit of each item, (item,).")
    truth: Topic | None = Field(
        None,
        description="Topic of tags (label sets), of text or of integers, as for classification; by default "
                    "only the wins are counted.")
    shape: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=3)] = Field(
        description="The units along x, y and z; the last axis changes fastest in the index (C order). One or two "
                    "axes will do.")
    pending: Pending = None
    max_classes: int = Field(
        1000, ge=2, le=10_000,
        description='Labels counted apart; what comes beyond is counted as one label "(other)".')


class UnitMap(Metric):
    """Wins, majority label and purity of each unit, the share of units that win, and the purity of all, per phase.

    A unit's majority label is the one that most of its items have, its purity the share of its items that have it.
    The purity of the map is the mean of these, weighted by items; by chance it is what the same wins come to with the
    labels dealt out anew, which is much where units win few items. An item counts for the phase in which its unit won.
    Labels that are not told apart make no majority: their items are of no unit's label.
    """

    kind = "map"
    headlines: ClassVar = {"purity": "purity", "utilisation": "share of units that won"}

    def __init__(self, name: str, options: MapOptions) -> None:
        super().__init__(name, options)
        self.topics = (options.winner,) if options.truth is None else tuple({options.winner: 0, options.truth: 0})
        self._units = math.prod(options.shape)
        self._matcher = self.matching(("truth", "winner"))
        self._classes = ClassIndex(most=options.max_classes)
        self._phases: dict[str, _Counts] = {}

    def check(self, brain: BrainView) -> None:
        where, topic = f"metrics.{self.name}", self.options.winner
        port = self.require_topic(brain, "winner", topic, dtypes=("int", "uint"))
        if len(port.shape) != 1:
            raise AuraError(f"{where}.winner", expected="a topic of (item,)", got=f"{topic}: {port.describe()}")
        if port.range is not None and port.range[1] != self._units - 1:
            raise AuraError(f"{where}.shape", expected=f"{int(port.range[1]) + 1} units, as {topic} tells",
                            got=f"{' x '.join(map(str, self.options.shape))} = {self._units}")
        if self.options.truth is not None:
            self.require_topic(brain, "truth", self.options.truth, dtypes=("tags", "text", "int", "uint"))

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        options = self.options
        if signal.topic == options.winner:
            self._win(signal)
        if signal.topic == options.truth:
            self._settle(self._matcher.put(0, ids_of(signal.ids), sets_of(signal.value)))

    def _win(self, signal: Signal) -> None:
        units: list[int] = signal.value.tolist()  # type: ignore[union-attr]
        if not units:
            return
        if min(units) < 0 or max(units) >= self._units:
            raise AuraError(f"metrics.{self.name}.shape", expected=f"units from 0 to {self._units - 1}",
                            got=f"the unit {min(units) if min(units) < 0 else max(units)}",
                            hint="The shape must be that of the map that says the winners.")
        places = self.places(signal)
        for place, unit in zip(places, units, strict=True):
            wins = self._phases.setdefault(place, _Counts()).wins
            wins[unit] = wins.get(unit, 0) + 1
        if self.options.truth is not None:
            self._settle(self._matcher.put(1, ids_of(signal.ids), zip(places, units, strict=True)))

    def _settle(self, complete: list[list[Any]]) -> None:
        """Count the items of which both the unit and the labels are known; one without labels tells nothing."""
        for labels, (phase, unit) in complete:
            counts = self._phases[phase]
            if not labels:
                counts.unlabelled += 1
                continue
            counts.labelled[unit] = counts.labelled.get(unit, 0) + 1
            for label in self._classes.places(labels):
                counts.pairs[unit, label] = counts.pairs.get((unit, label), 0) + 1

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "signal": self.options.winner, "truth": self.options.truth or "",
                "all": self._units, "shape": list(self.options.shape),
                "phases": {phase: self._phase_results(phase, counts) for phase, counts in self._phases.items()},
                "unmatched": self._matcher.alone(), "waiting": len(self._matcher), **beyond(self._classes)}

    def _phase_results(self, phase: str, counts: _Counts) -> dict[str, Any]:
        names = self._classes.names
        other = names.index(OTHER) if self._classes.beyond else -1
        pairs = {(unit, label): items for (unit, label), items in counts.pairs.items() if label != other}
        best: dict[int, tuple[int, str]] = {}
        for (unit, label), items in pairs.items():
            # Of labels that are as frequent the first in their natural order is taken, whichever came first.
            rival = best.get(unit)
            if rival is None or items > rival[0] or (items == rival[0] and natural_key(names[label]) <
                                                     natural_key(rival[1])):
                best[unit] = (items, names[label])
        labels = sorted({names[label] for _, label in pairs}, key=natural_key)
        number = {label: place for place, label in enumerate(labels)}
        won = sorted(counts.wins)
        labelled = sum(counts.labelled.values())
        summary = {"utilisation": len(won) / self._units}
        if labelled:
            summary["purity"] = sum(items for items, _ in best.values()) / labelled
            # Labels of which an item has several, or that are not told apart, are not dealt out one by one.
            if sum(pairs.values()) == labelled:
                summary["purity_by_chance"] = purity_by_chance(pairs)
        return {**self.what(phase, judged=False), "items": sum(counts.wins.values()), "unlabelled": counts.unlabelled,
                "summary": summary,
                "map": {"units": won, "wins": [counts.wins[unit] for unit in won], "labels": labels,
                        "majority": [number[best[unit][1]] if unit in best else -1 for unit in won],
                        "purity": [round(best[unit][0] / counts.labelled[unit], 4) if unit in best else None
                                   for unit in won]},
                "regions": self._regions(counts.labelled, pairs, {unit: label for unit, (_, label) in best.items()},
                                         labels)}

    def _regions(self, labelled: Mapping[int, int], pairs: Mapping[tuple[int, int], int], best: Mapping[int, str],
                 labels: list[str]) -> list[dict[str, Any]]:
        """Return for each label: its units, its items, and the items of its units and how many of them have it."""
        names = self._classes.names
        rows = {label: [0, 0, 0, 0] for label in labels}
        for unit, label in best.items():
            rows[label][0] += 1
            rows[label][2] += labelled[unit]
        for (unit, number), items in pairs.items():
            rows[names[number]][1] += items
            if best[unit] == names[number]:
                rows[names[number]][3] += items
        return [{"label": label, "units": units, "items": items, "held": held, "own": own}
                for label, (units, items, held, own) in rows.items()]

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return the map of units with what each region answers to."""
        shape = (*found.more["shape"], 1, 1, 1)[:3]

        def show(name: str, phase: PhaseResults) -> Iterator[Figure]:
            view = phase.more.get("map")
            if view and view["units"]:
                parts = {key: view[key] for key in ("units", "wins", "labels", "majority")}
                yield Map(shape=shape, **parts, caption=_map_caption(view, math.prod(shape)), alt=(
                    f"Map of {found.signal}: which label each of {found.more['all']} units answers to in the phase "
                    f"{name}."))
                yield from _regions(phase.more.get("regions"))

        columns = {key: Column(name=name, kind="bar") for key, name in (
            ("utilisation", "units that won"), ("purity", "purity"), ("purity_by_chance", "by chance"))}
        about = f"and what the items were ({found.truth})." if found.truth else "and how often."
        return [Text(text=f"Which unit won for each item ({found.signal}), {about}", kind="about"),
                *cards(found, cls.headlines), *summary_table(found, columns, caption=(
                    "All items of each phase. Purity: the share of the items that have the majority label of their "
                    "unit; by chance: the same with the labels dealt out anew.")), *by_phase(found, "Map", show)]

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {**self.base_state(), "matcher": self._matcher.state(), "classes": self._classes.state(),
                "phases": [[phase, counts.unlabelled, _table(counts.wins), _table(counts.labelled),
                            _table(counts.pairs)]
                           for phase, counts in self._phases.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._matcher.load_state(state["matcher"])
        self._classes.load_state(state["classes"])
        self._phases = {}
        for phase, unlabelled, wins, labelled, pairs in state["phases"]:
            counts = self._phases[phase] = _Counts()
            counts.unlabelled = unlabelled
            counts.wins, counts.labelled = dict(wins.tolist()), dict(labelled.tolist())
            counts.pairs = {(unit, label): items for unit, label, items in pairs.tolist()}


def _map_caption(view: Mapping[str, Any], units: int) -> str:
    won = f"{count(len(view['units']))} of {count(units)} units won at least once ({share(len(view['units']), units)})"
    if not view["labels"]:
        return f"Each square is a unit, the stronger the more often it won; {won}."
    return (f"Each square is a unit: its colour is the label that most of its items had, and it is the stronger the "
            f"more often it won; {won}.")


def _regions(regions: list[dict[str, Any]] | None) -> Iterator[Figure]:
    if regions:
        most = max(region["units"] for region in regions)
        rows = tuple((region["label"], region["units"], region["items"],
                      region["own"] / region["items"] if region["items"] else None,
                      region["own"] / region["held"] if region["held"] else None) for region in regions)
        yield Table(columns=(Column(name="label"), Column(name="units", kind="bar", digits=0, most=most),
                             Column(name="items", kind="count"), Column(name="of its items, in its units", kind="bar"),
                             Column(name="of its units' items, its own", kind="bar")),
                    rows=rows, caption="What the regions answer to; choose a column to sort by it.")


def _table(counts: dict[Any, int]) -> np.ndarray:
    """Return counts as an int64 array, a row for each: its key or keys, and the count."""
    rows = [(*key, count) if isinstance(key, tuple) else (key, count) for key, count in counts.items()]
    return np.array(rows, dtype=np.int64).reshape(len(rows), -1) if rows else np.zeros((0, 3), dtype=np.int64)
