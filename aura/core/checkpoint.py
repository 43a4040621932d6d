"""Checkpoint folders: written aside, fsynced, renamed, so that a crash leaves the previous one whole."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from pathlib import Path
from typing import Any

from aura.core.blame import described
from aura.core.errors import CheckpointError, unwritable
from aura.core.json_text import parse_json
from aura.core.state import read_tree, write_tree
from aura.core.time import Time, format_time

__all__ = ["FORMAT", "checkpoint_at", "checkpoint_of", "checkpoint_time", "latest_checkpoint", "list_checkpoints",
           "read_checkpoint", "sync_path", "write_checkpoint"]

_log = logging.getLogger("aura.checkpoint")
FORMAT = 4
_MANIFEST = "manifest.json"
_NAME = re.compile(r"t([0-9]{20})(?:-([0-9]+))?")
"""The folder of an instant; a number tells a second checkpoint of the same instant from the first."""


def write_checkpoint(folder: str | Path, time: Time, manifest: dict[str, Any], trees: dict[str, Any], *,
                     keep: int = 3) -> Path:
    """Write one checkpoint below `folder` and return its own folder; the oldest beyond `keep` go.

    Parameters
    ----------
    folder : Path
        Where the checkpoints of one run lie.
    time : int
        The instant of the state, in nanoseconds.
    manifest : dict
        JSON values that describe the brain.
    trees : dict
        File name (a zone's or an observer's) to state tree, a safetensors file each.
    keep : int
        How many to keep, the new one included; 0 keeps all.

    Raises
    ------
    CheckpointError
        If it cannot be written; then nothing is left of it.
    """
    folder = Path(folder)
    try:
        return _write(folder, time, manifest, trees, keep)
    except OSError as error:
        for left in folder.glob(".t*.aside"):
            shutil.rmtree(left, ignore_errors=True)
        raise unwritable(folder, error, CheckpointError) from error


def _write(folder: Path, time: Time, manifest: dict[str, Any], trees: dict[str, Any], keep: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    same = [path for path in list_checkpoints(folder) if _order(path)[0] == time]
    target = folder / (f"t{time:020d}-{_order(same[-1])[1] + 1}" if same else f"t{time:020d}")
    for left in folder.glob(".t*.aside"):  # of a run that was killed while it wrote
        shutil.rmtree(left, ignore_errors=True)
    aside = folder / f".{target.name}.aside"
    aside.mkdir()
    files: dict[str, str] = {}
    for name, tree in trees.items():
        path = aside / f"{name}.safetensors"
        write_tree(path, tree, name)
        files[name] = _digest(path)
        sync_path(path)
    content = {"format": FORMAT, "time": time, "files": files, **manifest}
    text = json.dumps(content, indent=1)
    envelope = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "content": content}
    (aside / _MANIFEST).write_text(json.dumps(envelope, indent=1), encoding="utf-8")
    sync_path(aside / _MANIFEST)
    sync_path(aside)
    os.rename(aside, target)
    sync_path(folder)
    finished = list_checkpoints(folder)
    for old in finished:
        if old not in same and (not keep or old in finished[-keep:]):
            continue
        leaving = old.rename(folder / f".{old.name}.aside")  # so that none is ever seen half deleted
        shutil.rmtree(leaving, ignore_errors=True)
    return target


def read_checkpoint(folder: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the manifest and the trees of one checkpoint.

    Raises
    ------
    CheckpointError
        If the folder is missing, of another format, or a file does not match its digest.
    """
    folder = Path(folder)
    path = folder / _MANIFEST
    hint = "Resume from an earlier checkpoint."
    try:
        envelope = parse_json(path.read_text(encoding="utf-8"))
        content = envelope["content"]
        whole = hashlib.sha256(json.dumps(content, indent=1).encode()).hexdigest() == envelope["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(str(folder), expected="a checkpoint with a manifest.json",
                              got=described(error), hint=hint) from error
    if not whole:
        raise CheckpointError(str(path), expected="the content it was written with", got="other content", hint=hint)
    if content["format"] != FORMAT:
        raise CheckpointError(str(path), expected=f"format {FORMAT}", got=f"format {content['format']}",
                              hint="It was written by another version of AURA.")
    trees = {}
    for name, digest in content["files"].items():
        if Path(name).name != name:
            raise CheckpointError(str(path), expected="names of files of the checkpoint's own folder", got=repr(name))
        file = folder / f"{name}.safetensors"
        if not file.is_file() or _digest(file) != digest:
            raise CheckpointError(str(file), expected="the file the manifest lists",
                                  got="a damaged file" if file.is_file() else "no file", hint=hint)
        trees[name] = read_tree(file, name)
    return content, trees


def list_checkpoints(folder: str | Path) -> list[Path]:
    """Return the finished checkpoints below `folder`, oldest first."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()), key=_order)


def latest_checkpoint(folder: str | Path) -> Path:
    """Return the newest checkpoint below `folder` that can be read.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    folder = Path(folder)
    for path in reversed(list_checkpoints(folder)):
        try:
            read_checkpoint(path)
        except CheckpointError as error:
            _log.warning("%s cannot be read, %s; the one before is taken", error.where, error.got)
            continue
        return path
    raise CheckpointError(str(folder), expected="at least one whole checkpoint", got="none",
                          hint="Was the run started with checkpoints on?")


def checkpoint_of(folder: str | Path) -> Path:
    """Return the checkpoint that `folder` is, else the newest that lies in it or in its folder `checkpoints`.

    Raises
    ------
    CheckpointError
        If it is none and has none.
    """
    folder = Path(folder)
    if (folder / _MANIFEST).exists():
        return folder
    for place in (folder, folder / "checkpoints"):
        if list_checkpoints(place):
            return latest_checkpoint(place)
    got = f"one without a {_MANIFEST}" if folder.is_dir() else "a file" if folder.exists() else "no such folder"
    raise CheckpointError(str(folder), expected="the folder of a checkpoint, or one with checkpoints in it", got=got)


def checkpoint_at(folder: str | Path, time: Time, resolution: Time = 1) -> Path:
    """Return the checkpoint of an instant below `folder`, or else the last one before it.

    Raises
    ------
    CheckpointError
        If the first one is later; the message names all.
    """
    folder = Path(folder)
    known = list_checkpoints(folder)
    exact = [path for path in known if _order(path)[0] == time]
    for path in reversed(exact or known):
        if _order(path)[0] // resolution * resolution <= time:
            return path
    raise CheckpointError(str(folder), expected=f"a checkpoint at or before {format_time(time)}",
                          got=", ".join(dict.fromkeys(checkpoint_time(path, resolution) for path in known)) or "none")


def checkpoint_time(folder: str | Path, resolution: Time = 1) -> str:
    """Return the instant of a checkpoint folder as people write it: that of its last tick, if that was the last thing.

    The state after a tick stands at the nanosecond behind it, and no tick lies between two multiples of the
    brain's `resolution`.
    """
    folder = Path(folder)
    return format_time(_order(folder)[0] // resolution * resolution)


def _order(folder: Path) -> tuple[Time, int]:
    name = _NAME.fullmatch(folder.name)
    if name is None:
        raise CheckpointError(str(folder), expected="the folder of a checkpoint, 't' and its instant", got=folder.name)
    return int(name[1]), int(name[2] or 0)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_path(path: Path) -> None:
    """Wait until the disk has a file, or the entries of a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
