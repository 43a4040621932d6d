"""What the soma points of an SWC file mean: a sphere, a stack of cylinders, or an outline."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from aura.core.errors import DataError
from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.frusta import frusta_areas
from aura.zones.fabric.morphology.swc_points import SwcTree

__all__ = ["Soma", "profile_along", "read_soma"]

FEWEST_OUTLINE_POINTS = 4
CLOSED = 0.5
"""A chain whose ends are closer than this share of its length is an outline (tuned here: the ends of an evenly spaced
outline of n points are 1 / (n - 1) of its length apart, those of a straight stack all of it)."""


class Soma(NamedTuple):
    """The section that the soma becomes, and where on it things are joined."""

    profile: Array
    """Path length and diameter in um, (point, 2)."""
    positions: dict[int, tuple[float, bool]]
    """For each soma point, its position along the section and whether it lies inside, away from both ends."""


def read_soma(tree: SwcTree) -> Soma | None:
    """Return the soma of a tree, or None where it has no soma point.

    Parameters
    ----------
    tree : SwcTree
        The points of the file.

    Raises
    ------
    DataError
        If the soma points do not hang together with the root among them, or all lie in one place.

    Notes
    -----
    One point is a sphere. It becomes a cylinder as long as wide, which has the sphere's area. Points that form an
    unbranched chain are a stack of frusta from one end of the chain to the other: so are two points, and the three
    of NeuroMorpho.Org, a root in the middle of two others at the distance of its radius, a cylinder with the area of
    the sphere. A chain that closes on itself is an outline drawn around the soma. It becomes, as NeuroMorpho.Org has
    it, a sphere around the mean of its points, with their mean distance from there as radius. Branched chains become
    the sphere of the area that their frusta have together. Neurites on a sphere are joined to its middle.

    References
    ----------
    NeuroMorpho.Org, Soma format representation as of version 5.3, http://neuromorpho.org/SomaFormat.html.
    """
    soma = [index for index, point in enumerate(tree.points) if point.kind == "soma"]
    if not soma:
        return None
    for index in soma:
        parent = tree.parents[index]
        if index > 0 and tree.points[parent].kind != "soma":
            raise DataError(tree.where(index), expected="soma points joined to each other, with the root among them",
                            got=f"one whose parent, in line {tree.points[parent].line}, is no soma",
                            hint="Make a point of the soma the root.")
    if len(soma) == 1:
        return _sphere(soma, tree.points[0].radius_um)
    branches = {index: [child for child in tree.children[index] if tree.points[child].kind == "soma"] for index in soma}
    if len(branches[0]) > 2 or any(len(found) > 1 for index, found in branches.items() if index > 0):
        area = sum(float(frusta_areas(profile_along(tree, [tree.parents[index], index]))[0]) for index in soma[1:])
        _check_extent(tree, area)
        return _sphere(soma, math.sqrt(area / (4.0 * math.pi)))
    chain = _chain(branches)
    profile = profile_along(tree, chain)
    length = float(profile[-1, 0])
    _check_extent(tree, length)
    xyz = np.array([tree.points[index].xyz_um for index in chain])
    if len(chain) >= FEWEST_OUTLINE_POINTS and np.linalg.norm(xyz[-1] - xyz[0]) < CLOSED * length:
        return _sphere(soma, float(np.linalg.norm(xyz - xyz.mean(axis=0), axis=1).mean()))
    ends = {chain[0], chain[-1]}
    return Soma(profile, {index: (float(at) / length, index not in ends)
                          for index, at in zip(chain, profile[:, 0], strict=True)})


def profile_along(tree: SwcTree, points: list[int]) -> Array:
    """Return path length and diameter along a chain of points, in um, (point, 2)."""
    xyz = np.array([tree.points[index].xyz_um for index in points])
    path = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(xyz, axis=0), axis=1))])
    return np.column_stack([path, [2.0 * tree.points[index].radius_um for index in points]])


def _sphere(soma: list[int], radius_um: float) -> Soma:
    width = 2.0 * radius_um
    return Soma(np.array([[0.0, width], [width, width]]), dict.fromkeys(soma, (0.5, True)))


def _chain(branches: dict[int, list[int]]) -> list[int]:
    """Return the soma points from one end of their chain to the other; the root may be in between."""
    arms: list[list[int]] = []
    for index in branches[0]:
        arm = [index]
        while branches[arm[-1]]:
            arm += branches[arm[-1]]
        arms.append(arm)
    if len(arms) == 1:
        return [0, *arms[0]]
    return [*reversed(arms[0]), 0, *arms[1]]


def _check_extent(tree: SwcTree, extent: float) -> None:
    if not extent > 0.0:
        raise DataError(tree.where(0), expected="a soma with a length", got="soma points all in one place",
                        hint="A single point of type 1 is a sphere.")
