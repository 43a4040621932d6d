"""The right to write into a run's folder: one process has it at a time."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aura.core.errors import AuraError, CheckpointError, unwritable
from aura.core.json_text import parse_json
from aura.core.observer import Observer
from aura.core.time import Time

__all__ = ["LOCK", "FolderWatch", "Hold"]

LOCK = "lock"
LOOK_S = 1.0
"""How often a run looks whether its folder is still there, in seconds of the wall clock."""


class Hold:
    """A locked file in a run's folder that says which process plays the run.

    The lock is the system's, so it ends with its process, whatever ended that; the file that is left then is stale and
    taken over. Where a file system knows no locks, the process that the file names must have ended.

    Raises
    ------
    AuraError
        If another process holds the folder, or the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        while True:
            try:
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            except OSError as error:
                raise unwritable(self.path, error) from error
            try:
                self._lock()
            except AuraError:
                os.close(self._file)
                raise
            if self.ours:
                break
            os.close(self._file)  # its holder has removed it just now
        owner = {"pid": os.getpid(), "host": socket.gethostname(),
                "since": datetime.now(UTC).isoformat(timespec="seconds")}
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(owner).encode() + b"\n", 0)
        except OSError as error:
            self.release()
            raise unwritable(self.path, error) from error

    @property
    def ours(self) -> bool:
        """Whether the folder still has the file that is held."""
        try:
            return os.path.samestat(os.stat(self.path, follow_symlinks=False), os.fstat(self._file))
        except OSError:
            return False

    @property
    def moved(self) -> Path | None:
        """Where the folder is that was moved while it was held, or None; it cannot be told on every system."""
        try:
            if self._file < 0 or self.ours or not os.fstat(self._file).st_nlink:
                return None
            return Path(os.readlink(f"/proc/self/fd/{self._file}")).parent
        except OSError:
            return None

    def release(self) -> None:
        """Let the next one have the folder; a second call does nothing."""
        if self._file < 0:
            return
        if self.ours:
            self.path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._taken(self._holder()) from None
        except OSError:  # a file system without locks
            holder = self._holder()
            if holder and (holder.get("host") != socket.gethostname() or _lives(holder.get("pid"))):
                raise self._taken(holder) from None

    def _holder(self) -> dict[str, object]:
        try:
            found = parse_json(os.pread(self._file, 4096, 0))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _taken(self, holder: dict[str, object]) -> AuraError:
        who = f"process {holder.get('pid')} on {holder.get('host')} since {holder.get('since')}" if holder \
            else "another process"
        return AuraError(str(self.path.parent), expected="a run that no other process plays", got=who,
                         hint="Let it end, or end it; then take the run up with `aura resume`.")


class FolderWatch(Observer):
    """Stops a run whose folder was removed, moved or taken over, within about a second."""

    name = "run.folder"
    topics = ()
    required = True

    def __init__(self, hold: Hold, clock: Callable[[], float] = time.monotonic) -> None:
        self._hold, self._clock, self._due = hold, clock, 0.0

    def after_tick(self, now: Time) -> None:
        if self._clock() >= self._due:
            self._due = self._clock() + LOOK_S
            if not self._hold.ours:
                raise CheckpointError(str(self._hold.path.parent), expected="the folder of the run",
                                      got="none any more, or another in its place",
                                      hint="It was moved or removed while the run went on.")


def _lives(pid: object) -> bool:
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
