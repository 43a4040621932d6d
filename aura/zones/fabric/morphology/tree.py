"""Morphologies: sections of piecewise linear diameter, joined to a tree, and the simple ones made from parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.section import KINDS, Section, check_count

__all__ = ["KINDS", "Morphology", "Section", "ball_and_sticks", "branching_tree", "point_neuron"]

RALL_POWER = 1.5
"""Diameters to this power add up over a branch point where the impedances match (Rall 1959)."""

DEEPEST_TREE = 16
"""Generations of `branching_tree`; 16 give 65,535 branches for each trunk (tuned here: more exhausts the memory)."""


@dataclass(frozen=True, eq=False)
class Morphology:
    """A neuron's shape.

    Parameters
    ----------
    sections : tuple of Section
        Parents before children; section 0 is the root, which is the soma wherever there is one.

    Raises
    ------
    ParameterError
        If there is no section, a name occurs twice, or the parents are not as said.

    Examples
    --------
    >>> neuron = ball_and_sticks(dendrites=2)
    >>> neuron.length_um, neuron.dendrites
    (620.0, (1, 2))
    """

    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        if not self.sections:
            raise ParameterError("morphology.sections", expected="at least one section", got="none")
        names: set[str] = set()
        for index, section in enumerate(self.sections):
            if section.name in names:
                raise ParameterError("morphology.sections", expected="names that differ", got=f"{section.name!r} twice")
            names.add(section.name)
            lowest, highest = (-1, -1) if index == 0 else (0, index - 1)
            if not lowest <= section.parent <= highest:
                allowed = "-1, being the root" if index == 0 else f"an index from 0 to {highest}: parents come first"
                raise ParameterError(f"morphology.{section.name}.parent", expected=allowed, got=f"{section.parent}")

    @property
    def length_um(self) -> float:
        """Length of all sections together."""
        return math.fsum(section.length_um for section in self.sections)

    @property
    def area_um2(self) -> float:
        """Membrane area of all sections together."""
        return math.fsum(section.area_um2 for section in self.sections)

    @property
    def dendrites(self) -> tuple[int, ...]:
        """Indices of the sections that are neither soma nor axon, in order."""
        return tuple(i for i, section in enumerate(self.sections) if section.kind not in {"soma", "axon"})


def ball_and_sticks(soma_length_um: float = 20.0, soma_diameter_um: float = 20.0, dendrites: int = 4, segments: int = 6,
                    segment_length_um: float = 50.0, diameter_um: float = 2.0) -> Morphology:
    """Return a cylindrical soma of one segment with equal unbranched dendrites at its far end.

    Parameters
    ----------
    soma_length_um, soma_diameter_um : float
        The soma, in um.
    dendrites : int
        How many; may be 0.
    segments : int
        Segments of each dendrite.
    segment_length_um, diameter_um : float
        Length of a segment and diameter of the dendrites, in um.

    Raises
    ------
    ParameterError
        If a number is out of its range.
    """
    check_count("morphology.dendrites", dendrites, 0)
    check_count("morphology.segments", segments, 1)
    stick = _cylinder(segments * segment_length_um, diameter_um)
    soma = Section("soma", "soma", -1, 0.0, _cylinder(soma_length_um, soma_diameter_um), 1)
    return Morphology((soma, *(Section(f"dendrite{i}", "dendrite", 0, 1.0, stick, segments) for i in range(dendrites))))


def point_neuron(diameter_um: float | None = None, *, area_um2: float | None = None) -> Morphology:
    """Return a neuron of one compartment, given either the diameter of its sphere or its membrane area.

    Parameters
    ----------
    diameter_um : float, optional
        Diameter of a sphere in um; the soma is the cylinder as long as wide, which has the same area.
    area_um2 : float, optional
        Membrane area in um².

    Raises
    ------
    ParameterError
        If both or neither is given, or it is not positive and finite.

    Examples
    --------
    >>> round(point_neuron(area_um2=20_000.0).area_um2, 9)
    20000.0
    """
    if (diameter_um is None) == (area_um2 is None):
        raise ParameterError("morphology.point_neuron", expected="either a diameter or an area",
                             got="neither" if diameter_um is None else "both")
    if area_um2 is not None:
        if not 0.0 < area_um2 < math.inf:
            raise ParameterError("morphology.area_um2", expected="a positive, finite number", got=f"{area_um2}")
        diameter_um = math.sqrt(area_um2 / math.pi)
    width = math.nan if diameter_um is None else diameter_um
    return Morphology((Section("soma", "soma", -1, 0.0, _cylinder(width, width), 1),))


def branching_tree(soma_diameter_um: float = 20.0, dendrites: int = 4, depth: int = 3, branch_length_um: float = 100.0,
                   trunk_diameter_um: float = 3.0, segments: int = 2) -> Morphology:
    r"""Return a soma whose dendrites fork into two at the end of each branch.

    Parameters
    ----------
    soma_diameter_um : float
        Diameter of the soma, a cylinder as long as wide, in um.
    dendrites : int
        Trunks at the soma's far end; may be 0.
    depth : int
        Generations of branches, from 1, the trunks alone, to 16.
    branch_length_um, trunk_diameter_um : float
        Length of every branch and diameter of the trunks, in um.
    segments : int
        Segments of each branch.

    Raises
    ------
    ParameterError
        If a number is out of its range.

    Notes
    -----
    Rall's rule: :math:`d^{3/2} = 2 d'^{3/2}` at every fork, so that a dendrite acts as one unbranched cable.

    References
    ----------
    W. Rall, Branching dendritic trees and motoneuron membrane resistivity, Experimental Neurology 1, 1959,
    doi:10.1016/0014-4886(59)90046-9.

    Examples
    --------
    >>> [section.name for section in branching_tree(dendrites=1, depth=2).sections]
    ['soma', 'dendrite0', 'dendrite1', 'dendrite2']
    """
    check_count("morphology.dendrites", dendrites, 0)
    check_count("morphology.depth", depth, 1, DEEPEST_TREE)
    sections = [Section("soma", "soma", -1, 0.0, _cylinder(soma_diameter_um, soma_diameter_um), 1)]
    open_ends = [(0, 0)] * dendrites
    while open_ends:
        parent, generation = open_ends.pop()
        branch = _cylinder(branch_length_um, trunk_diameter_um * 2.0 ** (-generation / RALL_POWER))
        index = len(sections)
        sections.append(Section(f"dendrite{index - 1}", "dendrite", parent, 1.0, branch, segments))
        if generation + 1 < depth:
            open_ends += [(index, generation + 1)] * 2
    return Morphology(tuple(sections))


def _cylinder(length_um: float, diameter_um: float) -> Array:
    return np.array([[0.0, diameter_um], [length_um, diameter_um]], dtype=np.float64)
