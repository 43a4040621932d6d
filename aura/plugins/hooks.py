"""Takes the hooks of one plugin, and says of each that cannot be taken what is wrong with it."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pluggy

from aura.core.errors import nearest
from aura.plugins import specs

__all__ = ["HookTable"]

PREFIX = "aura_"
_MARK = "aura_impl"
"""The attribute in which `hookimpl` leaves its options."""


class HookTable:
    """The hooks of all plugins, in the order in which they are called.

    That is the order in which plugins load; ``hookimpl(tryfirst=True)`` moves one to the front, ``trylast`` to the end.
    """

    def __init__(self) -> None:
        self._pluggy = pluggy.PluginManager("aura")
        self._pluggy.add_hookspecs(specs)
        self._calls: dict[str, list[pluggy.HookImpl]] = {name: [] for name in specs.__all__}

    def take(self, plugin: object, name: str) -> tuple[list[str], list[str]]:
        """Register the hooks of `plugin` and return those that were taken, and the problems of the others."""
        taken, problems = [], []
        for attribute in dir(plugin):
            function = getattr(plugin, attribute, None)
            mark = getattr(function, _MARK, None)
            hook = (mark.get("specname") if isinstance(mark, dict) else None) or attribute
            if not callable(function) or isinstance(function, type) or not (mark or attribute.startswith(PREFIX)):
                continue
            problem = self._problem(hook, mark) or self._register(name, hook, function)
            if problem:
                problems.append(problem)
            else:
                taken.append(hook)
        if not (taken or problems):
            problems.append(f"expected at least one hook, got none. Known: {', '.join(sorted(specs.__all__))}")
        return taken, problems

    def of(self, hook: str) -> list[pluggy.HookImpl]:
        """Return the implementations of a hook, in calling order."""
        return self._calls[hook]

    def _problem(self, hook: str, mark: dict[str, Any] | None) -> str | None:
        if hook not in self._calls:
            return f"{hook}: expected the name of a hook, got one that is none. {nearest(hook, self._calls)}"
        if not mark:
            return f"{hook}: expected a function marked with @hookimpl, got an unmarked one, which is never called"
        if mark.get("wrapper") or mark.get("hookwrapper"):
            return f"{hook}: expected a plain hook, got a wrapper. Hooks register and observe; they wrap nothing"
        return None

    def _register(self, name: str, hook: str, function: Any) -> str | None:
        """Hand one hook to pluggy, alone, so that a mistake in it costs the plugin no other hook."""
        wanted = list(inspect.signature(getattr(specs, hook)).parameters)
        holder = ModuleType(f"{name}.{hook}")
        setattr(holder, hook, function)
        try:
            self._pluggy.register(holder, f"{name}.{hook}")
        except pluggy.PluginValidationError:
            return (f"{hook}: expected arguments among ({', '.join(wanted)}), "
                    f"got {hook}{inspect.signature(function)}")
        except ValueError:
            return f"{hook}: expected one implementation in a plugin, got a second"
        calls = self._calls[hook]
        calls.append(next(impl for impl in getattr(self._pluggy.hook, hook).get_hookimpls() if impl.plugin is holder))
        calls.sort(key=lambda impl: impl.trylast - impl.tryfirst)
        return None
