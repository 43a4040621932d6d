"""All rules together: order, resume, threads, and what is switched off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, SignalError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.tissue.connectivity import random_network
from aura.zones.fabric.tissue.params import (
    ActivationParams,
    CalciumStdpParams,
    EligibilityParams,
    HomeostasisParams,
    PlasticityParams,
    StdpParams,
)
from aura.zones.fabric.tissue.plasticity import Plasticity
from aura.zones.fabric.tissue.synapses import EXCITATORY, Synapses
from aura.zones.fabric.tissue.workers import Workers
from tests.zones.fabric.tissue import naive

CELLS, SITES = 30, 3
ALL = PlasticityParams(
    largest_weight_us=0.004, stdp=StdpParams(), eligibility=EligibilityParams(tau_ms=20.0),
    calcium=CalciumStdpParams(interval_ms=2.0, tau_s=5.0), activation=ActivationParams(),
    homeostasis=HomeostasisParams(interval_ms=5.0, rate_tau_ms=30.0, tau_s=1.0))


def network(cells: int = CELLS) -> Synapses:
    return random_network(cells, 8, rng=np.random.default_rng(1), delays=(1, 6), excitatory_weight_us=0.002,
                          excitatory_sites=range(SITES))


def run(plasticity: Plasticity, slots: range, seed: int = 1, cells: int = CELLS) -> None:
    for slot in slots:
        rng = np.random.default_rng([seed, slot])
        spikes = np.sort(rng.integers(0, cells, rng.poisson(0.1 * cells))).astype(np.int32)
        plasticity.after_slot(spikes, rng.uniform(0.1e-3, 0.8e-3, (SITES, cells)).astype(np.float32))
        if slot % 10 == 9 and plasticity.eligibility:
            plasticity.modulate(float(rng.normal()))


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(cut=st.integers(0, 60), rules=st.sets(st.sampled_from(["stdp", "eligibility", "calcium", "homeostasis"])))
def test_a_state_continues_to_the_same_bits(cut: int, rules: set[str]) -> None:
    off = {name: None for name in ("stdp", "eligibility", "calcium", "homeostasis") if name not in rules}
    params = PlasticityParams(**{**ALL.model_dump(), **off})
    one, other = (Plasticity(network(), params, slot_ms=1.0) for _ in range(2))
    run(one, range(cut))
    run(other, range(17), seed=2)
    other.load_state(one.state())
    run(one, range(cut, 70))
    run(other, range(cut, 70))
    assert trees_equal(one.state(), other.state())
    assert rules == set() or one.weights.tobytes() != network().weight.tobytes()


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("threads", [2, 4])
def test_threads_give_the_same_bits(threads: int) -> None:
    workers = Workers(threads)
    alone, together = (Plasticity(network(200), ALL, slot_ms=1.0, workers=team) for team in (None, workers))
    for plasticity in (alone, together):
        run(plasticity, range(60), cells=200)
    workers.close()
    assert trees_equal(alone.state(), together.state())


class Watched(Workers):
    """Remembers where spikes were cut."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.cuts: list[tuple[np.ndarray, int]] = []

    def run(self, function: Any, parts: Any) -> None:
        self.cuts += [(part[2], part[1]) for part in parts[:-1] if part[2].dtype == np.int32]
        super().run(function, parts)


@pytest.mark.usefixtures("eager_threads")
def test_spikes_of_one_cell_are_never_cut_apart() -> None:
    watched = Watched(4)
    params = PlasticityParams(largest_weight_us=0.004, stdp=StdpParams(), activation=None)
    plasticity = Plasticity(network(), params, slot_ms=1.0, workers=watched)
    for _ in range(20):
        plasticity.after_slot(np.array([2, 2, 2, 2, 2, 5, 5, 5], np.int32))
    watched.close()
    inside = [(spikes, cut) for spikes, cut in watched.cuts if 0 < cut < spikes.size]
    assert len(inside) > 20
    assert all(spikes[cut] != spikes[cut - 1] for spikes, cut in inside)


@pytest.mark.slow
def test_weights_stay_within_their_bounds_and_finite() -> None:
    plasticity = Plasticity(network(), ALL, slot_ms=1.0)
    for start in range(0, 400, 20):
        run(plasticity, range(start, start + 20))
        excitatory = plasticity.weights[network().receptor == EXCITATORY]
        assert ((excitatory >= 0) & (excitatory <= np.float32(0.004))).all()


def test_a_weight_that_is_no_number_is_not_hidden() -> None:
    plasticity = Plasticity(network(), ALL, slot_ms=1.0)
    plasticity.weights[:] = np.nan
    run(plasticity, range(40))
    assert np.isnan(plasticity.weights).all()


