"""The files of code that a scenario's own code imports from beside it: they are as much the scenario's as it is."""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
from collections.abc import Collection, Iterator
from importlib.machinery import PathFinder
from pathlib import Path

__all__ = ["files_beside"]

_INSTALLED = ("site-packages", "dist-packages")


def files_beside(path: Path, fresh: Collection[str] = ()) -> list[Path]:
    """Return what a file of code imports from its own folder or below, directly and by way of such files.

    Parameters
    ----------
    path : Path
        The file.
    fresh : collection of str
        Modules that were loaded since it was about to be: those from its folder count, however they were imported.

    Notes
    -----
    What was loaded before, by a notebook or another file, is found by the import statements. What is installed, AURA
    itself and the program's main module are left out; text that code reads and executes itself is not seen.
    """
    folder = Path(os.path.realpath(path)).parent
    found: dict[Path, None] = {}
    open_files = [(path, ""), *(entry for name in fresh if (entry := _place(name)) is not None)]
    own = Path(os.path.realpath(path))
    while open_files:
        file, package = open_files.pop()
        real = Path(os.path.realpath(file))
        if real != own:
            if real in found or not _is_beside(real, folder):
                continue
            found[real] = None
        open_files += [entry for name in _imported(real, package) if (entry := _place(name)) is not None]
    return sorted(found)


def _is_beside(file: Path, folder: Path) -> bool:
    if not file.is_relative_to(folder) or any(part in _INSTALLED for part in file.parts):
        return False
    standard = [Path(os.path.realpath(sysconfig.get_path(name))) for name in ("stdlib", "platstdlib")]
    return not any(file.is_relative_to(place) for place in standard)


def _place(name: str) -> tuple[Path, str] | None:
    """Return a module's file and its package; None for what has no file or is no code of the scenario's."""
    if name.partition(".")[0] in ("aura", "__main__") or name.startswith("aura_file_"):  # these are noted themselves
        return None
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None)
        return (Path(file), getattr(module, "__package__", None) or "") if isinstance(file, str) else None
    if "." in name or name in sys.builtin_module_names:
        return None
    try:  # imported only when a function is called; what it lies in is not imported for it
        spec = PathFinder.find_spec(name)
    except (ImportError, ValueError):
        return None
    return (Path(spec.origin), spec.parent or "") if spec is not None and spec.has_location and spec.origin else None


def _imported(file: Path, package: str) -> Iterator[str]:
    """Yield the names of the modules that import statements of a file may mean."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # an extension, or gone
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[:len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *((node.module,) if node.module else ())])
            yield from _with_parents(base)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
