"""The observer that writes checkpoints every so often, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aura.core.errors import CheckpointError
from aura.core.observer import Observer
from aura.core.time import NEVER, Time

__all__ = ["Checkpoints"]


class Checkpoints(Observer):
    """Saves the brain at the end of the first tick of every period.

    Parameters
    ----------
    save : function
        `Brain.save` of the brain.
    folder : Path
        Where the checkpoints lie.
    every : int
        Nanoseconds of simulated time; 0 leaves it to `save`.
    keep : int
        How many are kept; 0 keeps all.
    extra : function
        Returns what a resume needs beside the brain's state.
    before, after : functions, optional
        Called around each; `after` with the checkpoint's folder.
    """

    name = "checkpoints"
    required = True
    lasting = ("_next",)

    def __init__(self, save: Callable[..., Path], folder: Path, every: Time, keep: int,
                 extra: Callable[[], Mapping[str, Any]], *,
                 before: Callable[[], None] | None = None, after: Callable[[Path], None] | None = None) -> None:
        self._save, self.folder, self.every, self.keep, self.extra = save, folder, every, keep, extra
        self.before, self.after = before, after
        self._next: Time = every
        """When the next one is due."""

    def after_tick(self, now: Time) -> Time:
        if not self.every:
            return NEVER
        if now >= self._next:
            # Set first: what is saved must say when the next one is due.
            self._next = (now // self.every + 1) * self.every
            self.save(restarts=True)
        return self._next

    def save(self, *, restarts: bool = False) -> Path:
        """Save the brain now and return the checkpoint's folder.

        Zones that restart go back only to what is saved every so often, whenever else the run was stopped and saved.

        Raises
        ------
        CheckpointError
            If it cannot be saved; a folder that was removed with all around it is not made anew.
        """
        if not self.folder.parent.is_dir():
            raise CheckpointError(str(self.folder.parent), expected="the folder of the run", got="none any more",
                                  hint="It was moved or removed while the run went on.")
        if self.before is not None:
            self.before()
        path = self._save(self.folder, keep=self.keep, extra=self.extra(), restarts=restarts)
        if self.after is not None:
            self.after(path)
        return path

    def on_load(self, now: Time) -> None:
        if self.every:  # the checkpoint may have been saved without this observer, or before it had gone on
            self._next = min(self._next, (now // self.every + 1) * self.every)
