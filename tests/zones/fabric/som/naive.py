"""The obvious slow twins of the map's kernels, in float64 and one unit at a time."""

from __future__ import annotations

import math

import numpy as np


def distances(rows: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return the distance of each row from each unit."""
    return np.array([[math.dist(row, unit) for unit in units.astype(float)] for row in rows.astype(float)])


def grid_shares(share: dict[int, float], shape: tuple[int, int, int]) -> np.ndarray:
    """Return the share of each unit in what each unit wins, given the share by distance along one axis."""
    places = [np.array(np.unravel_index(unit, shape)) for unit in range(math.prod(shape))]
    return np.array([[math.prod(share[int(step)] for step in abs(one - other)) for other in places] for one in places])


def kohonen(units: np.ndarray, rows: np.ndarray, winners: np.ndarray, shares: np.ndarray, rate: float) -> np.ndarray:
    """Return the units after one step towards each row in turn."""
    units = units.astype(float)
    for row, winner in zip(rows.astype(float), winners, strict=True):
        for unit in range(len(units)):
            units[unit] += rate * shares[unit, winner] * (row - units[unit])
    return units


def batch(rows: np.ndarray, winners: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of all rows for each unit, by their winners' shares."""
    out = np.zeros((len(shares), rows.shape[1]))
    for unit in range(len(shares)):
        part = shares[unit, winners] * weights
        out[unit] = (part[:, None] * rows).sum(0) / part.sum()
    return out
