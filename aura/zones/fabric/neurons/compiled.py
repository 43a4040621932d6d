"""Generated kernels on disk: written once, compiled once, loaded by every later run."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["kernel_folder", "load_kernel"]


def kernel_folder() -> Path:
    """Return where kernels lie: ``$AURA_CACHE/kernels``, else in the user's cache folder."""
    root = os.environ.get("AURA_CACHE")
    if not root:
        from platformdirs import user_cache_dir

        root = user_cache_dir("aura")
    return Path(root) / "kernels"


def load_kernel(source: str) -> Any:
    """Return the function ``advance`` of a generated module.

    Parameters
    ----------
    source : str
        The module's text. Its digest names the file, so a changed model is another file and what numba has compiled
        of it (in ``__pycache__`` beside the file) can never be stale.

    Returns
    -------
    function
        Compiled at its first call, or loaded if this machine has compiled it before.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    name = f"aura_kernel_{digest}"
    if name not in sys.modules:
        try:
            sys.modules[name] = _imported(name, _written(kernel_folder(), name, source))
        except OSError:  # a cache folder that cannot be written: compiled for this process alone
            folder = Path(tempfile.mkdtemp(prefix="aura-kernels-"))
            sys.modules[name] = _imported(name, _written(folder, name, source))
    return sys.modules[name].advance


def _written(folder: Path, name: str, source: str) -> Path:
    path = folder / f"{name}.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != source:
        folder.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed: another process sees the whole file or none.
        descriptor, aside = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(source)
        os.replace(aside, path)
    return path


def _imported(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
