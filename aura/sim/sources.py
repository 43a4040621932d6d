"""What a scenario takes from outside, data and code: found from its folder, noted, fingerprinted and compared."""

from __future__ import annotations

import glob
import hashlib
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aura.core.errors import PluginError
from aura.sim.beside import files_beside
from aura.sim.readers.options import DATA_PREFIX, resolve_path

__all__ = ["Source", "Sources", "fingerprint", "is_there", "rows_of", "sources_of"]

Role = Literal["data", "code"]

_WHOLE_BYTES = 1 << 26
"""So much of a source is digested whole, 0.3 s at 220 MB/s; of files beyond it, blocks that are spread over each."""
_BLOCKS, _BLOCK_BYTES = 64, 1 << 16

_log = logging.getLogger("aura.run")


class Source(BaseModel):
    """One file, folder or module that a run depends on, as it was when the run began."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str = Field(description="As the scenario says it.")
    role: Role = Field(description="Whether it is read or executed.")
    path: str = Field(description="Where it was.")
    files: int = Field(description="How many files it is.")
    size: int = Field(description="Their size in bytes.")
    digest: str = Field(description="SHA-256 of their names and contents; beyond 64 MiB, of the size of each file and "
                                    "of blocks of it.")

    @property
    def is_module(self) -> bool:
        """Whether it is named as ``package.module:Class``."""
        return self.role == "code" and not self.name.endswith(".py") and ":" in self.name

    @property
    def in_base(self) -> bool:
        """Whether it is looked for from the scenario's folder: no data set, no whole path, no installed module."""
        return not (self.is_module or self.name.startswith((DATA_PREFIX, "~")) or Path(self.name).is_absolute())


class Sources:
    """The files that a scenario names: `aura.core.paths.Paths` for the zones, and the same for streams and plugins.

    Parameters
    ----------
    base : Path
        The folder that relative paths refer to.
    known : sequence of Source, optional
        As the run found them that is to go on. Code that differs is refused.
    no_code : bool
        Refuse to load any code that the scenario names.
    accept_code : bool
        Load code though it is not as `known` says.
    say : function, optional
        Is told of each file of code, in one line, before it is loaded.
    """

    def __init__(self, base: Path, known: Sequence[Source] | None = None, *, no_code: bool = False,
                 accept_code: bool = False, say: Callable[[str], None] | None = None) -> None:
        self.base, self.known = base, known
        self._no_code, self._accept_code, self._say = no_code, accept_code, say
        self._found: dict[tuple[Role, str], Path] = {}
        self._loaded = frozenset(sys.modules)  # before any of the scenario's code

    def locate(self, text: str) -> Path:
        """Return the path that a text means: of a data set, or from the scenario's folder."""
        return resolve_path(text, self.base)

    def input(self, text: str) -> str:
        """Note what is read, and return its path."""
        path = self.locate(text)
        self._found.setdefault(("data", text), path)
        return str(path)

    def plugin(self, text: str) -> Path:
        """Note a file of code, and return its path.

        Raises
        ------
        PluginError
            If no code may be loaded, or it is not as it was.
        """
        path = self.base / text
        self._note_code(text, path, "a file of code")
        return path

    def code(self, name: str) -> str:
        """Note a module that is named as ``package.module:Class``, and return the name; raises as `plugin` does."""
        self._note_code(name, _module_file(name), "a module")
        return name

    def take(self) -> list[Source]:
        """Return everything that was noted, and the code that such code has imported from beside it, as it is now."""
        for (role, name), path in list(self._found.items()):
            if role == "code":
                for file in files_beside(path, sys.modules.keys() - self._loaded):
                    self._found.setdefault(("code", _name_beside(name, path, file)), file)
        return [fingerprint(name, role, path) for (role, name), path in self._found.items()]

    def changed(self, now: Iterable[Source]) -> list[str]:
        """Return the names of those that are no longer as they were known."""
        before = {(source.role, source.name): source for source in self.known or ()}
        return [source.name for source in now
                if (known := before.get((source.role, source.name))) is not None and known.digest != source.digest]

    def _note_code(self, name: str, path: Path, what: str) -> None:
        if ("code", name) in self._found:
            return
        if self._no_code:
            raise PluginError(f"--no-code: {name!r}", expected="a scenario that names no code", got=f"{what}, {path}",
                              hint="Leave --no-code out to run it: it may do whatever you may do.")
        if self.known is not None and not self._accept_code:
            for part in (name, *self._known_beside(name, path)):
                _require_as_known(self.known, part, path if part == name else self.base / part)
        self._found["code", name] = path
        if self._say is not None:
            self._say(f"loads code that the scenario names: {path}")

    def _known_beside(self, name: str, path: Path) -> list[str]:
        """Return the names of what a file of code imported from beside it when the run began."""
        folder = os.path.realpath(path.parent)
        return [source.name for source in self.known or () if source.role == "code" and source.name != name
                and not source.is_module and Path(os.path.realpath(self.base / source.name)).is_relative_to(folder)]


