"""The cable against NEURON's numbers, against an obvious twin, and in its structure."""

from __future__ import annotations

import heapq
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError
from aura.zones.fabric.morphology.discretise import Cable, discretise
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.swc import read_swc
from aura.zones.fabric.morphology.tree import Morphology, ball_and_sticks, branching_tree, point_neuron
from tests.zones.fabric.morphology import cells
from tests.zones.fabric.morphology.reference_cable import matrices, simulate_densely, steady_state
from tests.zones.fabric.morphology.strategies import morphologies

RESISTANCE_OHM_CM = 123.0


def stick(parent: int = -1, position: float = 0.0, segments: int = 2, name: str = "a") -> Section:
    return Section(name, "dendrite", parent, position, np.array([[0.0, 2.0], [100.0, 2.0]]), segments)


def joined(*places: tuple[int, float], segments: int = 2) -> Cable:
    """Return the cable of equal sticks, the first the root, each other joined at (parent, position)."""
    others = (stick(parent, at, segments, f"s{i}") for i, (parent, at) in enumerate(places))
    return discretise(Morphology((stick(segments=segments), *others)), 100.0)


# ---------------------------------------------------------------------------------------------------- NEURON


def test_ball_and_sticks_is_that_of_neuron() -> None:
    # NEURON 9.0.2: soma L 20, diam 20, nseg 1; four of L 300, diam 2, nseg 6 at soma(1); Ra 100 ohm cm, cm 1 uF/cm2,
    # leak 2e-4 S/cm2 (reversal 0), IClamp 0.1 nA in the soma: area(x), ri(x), and v after 200 steps of 0.025 ms.
    cable = discretise(ball_and_sticks(), 100.0)
    assert cable.area_um2[cable.soma] == pytest.approx(1256.6370614359173, rel=1e-14)
    assert 1.0 / cable.axial_us[1] == pytest.approx(0.03183098861837907, rel=1e-14)
    voltage = simulate_densely(cable, capacitance_uf_cm2=1.0, leak_s_cm2=2e-4, dt_ms=0.025, steps=200,
                               injected_na=0.1 * (np.arange(26) == cable.soma))[-1]
    assert voltage[cable.soma] == pytest.approx(4.160082742855928, rel=1e-12)
    for dendrite in range(1, 5):
        nodes = [cable.node(dendrite, segment) for segment in range(6)]
        assert cable.area_um2[nodes] == pytest.approx(np.full(6, 314.1592653589793), rel=1e-14)
        assert 1.0 / cable.axial_us[nodes] == pytest.approx([7.957747154594767, *[15.915494309189533] * 5], rel=1e-14)
        assert voltage[nodes] == pytest.approx([3.9897382991731454, 3.71527479637651, 3.4989268637339874,
                                                3.338531021845183, 3.2324833122165475, 3.179723257691603], rel=1e-12)


def test_a_tapering_branching_cell_is_that_of_neuron(tmp_path: Path) -> None:
    (tmp_path / "cell.swc").write_text(cells.TAPERING_CELL, encoding="utf-8")
    neuron = read_swc(tmp_path / "cell.swc")
    cable = discretise(neuron, cells.AXIAL_RESISTANCE_OHM_CM)
    voltage = simulate_densely(cable, capacitance_uf_cm2=cells.CAPACITANCE_UF_CM2, leak_s_cm2=cells.LEAK_S_CM2,
                               dt_ms=cells.DT_MS, steps=cells.STEPS,
                               injected_na=cells.CURRENT_NA * (np.arange(len(cable.parent)) == cable.soma))[-1]
    assert {section.name for section in neuron.sections} == set(cells.NEURON_CELL)
    for index, section in enumerate(neuron.sections):
        areas, resistances, end_resistance, voltages = cells.NEURON_CELL[section.name]
        nodes = [cable.node(index, segment) for segment in range(section.segments)]
        assert cable.area_um2[nodes] == pytest.approx(areas, rel=1e-12)
        assert voltage[nodes] == pytest.approx(voltages, rel=1e-11)
        if index:
            assert 1.0 / cable.axial_us[nodes] == pytest.approx(resistances, rel=1e-12)
        for junction in np.flatnonzero((cable.parent == nodes[-1]) & (cable.section == -1)):
            assert 1.0 / cable.axial_us[junction] == pytest.approx(end_resistance, rel=1e-12)


