"""Which rows of a stream are learned from, and which are held out of them."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

import numpy as np

from aura.core.errors import StreamError
from aura.plugins.streams import Reader
from aura.sim.readers.order import hold_out_draws, plan
from aura.sim.streams.classes import class_field, row_classes
from aura.sim.streams.conversations import Talks
from aura.sim.streams.groups import dealt, dealt_with_ties, groups_of, last_groups, require_apart
from aura.sim.streams.playing import Playing

__all__ = ["LEFT_OUT", "Splits", "split_rows", "splits_of"]

LEFT_OUT = "left out {count} rows that tie authors who are learned from to others who are held out"

Splits: TypeAlias = "dict[str, tuple[Reader, np.ndarray]]"
"""The reader and the rows, int64, of what is learned and of what is held out, if anything is."""


def splits_of(reader: Reader, held_out: Reader | None, how: Playing, seed: int,
              name: str) -> tuple[Splits, dict[str, Talks]]:
    """Return the rows of each split, and the conversations that they make, if they do; raises as `split_rows` does."""
    talks: dict[str, Talks] = {}
    if how.conversations is not None:
        own = Talks(how.conversations, reader, name, timed=how.time is not None)
        talks = {"learn": own, "held_out": own if held_out is None else Talks(
            how.conversations, held_out, name, timed=how.time is not None)}
    learnt, held = split_rows(reader, how, seed, name, talks["learn"].first(how.limit) if talks else None)
    splits = {"learn": (reader, learnt)}
    if held_out is not None:
        splits["held_out"] = (held_out, talks["held_out"].first(how.held_out_limit) if talks
                              else np.arange(len(held_out))[:how.held_out_limit])
        require_apart(splits["learn"], splits["held_out"], how.apart, name)
    elif len(held):
        splits["held_out"] = (reader, held)
    return splits, talks


def split_rows(reader: Reader, how: Playing, seed: int, name: str,
               rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and those held out, int64, both in the file's order.

    They follow from the rows, their classes and a seed alone: not from what is made of the rows, nor from anything else
    in the scenario.

    Parameters
    ----------
    reader : Reader
    how : Playing
        Says how many rows are held out, and how they are chosen.
    seed : int
        The stream's own, unless it has one for this.
    name : str
        What errors call the stream.
    rows : numpy.ndarray, optional
        Those that are taken at all, where it is not their number that says it.

    Raises
    ------
    StreamError
        If there are too few rows, rows are to be drawn by classes that there are not, or all of them hang together.
    """
    for key, given in (("stratify", how.stratify), ("hold_out_seed", how.hold_out_seed),
                       ("leave_out_ties", how.leave_out_ties or None)):
        if given is not None and how.hold_out and how.hold_out_from != "random":
            raise StreamError(f"{name}.{key}", got=f"{given!r} and hold_out_from = {how.hold_out_from!r}",
                              expected="rows that are drawn, where others than the last are held out",
                              hint="Say hold_out_from = 'random' as well.")
    if how.fold and how.fold >= (how.folds or 0):
        raise StreamError(f"{name}.fold", got=str(how.fold),
                          expected=f"a fold from 0 to {how.folds - 1}" if how.folds else "`folds` beside it")
    if how.stratify is not None:
        class_field(reader.fields, how.stratify, f"{name}.stratify")
    seed = seed if how.hold_out_seed is None else how.hold_out_seed
    if rows is None:
        rows = np.arange(len(reader) if how.limit is None else min(how.limit, len(reader)))
    strata = None
    if how.stratify is not None and (how.hold_out or how.folds):
        strata = [labels for _, labels in row_classes(reader, rows, how.stratify)]
    if not how.folds and not (how.hold_out and how.apart):
        learnt, held = plan(len(rows), seed=seed, hold_out=how.hold_out, hold_out_from=how.hold_out_from,
                            strata=strata, name=name)
        return rows[learnt], rows[held]
    share = Fraction(how.hold_out)
    shares, part = ([Fraction(1, how.folds)] * how.folds, how.fold) if how.folds else ([1 - share, share], 1)
    if how.leave_out_ties:
        touched = dealt_with_ties(reader, rows, how.apart, shares, hold_out_draws(seed), strata, name)
        held, learnt = touched[part] & (touched.sum(axis=0) == 1), ~touched[part]
        if not (held.any() and learnt.any()):
            _require_groups(1, len(rows), how, name)
        return rows[learnt], rows[held]
    groups = groups_of(reader, rows, how.apart, name)
    _require_groups(int(groups.max(initial=-1)) + 1, len(rows), how, name)
    if how.hold_out_from == "end" and not how.folds:
        mask = last_groups(groups, max(1, round(how.hold_out * len(rows))))
    else:
        mask = dealt(groups, shares, hold_out_draws(seed), strata) == part
        if not mask.any():  # so small a share that no group came near it
            mask = groups == groups[int(np.argmin(np.bincount(groups)[groups]))]
    return rows[~mask], rows[mask]


def _require_groups(count: int, rows: int, how: Playing, name: str) -> None:
    """Raise StreamError if there are fewer groups than parts that shall have some."""
    parts = how.folds or 2
    if count < parts:
        by = " and ".join(map(repr, how.apart))
        raise StreamError(f"{name}.{'folds' if how.folds else 'hold_out'}",
                          expected=f"rows that can be parted in {parts}" + (f" by {by}" if by else ""),
                          got=f"{rows} rows" + (f" in {count} group{'s' if count > 1 else ''}" if how.apart else ""),
                          hint="Rows that share one of these, be it by way of others, stay together: say "
                               "leave_out_ties = true, or hold out by fewer fields with `hold_out_by`."
                          if len(how.apart) > 1 else "")
