"""The journal of one run: keeps live input, and plays it back in a replay."""

from __future__ import annotations

from aura.core.time import Time
from aura.plugins.recording.journal import JournalReader, JournalWriter
from aura.sim.runfolder import RunFolder
from aura.sim.streams.live import Rows

__all__ = ["RunJournal"]


class RunJournal:
    """Writes live input below the run's folder; or reads that of the run that is replayed.

    Parameters
    ----------
    folder : RunFolder
        The run's own folder; nothing is made in it before the first live row.
    replay_of : RunFolder, optional
        The run whose journal is played in place of live input.
    """

    def __init__(self, folder: RunFolder, replay_of: RunFolder | None = None) -> None:
        self._folder, self._replay_of = folder, replay_of
        self._writer: JournalWriter | None = None

    def write(self, stream: str, now: Time, rows: Rows) -> None:
        """Keep rows before they are used."""
        if self._writer is None:
            self._writer = JournalWriter(self._folder.journal)
        self._writer.write(stream, now, rows)

    def read(self, stream: str) -> list[tuple[Time, Rows]] | None:
        """Return the rows of a stream with their instants, or None when live input is to be taken."""
        if self._replay_of is None:
            return None
        return list(JournalReader(self._replay_of.journal).rows(stream))

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
