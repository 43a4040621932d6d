"""Finds plugins: the entry points of installed distributions, and local files. Nothing is imported here."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from aura.core.blame import described
from aura.core.errors import PluginError

__all__ = ["BUILT_IN", "GROUP", "Found", "find_plugins", "normalised"]

GROUP = "aura"
"""The entry point group that plugins register in."""
FORMER_GROUP = "aura.experts"
"""The group that kinds of expert had to themselves; what registers there is named, and not used."""
BUILT_IN = "aura-brain"
"""The distribution whose plugins come first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that was found and is not loaded yet.

    Parameters
    ----------
    name : str
        The entry point's name, or a file's name without ``.py``; where an earlier plugin has it already, with the
        distribution in front, ``distribution:name``.
    distribution, version : str
        What it is installed by; empty for a file.
    origin : str
        What it is loaded from: ``package.module``, or the file's path.
    load : callable
        Imports and returns it; raises whatever its import raises.
    """

    name: str
    distribution: str
    version: str
    origin: str
    load: Callable[[], object]


def find_plugins(files: Iterable[str | Path] = ()) -> list[Found]:
    """Return all plugins in the order in which they load.

    The built-in ones come first, then the others by distribution and entry point name, then `files` as given; the
    order does not depend on the environment's.
    """
    installed = [found for distribution in _with_plugins() for found in _from_distribution(distribution)]
    installed.sort(key=lambda found: (normalised(found.distribution) != BUILT_IN, normalised(found.distribution),
                                      found.name))
    return _with_own_names([*installed, *(_from_file(Path(file)) for file in files)])


def normalised(distribution: str) -> str:
    """Return a distribution's name as indexes compare it: lower case, runs of ``-_.`` as one ``-``."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _with_plugins() -> list[Distribution]:
    """Return the installed distributions that mention the group; of two of one name, the first on the path."""
    first: dict[str, Distribution] = {}
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt") or ""
        if re.search(rf"^\s*\[\s*({GROUP}|{FORMER_GROUP})\s*\]", text, re.MULTILINE):
            first.setdefault(normalised(_name_of(distribution)), distribution)
    return list(first.values())


def _from_distribution(distribution: Distribution) -> list[Found]:
    name, version = _name_of(distribution), _version_of(distribution)
    try:
        points: Sequence[EntryPoint] = list(distribution.entry_points.select(group=GROUP))
        former = distribution.entry_points.select(group=FORMER_GROUP) if normalised(name) != BUILT_IN else ()
    except Exception as error:
        return [Found(name, name, version, "entry_points.txt", _refusal(PluginError(
            f"{name}: entry_points.txt", expected="lines of the form 'name = package.module'", got=described(error))))]
    return [*(Found(point.name, name, version, point.value, point.load) for point in points),
            *(Found(point.name, name, version, point.value, _refusal(PluginError(
                f"{name}: entry point {point.name!r}", expected=f"the group {GROUP!r}", got=f"{FORMER_GROUP!r}",
                hint="Name there a module with the hook aura_experts, which returns a list of ExpertKind.")))
              for point in former)]


def _refusal(error: PluginError) -> Callable[[], NoReturn]:
    """Return what raises `error` where a plugin would be loaded."""
    def refuse() -> NoReturn:
        raise error

    return refuse


def _name_of(distribution: Distribution) -> str:
    try:
        return str(distribution.metadata["Name"] or "unnamed")
    except (KeyError, OSError, AttributeError, TypeError):
        return "unnamed"


def _version_of(distribution: Distribution) -> str:
    try:
        return str(distribution.metadata["Version"] or "")
    except (KeyError, OSError, AttributeError, TypeError):
        return ""


def _from_file(path: Path) -> Found:
    return Found(path.stem, "", "", str(path), lambda: _run_file(path))


def _run_file(path: Path) -> ModuleType:
    """Execute a Python file as a module of its own; nothing is written beside it, and its folder is not importable."""
    if not path.is_file():
        raise PluginError(f"plugin file {str(path)!r}", expected="a Python file", got="none there",
                          hint="Relative paths are relative to the scenario's folder.")
    digest = sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    module = ModuleType(f"aura_file_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}_{digest}")
    module.__file__ = str(path)
    # Pydantic and dataclasses look a class's module up by name.
    sys.modules[module.__name__] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _with_own_names(plugins: Sequence[Found]) -> list[Found]:
    taken: set[str] = set()
    named = []
    for found in plugins:
        options = (found.name, f"{found.distribution or 'file'}:{found.name}", f"file:{found.origin}")
        name = next((option for option in options if option not in taken), None)
        if name is not None:  # else the same file, named twice
            taken.add(name)
            named.append(replace(found, name=name))
    return named
