"""The store of experts: which are in memory, and where the files of the others are."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aura.core.blame import described
from aura.core.errors import StateError, nearest
from aura.zones.common.whole_files import write_file
from aura.zones.experts.expert_file import DamagedError, pack_expert, read_bytes, require_whole, unpack_expert
from aura.zones.experts.kinds.expert import Expert
from aura.zones.experts.kinds.lookup import expert_kind
from aura.zones.experts.params import StoreParams

__all__ = ["SUFFIX", "ExpertStore"]

SUFFIX = ".msgpack"


class _File(NamedTuple):
    """Where an expert lies on disk."""

    path: Path
    digest: bytes | None
    """Of the file as it was written here; None where another has written it."""


class ExpertStore:
    """Named experts, of which a bounded number is in memory.

    Parameters
    ----------
    params : StoreParams
        As of the zone.
    where : str
        Whose it is, for errors.
    kinds : callable, optional
        Gives the class of a kind by its name; as registered, if not given.
    shape : tuple of int, optional
        Of one stimulus; a file of an expert for another counts as damaged.

    Notes
    -----
    An expert is asked for by `get` or `get_many` each time before it is used, and never kept: whoever is not among the
    latest asked for may be evicted, which writes it to its file and frees its memory, the least recently asked for
    first. Those asked for together are in memory together, even if they are more than `resident`; `settle` then evicts
    the excess. What an expert is does not depend on whether it was evicted meanwhile.

    A file that was taken over by `attach` is never written to. The others lie in a private folder, within
    `StoreParams.folder` if that is given, which goes when the store does; what lasts is a checkpoint or an export.
    """

    def __init__(self, params: StoreParams, where: str = "experts", *, shape: tuple[int, ...] | None = None,
                 kinds: Callable[[str], type[Expert]] = expert_kind) -> None:
        self._params, self._kinds, self._shape, self._where = params, kinds, shape, where
        self._names: dict[str, str] = {}  # in order of arrival, and the kind once it is known
        self._live: dict[str, Expert] = {}  # the least recently asked for first
        self._files: dict[str, _File] = {}  # of those that are as their files say
        self._folder: Path | None = None
        self._cleanup: weakref.finalize[..., Any] | None = None
        self.damaged: dict[str, str] = {}
        """Experts that cannot be had, and why; only with ``on_damage = "mask"``."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all experts, in order of arrival."""
        return tuple(self._names)

    @property
    def resident(self) -> tuple[str, ...]:
        """Names of the experts in memory, the least recently asked for first."""
        return tuple(self._live)

    @property
    def nbytes(self) -> int:
        """Memory that the experts in memory take, in bytes."""
        return sum(expert.nbytes for expert in self._live.values())

    def add(self, name: str, expert: Expert, kind_name: str) -> None:
        """Take in a new expert, or one in the place of a damaged one; it stays in memory until it is evicted."""
        if name in self._names and name not in self.damaged:
            raise StateError(f"{self._where}.{name}", expected="a new name", got="one that is taken")
        self.damaged.pop(name, None)
        self._names[name] = kind_name
        self._live[name] = expert
        self._bound((name,))

    def get(self, name: str) -> Expert | None:
        """Return an expert, read from its file if need be; None if it is damaged and to be masked.

        Raises
        ------
        StateError
            If there is none of that name, or (with ``on_damage = "stop"``) its file is missing or damaged.
        """
        return self.get_many((name,))[0]

    def get_many(self, names: Sequence[str]) -> list[Expert | None]:
        """Return several experts that are needed together, as `get` does."""
        for name in names:
            self._known(name)
        self._bound(names)
        for name in names:
            if name in self._live:
                self._live[name] = self._live.pop(name)
            elif name not in self.damaged:
                self._load(name)
        return [self._live.get(name) for name in names]

    def settle(self) -> None:
        """Evict experts until no more are in memory than there may be."""
        self._bound(())

    def touched(self, name: str) -> None:
        """Note that an expert has learned, so that its file is no longer as it is.

        Raises
        ------
        StateError
            If it is not in memory: it was kept, and what it learned would be lost.
        """
        if name not in self._live:
            self._known(name)
            raise StateError(f"{self._where}.{name}", expected="an expert in memory", got="one that was evicted",
                             hint="Ask the store for an expert each time before it is used.")
        self._files.pop(name, None)

    def evict(self, name: str) -> None:
        """Move an expert from memory to its file, written if it is not as the expert is; `get` reads it back."""
        self._known(name)
        expert = self._live.get(name)
        if expert is None:
            return
        if name not in self._files:
            data = pack_expert(expert, name, self._names[name])
            path = _inside(self._own_folder(), name)
            write_file(path, data)  # after a crash it is a checkpoint that brings it back
            self._files[name] = _File(path, sha256(data).digest())
        del self._live[name]

    def export(self, folder: Path) -> list[Path]:
        """Write the file of every expert that can be had into a folder, and return them; nothing else changes."""
        paths = []
        for name in self._names:
            data = self._packed(name)
            if data is not None:
                path = _inside(folder, name)
                write_file(path, data, durable=True)
                paths.append(path)
        return paths

    def attach(self, folder: Path, names: Iterable[str]) -> None:
        """Take the experts of these names from a folder in the place of all there are; each is read when first used."""
        self._clear()
        for name in names:
            self._names[name] = ""
            self._files[name] = _File(_inside(folder, name), None)

    def state(self) -> dict[str, Any]:
        """Return all experts: the bytes of their files, and which of them are in memory."""
        packed = {name: self._packed(name) for name in self._names}
        return {"names": list(self._names), "resident": list(self._live), "damaged": dict(self.damaged),
                "files": {name: np.frombuffer(data, np.uint8) for name, data in packed.items() if data is not None}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` returned, in the place of all there are.

        Raises
        ------
        StateError
            If it does not fit.
        """
        try:
            names, resident, files = list(state["names"]), list(state["resident"]), dict(state["files"])
            damaged = dict(state["damaged"])
            data = {name: files[name].astype(np.uint8, casting="no").tobytes() for name in names
                    if name not in damaged}
            live = {name: data.pop(name) for name in resident}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"{self._where}.store", expected="names, resident, damaged and files",
                             got=described(error)) from error
        for name in names:
            _inside(Path(), name)
        self._clear()
        self._names, self.damaged = dict.fromkeys(names, ""), damaged
        for name, packed in live.items():
            self._live[name] = self._unpacked(packed, name, f"{self._where}.{name}")
        for name, packed in data.items():
            path = _inside(self._own_folder(), name)
            write_file(path, packed)
            self._files[name] = _File(path, sha256(packed).digest())

    def close(self) -> None:
        """Remove the private folder; whoever is not in memory is lost."""
        if self._cleanup is not None:
            self._cleanup()
        self._folder = self._cleanup = None

    def _known(self, name: str) -> None:
        if name not in self._names:
            raise StateError(f"{self._where}.{name}", expected="an expert of the store", got="an unknown name",
                             hint=nearest(name, self._names))

    def _bound(self, needed: Sequence[str]) -> None:
        """Evict experts that are not needed until those needed fit in."""
        most = self._params.resident
        if most is None:
            return
        wanted = dict.fromkeys(name for name in needed if name not in self.damaged)
        for name in [name for name in self._live if name not in wanted]:
            if len(self._live.keys() | wanted.keys()) <= most:
                break
            self.evict(name)

    def _load(self, name: str) -> None:
        try:
            self._live[name] = self._unpacked(self._read(name), name, str(self._files[name].path))
        except DamagedError as error:
            self._mask(name, error)

    def _unpacked(self, data: bytes, name: str, where: str) -> Expert:
        header, expert = unpack_expert(data, where, self._kinds, shape=self._shape, name=name)
        self._names[name] = header.kind
        return expert

    def _read(self, name: str) -> bytes:
        """Return the bytes of an expert's file, if it is as it was written."""
        file = self._files[name]
        data = read_bytes(file.path)
        require_whole(data, str(file.path))
        if file.digest is not None and sha256(data).digest() != file.digest:
            raise DamagedError(str(file.path), expected=f"the file of {name} as it was written", got="a changed one",
                               hint="Resume from a checkpoint, and leave the store's folder alone.")
        return data

    def _packed(self, name: str) -> bytes | None:
        """Return the bytes of an expert's file as it would be now, or None if it is damaged."""
        expert = self._live.get(name)
        if expert is not None:
            return pack_expert(expert, name, self._names[name])
        if name in self.damaged:
            return None
        try:
            return self._read(name)
        except DamagedError as error:
            self._mask(name, error)
            return None

    def _mask(self, name: str, error: DamagedError) -> None:
        if self._params.on_damage == "stop":
            raise error
        self.damaged[name] = str(error)
        self._files.pop(name, None)

    def _own_folder(self) -> Path:
        """Return the folder of this store alone: a branch of a run, or a twin in a test, has one of its own."""
        if self._folder is None:
            try:
                if self._params.folder is not None:
                    Path(self._params.folder).mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix="aura-experts-", dir=self._params.folder))
            except OSError as error:
                raise StateError(f"{self._where}.store.folder", expected="a folder that can be written to",
                                 got=f"{self._params.folder or tempfile.gettempdir()}: {error.strerror}",
                                 hint="Choose another folder.") from error
            self._cleanup = weakref.finalize(self, _remove, self._folder, os.getpid())
        return self._folder

    def _clear(self) -> None:
        self.close()
        self._names, self._live, self._files, self.damaged = {}, {}, {}, {}


def _inside(folder: Path, name: str) -> Path:
    """Return an expert's file; names come out of checkpoints and exports, and none leads out of the folder."""
    if not (isinstance(name, str) and re.fullmatch(r"\w[\w.-]*", name)):
        raise StateError(f"expert {name!r}", expected="a name of letters, digits, '_', '.' and '-'", got=repr(name))
    return folder / f"{name}{SUFFIX}"


def _remove(folder: Path, process: int) -> None:
    """Remove a private folder, unless this is a fork of the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
