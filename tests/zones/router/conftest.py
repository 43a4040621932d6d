"""A router on its own, stepped by hand as the event loop would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aura.core.signals import Items
from aura.core.zone import ZoneContext
from aura.testing.by_hand import inputs_for
from aura.zones.router.params import RouterParams
from aura.zones.router.plugin import MANIFEST
from aura.zones.router.zone import Router


class Bench:
    """Shows items and tells routing to a router with one relay of the given options, ``stimulus``, or with `relays`."""

    def __init__(self, relays: dict[str, Any] | None = None, seed: int = 3, name: str = "thalamus",
                 **options: Any) -> None:
        params = RouterParams.model_validate({"relays": relays or {"stimulus": options}})
        inputs, outputs = MANIFEST.ports(params)
        self.params = params
        self.zone = Router(ZoneContext(name, params, np.random.default_rng(seed), inputs, outputs, 1_000_000, 0))
        self.now = 0
        self.scalars: dict[str, float] = {}

    def tick(self, values: dict[str, Any], ids: dict[str, Any] | None = None,
             modulators: dict[str, float] | None = None, learn: bool = True) -> dict[str, Any]:
        """Run one tick with all of these inputs and return what the zone published."""
        self.now += 1_000_000
        inputs = inputs_for(MANIFEST, self.params, values, ids=ids, modulators=modulators, now=self.now)
        published = self.zone.step(self.now, inputs)
        self.scalars = dict(self.zone.learn(self.now, inputs) or {}) if learn else {}
        return published

    def show(self, items: Any, ids: Any, relay: str = "stimulus", feedback: Any = None, learn: bool = True,
             **modulators: float) -> dict[str, Any]:
        """Show items and return what the zone published."""
        values = {relay: np.asarray(items, np.float32)}
        if feedback is not None:
            values[f"{relay}_feedback"] = np.asarray(feedback, np.float32)
        return self.tick(values, {relay: np.asarray(ids, np.int64)}, modulators, learn)

    def route(self, weights: Any, ids: Any, relay: str = "stimulus", **modulators: float) -> dict[str, float]:
        """Tell who took which item and return what the zone logged."""
        port = f"{relay}_routing"
        self.tick({port: (np.asarray(weights, np.float32),)}, {port: (np.asarray(ids, np.int64),)}, modulators)
        return self.scalars

    def back(self, gradients: dict[str, tuple[Any, Any]], relay: str = "stimulus", **modulators: float) -> Items:
        """Say gradients, source to values and ids, and return the one that goes on."""
        port = f"{relay}_gradients"
        out = self.tick({port: {topic: np.asarray(value, np.float32) for topic, (value, _) in gradients.items()}},
                        {port: {topic: np.asarray(ids, np.int64) for topic, (_, ids) in gradients.items()}}, modulators)
        total: Items = out[f"{relay}_gradient"]
        return total

    @property
    def centroids(self) -> Any:
        """The centroids of the first relay."""
        return next(iter(self.zone._relays.values())).centroids


@pytest.fixture
def bench() -> Callable[..., Bench]:
    return Bench


def clusters(count: int, seed: int = 0, features: int = 6, groups: int = 3,
             noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Return items around a few fixed centres, and the centre of each."""
    centres = 2 * np.random.default_rng(99).normal(size=(groups, features))
    rng = np.random.default_rng(seed)
    which = rng.integers(groups, size=count)
    return (centres[which] + noise * rng.normal(size=(count, features))).astype(np.float32), which


def taught(bench: Callable[..., Bench], count: int = 120, **options: Any) -> Bench:
    """Return a router that has received who took which of some items."""
    one = bench(**options)
    items, which = clusters(count)
    for index in range(0, count, 6):
        ids = np.arange(count)[index:index + 6]
        one.show(items[ids], ids)
        one.route(np.eye(3)[which[ids]], ids)
    return one
