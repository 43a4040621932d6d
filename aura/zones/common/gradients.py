"""Gradients on the bus: those that come for items from several zones, and one that a zone has to publish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.lasting import Lasting, Made
from aura.core.signals import Items
from aura.core.time import Time, format_time
from aura.core.zone import ZoneContext

__all__ = ["PublishesGradient", "summed"]

Ids = NDArray[np.int64]
Rows = NDArray[np.float32]


class PublishesGradient:
    """What a zone has in common that publishes a gradient at the next instant after it has learned.

    It stands before `Zone` among the bases; `learn` leaves the gradient in `_gradient`, `step` publishes `waiting`.
    The zone's manifest says `self_clocked` where gradients are asked for.
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = (Made("_gradient", Items),)
    context: ZoneContext[Any]
    _gradient: Items | None = None

    def next_wake(self, now: Time) -> Time | None:
        """Return one resolution later where a gradient waits to be published, None else."""
        return None if self._gradient is None else now + self.context.resolution

    def waiting(self, port: str) -> dict[str, Items]:
        """Return the gradient that waits as the output of this name, and let it go; nothing where none waits."""
        gradient, self._gradient = self._gradient, None
        return {} if gradient is None else {port: gradient}


def summed(gradients: Mapping[str, Rows], ids: Mapping[str, Ids], where: str, now: Time) -> tuple[Ids, Rows]:
    """Return the items that sources name, in the order in which they do first, and each one's gradients added up.

    Sources are taken in the order of their topics, so that the sum does not depend on who published first.

    Raises
    ------
    SignalError
        If a source gives no ids, or the shapes of the items differ.
    """
    topics = sorted(gradients)
    for topic in topics:
        if topic not in ids:
            raise SignalError(f"{where} at {format_time(now)}", got=f"those of {topic} without",
                              expected="gradients with the ids of their items",
                              hint="Return aura.Items(gradient, ids).")
        if gradients[topic].shape[1:] != gradients[topics[0]].shape[1:]:
            raise SignalError(f"{where} at {format_time(now)}",
                              expected=f"gradients of shape {gradients[topics[0]].shape[1:]}, as of {topics[0]}",
                              got=f"{gradients[topic].shape[1:]} of {topic}")
    first = topics[0]
    if len(topics) == 1 and (len(ids[first]) < 2 or len(np.unique(ids[first])) == len(ids[first])):
        return ids[first], gradients[first]
    names = np.concatenate([ids[topic] for topic in topics])
    rows = np.concatenate([gradients[topic] for topic in topics])
    known, begin, place = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(begin)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    total = np.zeros((len(known), *rows.shape[1:]), np.float32)
    np.add.at(total, rank[place], rows)
    return known[order], total
