"""The executors of the core, by name; they need no plugin."""

from __future__ import annotations

from aura.core.errors import AuraError, nearest
from aura.core.executor import Executor, ExecutorKind, SerialExecutor, ThreadExecutor

__all__ = ["EXECUTORS", "make_executor"]

EXECUTORS = {kind.name: kind for kind in (
    ExecutorKind("serial", "One zone after the other.", SerialExecutor),
    ExecutorKind("threads", "The zones of one tick at once, on threads of this process.", ThreadExecutor),
    ExecutorKind("processes", "Each zone in a process of its own.", "aura.core.processes:ProcessExecutor"))}


def make_executor(executor: str | Executor) -> Executor:
    """Return the executor of that name, or the one that is given.

    Raises
    ------
    AuraError
        If there is none of that name.
    """
    if isinstance(executor, str) and executor in EXECUTORS:
        return EXECUTORS[executor].make()
    if isinstance(executor, type) or not isinstance(executor, Executor):
        raise AuraError("executor", expected=f"an Executor, or one of {', '.join(EXECUTORS)}", got=repr(executor),
                        hint=nearest(executor, EXECUTORS) if isinstance(executor, str) else "")
    return executor
