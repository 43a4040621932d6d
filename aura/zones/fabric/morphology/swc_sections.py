"""From the points of an SWC file to sections, by the rules of NEURON's reader."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.section import SMALLEST_UM, Section
from aura.zones.fabric.morphology.swc_findings import Faults, Remarks
from aura.zones.fabric.morphology.swc_points import SwcTree
from aura.zones.fabric.morphology.swc_soma import ball, ball_of_the_soma, profile_along

__all__ = ["sections_of"]


def sections_of(tree: SwcTree, faults: Faults, remarks: Remarks) -> tuple[Section, ...]:
    """Return the sections of a tree, depth first, the root's first.

    Parameters
    ----------
    tree : SwcTree
        The points.
    faults, remarks
        A section beyond all sense, and what was left out, go there.

    Notes
    -----
    A section is a run of points of one type between forks; types of one kind end it too. It begins at the point that it
    comes from, with that point's radius; with the radius of its own first point where it comes from a soma.

    *Root.* The section of the root begins at its own first point. If it is a single point, or points in one place, it
    is a ball, read as a cylinder as long as wide, which has the ball's area; a neurite that begins with points in one
    place begins with one.

    *Soma.* Soma points that follow each other are one section, a stack of truncated cones; where several hang on one
    point, the first goes on with its section if that is the root, and each of the others begins one there.
    `ball_of_the_soma` says which somata are a ball as a whole.

    *Neurites of a soma.* One that leaves a ball, or a stack in between, begins at its own first point: what lies inside
    the soma is no cable, and joins it to the soma without resistance. So does one that leaves an end from which
    soma goes on into several sections. Any other, and one of a single point, begins at the soma's point.

    *Forks at the beginning.* A neurite that forks at its first point has no trunk: its branches begin there, and the
    first goes on with it. So do the branches of a root that is no soma. But a neurite whose first point is the file's
    second one, or whose last branch is of another type, has a trunk, which begins at the soma.

    *Other trees* hang on the root's point as neurites do; on a soma, on its middle.

    *Left out* are sections of no length, and those of a single point that would begin there; what they end in is joined
    to their parents.

    NEURON's reader (``read_swc.hoc`` and ``import3d_gui.hoc`` of its version 9) does all this of files that are
    numbered branch by branch, with three differences: there a neurite from within a stack is joined to its middle, not
    where it leaves; closed outlines are stacks; and the three points of a ball must be the first. Of other files it
    ends a section too where ids do not follow each other.
    """
    return _Sections(tree, faults, remarks).read()


class _Run(NamedTuple):
    """A section to be: what it is joined to and where, the point it comes from, and the first of its own."""

    parent: int
    position: float
    begin: int | None
    first: int
    from_soma: bool = False
    may_begin: bool = True
    """Whether a run of one point begins at the point it comes from, even if a longer one does not."""


class _Sections:
    """The sections of a tree, found run by run."""

    def __init__(self, tree: SwcTree, faults: Faults, remarks: Remarks) -> None:
        self._tree, self._faults, self._remarks = tree, faults, remarks
        self._found: list[Section] = []
        self._count: Counter[str] = Counter()
        self._waiting: list[_Run] = []
        self._left_out: list[int] = []
        self._somata = {index: [child for child in tree.children[index] if tree.points[child].is_soma]
                        for index, point in enumerate(tree.points) if point.is_soma}

    def read(self) -> tuple[Section, ...]:
        """Find them all."""
        self._root()
        while self._waiting:
            self._follow(self._waiting.pop())
        self._remarks.add("sections of no length were left out", self._left_out)
        self._remarks.add("soma points hang on neurites, and are sections between these",
                          [self._tree.points[index].line for index in self._somata
                           if self._tree.parents[index] >= 0 and not self._from_soma(index)])
        return tuple(self._found)

    def _root(self) -> None:
        """Add the section of the root."""
        tree = self._tree
        radius = ball_of_the_soma(tree)
        if radius is not None:
            self._add(0, -1, 0.0, ball(radius))
            self._leave(0, list(self._somata), lone=True)
            return
        own = self._run(0)
        profile = profile_along(tree, own)
        together = profile[-1, 0] < SMALLEST_UM
        if together:
            self._remarks.add("further points in the place of the root were taken as one with it",
                              [tree.points[index].line for index in own[1:]])
            if len(own) > 1 and not tree.points[0].is_soma and self._begin_at(own):
                return
            profile = ball(float(profile[:, 1].max()) / 2.0)
        self._add(own[-1], -1, 0.0, profile)
        self._waiting += self._trunkless(own, 0, 0.0)
        self._leave(0, own, lone=together)

    def _begin_at(self, own: list[int]) -> bool:
        """Let the first branch of a root in one place be the root's section, and the others leave its start."""
        runs = [*(_Run(0, 0.0, own[-1], child) for child in self._tree.children[own[-1]]),
                *self._trunkless(own, 0, 0.0)]
        if not runs:
            return False
        *others, first = sorted([*runs, *self._other_trees()], key=lambda run: -run.first)
        self._waiting += [*others, first._replace(parent=-1)]
        return True

    def _run(self, first: int) -> list[int]:
        """Return the points of the section that begins with one."""
        own = [first]
        while (following := self._next(own[-1])) is not None:
            own.append(following)
        return own

    def _next(self, point: int) -> int | None:
        """Return the point that goes on with the section of another, None at its end."""
        tree, children = self._tree, self._tree.children[point]
        if not children:
            return None
        here, following = tree.points[point], tree.points[children[0]]
        if here.is_soma and following.is_soma:
            return children[0] if point == 0 or len(self._somata[point]) == 1 else None
        alike = tree.points[children[-1]].type == here.type
        return children[0] if alike and (len(children) == 1 or self._is_trunkless(point)) else None

    def _is_trunkless(self, point: int) -> bool:
        """Return whether the branches of a fork at this point would begin there, each joined to what is before it."""
        return not self._tree.points[point].is_soma and (
            point == 0 or (point > 1 and self._from_soma(point)))

    def _from_soma(self, point: int) -> bool:
        parent = self._tree.parents[point]
        return parent >= 0 and self._tree.points[parent].is_soma

    def _follow(self, run: _Run) -> None:
        """Add the section of a run and leave what forks off it waiting."""
        tree, own = self._tree, self._run(run.first)
        begin = run.begin
        if begin is None and len(own) == 1 and run.may_begin:
            begin = tree.parents[run.first] if tree.parents[run.first] >= 0 else 0
        profile = profile_along(tree, own if begin is None else [begin, *own])
        self._waiting += self._trunkless(own, run.parent, run.position)
        if profile[-1, 0] < SMALLEST_UM and run.parent < 0:
            profile = ball(float(profile[:, 1].max()) / 2.0)
        if profile[-1, 0] < SMALLEST_UM:
            self._left_out.append(tree.points[own[-1]].line)
            self._leave(run.parent, own[-1:], at=run.position)
            return
        if run.from_soma and begin is not None:
            profile[0, 1] = profile[1, 1]
        section = self._add(own[-1], run.parent, run.position, profile)
        self._leave(section, own)

    def _trunkless(self, own: list[int], parent: int, position: float) -> list[_Run]:
        """Return the other branches of a section that goes on through a fork at its first point."""
        if len(own) == 1 or self._tree.points[own[0]].is_soma:
            return []
        return [_Run(parent, position, own[0], child) for child in reversed(self._tree.children[own[0]][1:])]

    def _leave(self, section: int, own: list[int], lone: bool = False, at: float | None = None) -> None:
        """Leave waiting what comes from the points of a section."""
        tree = self._tree
        within = set(own)
        runs: list[_Run] = []
        if any(tree.points[index].is_soma for index in own):
            runs = [self._from_somatic(section, own, index, child, lone, at)
                    for index in own for child in tree.children[index] if child not in within]
        else:
            at_end = 1.0 if at is None else at
            if own == [0]:
                at_end = 0.0
            runs = [_Run(section, at_end, own[-1], child) for child in tree.children[own[-1]] if child not in within]
        if own[0] == 0 and section == 0:
            runs += self._other_trees()
        self._waiting += sorted(runs, key=lambda run: -run.first)

    def _from_somatic(self, section: int, own: list[int], point: int, child: int, lone: bool,
                      at: float | None) -> _Run:
        """Return the run that leaves a soma point of a section."""
        tree = self._tree
        soma = tree.points[child].is_soma
        last, first_of_root = point == own[-1], point == 0
        several = len(self._somata[point]) > 1
        if lone or own == [0]:
            position, inside = (0.5, True) if not soma else (0.0, False)
        elif first_of_root:
            position, inside = 0.0, several
        else:
            position, inside = self._position(section, own, point), not last or several
        if at is not None:
            position = at
        if soma:
            return _Run(section, position, point, child)
        direct = not inside
        may_begin = not (first_of_root and several and not lone and own != [0])
        return _Run(section, position, point if direct else None, child, from_soma=True, may_begin=may_begin)

    def _position(self, section: int, own: list[int], point: int) -> float:
        """Return where along its section a point lies."""
        profile = self._found[section].points
        after = len(own) - 1 - own.index(point)
        return float(profile[-1 - after, 0] / profile[-1, 0])

    def _other_trees(self) -> list[_Run]:
        """Return the runs at which other trees begin."""
        tree = self._tree
        soma = tree.points[0].is_soma
        return [_Run(0, 0.5 if soma else 0.0, None if soma and not tree.points[first].is_soma else 0, first,
                     from_soma=soma and not tree.points[first].is_soma) for first in tree.others]

    def _add(self, last: int, parent: int, position: float, profile: Array) -> int:
        """Add the section that ends in a point, and return its index."""
        point = self._tree.points[last]
        number = self._count[point.kind]
        self._count[point.kind] += 1
        name = point.kind if point.kind == "soma" and number == 0 else f"{point.kind}{number}"
        try:
            self._found.append(Section(name, point.kind, parent, position, profile, 1))
        except ParameterError as error:
            self._faults.add(point.line, f"{error.expected} for the section that ends here", error.got)
            self._found.append(Section(name, point.kind, parent, position, np.array([[0.0, 1.0], [1.0, 1.0]]), 1))
        return len(self._found) - 1
