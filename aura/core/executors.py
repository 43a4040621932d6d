"""The executors that are built in, by name."""

from __future__ import annotations

from collections.abc import Callable

from aura.core.errors import AuraError, nearest
from aura.core.executor import Executor, SerialExecutor, ThreadExecutor

__all__ = ["EXECUTORS", "make_executor"]


def _processes() -> Executor:
    from aura.core.processes import ProcessExecutor  # which loads what only it needs

    return ProcessExecutor()


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "serial": SerialExecutor, "threads": ThreadExecutor, "processes": _processes}


def make_executor(executor: str | Executor) -> Executor:
    """Return the executor of that name, or the one that is given.

    Raises
    ------
    AuraError
        If there is none of that name.
    """
    if isinstance(executor, str) and executor in EXECUTORS:
        return EXECUTORS[executor]()
    if isinstance(executor, type) or not isinstance(executor, Executor):
        raise AuraError("executor", expected=f"an Executor, or one of {', '.join(EXECUTORS)}", got=repr(executor),
                        hint=nearest(executor, EXECUTORS) if isinstance(executor, str) else "")
    return executor
