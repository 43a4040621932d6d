"""How many segments: bounds on their length, and the counts of NEURON's rule."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.segmentation import segments_by_d_lambda, segments_by_length
from aura.zones.fabric.morphology.tree import Morphology, ball_and_sticks
from tests.zones.fabric.morphology.strategies import morphologies


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(morphologies(), st.floats(0.5, 200.0))
def test_segments_by_length_are_the_fewest_that_are_short_enough(neuron: Morphology, longest: float) -> None:
    for section in segments_by_length(neuron, longest).sections:
        assert section.length_um / section.segments <= longest * (1.0 + 1e-8)
        assert section.segments == 1 or section.length_um / (section.segments - 1) > longest


def test_a_sum_of_floats_just_above_a_whole_number_of_segments_adds_none() -> None:
    points = np.column_stack([np.cumsum([0.0] + [0.1] * 3), np.full(4, 1.0)])
    stick = Morphology((Section("a", "dendrite", -1, 0.0, points, 1),))
    assert stick.length_um > 0.3
    assert segments_by_length(stick, 0.1).sections[0].segments == 3


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(morphologies(), st.floats(50.0, 300.0))
def test_d_lambda_gives_odd_numbers_and_segments_short_against_the_length_constant(neuron: Morphology,
                                                                                  resistance: float) -> None:
    for section in segments_by_d_lambda(neuron, resistance).sections:
        diameters = section.points[:, 1]
        length_constants_um = [1e5 * math.sqrt(found / (4.0 * math.pi * 100.0 * resistance))
                               for found in (diameters.min(), diameters.max())]
        most, fewest = (section.length_um / (0.1 * found) for found in length_constants_um)
        assert section.segments % 2 == 1
        assert fewest - 0.1 <= section.segments * (1.0 + 1e-9)
        assert section.segments == 1 or section.segments - 1.9 <= most * (1.0 + 1e-9)


def test_d_lambda_agrees_with_neuron() -> None:
    # NEURON 9.0.2, int((L / (0.1 lambda_f(100)) + 0.9) / 2) * 2 + 1, Ra 100 and 150 ohm cm, cm 1 uF/cm2.
    tapering = np.array([[0.0, 4.5], [100.0, 2.5], [260.0, 0.5]])
    neuron = Morphology((*ball_and_sticks(dendrites=1).sections, Section("b", "apical", 0, 1.0, tapering, 1)))
    counts = [[section.segments for section in segments_by_d_lambda(neuron, ohm_cm).sections]
              for ohm_cm in (100.0, 150.0)]
    assert counts == [[1, 9, 7], [1, 11, 9]]


@pytest.mark.parametrize(("wanted", "segments"), [(0.5, 1), (1.05, 1), (1.15, 3), (3.05, 3), (3.15, 5)])
def test_d_lambda_gives_the_next_odd_number_but_lets_a_tenth_of_a_segment_pass(wanted: float, segments: int) -> None:
    neuron = ball_and_sticks(dendrites=1)
    length_constants = 300.0 / (1e5 * math.sqrt(2.0 / (4.0 * math.pi * 100.0 * 100.0)))
    found = segments_by_d_lambda(neuron, 100.0, d_lambda=length_constants / wanted)
    assert found.sections[1].segments == segments


@pytest.mark.parametrize("longest", [1e-2, 1e-300, 5e-324])
def test_segments_beyond_all_sense_are_refused_before_they_are_made(longest: float) -> None:
    with pytest.raises(ParameterError, match=r"morphology\.compartments: expected at most 10,000"):
        segments_by_length(ball_and_sticks(), longest)
    with pytest.raises(ParameterError, match=r"morphology\.compartments: expected at most 10,000"):
        segments_by_d_lambda(ball_and_sticks(), 100.0, d_lambda=min(longest, 1e-4))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rule_without_a_positive_number_is_refused_by_name(value: float) -> None:
    neuron = ball_and_sticks()
    with pytest.raises(ParameterError, match="max_segment_length_um"):
        segments_by_length(neuron, value)
    with pytest.raises(ParameterError, match="axial_resistance_ohm_cm"):
        segments_by_d_lambda(neuron, value)
    with pytest.raises(ParameterError, match="frequency_hz"):
        segments_by_d_lambda(neuron, 100.0, frequency_hz=value)
