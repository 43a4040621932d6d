"""run.json: what a run was, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import aura
from aura.core.brain import Brain
from aura.core.pacing import Pacer
from aura.core.schedule import clock_text
from aura.core.time import Time
from aura.sim.environment import environment
from aura.sim.phases import PhasePlayer
from aura.sim.scenario import Scenario

__all__ = ["RunTally", "beginning", "summary_of"]


@dataclass
class RunTally:
    """What adds up over all sittings of a run."""

    started: str = ""
    ticks: int = 0
    wall_seconds: float = 0.0
    resumed: list[Time] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    branched_from: str = ""
    replay_of: str = ""
    base: str = ""
    inputs: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> RunTally:
        """Return the tally that run.json holds."""
        return cls(**{key.name: known[key.name] for key in fields(cls) if key.name in known})


def beginning(scenario: Scenario, tally: RunTally) -> dict[str, Any]:
    """Return the content of run.json before the brain is built."""
    return {"aura": aura.__version__, "scenario": scenario.name, "summary": scenario.summary, "status": "running",
            "seed": scenario.seed, **asdict(tally)}


def summary_of(scenario: Scenario, brain: Brain, player: PhasePlayer, tally: RunTally, status: str) -> dict[str, Any]:
    """Return the content of run.json."""
    return {
        "aura": aura.__version__, "scenario": scenario.name, "summary": scenario.summary, "status": status,
        "environment": environment(),
        "seed": scenario.seed, "resolution": brain.resolution, "executor": scenario.executor,
        "started": tally.started, "wall_seconds": round(tally.wall_seconds, 3), "ticks": tally.ticks + brain.ticks,
        "now": brain.now, "items": player.items, "phases": player.history(),
        "graph": {
            "zones": [{"name": m.name, "kind": m.kind, "clock": clock_text(m)} for m in brain.plans.values()],
            "pathways": [{"source": p.source, "source_port": p.source_port, "target": p.target,
                          "target_port": p.target_port, "delay": p.delay} for p in brain.pathways]},
        "schedule": brain.schedule(), "profile": brain.profile_table(), "realtime": scenario.realtime,
        "missed_deadlines": brain.pace.missed if isinstance(brain.pace, Pacer) else 0,
        "notices": [asdict(notice) for notice in brain.all_notices()],
        "messages": tally.messages, "resumed": tally.resumed, "branched_from": tally.branched_from,
        "replay_of": tally.replay_of, "base": tally.base, "inputs": tally.inputs,
    }
