"""The metric ``map``: how often each unit of a map wins, and what its items were."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, PositiveInt

from aura.core.classes import OTHER, ClassIndex
from aura.core.errors import AuraError
from aura.core.lasting import Stateful
from aura.core.signals import Signal
from aura.plugins.figures import Column, Figure, Map, Table, Text
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import LABELS, MetricOptions, Need, Pending, Topic
from aura.plugins.metrics.results import PhaseResults, Results, by_phase, cards, summary_table
from aura.plugins.metrics.scores import beyond, natural_key, sets_of
from aura.plugins.words import count, share

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["MapOptions", "UnitMap", "purity_by_chance"]

DEALS = 8
"""Deals of the labels of which the purity by chance is the mean; of a thousand items each is off by some 0.01."""


class _Counts(Stateful):
    """What one phase has shown: wins by unit, labelled items by unit, and items by unit and label."""

    lasting = ("unlabelled", "wins", "labelled", "pairs")

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
    needs: ClassVar = {"winner": Need(("int", "uint"), axes=(0,), words="(item,)"), "truth": Need(LABELS)}
    headlines: ClassVar = {"purity": "purity", "utilisation": "share of units that won"}
    while_learning = "while learning"
    lasting = ("_matcher", "_classes")

    def __init__(self, name: str, options: MapOptions) -> None:
        super().__init__(name, options)
        self._units_number = math.prod(options.shape)
        self._matcher = self.matching(("truth", "winner"), options.pending)
        self._classes = ClassIndex(most=options.max_classes)

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        port = self.require_topic(brain, "winner", self.options.winner)
        if port.range is not None and port.range[1] != self._units_number - 1:
            raise AuraError(f"metrics.{self.name}.shape",
                            expected=f"{int(port.range[1]) + 1} units, as {self.options.winner} tells",
                            got=f"{' x '.join(map(str, self.options.shape))} = {self._units_number}")

    def new_part(self) -> _Counts:
        return _Counts()

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
        if min(units) < 0 or max(units) >= self._units_number:
            raise AuraError(f"metrics.{self.name}.shape", expected=f"units from 0 to {self._units_number - 1}",
                            got=f"the unit {min(units) if min(units) < 0 else max(units)}",
                            hint="The shape must be that of the map that says the winners.")
        places = self.places(signal)
        for place, unit in zip(places, units, strict=True):
            wins = self.part(place).wins
            wins[unit] = wins.get(unit, 0) + 1
        if self.options.truth is not None:
            self._settle(self._matcher.put(1, ids_of(signal.ids), zip(places, units, strict=True)))

    def _settle(self, complete: list[list[Any]]) -> None:
        """Count the items of which both the unit and the labels are known; one without labels tells nothing."""
        for labels, (phase, unit) in complete:
            counts = self.parts[phase]
            if not labels:
                counts.unlabelled += 1
                continue
            counts.labelled[unit] = counts.labelled.get(unit, 0) + 1
            for label in self._classes.places(labels):
                counts.pairs[unit, label] = counts.pairs.get((unit, label), 0) + 1

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        return {"signal": self.options.winner, "truth": self.options.truth or "", "all": self._units_number,
                "shape": list(self.options.shape), **beyond(self._classes)}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        names = self._classes.names
        known = {pair: items for pair, items in part.pairs.items()
                 if not self._classes.beyond or names[pair[1]] != OTHER}
        pairs = {(unit, names[label]): items for (unit, label), items in known.items()}
        best: dict[int, str] = {}
        order = {label: natural_key(label) for label in names}
        # Of labels that are as frequent the first in their natural order is taken, whichever came first.
        for unit, label in sorted(pairs, key=lambda pair: (-pairs[pair], order[pair[1]])):
            best.setdefault(unit, label)
        labels = {label: place for place, label in enumerate(sorted({label for _, label in pairs}, key=natural_key))}
        regions = [{"label": label, "units": 0, "items": 0, "held": 0, "own": 0} for label in labels]
        for (unit, label), items in pairs.items():
            region: dict[str, Any] = regions[labels[label]]
            region["items"] += items
            if best[unit] == label:
                region["units"] += 1
                region["held"] += part.labelled[unit]
                region["own"] += items
        won, labelled = sorted(part.wins), sum(part.labelled.values())
        summary = {"utilisation": len(won) / self._units_number}
        if labelled:
            summary["purity"] = sum(pairs[pair] for pair in best.items()) / labelled
            # Labels of which an item has several, or that are not told apart, are not dealt out one by one.
            if sum(pairs.values()) == labelled:
                summary["purity_by_chance"] = purity_by_chance(known)
        return {"items": sum(part.wins.values()), "unlabelled": part.unlabelled, "summary": summary,
                "map": {"units": won, "wins": [part.wins[unit] for unit in won], "labels": list(labels),
                        "majority": [labels[best[unit]] if unit in best else -1 for unit in won],
                        "purity": [round(pairs[unit, best[unit]] / part.labelled[unit], 4) if unit in best else None
                                   for unit in won]},
                "regions": regions}

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