# ------------------------------------------------------------------------------------------------ obvious twin


def halves(section: Section) -> tuple[np.ndarray, np.ndarray]:
    """Return area and resistance of each half segment by clipping every frustum to it."""
    areas, mohm = np.zeros(2 * section.segments), np.zeros(2 * section.segments)
    edges = section.length_um * np.arange(2 * section.segments + 1) / (2 * section.segments)
    for (x0, d0), (x1, d1) in pairwise(section.points):
        if x0 == x1:
            half = max(0, int(np.searchsorted(edges, x0)) - 1)
            areas[half] += np.pi * abs(d1**2 - d0**2) / 4.0
            continue
        for half, (low, high) in enumerate(pairwise(edges)):
            start, end = max(x0, low), min(x1, high)
            if end > start:
                first, last = (d0 + (d1 - d0) * (at - x0) / (x1 - x0) for at in (start, end))
                areas[half] += np.pi * 0.5 * (first + last) * np.hypot(end - start, 0.5 * (last - first))
                mohm[half] += 1e-2 * RESISTANCE_OHM_CM * 4.0 * (end - start) / (np.pi * first * last)
    return areas, mohm


def twin(neuron: Morphology) -> tuple[np.ndarray, np.ndarray]:
    """Return areas and conductances between compartments, with a node at both ends of every section, eliminated."""
    place: dict[tuple[int, object], int] = {}
    edges: list[tuple[int, int, float]] = []
    areas: list[float] = []
    for index, section in enumerate(neuron.sections):
        area, mohm = halves(section)
        areas += list(area[0::2] + area[1::2])
        for segment in range(section.segments):
            place[index, segment] = len(place)
    middles = len(place)
    count = middles
    for index, section in enumerate(neuron.sections):
        at, parent = section.parent_position, section.parent
        if parent >= 0 and at in (0.0, 1.0):
            place[index, "start"] = place[parent, "start" if at == 0.0 else "end"]
        elif parent >= 0:
            segments = neuron.sections[parent].segments
            place[index, "start"] = place[parent, min(int(at * segments), segments - 1)]
        else:
            place[index, "start"], count = count, count + 1
        place[index, "end"], count = count, count + 1
        _, mohm = halves(section)
        ends = [place[index, "start"], *(place[index, k] for k in range(section.segments)), place[index, "end"]]
        ohms = [mohm[0], *(mohm[1:-1:2] + mohm[2::2]), mohm[-1]]
        edges += list(zip(ends[:-1], ends[1:], ohms, strict=True))
    conductance = np.zeros((count, count))
    for one, other, ohm in edges:
        conductance[np.ix_([one, other], [one, other])] += np.array([[1.0, -1.0], [-1.0, 1.0]]) / ohm
    return np.array(areas), eliminated(conductance, np.arange(middles))


