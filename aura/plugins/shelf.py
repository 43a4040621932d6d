"""What plugins bring, by name: each name belongs to the first plugin that claims it."""

from __future__ import annotations

import re
from typing import Any

from aura.core.errors import PluginError, nearest
from aura.plugins.info import PluginInfo
from aura.plugins.kinds import Kind

__all__ = ["Shelf"]

_NAME = re.compile(r"[^\W\d][\w-]*")


class Shelf:
    """The zones, or the streams, or the metrics of all plugins."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.items: dict[str, Any] = {}
        self.owners: dict[str, str] = {}

    def put(self, plugin: str, returned: Any) -> tuple[list[str], list[str]]:
        """Take what a plugin's hook returned; return the names that it now owns, and what was wrong."""
        taken, problems = [], []
        if not isinstance(returned, (list, tuple)):
            return [], [f"{self.kind.hook}: expected a list, got {type(returned).__name__}"]
        for item in returned:
            problem = self.kind.misfit(item) or self._claim(plugin, item)
            if problem:
                problems.append(f"{self.kind.hook}: {problem}")
            else:
                taken.append(item.name)
        return taken, problems

    def get(self, name: str, plugins: list[PluginInfo]) -> Any:
        """Return the item of that name.

        Raises
        ------
        PluginError
            If no plugin brings it; says the nearest name, and which plugins could take no part.
        """
        if name in self.items:
            return self.items[name]
        word = self.kind.word
        hints = [nearest(name, self.items)]
        for info in plugins:
            if info.blocked:
                hints.append(f"Plugin {info.name!r} is blocked and may bring it.")
            elif info.error:
                hints.append(f"Plugin {info.name!r} is broken and may have brought it: {info.error}.")
        raise PluginError(f"{word} {name!r}", expected=f"a {word} that a plugin brings", got=repr(name),
                          hint=" ".join(hints))

    def _claim(self, plugin: str, item: Any) -> str | None:
        name = item.name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"expected a name of letters, digits, '_' and '-', got {name!r}"
        if name in self.owners:
            return (f"expected a {self.kind.word} name that is free, got {name!r}, "
                    f"which plugin {self.owners[name]!r} has; {plugin!r} comes second")
        self.items[name], self.owners[name] = item, plugin
        return None
