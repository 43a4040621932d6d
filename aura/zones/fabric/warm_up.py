"""Compiles ahead what the fabric's first ticks would wait for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.signals import inbox_class

if TYPE_CHECKING:
    from aura.core.zone import ZoneContext
    from aura.zones.fabric.params import FabricParams
    from aura.zones.fabric.zone import Fabric

__all__ = ["rehearse"]

GRID = (4, 4, 4)
"""Cells of one block: kernels are made for whole blocks, however many there are."""

SPAN_NS = 150_000_000
"""A time in which what happens now and then has happened once, as homeostasis after 100 ms (tuned here)."""

CURRENT_NA = 5.0
"""Makes every cell spike (tuned here)."""


def rehearse(kind: type[Fabric], context: ZoneContext[FabricParams]) -> None:
    """Let a small fabric like one of this context live for some ticks, so that all kernels are compiled or loaded."""
    params: Any = context.params
    if math.prod(params.spatial_dims) > math.prod(GRID):
        params = params.model_copy(update={"spatial_dims": GRID})
    twin = kind(replace(context, params=params, rng=np.random.default_rng(0)))
    if params.tissue is not None:
        twin.circuit.population.injected[:] = CURRENT_NA
    # As many frames in a tick as the readout waits for.
    items = 1 if params.prediction is None else params.prediction.block
    frames_of = inbox_class({"goal", "teacher", "modulators"}, kind.manifest.modulators_of(params))
    for now in range(0, SPAN_NS, context.period or context.resolution):
        inputs = frames_of({"frame": twin.rng.random((items, *(2 for _ in params.frame)), np.float32)})
        twin.step(now, inputs)
        twin.learn(now, inputs)
    twin.close()
