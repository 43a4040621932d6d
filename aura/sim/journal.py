"""The journal of one run: keeps live input, and plays it back in a replay."""

from __future__ import annotations

import shutil
from pathlib import Path

from aura.core.errors import unwritable
from aura.core.time import Time
from aura.plugins.recording.intake import Intake, IntakeFolder
from aura.plugins.recording.journal import JournalEntry, JournalReader, JournalWriter
from aura.plugins.recording.segments import list_segments
from aura.sim.runfolder import RunFolder
from aura.sim.streams.live import Rows

__all__ = ["NoInput", "RunJournal"]


_INTAKE = "intake"


class NoInput:
    """The journal of a brain that is only looked at: live input is not even opened, it might wait for someone."""

    live = False

    def write(self, stream: str, now: Time, rows: Rows, read: int | None = None, skipped: int | None = None) -> None:
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
    origin : RunFolder, optional
        The run that this one branches from. What that has taken in beyond the checkpoint is played first; `take_over`
        copies it, so that the branch needs its origin no longer.
    """

    def __init__(self, folder: RunFolder, replay_of: RunFolder | None = None, origin: RunFolder | None = None) -> None:
        self._folder, self._replay_of = folder, replay_of
        self._origin = None if folder.journal.exists() else origin  # else it is taken over already
        self._writer: JournalWriter | None = None
        self._intake = IntakeFolder(folder.journal / _INTAKE, self._origin.journal / _INTAKE if self._origin else None)
        self._given: list[Intake] = []
        self.begins: Time = 0

    @property
    def live(self) -> bool:
        """Whether live input is taken at all."""
        return self._replay_of is None

    @property
    def taken(self) -> bool:
        """Whether any live input was kept in this sitting."""
        return self._writer is not None or self._intake.begun

    def take_over(self) -> None:
        """Copy what the origin of a branch has taken in into the run's own folder; the end of its input is left out."""
        if self._origin is None or not self._origin.journal.is_dir():
            return
        aside = self._folder.journal.with_suffix(".partial")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            (aside / _INTAKE).mkdir(parents=True)
            for part in list_segments(self._origin.journal / _INTAKE).values():
                shutil.copyfile(part, aside / _INTAKE / part.name)
            _copy_entries(self._origin.journal, aside)
            aside.rename(self._folder.journal)
        except OSError as error:
            raise unwritable(aside, error) from error
        for intake in self._given:
            if not intake.ended:
                intake.end(False)

    def write(self, stream: str, now: Time, rows: Rows, read: int | None = None, skipped: int | None = None) -> None:
        """Keep rows before they are used, how far into the input they reach, and the bad rows up to there."""
        self._intake.commit()
        if self._writer is None:
            self._writer = JournalWriter(self._folder.journal, self.begins)
        self._writer.write(stream, now, rows, read, skipped)

    def read(self, stream: str) -> list[JournalEntry]:
        """Return what a stream took in before, tick by tick."""
        folder = (self._replay_of or self._origin or self._folder).journal
        if not list_segments(folder):  # killed before a tick used what was read
            return []
        kept = JournalReader(folder).kept(stream)
        return [entry for entry in kept if entry.rows] if self._origin is not None else list(kept)

    def intake(self, stream: str) -> Intake:
        """Return where a live stream keeps its input as it reads it, with what it has read and not used so far."""
        used = max((entry.read or 0 for entry in self.read(stream)), default=0)
        self._given.append(intake := self._intake.stream(stream, used))
        return intake

    def close(self) -> None:
        """Close the files."""
        self._intake.close()
        if self._writer is not None:
            self._writer.close()


def _copy_entries(origin: Path, folder: Path) -> None:
    """Copy what each tick used into a journal of one segment."""
    if not list_segments(origin):
        return
    reader = JournalReader(origin)
    with JournalWriter(folder) as writer:
        for stream in reader.streams:
            for entry in reader.kept(stream):
                if entry.rows:
                    writer.add(stream, *entry)
        writer.commit()
