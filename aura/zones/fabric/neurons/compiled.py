"""Generated kernels on disk: written once, compiled once, loaded by every later run and by those that waited.

Numba keeps what it has compiled in ``__pycache__`` beside the source, as pickles that it trusts. Hence a list of their
digests lies there too: what it does not vouch for (a file half written, changed, or of a run that was killed) is thrown
away and compiled again.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from aura.core.json_text import parse_json

__all__ = ["address_of", "kernel_folder", "load_kernel"]


def kernel_folder() -> Path:
    """Return where kernels lie: ``$AURA_CACHE/kernels``, else in the user's cache folder."""
    root = os.environ.get("AURA_CACHE")
    if not root:
        from platformdirs import user_cache_dir

        root = user_cache_dir("aura")
    return Path(root) / "kernels"


def load_kernel(source: str, function: str) -> Any:
    """Return a function of a generated module, compiled for the module's ``SIGNATURE``.

    Parameters
    ----------
    source : str
        The module's text. Its digest names the file, so a changed model is another file and what is compiled of it can
        never be stale.
    function : str
        The function's name.

    Returns
    -------
    function
        Loaded if this machine has compiled it before.
    """
    name = f"aura_kernel_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        try:
            _make(name, source, function, kernel_folder())
        except OSError:  # a cache folder that cannot be written, or is full: compiled for this process alone
            folder = tempfile.mkdtemp(prefix="aura-kernels-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            _make(name, source, function, Path(folder))
    return getattr(sys.modules[name], function)


def address_of(kernel: Any) -> int:
    """Return where the machine code of a kernel lies, for another to call it."""
    (compiled,) = kernel.overloads.values()
    address: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return address


def _make(name: str, source: str, function: str, folder: Path) -> None:
    """Make the module and compile its kernel."""
    path = folder / f"{name}.py"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # where numba looks for it
    try:
        with _alone(path.with_suffix(".lock")):
            if not path.is_file() or path.read_bytes() != source.encode():
                # A time of change that is always the same: numba takes a newer file for a changed one.
                _write(path, source, changed=0)
            exec(compile(source, str(path), "exec"), module.__dict__)
            _compile(name, getattr(module, function), module.SIGNATURE)
    except BaseException:
        del sys.modules[name]
        raise


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time make a kernel, and those that waited load it."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # a folder that cannot be written, a file system without locks
            lock.parent.mkdir(parents=True, exist_ok=True)
            fcntl.flock(held.enter_context(lock.open("w")), fcntl.LOCK_EX)
        yield


def _compile(name: str, kernel: Any, signature: str) -> None:
    compiled = Path(kernel.stats.cache_path)
    vouched = compiled / f"{name}.digests.json"
    if not _vouches(vouched, _digests(compiled, name)):
        for file in _digests(compiled, name):
            (compiled / file).unlink(missing_ok=True)
    kernel.compile(signature)
    kernel.disable_compile()
    if not kernel.stats.cache_hits:
        _write(vouched, json.dumps(_digests(compiled, name)))


def _digests(folder: Path, name: str) -> dict[str, str]:
    """Return the digest of each file that numba has of a module."""
    found = {}
    for path in sorted(folder.glob(f"{name}*.nb[ci]")):
        with contextlib.suppress(FileNotFoundError):  # another process has just thrown it away
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _vouches(path: Path, digests: dict[str, str]) -> bool:
    try:
        known = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(known == digests)


def _write(path: Path, text: str, changed: float | None = None) -> None:
    """Write aside and rename: another process sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(aside, 0o644)  # a cache may be shared
        if changed is not None:
            os.utime(aside, (changed, changed))
        os.replace(aside, path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise
