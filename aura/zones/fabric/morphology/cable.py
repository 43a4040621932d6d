"""A neuron cut into compartments: the tree of nodes that the cable equation is solved on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.common.arrays import Array

__all__ = ["Cable", "Indices"]

Indices = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Cable:
    """Nodes, their membrane areas and the conductances between them; `discretise` makes it.

    Notes
    -----
    Every segment of every section is a *compartment*: a node at the segment's middle that has the membrane of the whole
    segment. Where three or more neighbours meet between segments there is a *junction* besides, a node without
    membrane, whose voltage follows from Kirchhoff's law alone.

    The order is Hines's: a parent stands before its children, so that elimination runs over the nodes backwards and
    substitution forwards, without fill-in (M. Hines 1984, doi:10.1016/0020-7101(84)90008-4). The nodes of a section are
    contiguous, from its start to its end, followed by its junctions, in the order of the sections.
    """

    parent: Indices
    """Each node's parent, (node,); ``parent[i] < i``, and -1 for node 0, the first segment of the root section."""

    area_um2: Array
    """Membrane area in um², (node,); exactly 0 for a junction."""

    axial_us: Array
    """Axial conductance between a node and its parent in microsiemens, (node,); 0 for node 0."""

    section: Indices
    """The section a node belongs to, (node,); -1 for a junction."""

    kinds: tuple[str, ...]
    """The kind of each section, one of `KINDS`."""

    segment: Indices
    """The segment of that section, (node,); -1 for a junction."""

    path_distance_um: Array
    """Distance along the neuron from the middle of the root section to each node in um, (node,)."""

    compartments: Indices
    """The nodes that have membrane, in ascending order, (compartment,)."""

    soma: int
    """The node of the segment in which the middle of the first soma section lies; of the root where there is none."""

    def node(self, section: int, segment: int) -> int:
        """Return the node of a segment.

        Parameters
        ----------
        section : int
            Index of the section in the morphology.
        segment : int
            Index of the segment in the section, from 0 at its start.

        Raises
        ------
        ParameterError
            If there is no such section or segment.
        """
        first, count = self._first_nodes, self._segments
        _check_index("morphology.section", section, len(first))
        _check_index(f"morphology.section {section}.segment", segment, int(count[section]))
        return int(first[section]) + int(segment)

    @cached_property
    def _segments(self) -> NDArray[np.intp]:
        return np.bincount(self.section[self.compartments])

    @cached_property
    def _first_nodes(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.segment == 0)


def _check_index(where: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise ParameterError(where, expected=f"an index from 0 to {count - 1}", got=f"{value}")
