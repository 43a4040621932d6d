"""AURA: a plugin-based brain-simulation runtime that learns while it runs."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aura.affect.engine import EmotionEngine
    from aura.core.blueprint import Blueprint
    from aura.core.brain import Brain
    from aura.core.classes import ClassIndex
    from aura.core.errors import AuraError
    from aura.core.lasting import Stateful
    from aura.core.modulators import Modulator
    from aura.core.observer import BrainView, Observer
    from aura.core.paths import InputPath, PlacePath
    from aura.core.pending import PendingItems
    from aura.core.ports import Port
    from aura.core.signals import Inputs, Items, Signal
    from aura.core.zone import Manifest, Zone, ZoneContext, ZoneParams
    from aura.plugins import hookimpl
    from aura.sim.notebook import load_brain, zone
    from aura.sim.streams import stream

__version__ = "0.1.0"

# Loaded on first use, so that `aura --help` pays for none of it.
_HOME = {
    "AuraError": "aura.core.errors", "Blueprint": "aura.core.blueprint", "Brain": "aura.core.brain",
    "BrainView": "aura.core.observer", "ClassIndex": "aura.core.classes",
    "EmotionEngine": "aura.affect.engine",
    "InputPath": "aura.core.paths", "Inputs": "aura.core.signals", "PendingItems": "aura.core.pending",
    "PlacePath": "aura.core.paths",
    "Items": "aura.core.signals", "Manifest": "aura.core.zone",
    "Modulator": "aura.core.modulators", "Observer": "aura.core.observer",
    "Port": "aura.core.ports", "Signal": "aura.core.signals", "Stateful": "aura.core.lasting", "Zone": "aura.core.zone",
    "ZoneContext": "aura.core.zone", "ZoneParams": "aura.core.zone", "hookimpl": "aura.plugins",
    "load_brain": "aura.sim.notebook", "stream": "aura.sim.streams", "zone": "aura.sim.notebook",
}

__all__ = ["AuraError", "Blueprint", "Brain", "BrainView", "ClassIndex", "EmotionEngine", "InputPath", "Inputs",
           "Items", "Manifest", "Modulator", "Observer", "PendingItems", "PlacePath", "Port", "Signal", "Stateful",
           "Zone", "ZoneContext", "ZoneParams", "hookimpl", "load_brain", "stream", "zone"]


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'aura' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    return getattr(importlib.import_module(_HOME[name]), name)
