"""Registers the executors of the core, as any plugin registers its own."""

from __future__ import annotations

from aura.core.executor import ExecutorKind
from aura.core.executors import EXECUTORS
from aura.plugins import hookimpl


@hookimpl
def aura_executors() -> list[ExecutorKind]:
    """Return `serial`, `threads` and `processes`."""
    return list(EXECUTORS.values())
