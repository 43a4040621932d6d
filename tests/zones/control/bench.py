"""A hypothalamus driven by hand, tick by tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aura.core.ports import MODULATORS
from aura.core.time import MS
from aura.core.zone import ZoneContext
from aura.testing.by_hand import inputs_for
from aura.zones.control.params import ControlParams
from aura.zones.control.plugin import MANIFEST
from aura.zones.control.zone import Control

PERIOD = 10 * MS
MODULATED = ("energy_gate", "learning_drive", "gate_temperature", "merit_momentum", "distillation_alpha",
             "growth_drive")


class Bench:
    """Each call of `tick` is one period later, the first at 0."""

    def __init__(self, period: int = PERIOD, name: str = "hypothalamus", **params: Any) -> None:
        self.params = ControlParams.model_validate(params)
        inputs, self.outputs = MANIFEST.ports(self.params)
        self.many = {port.name for port in inputs if port.fan_in == "many"}
        self.zone = Control(ZoneContext(name, self.params, np.random.default_rng(0), (*inputs, MODULATORS),
                                        self.outputs, MS, period))
        self.period, self.now, self.scalars = period, 0, dict[str, float]()

    def tick(self, *, learn: bool = True, learning_rate: float | None = None, **given: Any) -> dict[str, Any]:
        """Feed numbers (a mapping from topic to number, or a number, where a port takes many); return what comes."""
        values = {name: self._value(name, value) for name, value in given.items()}
        modulators = None if learning_rate is None else {"learning_rate": learning_rate}
        inputs = inputs_for(MANIFEST, self.params, values, modulators=modulators, now=self.now)
        published = self.zone.step(self.now, inputs)
        if learn:
            self.scalars = dict(self.zone.learn(self.now, inputs) or {})
        self.now += self.period
        return published

    def _value(self, name: str, value: Any) -> Any:
        if name not in self.many:
            return np.asarray(value, np.float32)
        topics = value if isinstance(value, Mapping) else {f"zone.{name}": value}
        return {topic: np.asarray(number, np.float32) for topic, number in topics.items()}


def numbers(published: Mapping[str, Any]) -> dict[str, float]:
    """Return the scalars of what was published."""
    return {name: float(value) for name, value in published.items() if value.ndim == 0}
