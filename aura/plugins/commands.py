"""What a command of a plugin is: `aura NAME`, beside AURA's own commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aura.core.contract import Contribution, imported
from aura.core.errors import PluginError

__all__ = ["Command"]


@dataclass(frozen=True, slots=True)
class Command(Contribution):
    """A command that a plugin brings to the command line.

    Parameters
    ----------
    name : str
        What is typed after ``aura``; AURA's own commands come first.
    summary : str
        One sentence.
    factory : str or callable
        A function whose arguments are annotated as typer has them, or ``"package.module:function"``, imported only when
        the command is called.
    """

    name: str
    summary: str
    factory: str | Callable[..., None]

    def function(self) -> Callable[..., None]:
        """Import and return the function; PluginError if it cannot be."""
        where = f"command {self.name!r}.factory"
        found: Any = imported(self.factory, where) if isinstance(self.factory, str) else self.factory
        if not callable(found):
            raise PluginError(where, expected="a function", got=repr(found))
        function: Callable[..., None] = found
        return function
