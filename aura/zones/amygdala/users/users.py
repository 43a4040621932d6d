"""What an amygdala knows of users: joins whom an item is from with what it felt like, and learns what is told later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.core.pending import PendingItems, received
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.zones.amygdala.users.bandit import LinUcb
from aura.zones.amygdala.users.options import UserOptions
from aura.zones.amygdala.users.readiness import Readiness
from aura.zones.amygdala.users.trajectory import Trajectories
from aura.zones.common.arrays import Array

__all__ = ["Users"]

OUTSIDE = "left out {count} numbers told of users that were not from 0 to 1"
EVICTED = "forgot {count} users, as more came than it follows (users.most)"
READINESS, EFFECTIVENESS = 0, 1
"""Those who take what waits."""


class Users(Stateful):
    """Follows users and says of each item's user how ready to learn, and what to do.

    Parameters
    ----------
    options : UserOptions
    followed : mapping of str to int
        The outputs that are the affect that is followed, and how many numbers each has an item.
    memory : int
        Items that wait at most.
    sources : mapping of str to frozenset of int
        For each input of what is told of users from which sources these items come, where that is known.
    """

    lasting = ("trajectories", "readiness", "bandit", "_names", "_waiting", "_outside")

    def __init__(self, options: UserOptions, followed: Mapping[str, int], memory: int,
                 sources: Mapping[str, frozenset[int]]) -> None:
        self._followed = dict(followed)
        self.trajectories = Trajectories(sum(followed.values()), options.time_constants, options.most)
        features = self.trajectories.features + 1
        self.readiness = Readiness(features, options.readiness_prior, options.ridge)
        self.bandit = LinUcb(options.interventions, features, options.exploration, options.ridge)
        self._names = PendingItems(memory)
        readers = ("readiness_teacher", "effectiveness")[:1 + bool(options.interventions)]
        self._waiting = PendingItems(memory, readers=len(readers), sources=[sources.get(port) for port in readers])
        self._outside = 0
        self.always_explores = False
        """Whether little-known interventions are tried with learning off too, as what asks may learn later."""

    def hear(self, inputs: Inputs, zone: str, now: Time) -> None:
        """Keep whom items are from until their embeddings come."""
        batch = received(inputs, "user", zone, now)
        if batch is not None:
            self._names.store(batch[0], list(batch[1]))

    def follow(self, ids: NDArray[np.int64] | None, outputs: Mapping[str, Any], *, explore: bool) -> dict[str, Any]:
        """Return the outputs for items for which the tasks have published `outputs`."""
        measured = np.hstack([np.asarray(outputs[port], np.float64).reshape(len(outputs[port]), width)
                              for port, width in self._followed.items()])
        names = [""] * len(measured) if ids is None else [self._names.pop(one, "") for one in ids.tolist()]
        rows: Array = np.ones((len(measured), self.trajectories.features + 1))
        for place, name in enumerate(names):
            rows[place, :-1] = self.trajectories.follow(name, measured[place])
        expected, deviation = self.readiness.expect(rows)
        out: dict[str, Any] = {"readiness": expected.astype(np.float32),
                               "readiness_uncertainty": deviation.astype(np.float32)}
        waiting: dict[str, Any] = {"rows": rows}
        if self.bandit.names:
            chosen, scores = self.bandit.choose(rows, explore=explore or self.always_explores)
            out["intervention"] = tuple(map(self.bandit.names.__getitem__, chosen.tolist()))
            out["intervention_scores"] = scores.astype(np.float32)
            waiting["chosen"] = chosen.astype(np.int64)
        if ids is not None:
            self._waiting.store(ids, waiting)
        return out

    def learn(self, inputs: Inputs, rate: float, zone: str, now: Time) -> dict[str, float]:
        """Learn what was told of users; return what is logged of it."""
        scalars: dict[str, float] = {}
        found = self._taken(inputs, "readiness_teacher", READINESS, zone, now)
        if found is not None:
            waiting, targets = found
            scalars["readiness_error"] = self.readiness.learn(waiting["rows"], targets, rate)
            scalars["readiness_items"] = float(len(targets))
        if self.bandit.names:
            found = self._taken(inputs, "effectiveness", EFFECTIVENESS, zone, now)
            if found is not None:
                waiting, targets = found
                self.bandit.learn(waiting["rows"], waiting["chosen"], targets, rate)
                scalars["effectiveness"] = float(targets.mean())
                scalars["intervention_items"] = float(len(targets))
        if scalars:
            scalars["users"], scalars["users_evicted"] = float(len(self.trajectories)), float(self.trajectories.evicted)
        return scalars

    def _taken(self, inputs: Inputs, port: str, reader: int, zone: str, now: Time) -> tuple[Any, Array] | None:
        """Return what waited for what was told, and what was told; None where there is nothing to learn from."""
        batch = received(inputs, port, zone, now)
        if batch is None:
            return None
        ids, targets = batch
        inside = (targets >= 0.0) & (targets <= 1.0)
        self._outside += int((~inside).sum())
        which, waiting = self._waiting.take(ids[inside], reader)
        return (waiting, targets[inside][which].astype(np.float64)) if len(which) else None

    @property
    def unmatched(self) -> int:
        """How much was told of items that did not wait."""
        return self._waiting.unmatched

    def notices(self) -> dict[str, int]:
        """Return who was forgotten, and what was left out."""
        return {EVICTED: self.trajectories.evicted, OUTSIDE: self._outside}
