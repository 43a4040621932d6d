"""What plugins bring to one extension point, by name: each name belongs to the first plugin that claims it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from aura.core.contract import AURA_API, Optioned
from aura.core.errors import PluginError, nearest
from aura.plugins.extension import ExtensionPoint
from aura.plugins.info import PluginInfo

__all__ = ["Registry"]

_NAME = re.compile(r"[^\W\d][\w-]*")
_log = logging.getLogger("aura.plugins")


class Registry:
    """The items of one extension point, such as the zones of all plugins."""

    def __init__(self, point: ExtensionPoint) -> None:
        self.point = point
        self.items: dict[str, Any] = {}
        self.owners: dict[str, str] = {}

    def put(self, plugin: str, returned: Any) -> tuple[list[str], list[str]]:
        """Take what a plugin's hook returned; return the names that it now owns, and what was wrong."""
        taken, problems = [], []
        if not isinstance(returned, (list, tuple)):
            return [], [f"{self.point.hook}: expected a list, got {type(returned).__name__}"]
        for item in returned:
            problem = self._misfit(item) or self._claim(plugin, item)
            if problem:
                problems.append(f"{self.point.hook}: {problem}")
            else:
                taken.append(item.name)
        return taken, problems

    def get(self, name: str, plugins: Iterable[PluginInfo]) -> Any:
        """Return the item of that name; it is logged that one goes.

        Raises
        ------
        PluginError
            If no plugin brings it; says the nearest name, and which of the `plugins` could take no part.
        """
        if name in self.items:
            item = self.items[name]
            if item.deprecated:
                _log.warning("%s", item.deprecated)
            return item
        word = self.point.name
        one = f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
        hints = [nearest(name, self.items)]
        for info in plugins:
            if info.blocked:
                hints.append(f"Plugin {info.name!r} is blocked and may bring it.")
            elif info.error:
                hints.append(f"Plugin {info.name!r} is broken and may have brought it: {info.error}.")
        raise PluginError(f"{word} {name!r}", expected=f"{one} that a plugin brings", got=repr(name),
                          hint=" ".join(hints))

    def _misfit(self, item: Any) -> str | None:
        contract = self.point.contract
        if not isinstance(item, contract):
            return f"expected an instance of {contract.__module__}.{contract.__qualname__}, got {_short(item)}"
        version = item.aura_api
        if not isinstance(version, int) or not 1 <= version <= AURA_API:
            newer = ", which a newer AURA may take" if isinstance(version, int) and version > AURA_API else ""
            return (f"expected a {self.point.name} for version {AURA_API} of the contract with plugins (aura_api) or "
                    f"older, got {_short(getattr(item, 'name', item))} for version {version!r}{newer}")
        if isinstance(item, Optioned) and not (isinstance(item.options, type) and issubclass(item.options, BaseModel)):
            return f"expected options of {_short(item.name)} that are a pydantic model, got {_short(item.options)}"
        return None

    def _claim(self, plugin: str, item: Any) -> str | None:
        name = item.name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"expected a name of letters, digits, '_' and '-', got {name!r}"
        if name in self.owners:
            return (f"expected a {self.point.name} name that is free, got {name!r}, "
                    f"which plugin {self.owners[name]!r} has; {plugin!r} comes second")
        self.items[name], self.owners[name] = item, plugin
        return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