def test_with_no_drive_no_weight_changes() -> None:
    plasticity = Plasticity(network(), ALL, slot_ms=1.0)
    for _ in range(30):
        plasticity.after_slot(np.arange(CELLS), np.full((SITES, CELLS), 0.6e-3), drive=0.0)
    assert plasticity.weights.tobytes() == network().weight.tobytes()
    assert plasticity.activation is not None
    assert plasticity.activation.counts.tolist() == [30] * CELLS


def test_rules_that_are_off_are_not_there() -> None:
    plasticity = Plasticity(network(), PlasticityParams(activation=None), slot_ms=1.0)
    run(plasticity, range(20))
    assert all(part is None for name, part in plasticity.state().items() if name not in ("slot", "weights"))
    assert plasticity.weights.tobytes() == network().weight.tobytes()


def test_each_rule_works_on_what_those_before_it_have_left() -> None:
    # A pairing raises the weight to its bound; homeostasis, which comes after, then scales it down from there.
    synapses = Synapses.from_arrays(2, [0], [1], 0.0035, 1)
    params = PlasticityParams(
        largest_weight_us=0.004, stdp=StdpParams(amplitude_plus=1.0), activation=None,
        homeostasis=HomeostasisParams(interval_ms=2.0, target_hz=1e-6, tau_s=1e-3, largest_step=0.1))
    plasticity = Plasticity(synapses, params, slot_ms=1.0)
    for spikes in ([0], [1]):
        plasticity.after_slot(np.array(spikes))
    assert plasticity.weights[0] == pytest.approx(0.004 * np.exp(-0.1), rel=1e-6)


def test_the_weights_are_one_array_for_good() -> None:
    plasticity = Plasticity(network(), ALL, slot_ms=1.0)
    held = plasticity.weights
    run(plasticity, range(10))
    plasticity.load_state(plasticity.state())
    run(plasticity, range(10, 20))
    assert plasticity.weights is held


def test_the_synapses_own_weights_are_not_touched() -> None:
    synapses = network()
    run(Plasticity(synapses, ALL, slot_ms=1.0), range(40))
    assert synapses.weight.tobytes() == network().weight.tobytes()


def test_a_tissue_without_synapses_can_be_plastic() -> None:
    plasticity = Plasticity(Synapses.from_arrays(4, [], [], 1.0, 1), ALL, slot_ms=1.0, workers=Workers(2))
    for _ in range(12):
        plasticity.after_slot(np.arange(4), np.full((1, 4), 1e-3))
    plasticity.modulate(1.0)


@pytest.mark.slow
def test_nothing_denormal_is_left_of_activity() -> None:
    plasticity = Plasticity(network(), ALL.model_copy(update={"homeostasis": None}), slot_ms=1.0)
    run(plasticity, range(50))
    for _ in range(1500):
        plasticity.after_slot(np.zeros(0, np.int32), np.full((SITES, CELLS), 1e-4))

    def arrays(tree: Any) -> list[np.ndarray]:
        if isinstance(tree, dict):
            return [array for part in tree.values() for array in arrays(part)]
        return [tree] if isinstance(tree, np.ndarray) else []

    state = plasticity.state()
    for array in arrays(state):
        if array.dtype.kind == "f":
            assert not ((array != 0) & (np.abs(array) < 1e-30)).any()
    assert not state["stdp"]["pairing"]["pre"]["values"].any()
    assert not state["eligibility"]["traces"].any()


def test_what_does_not_fit_is_refused() -> None:
    plasticity = Plasticity(network(), ALL, slot_ms=1.0)
    for spikes in ([CELLS], [-1], [4, 2]):
        with pytest.raises(SignalError, match="spikes"):
            plasticity.after_slot(np.array(spikes))
    for drive in (-1.0, float("nan"), float("inf")):
        with pytest.raises(SignalError, match="drive"):
            plasticity.after_slot(np.array([1]), drive=drive)
    with pytest.raises(ParameterError, match="heaviest excitatory synapse"):
        Plasticity(network(), PlasticityParams(largest_weight_us=0.001, stdp=StdpParams()), slot_ms=1.0)
    for slot_ms in (0.0, -1.0, float("nan")):
        with pytest.raises(ParameterError, match="slot_ms"):
            Plasticity(network(), ALL, slot_ms=slot_ms)
    with pytest.raises(StateError, match=r"Plasticity\.history: expected None"):
        Plasticity(network(), PlasticityParams(activation=None), slot_ms=1.0).load_state(plasticity.state())
    with pytest.raises(StateError, match="weights"):
        Plasticity(network(31), ALL, slot_ms=1.0).load_state(plasticity.state())


def test_naive_trains_have_double_spikes() -> None:
    train = naive.random_train(5, 200, 0.3, np.random.default_rng(1))
    assert any(len(set(spikes)) < len(spikes) for spikes in train)
