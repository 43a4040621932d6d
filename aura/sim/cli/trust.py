"""What a command may load of the code that a scenario names, and what it says of it before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from aura.sim.runfolder import RunFolder
from aura.sim.scenario import Scenario
from aura.sim.sources import Sources

__all__ = ["Trust"]


@dataclass(frozen=True)
class Trust:
    """What the user says of a scenario's files and code.

    Parameters
    ----------
    no_code : bool
        Refuse to load code that the scenario names.
    accept_code : bool
        Load it though it is not what the run began with.
    base : Path, optional
        The folder of the scenario's own files, if they were moved.
    """

    no_code: bool = False
    accept_code: bool = False
    base: Path | None = None

    def sources(self, scenario: Scenario, origin: RunFolder | None = None) -> Sources:
        """Return the files of a scenario, or of a run that is gone on from; each file of code is told in a line."""
        known = origin.sources() if origin is not None else None
        return Sources(scenario.folder, known, no_code=self.no_code, accept_code=self.accept_code,
                       say=lambda line: typer.echo(line, err=True))