def eliminated(conductance: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the conductances between the nodes kept, the others carrying no current of their own."""
    gone = np.setdiff1d(np.arange(len(conductance)), kept)
    through = np.linalg.solve(conductance[np.ix_(gone, gone)], conductance[np.ix_(gone, kept)])
    reduced: np.ndarray = conductance[np.ix_(kept, kept)] - conductance[np.ix_(kept, gone)] @ through
    return reduced


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(morphologies())
def test_a_cable_conducts_as_the_network_with_a_node_at_every_end(neuron: Morphology) -> None:
    cable = discretise(neuron, RESISTANCE_OHM_CM)
    areas, conductance = twin(neuron)
    assert cable.area_um2[cable.compartments] == pytest.approx(areas, rel=1e-10)
    found = eliminated(matrices(cable, 1.0, 0.0)[1], cable.compartments)
    scale = np.sqrt(np.outer(np.diag(conductance), np.diag(conductance))) if len(areas) > 1 else 1.0
    assert np.abs(found - conductance).max() == pytest.approx(0.0, abs=1e-9 * np.max(scale))


def shortest_paths(neuron: Morphology, steps: int) -> dict[tuple[int, int], float]:
    """Return the distance from the root's middle to every grid point (section, i / steps) by Dijkstra's algorithm."""
    links: dict[tuple[int, int], list[tuple[tuple[int, int], float]]] = {}
    for index, section in enumerate(neuron.sections):
        for i in range(steps):
            links.setdefault((index, i), []).append(((index, i + 1), section.length_um / steps))
            links.setdefault((index, i + 1), []).append(((index, i), section.length_um / steps))
        if section.parent >= 0:
            joint = (section.parent, round(section.parent_position * steps))
            links[joint].append(((index, 0), 0.0))
            links[index, 0].append((joint, 0.0))
    found: dict[tuple[int, int], float] = {}
    waiting = [(0.0, (0, steps // 2))]
    while waiting:
        distance, place = heapq.heappop(waiting)
        if place not in found:
            found[place] = distance
            for other, length in links[place]:
                heapq.heappush(waiting, (distance + length, other))
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12)), max_size=6), st.sampled_from([1, 2, 3]))
def test_path_distance_is_the_shortest_way_along_the_tree(joints: list[tuple[int, int]], segments: int) -> None:
    sections = [stick(segments=segments)]
    for index, (parent, at) in enumerate(joints):
        sections.append(stick(parent % (index + 1), at / 12, segments, f"s{index}"))
    neuron = Morphology(tuple(sections))
    cable, found = discretise(neuron, 100.0), shortest_paths(neuron, 12)
    for node in cable.compartments:
        place = (int(cable.section[node]), (2 * int(cable.segment[node]) + 1) * 6 // segments)
        assert cable.path_distance_um[node] == pytest.approx(found[place])


# ------------------------------------------------------------------------------------------------- structure


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(morphologies())
def test_nodes_stand_in_hiness_order_and_every_segment_is_one(neuron: Morphology) -> None:
    cable = discretise(neuron, 100.0)
    count = len(cable.parent)
    assert cable.parent[0] == -1
    assert (cable.parent[1:] >= 0).all()
    assert (cable.parent < np.arange(count)).all()
    assert cable.axial_us[0] == 0.0
    assert (cable.axial_us[1:] > 0.0).all()
    segments = [(index, k) for index, section in enumerate(neuron.sections) for k in range(section.segments)]
    assert [(cable.section[node], cable.segment[node]) for node in cable.compartments] == segments
    assert [cable.node(*place) for place in segments] == cable.compartments.tolist()
    assert cable.kinds == tuple(section.kind for section in neuron.sections)
    assert cable.area_um2.sum() == pytest.approx(neuron.area_um2)
    junctions = np.flatnonzero(cable.segment == -1)
    assert (cable.area_um2[junctions] == 0.0).all()
    assert (cable.section[junctions] == -1).all()
    assert all(np.count_nonzero(cable.parent == junction) >= 2 for junction in junctions)
    assert (cable.section[cable.soma], cable.segment[cable.soma]) == (0, neuron.sections[0].segments // 2)


def test_arrays_are_read_only_and_of_the_promised_types() -> None:
    cable = joined((0, 1.0))
    for name in ("parent", "section", "segment", "compartments"):
        assert getattr(cable, name).dtype == np.int32
    for name in ("area_um2", "axial_us", "path_distance_um"):
        assert getattr(cable, name).dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            getattr(cable, name)[0] = 1.0


def test_one_child_at_an_end_continues_its_parent_and_two_meet_in_a_junction() -> None:
    whole = discretise(Morphology((Section("a", "dendrite", -1, 0.0, np.array([[0.0, 2.0], [200.0, 2.0]]), 4),)), 100.0)
    continued = joined((0, 1.0))
    assert continued.parent.tolist() == whole.parent.tolist()
    assert continued.axial_us == pytest.approx(whole.axial_us)
    assert joined((0, 1.0), (0, 1.0)).parent.tolist() == [-1, 0, 1, 2, 3, 2, 5]


def test_children_at_the_roots_start_are_symmetric_to_children_at_its_end() -> None:
    assert joined((0, 0.0)).parent.tolist() == [-1, 0, 0, 2]
    assert joined((0, 0.0)).axial_us[2] == pytest.approx(joined((0, 1.0)).axial_us[2])
    start = joined((0, 0.0), (0, 0.0))
    assert start.parent.tolist() == [-1, 0, 0, 2, 3, 2, 5]
    assert start.section.tolist() == [0, 0, -1, 1, 1, 2, 2]


def test_a_child_at_the_start_of_a_child_meets_it_where_it_is_joined() -> None:
    assert joined((0, 1.0), (1, 0.0)).parent.tolist() == joined((0, 1.0), (0, 1.0)).parent.tolist()
    assert joined((0, 0.3), (1, 0.0)).parent.tolist() == joined((0, 0.3), (0, 0.3)).parent.tolist()


def test_a_child_in_between_is_joined_to_the_middle_of_the_segment_by_half_of_its_own() -> None:
    cable = joined((0, 0.5), (0, 0.49), (0, 1e-9))
    assert cable.parent[[2, 4, 6]].tolist() == [1, 0, 0]
    half_segment_mohm = 1e-2 * 100.0 * 25.0 / np.pi
    assert 1.0 / cable.axial_us[[2, 4, 6]] == pytest.approx(np.full(3, half_segment_mohm))


def test_a_point_neuron_is_one_node() -> None:
    cable = discretise(point_neuron(area_um2=20_000.0), 100.0)
    assert cable.parent.tolist() == [-1]
    assert cable.area_um2 == pytest.approx([20_000.0])
    assert cable.compartments.tolist() == [0]
    assert cable.soma == 0


def test_a_tree_by_ralls_rule_acts_as_one_unbranched_cable() -> None:
    tree = branching_tree(dendrites=2, depth=3, segments=4)
    trunk_um = tree.sections[1].points[0, 1]
    # Rall 1959: two trunks are one of twice their d^(3/2), and a generation of d is as long as its length times the
    # ratio of the roots of the diameters. Discretised into as many segments the equivalence holds to rounding.
    wide_um = trunk_um * 2.0 ** (2.0 / 3.0)
    sections = [tree.sections[0]]
    for generation in range(3):
        length_um = 100.0 * np.sqrt(wide_um / (trunk_um * 2.0 ** (-generation / 1.5)))
        points = np.array([[0.0, wide_um], [length_um, wide_um]])
        sections.append(Section(f"g{generation}", "dendrite", generation, 1.0, points, 4))
    branched, equivalent = discretise(tree, 150.0), discretise(Morphology(tuple(sections)), 150.0)
    resistances = [steady_state(cable, 1e-4, np.eye(len(cable.parent))[cable.soma])[cable.soma]
                   for cable in (branched, equivalent)]
    assert branched.area_um2.sum() == pytest.approx(equivalent.area_um2.sum(), rel=1e-12)
    assert resistances[0] == pytest.approx(resistances[1], rel=1e-12)


@pytest.mark.parametrize(("section", "segment", "where"), [
    (3, 0, "morphology.section: expected an index from 0 to 2, got 3"),
    (-1, 0, "morphology.section: .* got -1"),
    (1, 2, "morphology.section 1.segment: expected an index from 0 to 1, got 2"),
    (1, -1, "morphology.section 1.segment: .* got -1"),
])
def test_a_segment_out_of_range_is_refused_with_the_range(section: int, segment: int, where: str) -> None:
    with pytest.raises(ParameterError, match=where):
        joined((0, 1.0), (0, 1.0)).node(section, segment)


@pytest.mark.parametrize("value", [0.0, -100.0, 1e-4, 1e7, float("nan"), float("inf")])
def test_a_resistivity_out_of_range_is_refused_by_name(value: float) -> None:
    with pytest.raises(ParameterError, match=r"morphology\.axial_resistance_ohm_cm"):
        discretise(ball_and_sticks(), value)
