"""Frusta against the integrals that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.zones.fabric.morphology.frusta import cut_points, frusta_areas, frusta_axial_integrals
from tests.zones.fabric.morphology.strategies import profiles


def fine(points: np.ndarray, pieces: int = 200_000) -> tuple[np.ndarray, np.ndarray]:
    """Return middles of many short pieces with the diameter there: the obvious way to integrate."""
    length = points[-1, 0]
    at = length * (np.arange(pieces) + 0.5) / pieces
    return at, np.interp(at, points[:, 0], points[:, 1])


def test_a_cone_has_the_area_and_the_resistance_of_the_integrals() -> None:
    cone = np.array([[0.0, 6.0], [10.0, 1.0]])
    at, diameter = fine(cone)
    dx = at[1] - at[0]
    slope = (1.0 - 6.0) / 10.0
    assert frusta_areas(cone)[0] == pytest.approx(np.pi * diameter.sum() * dx * np.hypot(1.0, slope / 2), rel=1e-9)
    assert frusta_axial_integrals(cone)[0] == pytest.approx((dx * 4.0 / (np.pi * diameter**2)).sum(), rel=1e-8)


def test_a_step_in_diameter_counts_as_its_annulus_and_resists_nothing() -> None:
    step = np.array([[0.0, 2.0], [0.0, 6.0], [1.0, 6.0]])
    assert frusta_areas(step)[0] == pytest.approx(np.pi * (3.0**2 - 1.0**2))
    assert frusta_axial_integrals(step)[0] == 0.0


@settings(max_examples=60, deadline=None)
@given(profiles(), st.integers(1, 9))
def test_cutting_keeps_area_and_resistance(points: np.ndarray, pieces: int) -> None:
    chain, piece = cut_points(points, pieces)
    assert frusta_areas(chain).sum() == pytest.approx(frusta_areas(points).sum(), rel=1e-12)
    assert frusta_axial_integrals(chain).sum() == pytest.approx(frusta_axial_integrals(points).sum(), rel=1e-12)
    lengths = np.bincount(piece, weights=np.diff(chain[:, 0]))
    assert lengths == pytest.approx(np.full(pieces, points[-1, 0] / pieces))


def test_a_step_at_a_cut_belongs_to_the_piece_before_it() -> None:
    chain, piece = cut_points(np.array([[0.0, 2.0], [5.0, 2.0], [5.0, 4.0], [10.0, 4.0]]), 2)
    assert piece.tolist() == [0, 0, 0, 1]
    assert np.bincount(piece, weights=frusta_areas(chain)) == pytest.approx(np.pi * np.array([10.0 + 3.0, 20.0]))
