"""From a morphology to its cable: equal segments, membrane areas and axial conductances, as NEURON has them."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.cable import Cable
from aura.zones.fabric.morphology.frusta import cut_points, frusta_areas, frusta_axial_integrals
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.tree import Morphology

__all__ = ["Cable", "discretise"]

MOHM_UM_PER_OHM_CM = 1e-2
"""1 ohm cm = 1e-6 Mohm x 1e4 um."""

SMALLEST_OHM_CM, LARGEST_OHM_CM = 1e-3, 1e6
"""What a resistivity may be (tuned here: that of cytoplasm lies well inside, and no conductance overflows)."""


def discretise(morphology: Morphology, axial_resistance_ohm_cm: float) -> Cable:
    r"""Cut a morphology into the segments that its sections ask for.

    Parameters
    ----------
    morphology : Morphology
        The neuron.
    axial_resistance_ohm_cm : float
        Resistivity of the cytoplasm in ohm cm.

    Returns
    -------
    Cable
        Its nodes, in Hines's order.

    Raises
    ------
    ParameterError
        If the resistivity is not from 1e-3 to 1e6 ohm cm.

    Notes
    -----
    Each section has segments of equal length. With A the lateral area of a segment and r its cross-section,

    .. math:: c_m A_i \frac{dV_i}{dt} = -A_i i_m(V_i) + \sum_j g_{ij} (V_j - V_i), \qquad
              g_{ij}^{-1} = R_a \int_i^j \frac{dx}{\pi r(x)^2}

    the integral running from the middle of one segment to the middle of the other. Both integrals are exact for a
    diameter that is piecewise linear; the scheme is of second order in the length of the segments.

    A section that is joined to an end of its parent meets it there: with one other neighbour the two half segments are
    resistances in series, with more they meet in a junction. A section that is joined in between is connected to the
    middle of the segment it falls into, by the half of its own first segment alone. Both are what NEURON does, save
    that NEURON keeps a junction at every end, also where it changes nothing.

    References
    ----------
    M. L. Hines, N. T. Carnevale, The NEURON simulation environment, Neural Computation 9, 1997, section 3,
    doi:10.1162/neco.1997.9.6.1179.

    Examples
    --------
    >>> from aura.zones.fabric.morphology.tree import ball_and_sticks
    >>> cable = discretise(ball_and_sticks(dendrites=2, segments=3), 100.0)
    >>> cable.parent.tolist()
    [-1, 0, 1, 2, 3, 1, 5, 6]
    >>> cable.area_um2[:2].round(3).tolist(), cable.node(section=2, segment=1)
    ([1256.637, 0.0], 6)
    """
    if not SMALLEST_OHM_CM <= axial_resistance_ohm_cm <= LARGEST_OHM_CM:
        raise ParameterError("morphology.axial_resistance_ohm_cm", got=f"{axial_resistance_ohm_cm}",
                             expected=f"a resistivity from {SMALLEST_OHM_CM:g} to {LARGEST_OHM_CM:g} ohm cm")
    mohm_um = axial_resistance_ohm_cm * MOHM_UM_PER_OHM_CM
    places = _places(morphology)
    children = Counter(places[1:])
    # What a section joined at a place connects to: the nearest node, and the axial resistance from it to the place.
    nearest = {places[0]: (-1, math.inf)}
    starts: list[float] = []
    nodes = _Nodes()
    for index, section in enumerate(morphology.sections):
        starts.append(_distance(morphology, section.parent, section.parent_position, starts))
        halves = _halve(section, mohm_um)
        middles = (np.arange(section.segments) + 0.5) / section.segments
        distances = [_distance(morphology, index, position, starts) for position in middles]
        first = nodes.add_section(index, halves, distances, *nearest[places[index]])
        nearest |= {_Place(index, segment): (first + segment, 0.0) for segment in range(section.segments)}
        ends = [(_Place(index, None, at_end=True), first + section.segments - 1, halves.towards_end_mohm[-1], 1.0)]
        if index == 0:
            ends.insert(0, (places[0], first, halves.towards_start_mohm[0], 0.0))
        for place, node, half_mohm, position in ends:
            nearest[place] = (node, half_mohm)
            if children[place] >= 2:
                distance = _distance(morphology, index, position, starts)
                nearest[place] = (nodes.add_junction(distance, node, half_mohm), 0.0)
    return nodes.cable(morphology)


class _Place(NamedTuple):
    """Where sections meet: in the middle of a segment, or at an end of a section."""

    section: int
    segment: int | None
    at_end: bool = False


class _Halves(NamedTuple):
    """The segments of one section, each array (segment,)."""

    area_um2: Array
    towards_start_mohm: Array
    """Axial resistance of the half of each segment that is nearer to the start of the section."""
    towards_end_mohm: Array


class _Nodes:
    """The cable's arrays as they grow."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.mohm: list[float] = []
        self.area_um2: list[float] = []
        self.section: list[int] = []
        self.segment: list[int] = []
        self.path_distance_um: list[float] = []

    def add_section(self, index: int, halves: _Halves, distances: list[float], parent: int, parent_mohm: float) -> int:
        """Append a section's segments, the first joined to the parent, and return the first one's node."""
        first, count = len(self.parent), len(halves.area_um2)
        self.parent += [parent, *range(first, first + count - 1)]
        self.mohm += (np.append(parent_mohm, halves.towards_end_mohm[:-1]) + halves.towards_start_mohm).tolist()
        self.area_um2 += halves.area_um2.tolist()
        self.section += [index] * count
        self.segment += range(count)
        self.path_distance_um += distances
        return first

    def add_junction(self, distance: float, parent: int, mohm: float) -> int:
        """Append a node without membrane and return it."""
        self.parent.append(parent)
        self.mohm.append(mohm)
        self.area_um2.append(0.0)
        self.section.append(-1)
        self.segment.append(-1)
        self.path_distance_um.append(distance)
        return len(self.parent) - 1

    def cable(self, morphology: Morphology) -> Cable:
        """Return the cable, its arrays read-only."""
        segment = np.array(self.segment, dtype=np.int32)
        arrays = {
            "parent": np.array(self.parent, dtype=np.int32),
            "area_um2": np.array(self.area_um2),
            "axial_us": 1.0 / np.array(self.mohm),
            "section": np.array(self.section, dtype=np.int32),
            "segment": segment,
            "path_distance_um": np.array(self.path_distance_um),
            "compartments": np.flatnonzero(segment >= 0).astype(np.int32),
        }
        for array in arrays.values():
            array.flags.writeable = False
        kinds = tuple(section.kind for section in morphology.sections)
        soma = kinds.index("soma") if "soma" in kinds else 0
        in_soma = np.flatnonzero(arrays["section"] == soma)
        return Cable(**arrays, kinds=kinds, soma=int(in_soma[morphology.sections[soma].segments // 2]))


def _places(morphology: Morphology) -> list[_Place]:
    """Return where each section is joined; the start of a section is the place that it is itself joined to."""
    places: list[_Place] = []
    for section in morphology.sections:
        parent, position = section.parent, section.parent_position
        if parent < 0:
            places.append(_Place(0, None))
        elif position == 0.0:
            places.append(places[parent])
        elif position == 1.0:
            places.append(_Place(parent, None, at_end=True))
        else:
            count = morphology.sections[parent].segments
            places.append(_Place(parent, min(int(position * count), count - 1)))
    return places


def _distance(morphology: Morphology, section: int, position: float, starts: list[float]) -> float:
    """Return the path distance of a position from the middle of the root section, given those of the starts, in um."""
    if section < 0:
        return 0.5 * morphology.sections[0].length_um
    length = morphology.sections[section].length_um
    return abs(position - 0.5) * length if section == 0 else starts[section] + position * length


def _halve(section: Section, mohm_um: float) -> _Halves:
    """Return the areas and half resistances of a section's segments, from the resistivity in Mohm um."""
    chain, half = cut_points(section.points, 2 * section.segments)
    mohm = np.asarray(np.bincount(half, weights=mohm_um * frusta_axial_integrals(chain)), dtype=np.float64)
    areas = np.asarray(np.bincount(half, weights=frusta_areas(chain)), dtype=np.float64)
    return _Halves(areas[0::2] + areas[1::2], mohm[0::2], mohm[1::2])
