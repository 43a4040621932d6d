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
from aura.plugins.hooks import HookTable
from aura.plugins.info import PluginInfo
from aura.plugins.kinds import KINDS, StreamLike
from aura.plugins.shelf import Shelf
from aura.plugins.trace import Trace

if TYPE_CHECKING:
    from pluggy import HookImpl

    from aura.core.observer import Observer
    from aura.core.zone import Manifest
    from aura.plugins.context import RunContext
    from aura.plugins.metrics.kind import MetricKind

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
        self._hooks = HookTable()
        self._off: set[tuple[str, str]] = set()
        found = find_plugins(files)
        _refuse_unknown(blocked, found)
        keys = {normalised(name) for name in blocked}
        for plugin in found:
            info = PluginInfo(plugin.name, plugin.distribution, plugin.version, plugin.origin)
            if plugin.name in blocked or (plugin.distribution and normalised(plugin.distribution) in keys):
                info = replace(info, blocked=True)
            self._infos[plugin.name] = info
            if not info.blocked:
                self._load(plugin)
        self._shelves = {kind.word: Shelf(kind) for kind in KINDS}
        for shelf in self._shelves.values():
            self._fill(shelf)

    # --- what plugins bring ---------------------------------------------------------------------------------------

    def zone(self, name: str) -> Manifest:
        """Return the manifest of a zone, or raise a `PluginError` that says what was probably meant."""
        manifest: Manifest = self._shelves["zone"].get(name, self.infos())
        return manifest

    def stream(self, name: str) -> Any:
        """Return a kind of stream, or raise a `PluginError` that says what was probably meant."""
        return self._shelves["stream"].get(name, self.infos())

    def metric(self, name: str) -> MetricKind:
        """Return a kind of metric, or raise a `PluginError` that says what was probably meant."""
        kind: MetricKind = self._shelves["metric"].get(name, self.infos())
        return kind

    def zones(self) -> Mapping[str, Manifest]:
        """Return all zones by name, in the order of their plugins."""
        return MappingProxyType(self._shelves["zone"].items)

    def streams(self) -> Mapping[str, StreamLike]:
        """Return all kinds of stream by name, in the order of their plugins."""
        return MappingProxyType(self._shelves["stream"].items)

    def metrics(self) -> Mapping[str, MetricKind]:
        """Return all kinds of metric by name, in the order of their plugins."""
        return MappingProxyType(self._shelves["metric"].items)

    def owner(self, word: str, name: str) -> str:
        """Return the plugin that brings the ``"zone"``, ``"stream"`` or ``"metric"`` of that name."""
        return self._shelves[word].owners[name]

    def infos(self) -> list[PluginInfo]:
        """Return what is known of every plugin, blocked and broken ones too, in loading order."""
        return list(self._infos.values())

    # --- hooks that observe ---------------------------------------------------------------------------------------

    def implements(self, hook: str) -> bool:
        """Return whether any plugin has the hook."""
        return bool(self._hooks.of(hook))

    def call(self, hook: str, **arguments: Any) -> None:
        """Call an observing hook of every plugin that has it.

        One that raises is logged, and that plugin's hook is called no more; the others, and the run, go on.
        """
        for impl in self._hooks.of(hook):
            if (impl.plugin_name, hook) in self._off:
                continue
            try:
                self._invoke(impl, hook, arguments)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._switch_off(impl, hook, error, arguments.get("run"))

    def observers(self, run: RunContext) -> list[Observer]:
        """Return the observers that plugins bring to a run; a plugin that fails to brings none."""
        from aura.core.observer import Observer

        brought: list[Observer] = []
        for impl in self._hooks.of("aura_observers"):
            try:
                given = list(self._invoke(impl, "aura_observers", {"run": run}))
                for one in given:
                    if not isinstance(one, Observer):
                        raise PluginError("aura_observers", expected="a list of aura.Observer", got=repr(one))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._switch_off(impl, "aura_observers", error, run)
            else:
                brought += given
        return brought

    # --- within ---------------------------------------------------------------------------------------------------

    def _load(self, plugin: Found) -> None:
        try:
            with self._timed(plugin.name, "load"):
                loaded = plugin.load()
            if isinstance(loaded, type):
                raise PluginError(plugin.origin, expected="a module or an object with hooks", got="a class",
                                  hint="Name the module, or an instance.")
            hooks, problems = self._hooks.take(loaded, plugin.name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin that calls sys.exit() may not end the program either
            self._note(plugin.name, _said(error))
            return
        self._infos[plugin.name] = replace(self._infos[plugin.name], hooks=tuple(hooks))
        self._note(plugin.name, *problems)

    def _fill(self, shelf: Shelf) -> None:
        for impl in self._hooks.of(shelf.kind.hook):
            name = _plugin_of(impl)
            try:
                returned = self._invoke(impl, shelf.kind.hook, {})
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._note(name, f"{shelf.kind.hook}: {_said(error)}")
                continue
            names, problems = shelf.put(name, returned)
            field = f"{shelf.kind.word}s"
            brought: dict[str, Any] = {field: (*getattr(self._infos[name], field), *names)}
            self._infos[name] = replace(self._infos[name], **brought)
            self._note(name, *problems)

    def _invoke(self, impl: HookImpl, hook: str, arguments: Mapping[str, Any]) -> Any:
        values = [arguments[name] for name in impl.argnames]
        if self._trace is None:  # called at every tick, so nothing more is done than must be
            return impl.function(*values)
        with self._trace.around(_plugin_of(impl), hook):
            return impl.function(*values)

    def _timed(self, plugin: str, what: str) -> Any:
        return nullcontext() if self._trace is None else self._trace.around(plugin, what)

    def _switch_off(self, impl: HookImpl, hook: str, error: BaseException, run: RunContext | None) -> None:
        name = _plugin_of(impl)
        self._off.add((impl.plugin_name, hook))
        self._note(name, f"{hook}: {_said(error)}")
        if run is None:
            _log.error("plugin %r raised in %s and is switched off: %s", name, hook, blamed(error))
        else:
            run.brain.tell_switched_off("plugin", name, hook, error)

    def _note(self, plugin: str, *problems: str) -> None:
        info = self._infos[plugin]
        self._infos[plugin] = replace(info, problems=(*info.problems, *problems))


def _plugin_of(impl: HookImpl) -> str:
    """Return the plugin's name; its hooks are registered one by one, as ``plugin.hook``."""
    return impl.plugin_name.rpartition(".")[0]


def _said(error: BaseException) -> str:
    """Return an error as one line."""
    return message_of(error) if isinstance(error, PluginError) else blamed(error)


def _refuse_unknown(blocked: Collection[str], found: Collection[Found]) -> None:
    known = {plugin.name for plugin in found} | {plugin.distribution for plugin in found if plugin.distribution}
    for name in blocked:
        if name not in known and normalised(name) not in map(normalised, known):
            raise PluginError(f"--no-plugin {name}", expected="a plugin's or a distribution's name", got=repr(name),
                              hint=nearest(name, known))
