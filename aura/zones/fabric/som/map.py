"""The self-organising map: a grid of units in space that comes to lie in the data as the data lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.fabric.som.batch import BatchRule
from aura.zones.fabric.som.codebook import Codebook
from aura.zones.fabric.som.grid import Shape, positions
from aura.zones.fabric.som.online import OnlineRule
from aura.zones.fabric.som.params import SomParams
from aura.zones.fabric.som.product import Rows
from aura.zones.fabric.som.quality import quantisation_error, topographic_error
from aura.zones.fabric.som.rows import checked
from aura.zones.fabric.som.schedule import Schedule, Step
from aura.zones.fabric.som.search import all_distances, nearest
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["SelfOrganisingMap"]

BLOCK = 1024
"""Items of a stream that are learned at once, at most."""

FIRST_SPREAD = 0.1
"""Units begin around the mean of the first items, with so much of these' standard deviation: enough to differ."""

FIRST_MASS = 0.01
"""Items that a unit's first weights count as, rule "batch": they break the tie of a stream that begins with one item,
and are soon forgotten."""

RECENT_ITEMS = 1000.0
"""Items after which an item counts 1/e in the recent quantisation error."""

RIPE_ITEMS = 10
"""Items for each unit after which a map without a clock counts as trained."""


class SelfOrganisingMap(Stateful):
    """A map of units on a grid (x, y, z) that learns without labels, in a stream or from a whole data set.

    Parameters
    ----------
    shape : tuple of three int
        Units along x, y and z; a z of 1 gives a sheet.
    features : int
        Length of an item.
    params : SomParams
        How it learns.
    rng : numpy.random.Generator
        Draws the first weights; not used afterwards.
    workers : Workers, optional
        Threads to share the search among; one if left out. The bits do not depend on it.

    Raises
    ------
    ParameterError
        If a side of the grid or the number of features is less than 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> line = SelfOrganisingMap((9, 1, 1), 2, SomParams(length=2000, radius_end=0.5), rng)
    >>> for _ in range(100):
    ...     error = line.learn(rng.random((20, 2)) * (1.0, 0.1))
    >>> bool(np.all(np.diff(line.codebook[:, 0]) > 0) or np.all(np.diff(line.codebook[:, 0]) < 0))
    True
    """

    lasting = ("_codebook", "_rule", "_schedule", "_wins", "_started", "_seen", "_recent")

    def __init__(self, shape: Shape, features: int, params: SomParams, rng: np.random.Generator, *,
                 workers: Workers | None = None) -> None:
        if len(shape) != 3 or min(shape) < 1:
            raise ParameterError("fabric.som.shape", expected="three sides of at least 1", got=repr(shape),
                                 hint="A sheet is (x, y, 1).")
        if features < 1:
            raise ParameterError("fabric.som.features", expected="at least 1", got=repr(features))
        x, y, z = (int(side) for side in shape)
        self.shape: Shape = (x, y, z)
        self.features = int(features)
        self.params = params
        self._workers = workers or Workers(1)
        units = rng.standard_normal((x * y * z, self.features), dtype=np.float32)
        self._codebook = Codebook(units, np.zeros(self.features, np.float32))
        self._schedule = Schedule(params, params.first_radius(self.shape))
        self._rule: BatchRule | OnlineRule = OnlineRule(self.shape, params.neighbourhood)
        if params.rule == "batch":
            self._rule = BatchRule(self.shape, self.features, params.neighbourhood)
        self._wins = np.zeros(len(units), np.int64)
        self._started = False
        self._seen = 0
        self._recent = 0.0

    # --- reading --------------------------------------------------------------------------------------------------

    @property
    def codebook(self) -> Rows:
        """The units' weights, (unit, feature): a view that cannot be written to, and that changes with the map."""
        view = self._codebook.units.view()
        view.flags.writeable = False
        return view

    @property
    def positions(self) -> Rows:
        """The place of each unit on the grid, (unit, 3)."""
        return positions(self.shape)

    def winners(self, rows: NDArray[Any]) -> NDArray[np.int32]:
        """Return the nearest unit of each row (item, feature), in C order of the grid."""
        return self.nearest(rows)[0]

    def nearest(self, rows: NDArray[Any]) -> tuple[NDArray[np.int32], Rows]:
        """Return the nearest unit of each row, and its distance."""
        found = nearest(checked(rows, self.features), self._codebook, self._workers)
        return found.first, found.distance

    def distances(self, rows: NDArray[Any]) -> Rows:
        """Return the distance of each row from every unit, (item, unit)."""
        return all_distances(checked(rows, self.features), self._codebook, self._workers)

    def activation(self, rows: NDArray[Any]) -> Rows:
        r"""Return how far each unit answers to each row, (item, x, y, z).

        Notes
        -----
        With d the distances from all units, d₀ the least and s the sharpness,

        .. math:: a_u = \exp \left( -s \, \frac{d_u^2 - d_0^2}{\langle d^2 \rangle - d_0^2} \right),

        1 for the winner and exp(-s) for a unit as far away as the average: it says which units answer, whatever the
        scale of the data and however well the best of them matches.
        """
        squares = self.distances(rows) ** 2
        squares -= squares.min(axis=1, keepdims=True)
        mean = squares.mean(axis=1, keepdims=True)
        np.divide(squares, mean, out=squares, where=mean > 0.0)
        answer: Rows = np.exp(np.float32(-self.params.sharpness) * squares)
        return answer.reshape(len(squares), *self.shape)

    def quantisation_error(self, rows: NDArray[Any]) -> float:
        """Return the mean distance of rows from their nearest units."""
        return quantisation_error(checked(rows, self.features, least=1), self._codebook, self._workers)

    def topographic_error(self, rows: NDArray[Any], neighbours: int = 8) -> float:
        """Return the share of rows whose two nearest units are no neighbours: of 4 or 8 in a sheet, 6 or 26 in space.

        Raises
        ------
        ParameterError
            If `neighbours` is none of these, or the map has but one unit.
        """
        if len(self._wins) == 1:
            raise ParameterError("fabric.som.topographic_error", expected="a map of two units or more", got="one unit")
        block = checked(rows, self.features, least=1)
        return topographic_error(block, self._codebook, self.shape, neighbours, self._workers)

    def get_training_status(self) -> dict[str, Any]:
        """Return how far the map has come.

        Returns
        -------
        dict
            ``trained``: whether the schedule has run its length (without a clock: whether ten items have come for each
            unit); ``utilisation``: share of units that have ever won; ``quantisation_error``: of the latest thousand
            items or so, before they were learned; ``items``: seen so far; ``radius`` and ``rate``: of the last block.
        """
        ripe = self._schedule.ended if self._schedule.by_clock else self._seen >= RIPE_ITEMS * len(self._wins)
        return {"trained": bool(ripe), "utilisation": float((self._wins > 0).mean()),
                "quantisation_error": self._recent, "items": self._seen,
                "radius": self._schedule.last.radius, "rate": self._schedule.last.rate}

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, rows: NDArray[Any], rate: float = 1.0) -> float:
        """Learn items as they come, and return their quantisation error before that.

        Parameters
        ----------
        rows : array (item, feature)
            One or more; more than `BLOCK` are learned in blocks.
        rate : float
            What scales the learning: the rate of rule "online", the weight of the items of rule "batch". With 0 nothing
            changes.

        Raises
        ------
        SignalError
            If the rows have another shape or are not finite.
        ParameterError
            If the rate is negative or not finite.
        """
        if not 0.0 <= rate < math.inf:
            raise ParameterError("fabric.som.learn.rate", expected="a number from 0 up", got=repr(rate))
        rows = checked(rows, self.features)
        if rate == 0.0 or not len(rows):
            return self.quantisation_error(rows) if len(rows) else 0.0
        self._start(rows)
        if not self.params.learn:
            return self.quantisation_error(rows)
        total = 0.0
        for first in range(0, len(rows), BLOCK):
            block = rows[first:first + BLOCK]
            total += len(block) * self._take(block, rate, partial(self._schedule.next, len(block)))
        return total / len(rows)

    def fit_batch(self, rows: NDArray[Any], passes: int = 10, *, blocks: int = 8) -> list[float]:
        """Learn a whole data set; radius and rate go from start to end over all passes but the last, not over `length`.

        Parameters
        ----------
        rows : array (item, feature)
            All the data.
        passes : int
            How often they are gone through.
        blocks : int
            How often the units are renewed in a pass. With 1, rule "batch" is the batch map of the textbook; with more
            it remembers one pass, and comes further in as many passes.

        Returns
        -------
        list of float
            The quantisation error of each pass, each block's before it was learned.

        Raises
        ------
        SignalError, ParameterError
            If the rows have another shape, are not finite or are none; if `passes` or `blocks` is less than 1.
        """
        for name, value in (("passes", passes), ("blocks", blocks)):
            if value < 1:
                raise ParameterError(f"fabric.som.fit_batch.{name}", expected="at least 1", got=repr(value))
        rows = checked(rows, self.features, least=1)
        self._start(rows)
        blocks = min(blocks, len(rows))
        # Each block is a sample of all the data, in whatever order they stand.
        parts = [np.ascontiguousarray(rows[first::blocks]) for first in range(blocks)] if blocks > 1 else [rows]
        memory = float(len(rows)) if blocks > 1 else 0.0
        # The last pass is learned at the end of the schedule, so that all that is remembered was won there.
        last = (passes - 1) * blocks if passes > 1 else max(blocks - 1, 1)
        errors = []
        for done in range(passes):
            total = 0.0
            for place, part in enumerate(parts):
                gone = (done * blocks + place) / last
                total += len(part) * self._take(part, 1.0, partial(self._schedule.within, gone, memory))
            errors.append(total / len(rows))
        self._schedule.end()
        return errors

    def _take(self, rows: Rows, weight: float, schedule: Callable[[float], Step]) -> float:
        """Learn one block with what the schedule answers to its error; return that error."""
        found = nearest(rows, self._codebook, self._workers)
        error = float(found.distance.mean(dtype=float))
        self._rule.learn(self._codebook, rows, found.first, schedule(error), weight)
        self._wins += np.bincount(found.first, minlength=len(self._wins))
        fresh = 1.0 - math.exp(-len(rows) / RECENT_ITEMS) if self._seen else 1.0
        self._recent += fresh * (error - self._recent)
        self._seen += len(rows)
        return error

    def _start(self, rows: Rows) -> None:
        """Bring the first weights to where the data are."""
        if self._started:
            return
        self._started = True
        centre = rows.mean(axis=0, dtype=float).astype(np.float32)
        spread = float((rows - centre).std()) or float(np.abs(rows).mean()) or 1.0
        self._codebook.units *= np.float32(FIRST_SPREAD * spread)
        self._codebook.units += centre
        self._codebook.move(centre)
        if isinstance(self._rule, BatchRule):
            self._rule.begin(self._codebook.units, FIRST_MASS)

    # --- state ----------------------------------------------------------------------------------------------------
