"""A simulated pupil: says how much an intervention helped one who felt as the stream says."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from aura.core.pending import PENDING_ITEMS, UNMATCHED, PendingItems, received
from aura.core.ports import Port
from aura.core.signals import Inputs, Items
from aura.core.time import Time
from aura.core.zone import Manifest, Zone, ZoneContext, ZoneParams

__all__ = ["PUPIL", "Pupil", "PupilParams"]


class PupilParams(ZoneParams):
    """What helps a pupil; all figures are made up, from 0 to 1."""

    helps: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="By intervention the emotions in which it helps; one that is not named is as good in all.")
    helped: float = Field(default=0.9, ge=0, le=1, description="The effectiveness of one that helps.")
    failed: float = Field(default=0.1, ge=0, le=1, description="Of one that does not.")
    unnamed: float = Field(default=0.5, ge=0, le=1, description="Of one that `helps` does not name.")


class Pupil(Zone[PupilParams]):
    """Answers each intervention by what the item's user felt, which the stream says later and the brain never hears.

    Items whose emotions nobody says have no answer.
    """

    manifest: Manifest
    lasting = ("_pending",)

    def __init__(self, context: ZoneContext[PupilParams]) -> None:
        super().__init__(context)
        self._pending = PendingItems(PENDING_ITEMS, sources=[context.sources.get("emotion")])

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any] | None:
        """Return the effectiveness of what was done for items whose emotions have come."""
        if (done := inputs["intervention"]) is not None and (ids := inputs.ids.get("intervention")) is not None:
            self._pending.store(ids, list(done))
        felt = received(inputs, "emotion", self.context.name, now)
        if felt is None:
            return None
        which, taken = self._pending.take(felt[0])
        if not len(which):
            return None
        found = [self._effect(one, felt[1][place]) for one, place in zip(taken, which.tolist(), strict=True)]
        return {"effectiveness": Items(np.array(found, np.float32), felt[0][which])}

    def _effect(self, intervention: str, emotions: tuple[str, ...]) -> float:
        params, helps = self.params, self.params.helps.get(intervention)
        if helps is None:
            return params.unnamed
        return params.helped if any(one in helps for one in emotions) else params.failed

    def notices(self) -> dict[str, int]:
        """Return how many emotions came of items that had no intervention."""
        return {UNMATCHED: self._pending.unmatched}


PUPIL = Pupil.manifest = Manifest(
    "pupil", Pupil, "Stands for the users of a brain: says how much an intervention helped, by what they felt.",
    params=PupilParams, wake_on=("intervention", "emotion"),
    inputs=(Port("intervention", dtype="text", shape=("item",), doc="What was done for the user of each item."),
            Port("emotion", dtype="tags", shape=("item",), role="label", required=False,
                 doc="What the users felt, said later.")),
    outputs=(Port("effectiveness", shape=("item",), range=(0.0, 1.0), role="label",
                  doc="How much the intervention helped."),))
