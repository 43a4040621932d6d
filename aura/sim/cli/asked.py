"""What every command that builds a brain is told beside its own: plugins, code, output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from aura.core.brain import Brain
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.journal import NoInput
from aura.sim.plugins import scenario_plugins
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import Scenario
from aura.sim.sources import Sources

__all__ = ["Asked"]


@dataclass(frozen=True)
class Asked:
    """What the user says beside which scenario or run it is.

    Parameters
    ----------
    blocked : sequence of str, optional
        Plugins that are not loaded.
    trace : bool
        Print every hook call.
    quiet : bool
        Show no progress line.
    as_json : bool
        Print one JSON document at the end, and all else on standard error.
    no_code : bool
        Refuse to load code that the scenario names.
    accept_code : bool
        Load it though it is not what the run began with.
    base : Path, optional
        The folder of the scenario's own files, if they were moved.
    """

    blocked: Sequence[str] | None = None
    trace: bool = False
    quiet: bool = False
    as_json: bool = False
    no_code: bool = False
    accept_code: bool = False
    base: Path | None = None

    def sources(self, scenario: Scenario, origin: RunFolder | None = None) -> Sources:
        """Return the files of a scenario, or of a run that is gone on from; each file of code is told in a line."""
        known = origin.sources() if origin is not None else None
        return Sources(scenario.folder, known, no_code=self.no_code, accept_code=self.accept_code,
                       say=lambda line: typer.echo(line, err=True))

    def manager(self, scenario: Scenario, sources: Sources) -> PluginManager:
        """Return the plugins of a scenario."""
        return scenario_plugins(scenario, sources, self.blocked or (), trace=self.trace)

    def brain(self, scenario: Scenario, origin: RunFolder | None = None) -> Brain:
        """Return the brain of a scenario, to be looked at; live input is not opened."""
        sources = self.sources(scenario, origin)
        return build_brain(scenario, self.manager(scenario, sources), journal=NoInput(), sources=sources)
