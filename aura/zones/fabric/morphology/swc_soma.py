"""Somata of SWC files that are not what their points are one by one: the ball of three points, and the outline."""

from __future__ import annotations

import numpy as np

from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.swc_points import SwcTree

__all__ = ["ball", "ball_of_the_soma", "profile_along"]

FEWEST_OUTLINE_POINTS = 4
CLOSED = 0.5
"""A chain whose ends are closer than this share of its length is an outline (tuned here: the ends of an evenly spaced
outline of n points are 1 / (n - 1) of its length apart, those of a straight stack all of it)."""

BALL_POINTS = 3
BALL_TOLERANCE = 0.01
"""How far a soma of three points may be from as long as wide, relatively, to be a ball; as in NEURON's reader."""


def ball_of_the_soma(tree: SwcTree) -> float | None:
    """Return the radius in um of the ball that all soma points of a tree stand for together, or None.

    Notes
    -----
    Three points are one, as NeuroMorpho.Org has it, if two end points of the root's radius hang on the root, at its
    radius's distance. A chain of points that closes on itself is an outline drawn around the soma. It is read, as
    NeuroMorpho.Org says, as a ball around the mean of its points, with their mean distance from there as radius.
    (NEURON's reader takes it for a stack of cylinders.)

    References
    ----------
    NeuroMorpho.Org, Soma format representation as of version 5.3, http://neuromorpho.org/SomaFormat.html.
    """
    soma = [index for index, point in enumerate(tree.points) if point.is_soma]
    if len(soma) < BALL_POINTS or not tree.points[0].is_soma:
        return None
    if not all(tree.parents[index] >= 0 and tree.points[tree.parents[index]].is_soma for index in soma[1:]):
        return None
    radius, ends = tree.points[0].radius_um, [child for child in tree.children[0] if tree.points[child].is_soma]
    if len(soma) == BALL_POINTS and len(ends) == BALL_POINTS - 1:
        reach = float(np.linalg.norm(_xyz(tree, ends) - _xyz(tree, [0]), axis=1).sum())
        alike = all(tree.points[end].radius_um == radius and not tree.children[end] for end in ends)
        return radius if alike and abs(reach / (2.0 * radius) - 1.0) < BALL_TOLERANCE else None
    chain = _chain(tree, soma)
    if chain is None or len(chain) < FEWEST_OUTLINE_POINTS:
        return None
    xyz, length = _xyz(tree, chain), float(profile_along(tree, chain)[-1, 0])
    if not np.linalg.norm(xyz[-1] - xyz[0]) < CLOSED * length:
        return None
    return float(np.linalg.norm(xyz - xyz.mean(axis=0), axis=1).mean())


def ball(radius_um: float) -> Array:
    """Return the profile of the cylinder as long as wide, which has the area of the ball of this radius."""
    width = 2.0 * radius_um
    return np.array([[0.0, width], [width, width]])


def profile_along(tree: SwcTree, points: list[int]) -> Array:
    """Return path length and diameter along a chain of points, in um, (point, 2)."""
    xyz = _xyz(tree, points)
    path = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(xyz, axis=0), axis=1))])
    return np.column_stack([path, [2.0 * tree.points[index].radius_um for index in points]])


def _xyz(tree: SwcTree, points: list[int]) -> Array:
    return np.array([tree.points[index].xyz_um for index in points])


def _chain(tree: SwcTree, soma: list[int]) -> list[int] | None:
    """Return the soma points from one end of their chain to the other, the root maybe between; None if it forks."""
    following = {index: [child for child in tree.children[index] if tree.points[child].is_soma] for index in soma}
    if len(following[0]) > 2 or any(len(found) > 1 for index, found in following.items() if index > 0):
        return None
    arms: list[list[int]] = []
    for index in following[0]:
        arm = [index]
        while following[arm[-1]]:
            arm += following[arm[-1]]
        arms.append(arm)
    return [*reversed(arms[0]), 0, *arms[1]] if len(arms) > 1 else [0, *arms[0]]
