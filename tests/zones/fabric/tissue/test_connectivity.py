"""Connectivity: its statistics against a count of all pairs, its delays, kinds and sites, synapse by synapse."""

from __future__ import annotations

import math
import tracemalloc
from collections import Counter
from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.core.params import validated
from aura.zones.fabric.tissue.connectivity import grid_network, random_network
from aura.zones.fabric.tissue.neighbourhood import neighbourhood
from aura.zones.fabric.tissue.params import ConnectivityParams
from aura.zones.fabric.tissue.synapses import EXCITATORY, INHIBITORY, Synapses
from tests.zones.fabric.tissue import naive

DIMS = (5, 6, 7)
SLOT_MS = 0.1


def grid(seed: int = 1, dims: tuple[int, int, int] = DIMS, **options: Any) -> Synapses:
    extra = {name: options.pop(name) for name in ("excitatory_sites", "inhibitory_sites", "excitatory", "slot_ms")
             if name in options}
    return grid_network(dims, ConnectivityParams(**options), rng=np.random.default_rng(seed),
                        **{"slot_ms": SLOT_MS, **extra})


def kinds(cells: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random(cells) < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("options", [
    {}, {"borders": "periodic"}, {"profile": "exponential"},
    {"spacing_um": (20.0, 30.0, 25.0), "radius_um": 70.0, "peak_ee": 0.9},
], ids=["gaussian", "periodic", "exponential", "oblong"])
def test_each_distance_and_kind_is_connected_as_often_as_its_probability_says(options: dict[str, Any]) -> None:
    options = {"length_um": 40.0, "radius_um": 90.0, **options}
    params, excitatory = ConnectivityParams(**options), kinds(math.prod(DIMS))
    drawn: Counter = Counter()
    repeats = 10
    for seed in range(repeats):
        built = grid(seed, excitatory=excitatory, **options)
        drawn.update((round(naive.grid_distance(DIMS, i, j, params)), bool(excitatory[i]), bool(excitatory[j]))
                     for i, j in zip(built.sources().tolist(), built.target.tolist(), strict=True))
    peaks = {(True, True): params.peak_ee, (True, False): params.peak_ei, (False, True): params.peak_ie,
             (False, False): params.peak_ii}
    census = naive.pair_census(DIMS, excitatory, params)
    squares = []
    for (distance, source, target), pairs in census.items():
        near = distance <= params.radius_um
        relative = distance / params.length_um
        # Distances are rounded to um here, which changes no probability by as much as the bound below.
        chance = peaks[source, target] * math.exp(-0.5 * relative ** 2 if params.profile == "gaussian" else -relative)
        count = drawn.pop((distance, source, target), 0)
        if not near:
            assert count == 0
            continue
        deviation = (count - repeats * pairs * chance) / math.sqrt(repeats * pairs * chance * (1 - chance))
        squares.append(deviation ** 2)
    assert not drawn
    assert max(squares) < 4.5 ** 2
    assert abs(np.mean(squares) - 1) < 5 * math.sqrt(2 / len(squares))


@pytest.mark.slow
def test_no_cell_reaches_itself_or_another_twice() -> None:
    for options in ({}, {"borders": "periodic", "radius_um": 500.0, "length_um": 400.0}):
        built = grid(peak_ee=1.0, **options)
        pairs = list(zip(built.sources().tolist(), built.target.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        assert all(source != target for source, target in pairs)


@pytest.mark.parametrize("dims", [(4, 5, 6), (1, 2, 7), (3, 1, 1)])
def test_round_periodic_borders_each_other_cell_is_one_neighbour(dims: tuple[int, int, int]) -> None:
    params = ConnectivityParams(borders="periodic", radius_um=1e4)
    steps, distances = neighbourhood(dims, params)
    reached = {tuple(step % dims) for step in steps}
    assert len(reached) == len(steps) == math.prod(dims) - 1
    cells = [int(np.ravel_multi_index(tuple(step % dims), dims)) for step in steps]
    assert distances == pytest.approx([naive.grid_distance(dims, 0, cell, params) for cell in cells])


@pytest.mark.slow
def test_certain_connections_within_the_radius_are_all_there() -> None:
    options = {"peak_ee": 1.0, "peak_ei": 1.0, "peak_ie": 1.0, "peak_ii": 1.0, "length_um": 1e9, "radius_um": 45.0}
    params = ConnectivityParams(**options)
    built = grid(**options)
    expected = sum(count for (distance, *_), count in naive.pair_census(DIMS, kinds(math.prod(DIMS)), params).items()
                   if distance <= params.radius_um)
    assert len(built) == expected


@pytest.mark.slow
@pytest.mark.parametrize("slot_ms", [0.05, 0.1, 1.0, 5.0])
def test_delays_are_distance_over_velocity_and_the_synapses_own_in_whole_slots(slot_ms: float) -> None:
    params = ConnectivityParams()
    built = grid(slot_ms=slot_ms)
    for source, target, delay in zip(built.sources()[::7].tolist(), built.target[::7].tolist(),
                                     built.delay[::7].tolist(), strict=True):
        exact = naive.grid_distance(DIMS, source, target, params) / params.velocity_um_per_ms + params.synaptic_delay_ms
        assert abs(delay - exact / slot_ms) <= 0.5 + 1e-9 or (delay == 1 and exact < slot_ms)
    assert built.delay.min() >= 1


@pytest.mark.slow
def test_four_fifths_are_excitatory_and_all_obey_dales_law() -> None:
    built = grid(dims=(5, 5, 16), excitatory_sites=(1, 4, 7), inhibitory_sites=(0,))
    assert built.obeys_dale()
    inhibitory = np.unique(built.sources()[built.receptor == INHIBITORY])
    assert inhibitory.size == 80
    assert set(built.site[built.receptor == EXCITATORY].tolist()) == {1, 4, 7}
    assert set(built.site[built.receptor == INHIBITORY].tolist()) == {0}


@pytest.mark.slow
def test_sites_are_drawn_alike() -> None:
    built = grid(excitatory_sites=range(4), excitatory=np.ones(math.prod(DIMS), bool))
    counts = np.bincount(built.site)
    assert np.abs(counts - len(built) / 4).max() < 4.5 * math.sqrt(len(built) * 0.25 * 0.75)


def test_weights_are_lognormal_with_the_mean_of_their_kind() -> None:
    built = grid(weight_sigma=0.5, weight_ceiling=1000.0)
    for receptor, mean in ((EXCITATORY, 0.0002), (INHIBITORY, 0.002)):
        logs = np.log(built.weight[built.receptor == receptor].astype(float))
        error = 0.5 / math.sqrt(logs.size)
        assert abs(logs.mean() - (math.log(mean) - 0.125)) < 4.5 * error
        assert abs(logs.std() - 0.5) < 4.5 * error


@pytest.mark.slow
def test_weights_are_cut_at_the_ceiling_and_equal_without_a_sigma() -> None:
    assert grid(weight_ceiling=2.0).weight.max() == np.float32(2.0) * np.float32(0.002)
    assert np.unique(grid(weight_sigma=0.0).weight).tolist() == pytest.approx([0.0002, 0.002])


@pytest.mark.slow
def test_weights_may_fall_with_distance() -> None:
    params = ConnectivityParams(weight_sigma=0.0, weight_length_um=50.0)
    built = grid(weight_sigma=0.0, weight_length_um=50.0)
    means = {EXCITATORY: 0.0002, INHIBITORY: 0.002}
    for s in range(0, len(built), 11):
        apart = naive.grid_distance(DIMS, int(built.sources()[s]), int(built.target[s]), params)
        assert built.weight[s] == pytest.approx(means[int(built.receptor[s])] * math.exp(-apart / 50.0), rel=1e-5)


@pytest.mark.slow
def test_the_generator_determines_all() -> None:
    def bits(built: Synapses) -> list[bytes]:
        return [getattr(built, name).tobytes() for name in ("row_start", "target", "site", "delay", "weight")]

    assert bits(grid(5, excitatory_sites=range(9))) == bits(grid(5, excitatory_sites=range(9)))
    assert bits(grid(5)) != bits(grid(6))
    first, again, other = (random_network(40, 9, rng=np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert bits(first) == bits(again) != bits(other)


@pytest.mark.slow
def test_memory_grows_with_the_synapses_and_not_with_the_pairs() -> None:
    grid()
    tracemalloc.start()
    built = grid(dims=(9, 9, 64), radius_um=60.0, length_um=30.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert built.cells ** 2 > 26e6
    assert peak < 120 * len(built)


def test_a_random_network_gives_each_cell_its_number_of_synapses() -> None:
    built = random_network(300, 50, rng=np.random.default_rng(1), delays=(2, 7))
    assert np.diff(built.column_start).tolist() == [50] * 300
    assert built.obeys_dale()
    assert (built.sources() != built.target).all()
    assert set(built.delay.tolist()) == set(range(2, 8))
    share = (built.receptor == EXCITATORY).mean()
    assert abs(share - 0.8) < 4.5 * math.sqrt(0.16 / len(built)) + 1 / 300
    outgoing = np.diff(built.row_start)
    assert outgoing.var() == pytest.approx(50, rel=0.5)


@pytest.mark.parametrize("key, value", [
    ("radius_um", 0.0), ("radius_um", -1.0), ("radius_um", math.inf), ("length_um", 0.0), ("peak_ee", 1.1),
    ("peak_ii", -0.1), ("excitatory_share", 1.5), ("velocity_um_per_ms", 0.0), ("synaptic_delay_ms", -1.0),
    ("weight_sigma", -1.0), ("weight_ceiling", 0.5), ("borders", "soft"), ("spacing_um", (20.0, 0.0, 20.0)),
    ("excitatory_weight_us", 0.0), ("radius", 3.0),
])
def test_a_parameter_out_of_its_range_is_named(key: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"connectivity.*{key}"):
        validated(ConnectivityParams, {key: value}, "connectivity", ParameterError)


@pytest.mark.slow
def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(ParameterError, match="spatial_dims"):
        grid(dims=(0, 3, 3))
    with pytest.raises(ParameterError, match="radius that reaches another cell"):
        grid(radius_um=19.0)
    with pytest.raises(ParameterError, match="radius that reaches another cell"):
        grid(dims=(1, 1, 1))
    with pytest.raises(ParameterError, match="slot_ms"):
        grid(slot_ms=0.0)
    with pytest.raises(ParameterError, match="velocity"):
        grid(velocity_um_per_ms=1e-3)
    with pytest.raises(ParameterError, match="excitatory_sites"):
        grid(excitatory_sites=())
    with pytest.raises(ParameterError, match="inhibitory_sites"):
        grid(inhibitory_sites=(-1,))
    with pytest.raises(ParameterError, match="truth values"):
        grid(excitatory=np.ones(3, bool))
    with pytest.raises(ParameterError, match="delays"):
        random_network(5, 2, rng=np.random.default_rng(1), delays=(0, 3))
    with pytest.raises(ParameterError, match="random_network"):
        random_network(1, 2, rng=np.random.default_rng(1))
