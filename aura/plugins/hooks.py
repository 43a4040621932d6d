"""The hooks of all plugins, on pluggy: whole plugins are registered, and a mistake costs the one hook that it is in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, NamedTuple

import pluggy

from aura.core.errors import nearest
from aura.plugins import specs
from aura.plugins.extension import PREFIX, ExtensionPoint
from aura.plugins.trace import Trace

__all__ = ["Caller", "Hooks", "Raised"]

_MARK = "aura_impl"
"""The attribute in which `hookimpl` leaves its options."""
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Caller(NamedTuple):
    """Calls a hook of one plugin alone, through pluggy, and says whose it is."""

    plugin: str
    call: pluggy.HookCaller


class Raised(NamedTuple):
    """What a hook that observes has raised."""

    plugin: str
    hook: str
    error: BaseException


class _Plugin:
    """A plugin as pluggy is handed it: all its hooks that can be called."""

    def __init__(self, hooks: dict[str, Callable[..., Any]]) -> None:
        vars(self).update(hooks)


class Hooks:
    """What pluggy knows of all plugins, and what is wrong with those of their hooks that cannot be called.

    Plugins are registered from the last to the first, as pluggy calls the one first that came last. So they are called
    in the order in which they load; ``hookimpl(tryfirst=True)`` moves one to the front, ``trylast`` to the end.

    Parameters
    ----------
    points : iterable of ExtensionPoint
        Those that are known before any plugin is registered.
    trace : Trace, optional
        Is told of each call.
    """

    def __init__(self, points: Iterable[ExtensionPoint], trace: Trace | None = None) -> None:
        self.pluggy = pluggy.PluginManager("aura")
        self.pluggy.add_hookspecs(specs)
        self.raised: list[Raised] = []
        """What hooks that observe have raised since this was last emptied; they are called no more."""
        self._arguments = {name: tuple(inspect.signature(getattr(specs, name)).parameters) for name in specs.__all__}
        self._calls: dict[str, tuple[pluggy.HookCaller, ...]] = {}
        self._off: set[tuple[str, str]] = set()
        self._trace = trace
        if trace is not None:
            self.pluggy.add_hookcall_monitoring(trace.before, self._traced)
        for point in points:
            self.specify(point)

    @property
    def known(self) -> list[str]:
        """The names of all hooks that are specified, sorted."""
        return sorted(self._arguments)

    def specify(self, point: ExtensionPoint) -> None:
        """Make the hook of an extension point known, also to plugins that are registered already."""
        self._arguments[point.hook] = ()
        with suppress(pluggy.PluginValidationError):  # of a hook that `problems` tells of, and that is never called
            self.pluggy.add_hookspecs(point.spec())

    def take(self, plugin: object, name: str) -> list[str]:
        """Register a plugin and return what is wrong with hooks of it that are left out."""
        hooks: dict[str, Callable[..., Any]] = {}
        problems = []
        for attribute in dir(plugin):
            function = getattr(plugin, attribute, None)
            options = getattr(function, _MARK, None)
            hook = (options.get("specname") if isinstance(options, dict) else None) or attribute
            if not callable(function) or isinstance(function, type) or not (options or attribute.startswith(PREFIX)):
                continue
            if (problem := self._mistake(hook, function, options, hooks)) is None:
                hooks[hook] = self._guarded(name, hook, function) if hook in specs.OBSERVING else function
            else:
                problems.append(problem)
        self.pluggy.register(_Plugin(hooks), name)
        return problems

    def problems(self) -> Iterator[tuple[str, str]]:
        """Return the plugins that have a hook which is none, or whose arguments are wrong, each with what is wrong."""
        for hook, caller in vars(self.pluggy.hook).items():
            for impl in caller.get_hookimpls():
                problem = self._misfit(hook, impl.function) if hook in self._arguments else self._unknown(hook)
                if problem:
                    yield impl.plugin_name, problem

    def callers(self, hook: str) -> list[Caller]:
        """Return those who implement a hook, in calling order."""
        impls = [impl for impl in reversed(getattr(self.pluggy.hook, hook).get_hookimpls())
                 if not self._misfit(hook, impl.function)]
        return [Caller(impl.plugin_name, self.pluggy.subset_hook_caller(
            hook, [other for other in self.pluggy.get_plugins() if other is not impl.plugin])) for impl in impls]

    def calls(self, hook: str) -> tuple[pluggy.HookCaller, ...]:
        """Return what calls a hook that observes of all plugins, at once or, to be traced, one after the other.

        What they raise is kept in `raised`.
        """
        if hook not in self._calls:  # made once, for some are called at every tick
            off = [self.pluggy.get_plugin(plugin) for plugin, one in self._off if one == hook]
            self._calls[hook] = (self.pluggy.subset_hook_caller(hook, off),) if self._trace is None else \
                tuple(caller.call for caller in self.callers(hook) if (caller.plugin, hook) not in self._off)
        return self._calls[hook]

    def _traced(self, outcome: pluggy.Result[Any], hook: str, impls: Sequence[pluggy.HookImpl],
                arguments: Mapping[str, Any]) -> None:
        """Let a call be printed, with what it raised, also where that was kept."""
        names = [impl.plugin_name for impl in impls]
        kept = [one.error for one in self.raised if one.hook == hook and one.plugin in names]
        if self._trace is not None:
            self._trace.after(", ".join(names), hook, outcome.exception or (kept[-1] if kept else None))

    def _guarded(self, plugin: str, hook: str, function: Callable[..., Any]) -> Callable[..., None]:
        """Return a hook that raises nothing: what it would is kept, and it is called no more."""
        @wraps(function)
        def guarded(*arguments: Any, **named: Any) -> None:
            try:
                function(*arguments, **named)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.raised.append(Raised(plugin, hook, error))
                self._off.add((plugin, hook))
                self._calls.pop(hook, None)

        return guarded

    def _mistake(self, hook: str, function: Any, options: Any, others: Iterable[str]) -> str | None:
        if not options:
            return (f"{hook}: expected a function marked with @hookimpl, got an unmarked one, which is never called"
                    if hook in self._arguments else self._unknown(hook))
        if options.get("wrapper") or options.get("hookwrapper"):
            return f"{hook}: expected a plain hook, got a wrapper. Hooks register and observe; they wrap nothing"
        if hook in others:
            return f"{hook}: expected one implementation in a plugin, got a second"
        return self._misfit(hook, function) if hook in self._arguments else None  # else it may be declared later

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
