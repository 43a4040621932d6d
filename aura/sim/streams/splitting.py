"""Which rows of a stream are learned from, and which are held out of them."""

from __future__ import annotations

import numpy as np

from aura.core.errors import StreamError
from aura.plugins.streams import Reader
from aura.sim.readers.order import plan
from aura.sim.streams.classes import class_field, row_classes
from aura.sim.streams.playing import Playing

__all__ = ["split_rows"]


def split_rows(reader: Reader, how: Playing, seed: int, name: str) -> tuple[np.ndarray, np.ndarray]:
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

    Raises
    ------
    StreamError
        If there are too few rows, or rows are to be drawn by classes that there are not.
    """
    strata = None
    for key, given in (("stratify", how.stratify), ("hold_out_seed", how.hold_out_seed)):
        if given is not None and how.hold_out and how.hold_out_from != "random":
            raise StreamError(f"{name}.{key}", got=f"{given!r} and hold_out_from = {how.hold_out_from!r}",
                              expected="rows that are drawn, where others than the last are held out",
                              hint="Say hold_out_from = 'random' as well.")
    if how.stratify is not None:
        class_field(reader.fields, how.stratify, f"{name}.stratify")
    if how.stratify is not None and how.hold_out:
        count = len(reader) if how.limit is None else min(how.limit, len(reader))
        strata = [labels for _, labels in row_classes(reader, np.arange(count), how.stratify)]
    return plan(len(reader), seed=seed if how.hold_out_seed is None else how.hold_out_seed, hold_out=how.hold_out,
                hold_out_from=how.hold_out_from, limit=how.limit, strata=strata, name=name)
