"""The plugin manager: loads every plugin in isolation, keeps what they bring, and calls their hooks."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from aura.core.blame import blamed, message_of
from aura.core.errors import PluginError, nearest
from aura.plugins.discovery import Found, find_plugins, normalised
from aura.plugins.hooks import Hooks, Raised
from aura.plugins.info import PluginInfo
from aura.plugins.points import POINTS
from aura.plugins.registry import Registry
from aura.plugins.trace import Trace

if TYPE_CHECKING:
    from aura.core.executor import ExecutorKind
    from aura.core.observer import Observer
    from aura.core.zone import Manifest
    from aura.plugins.context import RunContext
    from aura.plugins.extension import ExtensionPoint
    from aura.plugins.metrics.kind import MetricKind
    from aura.plugins.streams import ReaderKind

__all__ = ["PluginManager"]

_log = logging.getLogger("aura.plugins")


class PluginManager:
    """The plugins of one program or run.

    Parameters
    ----------
    blocked : collection of str
        Plugins that are not even imported, by their name or their distribution's.
    files : iterable of Path
        Python files that are plugins too.
    trace : bool or TextIO
        Print every hook call: to standard error, or to the file that is given.

    Raises
    ------
    PluginError
        If `blocked` names no plugin. A plugin that is broken raises nothing: see `infos`.

    Examples
    --------
    >>> manager = PluginManager(blocked=["aura-brain"])
    >>> [info.name for info in manager.infos() if info.distribution == "aura-brain" and not info.blocked]
    []
    """

    def __init__(self, blocked: Collection[str] = (), files: Iterable[str | Path] = (), *,
                 trace: bool | TextIO = False) -> None:
        self._trace = Trace(None if trace is True else trace) if trace else None
        self._infos: dict[str, PluginInfo] = {}
        self._hooks = Hooks(POINTS, self._trace)
        found = find_plugins(files)
        _refuse_unknown(blocked, found)
        self._register({plugin.name: self._load(plugin) for plugin in found if not self._is_blocked(plugin, blocked)})
        self._registries: dict[str, Registry] = {}
        self._declare()
        for registry in [*self._registries.values()][1:]:  # the first are the extension points
            self._fill(registry)
        self._hand_out_parts()
        self._list_hooks()

    # --- what plugins bring ---------------------------------------------------------------------------------------

    def get(self, point: str, name: str) -> Any:
        """Return what an extension point, such as ``"zone"``, has under a name; it is logged that one goes.

        Raises
        ------
        PluginError
            If no plugin brings it, or there is no such point; says what was probably meant.
        """
        return self.registry(point).get(name, self.infos())

    def all(self, point: str) -> Mapping[str, Any]:
        """Return all that an extension point has by name, in the order of their plugins."""
        return MappingProxyType(self.registry(point).items)

    def owner(self, point: str, name: str) -> str:
        """Return the plugin that brings the ``"zone"``, ``"stream"``, ... of that name."""
        return self.registry(point).owners[name]

    def points(self) -> Mapping[str, ExtensionPoint]:
        """Return the extension points by name: AURA's own, and those that plugins declare."""
        return {name: registry.point for name, registry in self._registries.items()}

    def registry(self, point: str) -> Registry:
        """Return what plugins bring to an extension point."""
        if point not in self._registries:
            raise PluginError(f"extension point {point!r}", expected=f"one of {', '.join(self._registries)}",
                              got=repr(point), hint=nearest(point, self._registries))
        return self._registries[point]

    def zone(self, name: str) -> Manifest:
        """Return the manifest of a zone, or raise a `PluginError` that says what was probably meant."""
        manifest: Manifest = self.get("zone", name)
        return manifest

    def stream(self, name: str) -> ReaderKind:
        """Return a kind of stream, or raise a `PluginError` that says what was probably meant."""
        kind: ReaderKind = self.get("stream", name)
        return kind

    def metric(self, name: str) -> MetricKind:
        """Return a kind of metric, or raise a `PluginError` that says what was probably meant."""
        kind: MetricKind = self.get("metric", name)
        return kind

    def executor(self, name: str) -> ExecutorKind:
        """Return an executor, or raise a `PluginError` that says what was probably meant."""
        kind: ExecutorKind = self.get("executor", name)
        return kind

    def zones(self) -> Mapping[str, Manifest]:
        """Return all zones by name, in the order of their plugins."""
        return self.all("zone")

    def infos(self) -> list[PluginInfo]:
        """Return what is known of every plugin, blocked and broken ones too, in loading order."""
        return list(self._infos.values())

    # --- hooks that observe ---------------------------------------------------------------------------------------

    def implements(self, hook: str) -> bool:
        """Return whether any plugin has the hook."""
        return bool(self._hooks.callers(hook))

    def call(self, hook: str, **arguments: Any) -> None:
        """Call an observing hook of every plugin that has it.

        One that raises is logged, and that plugin's hook is called no more; the others, and the run, go on.
        """
        for call in self._hooks.calls(hook):
            call(**arguments)
        if self._hooks.raised:
            self._tell_raised(arguments.get("run"))

    def observers(self, run: RunContext) -> list[Observer]:
        """Return the observers that plugins bring to a run; a plugin that fails to brings none."""
        from aura.core.observer import Observer

        brought: list[Observer] = []
        for plugin, call in self._hooks.callers("aura_observers"):
            try:
                given = [one for returned in call(run=run) for one in returned]
                for one in given:
                    if not isinstance(one, Observer):
                        raise PluginError("aura_observers", expected="a list of aura.Observer", got=repr(one))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._hooks.raised.append(Raised(plugin, "aura_observers", error))
                self._tell_raised(run)
            else:
                brought += given
        return brought

    # --- within ---------------------------------------------------------------------------------------------------

    def _is_blocked(self, plugin: Found, blocked: Collection[str]) -> bool:
        """Begin what is known of a plugin, and return whether it is not to be loaded."""
        keys = {normalised(name) for name in blocked}
        is_blocked = plugin.name in blocked or bool(plugin.distribution and normalised(plugin.distribution) in keys)
        self._infos[plugin.name] = PluginInfo(plugin.name, plugin.distribution, plugin.version, plugin.origin,
                                              blocked=is_blocked)
        if is_blocked:
            self._hooks.pluggy.set_blocked(plugin.name)
        return is_blocked

    def _load(self, plugin: Found) -> object | None:
        """Return a plugin's module or object, None where it cannot be loaded."""
        try:
            with nullcontext() if self._trace is None else self._trace.around(plugin.name, "load"):
                loaded = plugin.load()
            if isinstance(loaded, type):
                raise PluginError(plugin.origin, expected="a module or an object with hooks", got="a class",
                                  hint="Name the module, or an instance.")
            return loaded
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin that calls sys.exit() may not end the program either
            self._note(plugin.name, _line(error))
            return None

    def _register(self, loaded: Mapping[str, object | None]) -> None:
        first: dict[int, str] = {}
        for name, plugin in loaded.items():
            if plugin is not None and first.setdefault(id(plugin), name) != name:
                self._note(name, f"expected a plugin of its own, got what plugin {first[id(plugin)]!r} is already")
        for name, plugin in reversed([*loaded.items()]):
            if plugin is not None and first[id(plugin)] == name:
                try:
                    self._note(name, *self._hooks.take(plugin, name))
                except KeyboardInterrupt:
                    raise
                except BaseException as error:
                    self._note(name, _line(error))

    def _declare(self) -> None:
        """Open a registry for each extension point, those that plugins declare too; after that all hooks are known."""
        own = {point.name: Registry(point) for point in POINTS}
        self._registries = own
        points = self.registry("point")
        points.put("aura", POINTS)
        self._fill(points)
        for name, point in [*points.items.items()][len(own):]:
            if point.hook in self._hooks.known:
                self._note(points.owners[name], f"{points.point.hook}: expected a hook that is free, "
                                               f"got {point.hook!r}")
                del points.items[name], points.owners[name]
            else:
                self._hooks.specify(point)
                self._registries[name] = Registry(point)
        for plugin, problem in self._hooks.problems():
            self._note(plugin, problem)

    def _fill(self, registry: Registry) -> None:
        """Ask all plugins for what they bring to one extension point."""
        point = registry.point
        for plugin, call in self._hooks.callers(point.hook):
            try:
                returned = call()
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._note(plugin, f"{point.hook}: {_line(error)}")
                continue
            names, problems = registry.put(plugin, returned[0] if returned else None)  # pluggy drops what is None
            info = self._infos[plugin]
            self._infos[plugin] = replace(info, brings={**info.brings, point.name: tuple(names)})
            self._note(plugin, *problems)

    def _list_hooks(self) -> None:
        """Keep of each plugin which of its hooks are called."""
        for hook in self._hooks.known:
            for name, _ in self._hooks.callers(hook):
                self._infos[name] = replace(self._infos[name], hooks=(*self._infos[name].hooks, hook))
        for name, info in self._infos.items():
            if not (info.hooks or info.blocked or info.problems):
                self._note(name, f"expected at least one hook, got none. Known: {', '.join(self._hooks.known)}")

    def _hand_out_parts(self) -> None:
        """Give each zone that is made of parts all those that plugins bring."""
        zones = self.registry("zone").items
        for name, manifest in zones.items():
            parts = {point: self._registries[point].items if point in self._registries else own
                     for point, own in manifest.parts.items()}
            if parts:
                zones[name] = replace(manifest, parts=parts)

    def _tell_raised(self, run: RunContext | None) -> None:
        """Tell of what hooks have raised, which are switched off."""
        while self._hooks.raised:
            plugin, hook, error = self._hooks.raised.pop(0)
            self._note(plugin, f"{hook}: {_line(error)}")
            if run is None:
                _log.error("plugin %r raised in %s and is switched off: %s", plugin, hook, blamed(error))
            else:
                run.brain.tell_switched_off("plugin", plugin, hook, error)

    def _note(self, plugin: str, *problems: str) -> None:
        info = self._infos[plugin]
        self._infos[plugin] = replace(info, problems=(*info.problems, *problems))


def _line(error: BaseException) -> str:
    """Return an error as one line."""
    return message_of(error) if isinstance(error, PluginError) else blamed(error)


def _refuse_unknown(blocked: Collection[str], found: Collection[Found]) -> None:
    known = {plugin.name for plugin in found} | {plugin.distribution for plugin in found if plugin.distribution}
    for name in blocked:
        if name not in known and normalised(name) not in map(normalised, known):
            raise PluginError(f"--no-plugin {name}", expected="a plugin's or a distribution's name", got=repr(name),
                              hint=nearest(name, known))
