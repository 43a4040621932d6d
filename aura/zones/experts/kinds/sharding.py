"""Spreads the rows of one call over several devices; the parameters stand on each of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from aura.core.errors import ParameterError

__all__ = ["ITEM", "by_rows", "item_mesh", "replicated"]

_spec: Any = PartitionSpec  # jax annotates it in part only

ITEM = "item"
"""The mesh's one axis."""


@lru_cache(maxsize=8)
def item_mesh(devices: int) -> Mesh:
    """Return a mesh of the first `devices` devices along one axis, named ``item``.

    Raises
    ------
    ParameterError
        If there are fewer devices.
    """
    found = jax.devices()
    if devices > len(found):
        raise ParameterError(
            "devices", expected=f"at most {len(found)}, as jax finds that many ({found[0].platform})", got=str(devices),
            hint=f"XLA_FLAGS=--xla_force_host_platform_device_count={devices} makes that many of one CPU.")
    return Mesh(np.array(found[:devices]), (ITEM,))


def by_rows(devices: int) -> NamedSharding:
    """Return the placement of an array whose first axis is shared out among the devices."""
    return NamedSharding(item_mesh(devices), _spec(ITEM))


def replicated(devices: int) -> NamedSharding:
    """Return the placement of an array that stands on every device."""
    return NamedSharding(item_mesh(devices), _spec())
