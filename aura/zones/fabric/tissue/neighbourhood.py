"""The neighbourhood of a cell in a grid: who can be reached, how far it is, and how long a spike takes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.fabric.tissue.params import ConnectivityParams
from aura.zones.fabric.tissue.synapses import LARGEST_DELAY

__all__ = ["delay_slots", "neighbourhood"]

Floats = NDArray[np.float64]


def neighbourhood(spatial_dims: tuple[int, int, int], params: ConnectivityParams) -> tuple[NDArray[np.int64], Floats]:
    """Return the steps (n, 3) to the neighbours of a cell, and how far (n,) in um each of them is.

    Raises
    ------
    ParameterError
        If no cell lies within the radius.

    Notes
    -----
    With periodic borders a cell is reached by its shortest way round, and by no other, so that no pair is met twice.
    """
    ranges = []
    for size, spacing in zip(spatial_dims, params.spacing_um, strict=True):
        reach = min(int(params.radius_um / spacing), size - 1)
        periodic = params.borders == "periodic"
        least, most = (max(-reach, -((size - 1) // 2)), min(reach, size // 2)) if periodic else (-reach, reach)
        ranges.append(np.arange(least, most + 1))
    steps = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    distances = np.sqrt(((steps * params.spacing_um) ** 2).sum(axis=1))
    near = (distances <= params.radius_um) & (distances > 0)
    if not near.any():
        raise ParameterError("fabric.connectivity.radius_um", expected="a radius that reaches another cell",
                             got=f"{params.radius_um} um between cells {params.spacing_um} um apart",
                             hint="Take a larger radius or a closer spacing.")
    return steps[near], distances[near]


def delay_slots(distances_um: Floats, params: ConnectivityParams, slot_ms: float) -> NDArray[np.int64]:
    """Return the delays in whole slots, at least 1: distance / velocity + synaptic delay, rounded.

    Raises
    ------
    ParameterError
        If the slot is no positive time, or a delay takes more slots than can be counted.
    """
    if not 0 < slot_ms < math.inf:
        raise ParameterError("fabric.slot_ms", expected="a time above 0 ms", got=repr(slot_ms))
    slots = np.rint((distances_um / params.velocity_um_per_ms + params.synaptic_delay_ms) / slot_ms)
    if slots.max(initial=0) > LARGEST_DELAY:
        raise ParameterError("fabric.connectivity.velocity_um_per_ms", got=f"one of {slots.max():.0f} slots",
                             expected=f"delays of at most {LARGEST_DELAY} slots",
                             hint="Take a faster conduction or a longer slot.")
    return np.maximum(slots, 1).astype(np.int64)
