"""The same bits whatever runs it, and from wherever it is resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain
from aura.core.state import read_tree, trees_equal, write_tree

from .brains import Bench, brain_of, waves

PARAMS: dict[str, Any] = {"context": 2, "labels": True, "prediction": {"block": 8},
                          "tissue": {"plasticity": {"stdp": {}, "eligibility": {},
                                                    "homeostasis": {"interval_ms": 5.0}}}}
END = "250 ms"


def brain(**changes: Any) -> Brain:
    """Return a brain of everything at once: labels, modulators, all rules."""
    return brain_of(waves(24), names=["up", "down"] * 12, modulators={
        "reward": 0.01, "energy_gate": lambda now: 0.0 if 60 <= now < 90 else 1.0}, **{**PARAMS, **changes})


def outcome(made: Brain, name: str = "fabric") -> dict[str, Any]:
    """Run a brain to its end and return all that the fabric has become, with its random stream."""
    made.run(until=END)
    return {"zone": made[name].state(), "rng": made[name].rng.bit_generator.state}


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """What comes of a run that is never stopped."""
    with brain() as made:
        return outcome(made)


@pytest.mark.slow
def test_two_runs_are_identical(whole: dict[str, Any]) -> None:
    with brain() as again, brain(seed=4) as other:
        assert trees_equal(outcome(again), whole)
        assert not trees_equal(outcome(other), whole)


@pytest.mark.slow
def test_executors_give_the_same_bits(whole: dict[str, Any]) -> None:
    for executor in ("serial", "threads"):
        with brain(executor=executor, copies=2) as made:
            assert trees_equal(outcome(made), whole), executor
            assert not trees_equal(outcome(made, "twin0")["zone"]["map"], whole["zone"]["map"])


@pytest.mark.slow
def test_threads_within_the_fabric_give_the_same_bits(whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from aura.zones.fabric.learning import correlation4d
    from aura.zones.fabric.tissue import workers

    monkeypatch.setattr(workers, "WORTHWHILE_NS", 0.0)
    monkeypatch.setattr(correlation4d, "LEAST_WORK", 0)
    with brain(threads=2) as made:
        assert trees_equal(outcome(made), whole)


@pytest.mark.slow
@pytest.mark.parametrize("cut", ["57 ms", *(pytest.param(cut, marks=pytest.mark.slow) for cut in (
    "0 ms", "1 ms", "2 ms", "11 ms", "80 ms", "101 ms", "170 ms", "249 ms"))])
def test_a_resumed_run_equals_one_that_never_stopped(whole: dict[str, Any], tmp_path: Path, cut: str) -> None:
    """Before the first frame, between a frame and its label, in the middle of a block, with the gate shut."""
    with brain() as stopped:
        stopped.run(until=cut)
        saved = stopped.save(tmp_path)
    with brain() as resumed:
        resumed.load(saved)
        assert trees_equal(outcome(resumed), whole)


@pytest.mark.slow
def test_frames_that_are_yet_to_be_shown_survive_a_resume(tmp_path: Path) -> None:
    """Eight frames in turn over 10 ms, from 21 ms on; the stops fall into it, and the threads differ."""
    with brain(items=8) as made:
        never_stopped = outcome(made)
    for cut, left in (("22 ms", 7), ("31 ms", 1), ("41 ms", 0)):
        with brain(items=8) as stopped:
            stopped.run(until=cut)
            assert len(stopped["fabric"].state()["tissue"]["queue"]) == left
            saved = stopped.save(tmp_path / cut.replace(" ", ""))
        with brain(items=8, threads=2) as resumed:
            resumed.load(saved)
            assert trees_equal(outcome(resumed), never_stopped)


@pytest.mark.slow
def test_a_run_that_has_gone_elsewhere_can_be_taken_back(whole: dict[str, Any], tmp_path: Path) -> None:
    with brain() as made:
        made.run(until="60 ms")
        saved = made.save(tmp_path)
        made.run(until="200 ms")
        made.load(saved)
        assert trees_equal(outcome(made), whole)


@pytest.mark.slow
def test_the_state_brings_its_own_structure(tmp_path: Path) -> None:
    """Synapses are not saved: they are drawn anew from the seed that is, whoever loads it."""
    first, other = Bench(seed=1), Bench(seed=2)
    first.play(waves(10))
    assert not np.array_equal(first.fabric.circuit.synapses.target, other.fabric.circuit.synapses.target)
    file = tmp_path / "state.safetensors"
    write_tree(file, first.fabric.state(), "fabric")
    other.fabric.load_state(read_tree(file, "fabric"))
    other.fabric.rng.bit_generator.state, other.now = first.fabric.rng.bit_generator.state, first.now
    assert np.array_equal(first.fabric.circuit.synapses.target, other.fabric.circuit.synapses.target)
    for bench in (first, other):
        bench.play(waves(20, seed=5))
    assert trees_equal(first.fabric.state(), other.fabric.state())


@pytest.mark.slow
def test_an_input_by_hand_survives_a_resume(whole: dict[str, Any], tmp_path: Path) -> None:
    with brain() as made, brain() as resumed:
        made.run(until="41 ms")
        neuron = made["fabric"].neurons[0, 1, 3]
        neuron.add_synaptic_input(dendrite_idx=0, segment_idx=0, weight=0.01)
        made["fabric"].circuit.population.injected[3] = 0.5
        saved = made.save(tmp_path)
        resumed.load(saved)
        found = outcome(resumed)
        assert trees_equal(found, outcome(made))
        assert not trees_equal(found, whole)
        again = resumed["fabric"].neurons[0, 1, 3]
        assert (again.voltage, again.dendrites[0].voltage.tolist()) == (neuron.voltage,
                                                                        neuron.dendrites[0].voltage.tolist())


def test_random_propagation_resumes_its_chances() -> None:
    """The generator is restored by the runtime before the state; loading must not draw from it."""
    bench = Bench(modes={"keep": "random"})
    bench.play(waves(10))
    rng = bench.fabric.rng.bit_generator.state
    bench.fabric.load_state(bench.fabric.state())
    assert bench.fabric.rng.bit_generator.state == rng
