"""Extension points: what plugins may bring, one declaration each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pluggy import HookspecMarker

from aura.core.contract import Contribution
from aura.core.errors import PluginError

__all__ = ["PREFIX", "ExtensionPoint", "Item", "hookspec"]

PREFIX = "aura_"
"""What the names of hooks begin with."""
hookspec = HookspecMarker("aura")


class Item(Protocol):
    """What all items that plugins bring have in common; see `aura.core.contract.Contribution`."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def aura_api(self) -> int: ...
    @property
    def deprecated(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ExtensionPoint(Contribution):
    """One thing that plugins may bring. A plugin declares one for its own zone by the hook `aura_extension_points`.

    Parameters
    ----------
    name : str
        What one item is called, such as ``"zone"``.
    hook : str
        The hook that brings them, such as ``"aura_zones"``; it takes no arguments and returns a list of items.
    contract : type of Contribution
        What an item must be: a class derived from `Contribution` whose instances have a `name` and a `summary`.
    summary : str
        One sentence: what such an item is for.

    Examples
    --------
    >>> from aura.core.executor import ExecutorKind
    >>> ExtensionPoint("executor", "aura_executors", ExecutorKind, "Computes the zones of a tick.").hook
    'aura_executors'
    """

    name: str
    hook: str
    contract: type[Contribution]
    summary: str

    def __post_init__(self) -> None:
        where = f"extension point {self.name!r}"
        if not (isinstance(self.hook, str) and self.hook.isidentifier() and self.hook.startswith(PREFIX)):
            raise PluginError(f"{where}.hook", expected=f"a name that begins with {PREFIX!r}", got=repr(self.hook))
        if not (isinstance(self.contract, type) and issubclass(self.contract, Contribution)):
            raise PluginError(f"{where}.contract", expected="a class derived from aura.core.contract.Contribution",
                              got=repr(self.contract))

    def spec(self) -> type:
        """Return the specification of the hook, as ``pluggy.PluginManager.add_hookspecs`` takes it."""
        def hook() -> Sequence[Item]:
            return ()

        hook.__name__ = hook.__qualname__ = self.hook
        hook.__doc__ = (f"Return a list of {self.contract.__name__}; called once, when plugins are loaded. "
                        f"{self.summary}")
        return type("Specification", (), {self.hook: hookspec(hook)})
