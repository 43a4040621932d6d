"""Which rows are played, in which order, and which are held out: all of it a function of the seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from aura.core.errors import StreamError
from aura.sim.readers.strata import stratified

__all__ = ["Seed", "by_stage", "fixed_permutation", "hold_out_draws", "pass_draws", "pass_order", "plan"]

Seed = int | np.random.SeedSequence

# Children of the stream's seed, so that the held-out rows do not depend on how often or whether rows are shuffled.
_HOLD_OUT, _PASS, _FIXED = 0, 1, 2


def plan(
    n: int,
    *,
    seed: Seed,
    hold_out: float = 0.0,
    hold_out_from: Literal["end", "random"] = "end",
    limit: int | None = None,
    strata: Sequence[tuple[str, ...]] | None = None,
    name: str = "stream",
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and those held out, both in the file's order.

    Parameters
    ----------
    n : int
        Number of rows.
    seed : int or SeedSequence
        The stream's own seed.
    hold_out : float
        Fraction held out, 0..1; above zero it is at least one row, and one row is always left to learn from.
    hold_out_from : {"end", "random"}
        The last rows, or rows drawn without replacement.
    limit : int, optional
        Take only the first so many rows, before any are held out.
    strata : sequence of tuple of str, optional
        The classes of each of these rows: those drawn hold of every class the same fraction, as nearly as can be.
    name : str
        What errors call the stream.

    Returns
    -------
    learnt, held_out : array of int64
        Disjoint, ascending; together the first `limit` rows.

    Raises
    ------
    StreamError
        If there are too few rows, or the fraction is outside 0..1.

    Examples
    --------
    >>> plan(5, seed=0, hold_out=0.4)
    (array([0, 1, 2]), array([3, 4]))
    """
    if not 0.0 <= hold_out < 1.0:
        raise StreamError(f"{name}.hold_out", expected="a fraction from 0 to below 1", got=repr(hold_out))
    if limit is not None and limit < 1:
        raise StreamError(f"{name}.limit", expected="at least one row", got=repr(limit))
    count = n if limit is None else min(n, limit)
    if count < (2 if hold_out else 1):
        raise StreamError(name, expected="at least two rows to hold some out" if hold_out else "at least one row",
                          got=str(count))
    held = min(count - 1, max(1, int(hold_out * count + 0.5))) if hold_out else 0
    every = np.arange(count, dtype=np.int64)
    if hold_out_from == "end":
        return every[: count - held], every[count - held :]
    drawn = hold_out_draws(seed).permutation(count)
    if strata is None:
        mask = np.zeros(count, dtype=bool)
        mask[drawn[:held]] = True
    else:
        mask = stratified(strata, drawn, held)
    return every[~mask], every[mask]


def pass_order(indices: np.ndarray, *, seed: Seed, number: int, shuffle: bool) -> np.ndarray:
    """Return the order of the rows in pass `number` (from 0), which depends on no other pass.

    Parameters
    ----------
    indices : array of int64
        The rows to play.
    seed : int or SeedSequence
        The stream's own seed.
    number : int
        Which pass.
    shuffle : bool
        Without it every pass is in the order given.

    Examples
    --------
    >>> pass_order(np.arange(5), seed=1, number=0, shuffle=True).tolist()
    [0, 4, 1, 2, 3]
    """
    if not shuffle:
        return indices
    return pass_draws(seed, number).permutation(indices)


def pass_draws(seed: Seed, number: int) -> np.random.Generator:
    """Return what the order of pass `number` is drawn by, which depends on no other pass."""
    return _generator(seed, _PASS, number)


def hold_out_draws(seed: Seed) -> np.random.Generator:
    """Return what rows to hold out are drawn by."""
    return _generator(seed, _HOLD_OUT)


def by_stage(rows: np.ndarray, stages: np.ndarray, stage: int | None = None) -> np.ndarray:
    """Return rows stage after stage, those of one stage in the order given.

    Parameters
    ----------
    rows : array of int64
        The rows of a pass.
    stages : array of int64
        The stage of each of them.
    stage : int, optional
        Only the rows of this stage.

    Examples
    --------
    >>> by_stage(np.array([7, 2, 5, 3]), np.array([1, 0, 1, 0])).tolist()
    [2, 3, 7, 5]
    >>> by_stage(np.array([7, 2, 5, 3]), np.array([1, 0, 1, 0]), stage=1).tolist()
    [7, 5]
    """
    chosen: np.ndarray = rows[np.argsort(stages, kind="stable") if stage is None else stages == stage]
    return chosen


def fixed_permutation(count: int, *, seed: Seed) -> np.ndarray:
    """Return one order of `count` elements that a stream keeps for good: as likely as any other but the given one.

    Examples
    --------
    >>> fixed_permutation(5, seed=1).tolist()
    [0, 1, 4, 2, 3]
    """
    draw = _generator(seed, _FIXED)
    order = draw.permutation(count)
    while count > 1 and (order == np.arange(count)).all():
        order = draw.permutation(count)
    return order


def _generator(seed: Seed, *child: int) -> np.random.Generator:
    # A child by its key, not by spawn(), which would count what was spawned before.
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    return np.random.default_rng(np.random.SeedSequence(
        root.entropy, spawn_key=(*root.spawn_key, *child), pool_size=root.pool_size))
