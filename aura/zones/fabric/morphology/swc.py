"""SWC files, the common format of reconstructed neurons, as morphologies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from aura.core.errors import DataError, ParameterError
from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.segmentation import COMPARTMENTS, segments_by_length
from aura.zones.fabric.morphology.swc_points import SwcTree, read_points
from aura.zones.fabric.morphology.swc_soma import profile_along, read_soma
from aura.zones.fabric.morphology.tree import Morphology

__all__ = ["read_swc"]


def read_swc(path: str | Path, max_segment_length_um: float = 50.0) -> Morphology:
    """Read a neuron from an SWC file.

    Parameters
    ----------
    path : str or Path
        The file: ``id type x y z radius parent`` in every line, lengths in um, ``#`` before a comment; points in any
        order.
    max_segment_length_um : float
        Sections are divided into as few segments as are at most so long.

    Returns
    -------
    Morphology
        Its sections in depth-first order, the soma first, named by kind and number ("basal3").

    Raises
    ------
    DataError
        If the file cannot be read, is not one tree of finite points with positive radii, or holds a section of no
        length or a size beyond all sense; the error names file and line. If it would be cut into more than
        `MOST_COMPARTMENTS` segments; the error names the file.
    ParameterError
        If the length is not positive.

    Notes
    -----
    A section is a run of points of one kind between forks; it begins at the point that it forks from, with that point's
    radius. `read_points` says what the types mean, `read_soma` what the soma becomes.

    A neurite that leaves an end of a soma made of cylinders begins there, with the radius of its own first point. One
    that leaves the soma anywhere else begins at its first own point: what lies inside the soma is no cable, and joins
    it to the soma without resistance. Only if it has no length else (a single point) it begins at the soma's point.
    NEURON's reader does the same, save that it joins the neurites from anywhere else to the soma's middle.

    Without soma points the first section is the first run from the root, of whatever kind it is, and stands where the
    soma would; all other runs from the root are joined to its start.

    References
    ----------
    R. C. Cannon, D. A. Turner, G. K. Pyapali, H. V. Wheal, An on-line archive of reconstructed hippocampal neurons,
    Journal of Neuroscience Methods 84, 1998, doi:10.1016/S0165-0270(98)00091-0 (the format).
    """
    tree = read_points(path)
    sections = _Sections(tree)
    sections.read()
    try:
        return segments_by_length(Morphology(tuple(sections.found)), max_segment_length_um)
    except ParameterError as error:
        if error.where != COMPARTMENTS:
            raise
        raise DataError(str(path), expected=f"{error.expected.replace('of them', 'compartments')}, each at most "
                        f"{max_segment_length_um:g} um long", got=error.got,
                        hint="SWC is in um; is the file in nm? If not, allow longer segments.") from None


class _Run(NamedTuple):
    """A section to be: where it is joined, the point it begins at and the first point of its own."""

    parent: int
    parent_position: float
    begin: int | None
    first: int
    from_soma: bool = False


class _Sections:
    """The sections of a tree, found run by run."""

    def __init__(self, tree: SwcTree) -> None:
        self.found: list[Section] = []
        self._tree = tree
        self._count: Counter[str] = Counter()
        self._waiting: list[_Run] = []

    def read(self) -> None:
        """Find them all."""
        self._begin()
        while self._waiting:
            self._follow(self._waiting.pop())

    def _begin(self) -> None:
        tree = self._tree
        soma = read_soma(tree)
        if soma is None:
            if not tree.children[0]:
                raise DataError(tree.where(0), expected="a soma or a neurite with a length", got="a single point",
                                hint="A point of type 1 is a soma by itself.")
            first, *others = tree.children[0]
            self._waiting += [_Run(0, 0.0, 0, other) for other in reversed(others)]
            self._waiting.append(_Run(-1, 0.0, 0, first))
            return
        self._add(0, -1, 0.0, soma.profile)
        runs = [_Run(0, position, None if inside else point, child, from_soma=True)
                for point, (position, inside) in soma.positions.items()
                for child in tree.children[point] if child not in soma.positions]
        self._waiting += sorted(runs, key=lambda run: -run.first)

    def _follow(self, run: _Run) -> None:
        """Add the section of a run and leave what forks off it waiting."""
        tree = self._tree
        own = [run.first]
        while len(tree.children[own[-1]]) == 1:
            following = tree.children[own[-1]][0]
            if tree.points[following].kind != tree.points[run.first].kind:
                break
            own.append(following)
        forks = tree.children[own[-1]]
        begin = run.begin
        if begin is None and len(own) == 1:
            if len(forks) > 1:
                self._waiting += [_Run(run.parent, run.parent_position, own[0], fork) for fork in reversed(forks)]
                return
            begin = tree.parents[run.first]
        profile = profile_along(tree, own if begin is None else [begin, *own])
        if run.from_soma and begin is not None:
            profile[0, 1] = profile[1, 1]
        section = self._add(own[-1], run.parent, run.parent_position, profile)
        self._waiting += [_Run(section, 1.0, own[-1], fork) for fork in reversed(forks)]

    def _add(self, last: int, parent: int, position: float, profile: Array) -> int:
        """Add the section that ends in a point, and return its index."""
        kind = self._tree.points[last].kind
        name = kind if kind == "soma" else f"{kind}{self._count[kind]}"
        self._count[kind] += 1
        try:
            self.found.append(Section(name, kind, parent, position, profile, 1))
        except ParameterError as error:
            raise DataError(self._tree.where(last), expected=f"{error.expected} for the section that ends here",
                            got=error.got) from error
        return len(self.found) - 1
