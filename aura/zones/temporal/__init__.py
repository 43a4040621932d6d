"""The temporal lobe: who speaks, what for, and how a conversation will end, turn by turn."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aura.zones.temporal.profile import ProfileClassifier
    from aura.zones.temporal.sequence import SequenceClassifier

# Loaded on first use: the zone's manifest is read without torch.
_HOME = {"ProfileClassifier": "aura.zones.temporal.profile", "SequenceClassifier": "aura.zones.temporal.sequence"}

__all__ = ["ProfileClassifier", "SequenceClassifier"]


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    return getattr(importlib.import_module(_HOME[name]), name)
