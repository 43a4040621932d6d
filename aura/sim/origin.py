"""The checkpoint that a branch began at: kept in its own folder, so that the branch can be played again from there."""

from __future__ import annotations

import shutil
from pathlib import Path

from aura.core.blame import described
from aura.core.checkpoint import list_checkpoints
from aura.core.errors import CheckpointError

__all__ = ["ORIGIN", "find_origin", "keep_origin"]

ORIGIN = "origin"
"""The folder, within that of the branch, in which the checkpoint lies; nothing in it is ever pruned."""


def find_origin(folder: Path, known: str) -> Path:
    """Return the checkpoint that the branch in `folder` began at: its own copy, else the one at `known`.

    Raises
    ------
    CheckpointError
        If it is gone; branches of earlier versions have kept no copy.
    """
    for path in (*list_checkpoints(folder / ORIGIN), Path(known)):
        if path.is_dir():
            return path
    raise CheckpointError(str(folder), expected=f"the checkpoint that this branch began at, in its folder {ORIGIN}/ "
                          f"or at {known}", got="none any more",
                          hint="Without it the branch cannot be played from its beginning.")


def keep_origin(folder: Path, checkpoint: Path) -> None:
    """Copy the checkpoint that the branch in `folder` begins at, unless it is kept already."""
    kept = folder / ORIGIN / checkpoint.name
    aside = kept.with_name(f".{kept.name}.aside")
    if kept.exists():
        return
    try:
        shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed while it copied
        shutil.copytree(checkpoint, aside)
        aside.rename(kept)
    except OSError as error:
        raise CheckpointError(str(kept), expected="to copy the checkpoint that the branch begins at",
                              got=described(error)) from error
