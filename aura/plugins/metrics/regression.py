"""The metric ``regression``: numbers predicted by a zone against the truth that the stream tells.

Sums of a phase are of constant size and numerically stable: with n, m, M the count, mean and sum of squared deviations
of two sets A and B and d = m_B - m_A, ``M = M_A + M_B + d**2 n_A n_B / n`` and ``m = m_A + d n_B / n``; likewise for
products.

References
----------
Chan, Golub & LeVeque 1983, Algorithms for computing the sample variance, eq. 2.1, doi:10.1080/00031305.1983.10483115
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.lasting import Stateful
from aura.core.signals import Signal
from aura.plugins.figures import Column, Curves, Figure, Table
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.options import MetricOptions, Need, Pending, RowsEvery, Topic, Window
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.metrics.rolling import Rolling
from aura.plugins.words import named

__all__ = ["Moments", "Regression", "RegressionOptions"]


class Moments(Stateful):
    """Sums over items of two numbers, truth and prediction, in each of some dimensions."""

    lasting = ("items", "mean", "spread", "absolute_errors", "squared_errors")

    def __init__(self) -> None:
        self.items = 0
        self.mean: Any = None
        """Float64 (2, dimension), None before the first item."""
        self.spread: Any = None
        """Sums of products of deviations from the mean, float64 (2, 2, dimension)."""
        self.absolute_errors: Any = None
        self.squared_errors: Any = None

    def add(self, both: np.ndarray) -> Moments:
        """Merge a block of items, (item, 2, dimension): what is true, and what was said."""
        count, both = len(both), both.astype(np.float64)
        if self.mean is None:
            self.mean, self.spread = np.zeros(both.shape[1:]), np.zeros((2, *both.shape[1:]))
            self.absolute_errors = np.zeros(both.shape[2])
            self.squared_errors = np.zeros(both.shape[2])
        total = self.items + count
        if count == 1:  # as below, without sums and means of one
            one, error = both[0], both[0, 1] - both[0, 0]
            step = one - self.mean
            self.spread = self.spread + step[:, None] * step * (self.items / total)
            self.absolute_errors = self.absolute_errors + np.abs(error)
            self.squared_errors = self.squared_errors + error * error
        else:
            mean, error = both.mean(axis=0), both[:, 1] - both[:, 0]
            step, off = mean - self.mean, both - mean
            self.spread = self.spread + step[:, None] * step * (self.items * count / total)
            self.spread += (off[:, :, None] * off[:, None]).sum(axis=0)
            self.absolute_errors = self.absolute_errors + np.abs(error).sum(axis=0)
            self.squared_errors = self.squared_errors + (error**2).sum(axis=0)
        self.mean = self.mean + step * (count / total)
        self.items = total
        return self

    def figures(self) -> list[dict[str, float]]:
        """Return MAE, RMSE, R2 and Pearson's r of each dimension; what is undefined is left out."""
        found = []
        for true, predicted, product, absolute, squared in zip(
                self.spread[0, 0].tolist(), self.spread[1, 1].tolist(), self.spread[0, 1].tolist(),
                self.absolute_errors.tolist(), self.squared_errors.tolist(), strict=True):
            figures = {"mae": absolute / self.items, "rmse": (squared / self.items) ** 0.5}
            if true > 0:
                figures["r2"] = 1.0 - squared / true
            if true * predicted > 0:
                figures["pearson"] = product / (true * predicted) ** 0.5
            found.append(figures)
        return found

    def summary(self) -> dict[str, float]:
        """Return the means over the dimensions of what is defined in all of them."""
        each = self.figures()
        return {key: float(np.mean([one[key] for one in each])) for key in each[0] if all(key in one for one in each)}