def is_there(path: Path) -> bool:
    """Return whether a path, or a pattern, leads to any file."""
    return bool(_files(path))


def fingerprint(name: str, role: Role, path: Path) -> Source:
    """Return a file, the files directly in a folder, or those that fit a pattern, as they are now.

    What is missing has no files; what cannot be read counts with its name alone.
    """
    files = _files(path)
    digest, size = hashlib.sha256(), 0
    for file in files:
        inside = file.relative_to(path).as_posix() if path.is_dir() else file.name
        length, content = _content(file, _WHOLE_BYTES - size, max(2, _BLOCKS // len(files)))
        size += length
        digest.update(f"{len(inside)} {inside} {length} {content}\n".encode("utf-8", "surrogateescape"))
    return Source(name=name, role=role, path=str(path), files=len(files), size=size, digest=digest.hexdigest())


def _require_as_known(sources: Sequence[Source], name: str, path: Path) -> None:
    known = next((source for source in sources if (source.role, source.name) == ("code", name)), None)
    if known is None or known.digest != fingerprint(name, "code", path).digest:
        raise PluginError(str(path), expected="the code that the run began with",
                          got="other code" if known else "code that it did not begin with",
                          hint="Look at it, and give --accept-code to go on with it.")


def _name_beside(name: str, path: Path, file: Path) -> str:
    """Return how a file beside one of code is named: as that one is, from the scenario's folder if it is."""
    if Path(name).suffix != ".py":
        return str(file)
    return (Path(name).parent / file.relative_to(os.path.realpath(path.parent))).as_posix()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        # Not deeper: the run folders may lie there.
        found = [file for file in path.iterdir() if not file.name.startswith(".")]
    else:
        found = [Path(file) for file in glob.glob(str(path), recursive=True)]
    return sorted(file for file in found if file.is_file())


def _content(file: Path, whole: int, blocks: int) -> tuple[int, str]:
    """Return the size of a file and a digest: of all of it up to `whole` bytes, else of so many blocks."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            if size <= whole:
                return size, hashlib.file_digest(stream, "sha256").hexdigest()
            digest = hashlib.sha256()
            for block in range(blocks):
                stream.seek(max(0, size - _BLOCK_BYTES) * block // (blocks - 1))
                digest.update(stream.read(_BLOCK_BYTES))
            return size, digest.hexdigest()
    except OSError:
        return 0, ""


def _module_file(name: str) -> Path:
    """Return where a module lies; it and what it lies in are not imported for it."""
    top, *inner = name.partition(":")[0].strip().split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        spec = None
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    if spec is not None and folders and inner:
        return Path(folders[0]).joinpath(*inner).with_suffix(".py")
    return Path(spec.origin) if spec is not None and spec.origin else Path(name)


def sources_of(rows: Iterable[Mapping[str, Any]]) -> list[Source]:
    """Return the sources that run.json lists."""
    return [Source(**row) for row in rows]


def rows_of(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """Return sources as run.json lists them."""
    return [source.model_dump() for source in sources]
