"""The modulators that the fabric obeys: energy gate, learning rate, learning drive, reward."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import SignalError
from aura.core.state import trees_equal

from .brains import Bench, brain_of, learners, waves


@pytest.mark.slow
@pytest.mark.parametrize("energy, learned", [(0.0, 0), (0.099, 0), (0.1, 20), (1.0, 20)])
def test_below_a_tenth_of_energy_nothing_is_learned(energy: float, learned: int) -> None:
    with brain_of(waves(20), modulators={"energy_gate": energy}) as brain:
        brain.learning = False
        brain.run(until="5 ms")  # by then the gate has spoken
        before, brain.learning = learners(brain["fabric"]), True
        brain.run(until="250 ms")
        assert trees_equal(learners(brain["fabric"]), before) is (learned == 0)
        assert brain["fabric"].get_training_status()["items"] == learned - (learned > 0)  # the first was before
        left_out = [notice.count for notice in brain.all_notices() if "energy_gate" in notice.text]
        assert left_out == ([] if learned else [19])


def test_the_gate_is_published_through_the_bus() -> None:
    with brain_of(waves(20), modulators={"energy_gate": lambda now: 0.05 if now < 100 else 1.0}) as brain:
        brain.run(until="250 ms")
        (left_out,) = [notice.count for notice in brain.all_notices()]
        assert 8 <= left_out <= 12
        assert brain["fabric"].get_training_status()["items"] == 20 - left_out


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
        parts += [(before["map"]["codebook"]["units"], after["map"]["codebook"]["units"])]
        parts += [(before["readout"]["learner"]["weights"], after["readout"]["learner"]["weights"])]
        changes.append([float(np.linalg.norm(new - old)) for old, new in parts])
    none, little, much = changes
    assert none == [0.0] * 4
    for less, more in zip(little, much, strict=True):
        assert 0.0 < less < 0.5 * more


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


@pytest.mark.slow
def test_reward_does_nothing_when_the_energy_gate_is_shut() -> None:
    changes = {"tissue": {"plasticity": {"stdp": None, "homeostasis": None, "eligibility": {}}}}
    weights = []
    for energy in (0.0, 1.0):
        with brain_of(waves(30), modulators={"energy_gate": energy, "reward": 1.0}, **changes) as brain:
            before = brain["fabric"].circuit.plasticity.weights.copy()
            brain.learning = False
            brain.run(until="5 ms")
            brain.learning = True
            brain.run(until="300 ms")
            weights.append(np.array_equal(brain["fabric"].circuit.plasticity.weights, before))
    assert weights == [True, False]


@pytest.mark.parametrize("modulator", ["learning_rate", "learning_drive"])
def test_a_negative_rate_is_refused(modulator: str) -> None:
    with pytest.raises(SignalError, match=f"{modulator}: 0 or more, got -1"):
        Bench().tick(waves(1), **{modulator: -1.0})
