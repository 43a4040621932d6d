"""The tissue between ticks: in step with the brain's time, and seen at the right moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.core.state import trees_equal
from aura.core.time import MS
from aura.zones.fabric.params import FabricParams
from aura.zones.fabric.tissue.life import FULL_RATE_HZ, Life
from aura.zones.fabric.tissue.workers import Workers

from ..brains import small

GRID = (3, 3, 4)


def life_of(probes: int = 3, resolution: int = MS, **changes: Any) -> Life:
    params = FabricParams.model_validate(small(tissue=changes)).tissue
    assert params is not None
    return Life(params, GRID, np.random.default_rng(1), Workers(), probes=probes, resolution=resolution)


def driven(**how: Any) -> Life:
    life = life_of(**how)
    life.drive(np.linspace(0, 1, 36).reshape(1, *GRID))
    return life


def frames_of(count: int) -> np.ndarray:
    """Return activations (item, x, y, z), each the same number everywhere: 1, 2, ..."""
    return np.tile(np.arange(1.0, count + 1, dtype=np.float32)[:, None, None, None], (1, *GRID))


def shown(life: Life, slots: int) -> list[float]:
    """Return what drives the neurons in each slot of 1 ms."""
    found = []
    for _ in range(slots):
        life.until(life.state()["now"] + MS)
        assert np.ptp(life.circuit.drive) == 0.0
        found.append(float(life.circuit.drive[0]))
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
    life = driven()
    life.until(20 * MS)
    said = life.until(40 * MS)
    times, again = said["spike_times"], driven().until(40 * MS)
    assert times.min() >= 20.0
    assert times.max() <= 40.0
    assert np.array_equal(times, again["spike_times"][again["spike_times"] >= 20.0])


def test_probed_voltages_are_those_of_the_somata_at_the_end_of_each_slot() -> None:
    life, other = driven(probes=3), driven(probes=0)
    voltage = life.until(5 * MS)["voltage"]
    assert voltage.shape == (3, 5)
    for slot in range(5):
        assert "voltage" not in other.until((slot + 1) * MS)
        assert np.array_equal(voltage[:, slot], other.circuit.population.soma_mv[[0, 18, 35]])


def test_there_are_no_more_probes_than_neurons() -> None:
    assert life_of(probes=64).until(MS)["voltage"].shape == (36, 1)


def test_activity_is_a_share_of_the_full_rate() -> None:
    life = driven()
    said = life.until(100 * MS)["activity"]
    assert said.shape == GRID
    assert said.dtype == np.float32
    assert said.max() > 0
    np.testing.assert_allclose(life.activity(), said / FULL_RATE_HZ, rtol=1e-6)


def test_learning_lasts_until_the_next_tick() -> None:
    life = driven()
    life.until(50 * MS)
    weights = life.circuit.plasticity.weights
    before = weights.copy()
    life.until(80 * MS)
    assert np.array_equal(weights, before)
    life.learn(1.0, reward=0.0)
    life.until(110 * MS)
    learned = weights.copy()
    assert not np.array_equal(learned, before)
    life.until(140 * MS)
    assert np.array_equal(weights, learned)


@pytest.mark.slow
def test_a_reward_is_scaled_by_the_rate_and_needs_eligibility() -> None:
    changes = []
    for rate in (1.0, 0.5):
        life = driven(plasticity={"stdp": None, "homeostasis": None, "eligibility": {}})
        life.until(60 * MS)
        before = life.circuit.plasticity.weights.astype(float)
        life.learn(rate, reward=0.1)
        changes.append(life.circuit.plasticity.weights - before)
    assert np.abs(changes[0]).max() > 0
    np.testing.assert_allclose(changes[1], 0.5 * changes[0], atol=1e-9)
    life = driven()
    life.learn(1.0, reward=1.0)  # no trace, no effect, no error
    assert np.array_equal(life.circuit.plasticity.weights, life.circuit.synapses.weight)


@pytest.mark.slow
def test_it_goes_on_from_its_state() -> None:
    whole, part = driven(), life_of()
    whole.until(33 * MS)
    whole.learn(0.5, reward=0.0)
    part.load_state(whole.state())
    one, other = whole.until(70 * MS), part.until(70 * MS)
    assert trees_equal({**one}, {**other})
    assert trees_equal(whole.state(), part.state())


@pytest.mark.parametrize("slot_ms, resolution", [(0.3, MS), (2.0, MS), (1e-7, MS), (1.0, MS // 2)])
def test_the_resolution_must_be_a_whole_number_of_slots(slot_ms: float, resolution: int) -> None:
    with pytest.raises(ParameterError, match=r"slot_ms: expected a slot of which"):
        life_of(slot_ms=slot_ms, resolution=resolution)


def test_a_slot_must_be_a_whole_number_of_steps() -> None:
    with pytest.raises(ParameterError, match=r"dt_ms: expected a step of which 0.5 ms, the slot, .* Try 0.025 ms"):
        life_of(slot_ms=0.5, neuron={"dt_ms": 0.03})


def test_activations_take_turns_and_the_last_one_stays() -> None:
    life = life_of()
    life.drive(frames_of(3), 6 * MS)
    assert shown(life, 8) == [1, 1, 2, 2, 3, 3, 3, 3]


def test_activations_that_do_not_divide_the_slots_differ_by_one_slot() -> None:
    life = life_of()
    life.drive(frames_of(3), 8 * MS)
    assert shown(life, 8) == [1, 1, 1, 2, 2, 2, 3, 3]


def test_more_activations_than_slots_share_them_and_none_is_left_out() -> None:
    life = life_of()
    life.drive(frames_of(5), 2 * MS)
    assert shown(life, 3) == [1.5, 4.0, 4.0]


def test_without_a_span_each_activation_but_the_last_has_one_slot() -> None:
    life = life_of()
    life.drive(frames_of(3))
    assert shown(life, 4) == [1, 2, 3, 3]


def test_the_next_activations_end_those_that_have_not_been_shown() -> None:
    life = life_of()
    life.drive(frames_of(4), 8 * MS)
    assert shown(life, 3) == [1, 1, 2]
    life.drive(10 * frames_of(2), 4 * MS)
    assert shown(life, 6) == [10, 10, 20, 20, 20, 20]


def test_one_activation_is_a_drive_that_is_held() -> None:
    given, life = np.random.default_rng(0).random((1, *GRID), np.float32), life_of()
    life.drive(given, 10 * MS)
    for now in (1, 9, 30):
        assert np.array_equal(life.circuit.drive, given.reshape(-1))
        life.until(now * MS)
    assert len(life.state()["queue"]) == len(life.state()["begins"]) == 0


@pytest.mark.slow
def test_turns_do_not_depend_on_the_ticks_between_and_go_on_from_a_state() -> None:
    given = np.random.default_rng(0).random((7, *GRID), np.float32)
    one, other, resumed = life_of(), life_of(), life_of()
    for life in (one, other):
        life.drive(given, 40 * MS)
    one.until(60 * MS)
    for now in (1, 2, 2, 17):
        other.until(now * MS)
    saved = other.state()
    assert len(saved["queue"]) == 4
    resumed.load_state(saved)
    for life in (other, resumed):
        life.until(23 * MS)
        life.until(60 * MS)
        assert trees_equal(one.state(), life.state())
