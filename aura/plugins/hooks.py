"""The hooks of all plugins, on pluggy: whole plugins are registered, and a mistake costs the one hook that it is in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pluggy

from aura.core.errors import nearest
from aura.plugins import specs
from aura.plugins.extension import PREFIX, ExtensionPoint

__all__ = ["Caller", "Hooks"]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Caller(NamedTuple):
    """Calls a hook of one plugin alone, through pluggy: it says who it is, and what it raises stops no other."""

    plugin: str
    call: pluggy.HookCaller


class Hooks(pluggy.PluginManager):
    """What pluggy knows of all plugins, and what is wrong with those of their hooks that cannot be called.

    Plugins are registered from the last to the first, as pluggy calls the one first that came last. So they are called
    in the order in which they load; ``hookimpl(tryfirst=True)`` moves one to the front, ``trylast`` to the end.

    Parameters
    ----------
    points : iterable of ExtensionPoint
        Those that are known before any plugin is registered.
    """

    def __init__(self, points: Iterable[ExtensionPoint]) -> None:
        super().__init__("aura")
        self.add_hookspecs(specs)
        self._arguments = {name: tuple(inspect.signature(getattr(specs, name)).parameters) for name in specs.__all__}
        self._callers: dict[str, list[Caller]] = {}
        self._seen: set[str] = set()
        self._problems: list[str] = []
        for point in points:
            self.specify(point)

    def specify(self, point: ExtensionPoint) -> None:
        """Make the hook of an extension point known, also to plugins that are registered already."""
        self._arguments[point.hook] = ()
        with suppress(pluggy.PluginValidationError):  # of a hook that `problems` tells of, and that is never called
            self.add_hookspecs(point.spec())

    def knows(self, hook: str) -> bool:
        """Return whether a hook is specified."""
        return hook in self._arguments

    @property
    def known(self) -> list[str]:
        """The names of all hooks that are specified, sorted."""
        return sorted(self._arguments)

    def take(self, plugin: object, name: str) -> list[str]:
        """Register a plugin and return what is wrong with hooks of it that are left out."""
        hash(plugin)  # pluggy asks for it later, where an error would have no name
        self._seen, self._problems = set(), []
        self.register(plugin, name)
        return self._problems

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """Return how an attribute of a plugin is marked, None for what is no hook or cannot be called as one."""
        options: Any = super().parse_hookimpl_opts(plugin, name)
        if options is None and not name.startswith(PREFIX):
            return None
        function: Any = getattr(plugin, name, None)
        if options is None and (not callable(function) or isinstance(function, type)):
            return None
        hook = (options or {}).get("specname") or name
        if options is None and self.knows(hook):
            problem: str | None = f"{hook}: expected a function marked with @hookimpl, got one that is not, and is " \
                                  f"never called"
        elif options is None:
            problem = self._unknown(hook)
        elif options.get("wrapper") or options.get("hookwrapper"):
            problem = f"{hook}: expected a plain hook, got a wrapper. Hooks register and observe; they wrap nothing"
        elif hook in self._seen:
            problem = f"{hook}: expected one implementation in a plugin, got a second"
        else:
            problem = self._misfit(hook, function) if self.knows(hook) else None  # else it may be declared later
        self._seen.add(hook)
        if problem is None:
            return options
        self._problems.append(problem)
        return None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Return the plugins that have a hook which is none, or whose arguments are wrong, each with what is wrong."""
        for hook, caller in vars(self.hook).items():
            for impl in caller.get_hookimpls():
                problem = self._misfit(hook, impl.function) if self.knows(hook) else self._unknown(hook)
                if problem:
                    yield impl.plugin_name, problem

    def hooks_of(self, plugin: str) -> tuple[str, ...]:
        """Return the names of the hooks of a plugin that are called, sorted."""
        return tuple(hook for hook in self.known if any(plugin == name for name, _ in self.callers(hook)))

    def callers(self, hook: str) -> list[Caller]:
        """Return those who implement a hook, in calling order; to be asked for when all plugins are registered.

        Whoever is taken from the list is called no more.
        """
        if hook not in self._callers:
            impls = [impl for impl in reversed(getattr(self.hook, hook).get_hookimpls())
                     if not self._misfit(hook, impl.function)]
            self._callers[hook] = [
                Caller(impl.plugin_name, self.subset_hook_caller(hook, self.get_plugins() - {impl.plugin}))
                for impl in impls]
        return self._callers[hook]

    def _unknown(self, hook: str) -> str:
        return f"{hook}: expected the name of a hook, got one that is none. {nearest(hook, self._arguments)}"

    def _misfit(self, hook: str, function: Callable[..., Any]) -> str | None:
        signature = inspect.signature(function)
        needed = {name for name, one in signature.parameters.items()
                  if one.kind in _POSITIONAL and one.default is one.empty}
        wanted = self._arguments[hook]
        if needed <= set(wanted):
            return None
        return f"{hook}: expected arguments among ({', '.join(wanted)}), got {hook}{signature}"
