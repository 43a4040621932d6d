"""The modulators that the fabric obeys: energy gate, learning rate, learning drive, reward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.errors import SignalError
from aura.core.state import trees_equal

from .brains import Bench, brain_of, learners, waves


@pytest.mark.slow
@pytest.mark.parametrize("energy, learns", [(0.0, False), (0.099, False), (0.1, True), (1.0, True)])
def test_below_a_tenth_of_energy_nothing_is_learned_and_it_is_counted(energy: float, learns: bool) -> None:
    bench = Bench(labels=True)
    bench.play(waves(30))
    bench.tick(waves(31)[-1], energy_gate=energy)
    before = learners(bench.fabric)
    told: dict[str, Any] = {"teacher": ((("a",),),), "ids": {"frame": np.array([3]), "teacher": (np.array([3]),)}}
    bench.play(waves(20, seed=4), energy_gate=energy, **told)
    assert trees_equal(learners(bench.fabric), before) is not learns
    said = bench.tick(waves(2), energy_gate=energy)
    left_out = 0 if learns else 21
    assert int(said["skipped"]) == left_out
    assert bench.fabric.get_training_status()["skipped"] == (left_out if learns else left_out + 2)


def test_the_gate_is_published_through_the_bus() -> None:
    with brain_of(waves(20), modulators={"energy_gate": lambda now: 0.05 if now < 100 else 1.0}) as brain:
        brain.run(until="250 ms")
        skipped = int(brain.read("fabric.skipped"))
        assert 8 <= skipped <= 12
        assert brain["fabric"].get_training_status()["items"] == 20 - skipped


@pytest.mark.slow
@pytest.mark.parametrize("modulator", ["learning_rate", "learning_drive"])
def test_rate_and_drive_scale_all_learning(modulator: str) -> None:
    frames, changes = waves(40), []
    for scale in (0.0, 0.01, 1.0):
        bench = Bench(prediction={"block": 1}, map={"rule": "online"})
        bench.play(frames[:20])
        bench.tick(frames[20], **{modulator: scale})  # the synapses' learning follows from the next tick on
        before = learners(bench.fabric)
        bench.play(frames[21:], **{modulator: scale})
        after = learners(bench.fabric)
        parts = [(before[name], after[name]) for name in ("kernels", "weights")]
        parts += [(before["map"]["units"], after["map"]["units"])]
        parts += [(before["readout"]["learner"]["weights"], after["readout"]["learner"]["weights"])]
        changes.append([float(np.linalg.norm(new - old)) for old, new in parts])
    none, little, much = changes
    assert none == [0.0] * 4
    for less, more in zip(little, much, strict=True):
        assert 0.0 < less < 0.5 * more


def test_a_rate_of_nothing_is_not_counted_as_skipped() -> None:
    bench = Bench()
    bench.play(waves(3), learning_drive=0.0)
    assert bench.fabric.get_training_status() == {**bench.fabric.get_training_status(), "skipped": 0, "items": 0}


@pytest.mark.slow
def test_reward_turns_eligibility_into_weight() -> None:
    tissue = {"plasticity": {"stdp": None, "homeostasis": None, "eligibility": {}}}
    weights = {}
    for reward in (None, 0.0, 1.0, -1.0):
        bench = Bench(tissue=tissue)
        bench.play(waves(30), **({} if reward is None else {"reward": reward}))
        weights[reward] = learners(bench.fabric)["weights"]
    assert np.array_equal(weights[None], weights[0.0])
    first = Bench(tissue=tissue).fabric.circuit.plasticity.weights
    assert np.array_equal(weights[0.0], first)
    assert not np.array_equal(weights[1.0], first)
    assert not np.array_equal(weights[-1.0], weights[1.0])


def test_reward_does_nothing_when_the_energy_gate_is_shut() -> None:
    bench = Bench(tissue={"plasticity": {"stdp": None, "homeostasis": None, "eligibility": {}}})
    before = bench.fabric.circuit.plasticity.weights.copy()
    bench.play(waves(30), reward=1.0, energy_gate=0.0)
    assert np.array_equal(bench.fabric.circuit.plasticity.weights, before)


@pytest.mark.parametrize("modulator", ["learning_rate", "learning_drive"])
def test_a_negative_rate_is_refused(modulator: str) -> None:
    with pytest.raises(SignalError, match="learning rate and drive of 0 or more, got -1"):
        Bench().tick(waves(1), **{modulator: -1.0})