class RegressionOptions(MetricOptions):
    """Options of the metric ``regression``."""

    truth: Topic = Field(description="Topic of floats, (item,) or (item, dimension).")
    prediction: Topic = Field(description="Topic of what was predicted of the same items, alike in shape.")
    names: tuple[str, ...] = Field((), description=(
        "The dimensions' names, by which Pearson's r and the MAE of each stand beside the means over all of them; by "
        "default they are numbered."))
    window: Annotated[Window, Field(ge=2)] = 1000
    every: RowsEvery = "auto"
    pending: Pending = None


class Regression(Rolling):
    """MAE, RMSE, R2 and Pearson's r, per phase and rolling; phases as for ``classification``."""

    kind = "regression"
    needs: ClassVar = {"truth": Need(("float",)), "prediction": Need(("float",))}
    headlines: ClassVar = {"r2": "R²", "pearson": "Pearson's r", "mae": "MAE"}
    headings: ClassVar = {"mae": "mae", "r2": "r2"}
    lasting = ("_matcher",)

    def __init__(self, name: str, options: RegressionOptions) -> None:
        super().__init__(name, options)
        self._matcher = self.matching(("truth", "prediction"), options.pending)

    def new_part(self) -> Moments:
        return Moments()

    def on_signal(self, signal: Signal) -> None:
        ids = ids_of(signal.ids)
        rows = np.asarray(signal.value, dtype=np.float64).reshape(len(ids), -1)
        done: list[list[Any]] = []
        if signal.topic == self.options.truth:
            done += self._matcher.put(0, ids, rows)
        if signal.topic == self.options.prediction:
            done += self._matcher.put(1, ids, zip(self.places(signal), rows, strict=True))
        blocks: dict[str, list[np.ndarray]] = {}
        for true, (place, predicted) in done:
            if true.shape != predicted.shape:
                raise AuraError(f"metrics.{self.name}", expected="as many numbers in the truth as in the prediction",
                                got=f"{true.size} and {predicted.size}")
            blocks.setdefault(place, []).append(np.array((true, predicted)))
        for place, pairs in blocks.items():
            moments = self.part(place)
            for number, pair in enumerate(pairs, moments.items + 1):
                self.roll(place, tuple(pair.ravel().tolist()), number, signal.time)
            moments.add(np.array(pairs))

    def figures_of(self, items: list[tuple[float, ...]]) -> dict[str, float]:
        return Moments().add(np.array(items).reshape(len(items), 2, -1)).summary()

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        return {"truth": self.options.truth, "prediction": self.options.prediction}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        figures = part.figures()
        named = len(self.options.names) == len(figures)
        names = self.options.names if named else tuple(map(str, range(len(figures))))
        rows = [{"name": name, **one} for name, one in zip(names, figures, strict=True)]
        # Of dimensions that have names, those figures by which they are compared stand in the table of phases too.
        each = {f"{row['name']}_{key}": row[key] for key in ("pearson", "mae") for row in rows
                if named and len(rows) > 1 and key in row}
        return {"items": part.items, "summary": part.summary() | each, "per_dimension": rows}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        figures: list[Figure] = []
        for figure in super().figures(found, others):
            figures += _by_scale(figure, found) if isinstance(figure, Curves) else [figure]
        return [*figures, *by_phase(found, "Dimensions", _dimensions)]


def _by_scale(curves: Curves, found: Results) -> Iterator[Figure]:
    """Yield curves of errors and of shares, each to a scale of its own: errors may be any number of times as high."""
    for keys, quantity in (("mae", "rmse"), "error, in the truth's unit"), (("r2", "pearson"), "agreement, 1 at most"):
        names = {key: named(key) for key in keys if any(key in phase.summary for phase in found.phases.values())}
        if names:
            yield curves.model_copy(update={"names": names, "quantity": quantity})


def _dimensions(name: str, phase: PhaseResults) -> Iterator[Figure]:
    if rows := phase.more.get("per_dimension"):
        keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "name"]
        yield Table(columns=(Column(name="dimension"), *(Column(name=named(key), kind="figure") for key in keys)),
                    rows=tuple((row.get("name", ""), *map(row.get, keys)) for row in rows), caption="Every dimension.")
