"""Sections and morphologies: what they refuse, and what the simple ones measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.tree import Morphology, ball_and_sticks, branching_tree, point_neuron

CYLINDER = np.array([[0.0, 2.0], [50.0, 2.0]])


def section(**changes: Any) -> Section:
    return Section(**{"name": "a", "kind": "dendrite", "parent": -1, "parent_position": 0.0, "points": CYLINDER,
                      "segments": 1, **changes})


@pytest.mark.parametrize(("changes", "where"), [
    ({"kind": "dendrit"}, r"morphology.a.kind: .*Try 'dendrite'"),
    ({"parent_position": 1.01}, "morphology.a.parent_position: .* 1.01"),
    ({"parent_position": float("nan")}, "morphology.a.parent_position"),
    ({"segments": 0}, "morphology.a.segments: .*at least 1, got 0"),
    ({"segments": 2.0}, "morphology.a.segments"),
    ({"segments": True}, "morphology.a.segments"),
    ({"points": np.zeros((1, 2))}, "morphology.a.points: .*two or more rows"),
    ({"points": np.ones((2, 3))}, "morphology.a.points"),
    ({"points": [[1.0, 2.0], [5.0, 2.0]]}, "morphology.a.points: .*start at 0"),
    ({"points": [[0.0, 2.0], [9.0, 2.0], [5.0, 2.0]]}, "morphology.a.points: .*5.0 um in row 2"),
    ({"points": [[0.0, 2.0], [float("inf"), 2.0]]}, "morphology.a.points: .*row 1"),
    ({"points": [[0.0, 2.0], [0.0, 3.0]]}, "morphology.a.length_um: expected a length from 1e-06 to .* got 0.0"),
    ({"points": [[0.0, 2.0], [2e9, 2.0]]}, "morphology.a.length_um: .*got 2000000000.0"),
    ({"points": [[0.0, 2.0], [5.0, 1e-7]]}, "morphology.a.diameter_um: expected diameters from 1e-06 to 1e[+]09 um"),
    ({"points": [[0.0, 2.0], [5.0, 0.0]]}, "morphology.a.diameter_um: .*0.0 in row 1"),
    ({"points": [[0.0, -2.0], [5.0, 1.0]]}, "morphology.a.diameter_um: .*-2.0 in row 0"),
    ({"points": [[0.0, float("nan")], [5.0, 1.0]]}, "morphology.a.diameter_um: .*nan in row 0"),
])
def test_a_section_out_of_range_is_refused_by_name(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(ParameterError, match=where):
        section(**changes)


def test_a_section_keeps_points_of_its_own() -> None:
    points = CYLINDER.copy()
    made = section(points=points)
    points[:] = -1.0
    assert made.points.tolist() == CYLINDER.tolist()
    with pytest.raises(ValueError, match="read-only"):
        made.points[0, 0] = 1.0


@pytest.mark.parametrize(("sections", "where"), [
    ((), "at least one section"),
    ((section(), section(parent=0)), "'a' twice"),
    ((section(parent=0),), "morphology.a.parent: expected -1"),
    ((section(), section(name="b", parent=-1)), "morphology.b.parent: .*from 0 to 0"),
    ((section(), section(name="b", parent=1)), "morphology.b.parent: .*parents come first"),
])
def test_a_morphology_that_is_no_tree_is_refused(sections: tuple[Section, ...], where: str) -> None:
    with pytest.raises(ParameterError, match=where):
        Morphology(sections)


def test_ball_and_sticks_is_the_benchmark_neuron_by_default() -> None:
    neuron = ball_and_sticks()
    assert neuron.dendrites == (1, 2, 3, 4)
    assert sum(found.segments for found in neuron.sections) == 25
    assert neuron.length_um == 20.0 + 4 * 300.0
    assert neuron.area_um2 == pytest.approx(np.pi * (20.0 * 20.0 + 4 * 300.0 * 2.0))
    assert {(found.parent, found.parent_position) for found in neuron.sections[1:]} == {(0, 1.0)}


def test_dendrites_are_neither_soma_nor_axon() -> None:
    kinds = ["soma", "axon", "apical", "dendrite", "basal"]
    neuron = Morphology(tuple(section(name=kind, kind=kind, parent=min(i, 1) - 1) for i, kind in enumerate(kinds)))
    assert neuron.dendrites == (2, 3, 4)


@pytest.mark.parametrize("given", [{"diameter_um": 30.0}, {"area_um2": np.pi * 900.0}])
def test_a_point_neuron_has_the_area_of_its_sphere(given: dict[str, float]) -> None:
    (soma,) = point_neuron(**given).sections
    assert (soma.kind, soma.segments) == ("soma", 1)
    assert soma.area_um2 == pytest.approx(np.pi * 30.0**2)
    assert soma.length_um == pytest.approx(30.0)


@pytest.mark.parametrize(("given", "where"), [
    ({}, "got neither"),
    ({"diameter_um": 1.0, "area_um2": 1.0}, "got both"),
    ({"diameter_um": -1.0}, "soma"),
    ({"diameter_um": float("nan")}, "soma"),
    ({"area_um2": 0.0}, "area_um2"),
    ({"area_um2": float("inf")}, "area_um2"),
])
def test_a_point_neuron_needs_one_positive_size(given: dict[str, float], where: str) -> None:
    with pytest.raises(ParameterError, match=where):
        point_neuron(**given)


def test_a_branching_tree_forks_by_ralls_rule() -> None:
    neuron = branching_tree(dendrites=3, depth=4, trunk_diameter_um=4.0)
    assert len(neuron.sections) == 1 + 3 * (2**4 - 1)
    for index, found in enumerate(neuron.sections):
        daughters = [child for child in neuron.sections if child.parent == index]
        if index and daughters:
            powers = [child.points[0, 1] ** 1.5 for child in daughters]
            assert len(daughters) == 2
            assert sum(powers) == pytest.approx(found.points[0, 1] ** 1.5)


@pytest.mark.parametrize(("build", "where"), [
    (lambda: ball_and_sticks(dendrites=-1), "dendrites"),
    (lambda: ball_and_sticks(segments=0), "segments"),
    (lambda: ball_and_sticks(segments=1.5), "segments"),  # type: ignore[arg-type]
    (lambda: ball_and_sticks(segment_length_um=0.0), "length_um"),
    (lambda: ball_and_sticks(soma_diameter_um=-1.0), "soma.diameter_um"),
    (lambda: branching_tree(depth=0), "depth.*from 1 to 16"),
    (lambda: branching_tree(depth=17), "depth"),
    (lambda: branching_tree(dendrites=-2), "dendrites"),
    (lambda: branching_tree(trunk_diameter_um=float("nan")), "diameter_um"),
])
def test_a_shape_parameter_out_of_range_is_refused_by_name(build: Any, where: str) -> None:
    with pytest.raises(ParameterError, match=where):
        build()
