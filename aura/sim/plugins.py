"""The plugins of a scenario: those that are installed, and the files that it names."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from aura.core.errors import PluginError
from aura.plugins.manager import PluginManager
from aura.sim.scenario import Scenario
from aura.sim.sources import Sources

__all__ = ["scenario_plugins"]

_log = logging.getLogger("aura.plugins")


def scenario_plugins(scenario: Scenario, sources: Sources, blocked: Collection[str] = (), *,
                     trace: bool = False) -> PluginManager:
    """Return the plugin manager for a scenario; `sources` tells of each file of code before it is executed.

    What is wrong with a plugin that happens to be installed is logged, and the scenario does without; a file that the
    scenario names is meant to work.

    Raises
    ------
    PluginError
        If a file that the scenario names is missing or has a mistake, or `sources` refuses it: no code may be
        loaded, or it is not the code that the run began with.
    """
    files = [sources.plugin(path) for path in scenario.plugins]
    with scenario.written.naming("plugins"):
        return _plugins(files, blocked, trace=trace)


def _plugins(files: list[Path], blocked: Collection[str], *, trace: bool) -> PluginManager:
    manager = PluginManager(blocked, files, trace=trace)
    named = {str(file) for file in files}
    for info in manager.infos():
        if info.origin in named and not info.distribution and info.problems:
            if not Path(info.origin).is_file():
                raise PluginError(f"plugin file {info.origin!r}", expected="a Python file", got="none there",
                                  hint="Relative paths are relative to the scenario's folder.")
            expected, got = "a plugin without mistakes", "; ".join(info.problems).removesuffix(".")
            if got.startswith("expected "):  # of the file as a whole, in the form of an error
                expected, _, got = got.removeprefix("expected ").partition(", got ")
            raise PluginError(f"plugin file {info.origin!r}", expected=expected, got=got,
                              hint="A file that is not wanted is left out of `plugins`.")
        for problem in info.problems:
            _log.warning("plugin %s: %s", info.name, problem)
    return manager
