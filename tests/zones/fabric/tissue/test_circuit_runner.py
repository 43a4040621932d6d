"""The tissue between ticks: in step with the brain's time, and seen at the right moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.core.state import trees_equal
from aura.core.time import MS
from aura.zones.fabric.params import FabricParams
from aura.zones.fabric.tissue.circuit_runner import FULL_RATE_HZ, CircuitRunner
from aura.zones.fabric.tissue.workers import Workers

from ..brains import small

GRID = (3, 3, 4)


def runner_of(probes: int = 3, resolution: int = MS, **changes: Any) -> CircuitRunner:
    params = FabricParams.model_validate(small(tissue=changes)).tissue
    assert params is not None
    return CircuitRunner(params, GRID, np.random.default_rng(1), Workers(), probes=probes, resolution=resolution)


def driven(**how: Any) -> CircuitRunner:
    runner = runner_of(**how)
    runner.drive(np.linspace(0, 1, 36).reshape(1, *GRID))
    return runner


def frames_of(count: int) -> np.ndarray:
    """Return activations (item, x, y, z), each the same number everywhere: 1, 2, ..."""
    return np.tile(np.arange(1.0, count + 1, dtype=np.float32)[:, None, None, None], (1, *GRID))


def shown(runner: CircuitRunner, slots: int) -> list[float]:
    """Return what drives the neurons in each slot of 1 ms."""
    found = []
    for _ in range(slots):
        runner.until(runner.state()["now"] + MS)
        assert np.ptp(runner.circuit.drive) == 0.0
        found.append(float(runner.circuit.drive[0]))
    return found


@pytest.mark.slow
def test_ticks_at_any_time_add_up_to_the_same_life() -> None:
    one, other = driven(), driven()
    whole = one.until(60 * MS)
    parts = [other.until(now * MS) for now in (1, 2, 2, 17, 60)]
    assert trees_equal(one.state(), other.state())
    for name in ("spikes", "spike_times"):
        assert np.array_equal(whole[name], np.concatenate([part[name] for part in parts if name in part]))
    voltage = np.concatenate([part["voltage"] for part in parts if "voltage" in part], axis=1)
    assert np.array_equal(whole["voltage"], voltage)
    times = np.concatenate([part["voltage_times"] for part in parts if "voltage" in part])
    np.testing.assert_allclose(times, whole["voltage_times"])
    assert len(times) == voltage.shape[1]


def test_spikes_carry_the_brains_time() -> None:
    runner = driven()
    runner.until(20 * MS)
    published = runner.until(40 * MS)
    times, again = published["spike_times"], driven().until(40 * MS)
    assert times.min() >= 20.0
    assert times.max() <= 40.0
    assert np.array_equal(times, again["spike_times"][again["spike_times"] >= 20.0])


def test_probed_voltages_are_those_of_the_somata_at_the_end_of_each_slot() -> None:
    runner, other = driven(probes=3), driven(probes=0)
    voltage = runner.until(5 * MS)["voltage"]
    assert voltage.shape == (3, 5)
    for slot in range(5):
        assert "voltage" not in other.until((slot + 1) * MS)
        assert np.array_equal(voltage[:, slot], other.circuit.population.soma_mv[[0, 18, 35]])


def test_there_are_no_more_probes_than_neurons() -> None:
    assert runner_of(probes=64).until(MS)["voltage"].shape == (36, 1)


def test_activity_is_a_share_of_the_full_rate() -> None:
    runner = driven()
    published = runner.until(100 * MS)["activity"]
    assert published.shape == GRID
    assert published.dtype == np.float32
    assert published.max() > 0
    np.testing.assert_allclose(runner.activity(), published / FULL_RATE_HZ, rtol=1e-6)


def test_learning_lasts_until_the_next_tick() -> None:
    runner = driven()
    runner.until(50 * MS)
    weights = runner.circuit.plasticity.weights
    before = weights.copy()
    runner.until(80 * MS)
    assert np.array_equal(weights, before)
    runner.learn(1.0, reward=0.0)
    runner.until(110 * MS)
    learned = weights.copy()
    assert not np.array_equal(learned, before)
    runner.until(140 * MS)
    assert np.array_equal(weights, learned)


@pytest.mark.slow
def test_a_reward_is_scaled_by_the_rate_and_needs_eligibility() -> None:
    changes = []
    for rate in (1.0, 0.5):
        runner = driven(plasticity={"stdp": None, "homeostasis": None, "eligibility": {}})
        runner.until(60 * MS)
        before = runner.circuit.plasticity.weights.astype(float)
        runner.learn(rate, reward=0.1)
        changes.append(runner.circuit.plasticity.weights - before)
    assert np.abs(changes[0]).max() > 0
    np.testing.assert_allclose(changes[1], 0.5 * changes[0], atol=1e-9)
    runner = driven()
    runner.learn(1.0, reward=1.0)  # no trace, no effect, no error
    assert np.array_equal(runner.circuit.plasticity.weights, runner.circuit.synapses.weight)


@pytest.mark.slow
def test_it_goes_on_from_its_state() -> None:
    whole, part = driven(), runner_of()
    whole.until(33 * MS)
    whole.learn(0.5, reward=0.0)
    part.load_state(whole.state())
    one, other = whole.until(70 * MS), part.until(70 * MS)
    assert trees_equal({**one}, {**other})
    assert trees_equal(whole.state(), part.state())


@pytest.mark.parametrize("slot_ms, resolution", [(0.3, MS), (2.0, MS), (1e-7, MS), (1.0, MS // 2)])
def test_the_resolution_must_be_a_whole_number_of_slots(slot_ms: float, resolution: int) -> None:
    with pytest.raises(ParameterError, match=r"slot_ms: expected a slot of which"):
        runner_of(slot_ms=slot_ms, resolution=resolution)


def test_a_slot_must_be_a_whole_number_of_steps() -> None:
    with pytest.raises(ParameterError, match=r"dt_ms: expected a step of which 0.5 ms, the slot, .* Try 0.025 ms"):
        runner_of(slot_ms=0.5, neuron={"dt_ms": 0.03})


def test_activations_take_turns_and_the_last_one_stays() -> None:
    runner = runner_of()
    runner.drive(frames_of(3), 6 * MS)
    assert shown(runner, 8) == [1, 1, 2, 2, 3, 3, 3, 3]


def test_activations_that_do_not_divide_the_slots_differ_by_one_slot() -> None:
    runner = runner_of()
    runner.drive(frames_of(3), 8 * MS)
    assert shown(runner, 8) == [1, 1, 1, 2, 2, 2, 3, 3]


def test_more_activations_than_slots_share_them_and_none_is_left_out() -> None:
    runner = runner_of()
    runner.drive(frames_of(5), 2 * MS)
    assert shown(runner, 3) == [1.5, 4.0, 4.0]


def test_without_a_span_each_activation_but_the_last_has_one_slot() -> None:
    runner = runner_of()
    runner.drive(frames_of(3))
    assert shown(runner, 4) == [1, 2, 3, 3]


def test_the_next_activations_end_those_that_have_not_been_shown() -> None:
    runner = runner_of()
    runner.drive(frames_of(4), 8 * MS)
    assert shown(runner, 3) == [1, 1, 2]
    runner.drive(10 * frames_of(2), 4 * MS)
    assert shown(runner, 6) == [10, 10, 20, 20, 20, 20]


def test_one_activation_is_a_drive_that_is_held() -> None:
    given, runner = np.random.default_rng(0).random((1, *GRID), np.float32), runner_of()
    runner.drive(given, 10 * MS)
    for now in (1, 9, 30):
        assert np.array_equal(runner.circuit.drive, given.reshape(-1))
        runner.until(now * MS)
    assert len(runner.state()["queue"]) == len(runner.state()["begins"]) == 0


@pytest.mark.slow
def test_turns_do_not_depend_on_the_ticks_between_and_go_on_from_a_state() -> None:
    given = np.random.default_rng(0).random((7, *GRID), np.float32)
    one, other, resumed = runner_of(), runner_of(), runner_of()
    for runner in (one, other):
        runner.drive(given, 40 * MS)
    one.until(60 * MS)
    for now in (1, 2, 2, 17):
        other.until(now * MS)
    saved = other.state()
    assert len(saved["queue"]) == 4
    resumed.load_state(saved)
    for runner in (other, resumed):
        runner.until(23 * MS)
        runner.until(60 * MS)
        assert trees_equal(one.state(), runner.state())
