"""Plugins: hook specifications, the manager, and the observers."""

from __future__ import annotations

from pluggy import HookimplMarker

__all__ = ["hookimpl"]

hookimpl = HookimplMarker("aura")
"""Marks a function as the implementation of a hook."""
