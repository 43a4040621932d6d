"""In a brain: the energy gate stops a learner, rest lets it go on, and exhaustion is no error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Modulator, Port, Zone
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.zones.control.plugin import MANIFEST


def learner(activity: float, effort: float) -> type[Zone[Any]]:
    """Return a zone that is always this busy, and learns while the energy gate is open."""

    class Learner(Zone[Any]):
        manifest = Manifest("learner", "", period="100 ms", outputs=(
            Port("activity"), Port("effort"), Port("skipped", dtype="int64")))

        def __init__(self, context: Any) -> None:
            super().__init__(context)
            self.learned = self.skipped = 0

        def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
            shut = float(inputs.modulators.get("energy_gate", 1.0)) < 0.1
            self.skipped += shut
            self.learned += not shut
            return {"activity": np.array(activity, np.float32), "skipped": np.array(self.skipped),
                    "effort": np.array(0.0 if shut else effort, np.float32)}

    return Learner


def brain_of(activity: float, effort: float, **params: Any) -> Brain:
    brain = Brain(seed=1)
    brain.add(learner(activity, effort))
    brain.add(MANIFEST, "hypothalamus", params=params, period="100 ms")
    brain.connect("learner.activity", "hypothalamus.activity")
    brain.connect("learner.effort", "hypothalamus.effort")
    brain.connect("hypothalamus.energy_gate", "learner.modulators")
    return brain


@pytest.mark.slow
def test_moderate_activity_never_shuts_the_gate() -> None:
    with brain_of(activity=4.0, effort=0.0) as brain:
        brain.run(until="300 s")
        assert brain["learner"].skipped == 0
        assert 0.3 < float(brain.read("hypothalamus.energy")) < 0.7


def test_learning_beyond_its_means_goes_on_in_bouts_and_energy_recovers_in_between() -> None:
    with brain_of(activity=1.0, effort=500.0) as brain:
        gate, energy = brain.probe("hypothalamus.energy_gate"), brain.probe("hypothalamus.energy")
        brain.run(until="120 s")
        open_ = np.array([float(value) for value in gate.values]) >= 0.1
        assert np.count_nonzero(np.diff(open_.astype(int)) > 0) > 10
        assert 0 < brain["learner"].learned < brain["learner"].skipped
        assert max(float(value) for value in energy.values[200:]) > 0.15


@pytest.mark.slow
@pytest.mark.parametrize("activity", [100.0, 1e30])
def test_activity_above_any_restoration_keeps_the_gate_shut_for_ever_and_the_brain_goes_on(activity: float) -> None:
    with brain_of(activity=activity, effort=1.0) as brain:
        brain.run(until="30 s")
        before = brain["learner"].learned
        brain.run(until="120 s")
        assert brain["learner"].learned == before < 20
        assert int(brain.read("learner.skipped")) == 1200 - before
        assert float(brain.read("hypothalamus.energy_gate")) == 0.0
        assert 0.0 <= float(brain.read("hypothalamus.energy")) < 0.1


def test_energy_at_zero_costs_nothing_but_learning() -> None:
    free = {"energy": {"initial": 0.0, "restore_s": 1e8, "fatigue_s": 1e9}}
    with brain_of(activity=0.0, effort=1.0, **free) as brain:
        brain.run(until="60 s")
        assert brain["learner"].learned == 1  # at its first tick nothing had been published yet
        assert float(brain.read("hypothalamus.energy")) < 1e-6


def test_every_modulator_reaches_the_zones_by_its_name() -> None:
    names = ("learning_drive", "gate_temperature", "merit_momentum", "distillation_alpha", "growth_drive")
    seen: dict[str, float] = {}

    class Reader(Zone[Any]):
        manifest = Manifest("reader", "", period="10 ms", modulators=tuple(Modulator(name) for name in names))

        def step(self, now: Time, inputs: Inputs) -> None:
            seen.update({name: float(value) for name, value in inputs.modulators.items()})

    with Brain() as brain:
        brain.add(MANIFEST, "hypothalamus")
        brain.add(Reader)
        brain.connect("hypothalamus.*", "reader.modulators")
        brain.run(until="30 ms")
    assert set(seen) == {"energy_gate", *names}
