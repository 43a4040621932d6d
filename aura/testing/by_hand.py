"""Inputs made by hand, for a zone that a test steps without a brain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aura.core.modulators import checked
from aura.core.ports import MODULATORS
from aura.core.signals import Inputs, inbox_class
from aura.core.time import Time
from aura.core.zone import Manifest, ZoneParams

__all__ = ["inputs_for"]


def inputs_for(manifest: Manifest, params: ZoneParams, values: Mapping[str, Any], *,
               ids: Mapping[str, Any] | None = None, modulators: Mapping[str, float] | None = None,
               now: Time = 0) -> Inputs:
    """Return what a zone of this manifest reads at one tick, as the event loop would hand it over.

    Parameters
    ----------
    manifest : Manifest
    params : ZoneParams
        The zone's parameters, on which its ports may depend.
    values : mapping of str to value
        What has come, by input.
    ids : mapping of str to ndarray, optional
        The items' ids, by input.
    modulators : mapping of str to float, optional
        Those that have come; the others are at their defaults. They are rounded to float32, as on the bus.
    now : int
        The instant, for errors.

    Raises
    ------
    SignalError
        If a modulator is out of its range.
    """
    ports, known = manifest.ports(params)[0], manifest.modulators_of(params)
    inputs = inbox_class({MODULATORS.name, *(port.name for port in ports)}, known)(values)
    if modulators:
        values = {name: float(np.float32(value)) for name, value in modulators.items()}
        dict.__setitem__(inputs, MODULATORS.name, values)
        inputs._modulators = checked(manifest.name, now, known, values)
    if ids:
        inputs._ids = dict(ids)
    return inputs
