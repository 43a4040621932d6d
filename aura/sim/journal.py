"""The journal of one run: keeps live input, and plays it back in a replay."""

from __future__ import annotations

from aura.core.time import Time
from aura.plugins.recording.intake import Intake, IntakeFolder
from aura.plugins.recording.journal import JournalEntry, JournalReader, JournalWriter
from aura.plugins.recording.segments import list_segments
from aura.sim.runfolder import RunFolder
from aura.sim.streams.live import Rows

__all__ = ["NoInput", "RunJournal"]


class NoInput:
    """The journal of a brain that is only looked at: live input is not even opened, it might wait for someone."""

    live = False

    def write(self, stream: str, now: Time, rows: Rows, read: int | None = None) -> None:
        """Keep nothing."""

    def read(self, stream: str) -> list[JournalEntry]:
        """Return nothing."""
        return []

    def intake(self, stream: str) -> None:
        """Return nothing."""


class RunJournal:
    """Writes live input below the run's folder, and gives back what was taken in before.

    Parameters
    ----------
    folder : RunFolder
        The run's own folder; nothing is made in it before the first live row. What its journal holds already, in a
        resumed run, is played again as far as the checkpoint does not cover it.
    replay_of : RunFolder, optional
        The run whose journal is played in place of live input.
    """

    def __init__(self, folder: RunFolder, replay_of: RunFolder | None = None) -> None:
        self._folder, self._replay_of = folder, replay_of
        self._writer: JournalWriter | None = None
        self._intake = IntakeFolder(folder.journal / "intake")
        self.begins: Time = 0

    @property
    def live(self) -> bool:
        """Whether live input is taken at all."""
        return self._replay_of is None

    def write(self, stream: str, now: Time, rows: Rows, read: int | None = None) -> None:
        """Keep rows before they are used, and how far into the input they reach."""
        self._intake.commit()
        if self._writer is None:
            self._writer = JournalWriter(self._folder.journal, self.begins)
        self._writer.write(stream, now, rows, read)

    def read(self, stream: str) -> list[JournalEntry]:
        """Return what a stream took in before, tick by tick."""
        folder = (self._replay_of or self._folder).journal
        if not list_segments(folder):  # killed before a tick used what was read
            return []
        return list(JournalReader(folder).kept(stream))

    def intake(self, stream: str) -> Intake:
        """Return where a live stream keeps its input as it reads it, with what it has read and not used so far."""
        return self._intake.stream(stream, max((entry.read or 0 for entry in self.read(stream)), default=0))

    def close(self) -> None:
        """Close the files."""
        self._intake.close()
        if self._writer is not None:
            self._writer.close()
