"""What a notebook needs beside `Brain`: zones by name, and brains from scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from aura.core.brain import Brain
from aura.core.zone import Manifest
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.plugins import scenario_plugins
from aura.sim.scenario import load_scenario
from aura.sim.sources import Sources
from aura.sim.streams.beside import Timetable
from aura.sim.streams.stream import Stream

__all__ = ["load_brain", "zone"]


def zone(name: str) -> Manifest:
    """Return the zone of that name from the installed plugins, to be added to a brain.

    Raises
    ------
    PluginError
        If no plugin brings one; the message names the nearest.

    Examples
    --------
    >>> zone("amygdala").wake_on is not None
    True
    """
    return PluginManager().zone(name)


def load_brain(scenario: str | Path, *settings: str) -> Brain:
    """Return the brain of a scenario, playing its learning rows from 0, to be stepped by hand.

    Where a stream goes by another one the brain is built, so that nothing can be added to it any more.

    Parameters
    ----------
    scenario : str or Path
        A file, or the name of an embedded scenario.
    *settings : str
        ``"zone.param=value"``, as ``aura run --set`` takes them.

    Examples
    --------
    >>> brain = load_brain("feelings", "sensory.cache=false")
    >>> list(brain.graph)
    ['diary', 'sensory', 'amygdala']
    """
    found = load_scenario(scenario, settings)
    sources = Sources(found.folder)
    brain = build_brain(found, scenario_plugins(found, sources), autoplay=True, sources=sources)
    beside = {name: model.beside for name, model in found.streams.items()}
    if any(how.other for how in beside.values()):
        brain.build()
        Timetable({name: cast("Stream", brain[name]) for name in beside}, beside).begin("learn", 0)
        for name in beside:
            brain.wake(name)
    return brain
