"""What can be told of a run before it begins: its streams are opened and its metrics made, and no zone is built."""

from __future__ import annotations

from aura.core.blueprint import Blueprint
from aura.core.brain import Brain
from aura.core.executors import EXECUTORS
from aura.plugins.manager import PluginManager
from aura.sim.observers import make_metrics
from aura.sim.phases import PhasePlayer
from aura.sim.scenario import Scenario

__all__ = ["rehearse"]


def rehearse(scenario: Scenario, blueprint: Blueprint, manager: PluginManager) -> None:
    """Refuse what would end a run of the scenario before its first tick, as far as its own files tell.

    The rows of a stream with a curriculum are read for their classes, and those with a time column for their times, as
    a run does too. What zones refuse when they are built is not told.

    Raises
    ------
    AuraError
        If the wiring is wrong, the executor unknown, a metric asks for a topic that there is not, a class is in no
        stage of a curriculum, or a phase plays a stage that there is not.
    """
    with scenario.written.naming("executor"):
        if scenario.executor not in EXECUTORS:
            manager.executor(scenario.executor)
    with Brain.of(blueprint) as brain:  # not built: it is looked at
        make_metrics(scenario, manager, brain.view)
    streams = Blueprint(seed=scenario.seed, resolution=scenario.resolution)
    for name in scenario.streams:
        plan = blueprint.plans[name]
        streams.add(plan.factory or plan.manifest, name)
    # They hold out the same rows as in the whole brain: their random streams follow from seed and name alone.
    with scenario.written.naming(), streams.build() as alone:
        PhasePlayer(alone, scenario, None)
