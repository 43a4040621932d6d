"""A brain with a zone that publishes what a growing mixture of experts publishes, and a stream that changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aura import Brain, Items, Manifest, Port, Zone, ZoneParams
from aura.core.schedule import clock_text
from aura.plugins.metrics import Metric
from aura.plugins.metrics.plugin import aura_metrics

KINDS = {kind.name: kind for kind in aura_metrics()}
CLASSES = 4
Phases = Sequence[tuple[str, bool, str]]
TWO_PHASES: Phases = (("learn", True, "2 s"), ("held-out", False, "500 ms"))

BIRTHS = {0: (), 40: ("expert_0",), 80: ("expert_0", "expert_1"), 120: ("expert_2",), 121: ("expert_2",)}
"""Ticks at which an expert is born, and its parents."""


class DigitsParams(ZoneParams):
    items: int = 8


class Digits(Zone[DigitsParams]):
    """Publishes numbers with their labels; after 110 ticks the regime is another."""

    manifest = Manifest("digits", "", "", params=DigitsParams, period="10 ms", outputs=(
        Port("image", shape=("item",)), Port("label", "tags", ("item",), role="label"),
        Port("regime", "text", ("item",), role="label")))
    ticks = 0

    def step(self, now: int, inputs: Any) -> Any:
        count = self.params.items
        labels = self.rng.integers(0, CLASSES, size=count)
        ids = np.arange(self.ticks * count, (self.ticks + 1) * count, dtype=np.int64)
        regime = "before" if self.ticks < 110 else "after"
        self.ticks += 1
        return {"image": Items(labels.astype(np.float32), ids), "regime": Items((regime,) * count, ids),
                "label": Items(tuple((str(label),) for label in labels.tolist()), ids)}

    def state(self) -> dict[str, Any]:
        return {"ticks": self.ticks}

    def load_state(self, state: dict[str, Any]) -> None:
        self.ticks = state["ticks"]


class MixtureParams(ZoneParams):
    collapsed: bool = False


class Mixture(Zone[MixtureParams]):
    """Not a model of anything: experts are born by a schedule and take items by chance."""

    manifest = Manifest("mixture", "", "", params=MixtureParams, wake_on=("image",),
                        inputs=(Port("image", shape=("item",)),), outputs=(
        Port("label", "tags", ("item",), items_from="image"), Port("expert", "text", ("item",), items_from="image"),
        Port("utilisation", shape=("expert",)), Port("accuracy", shape=("expert",)), Port("names", "text", ("expert",)),
        Port("growth", "text", ("event",))))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.ticks, self.shares = 0, np.zeros(0)

    def step(self, now: int, inputs: Any) -> Any:
        lines = self._grow(now)
        count, experts = len(inputs["image"]), len(self.shares)
        odds = np.r_[30.0, np.ones(experts - 1)] if self.params.collapsed else np.arange(1.0, experts + 1)
        chosen = self.rng.choice(experts, size=count, p=odds / odds.sum())
        self.shares = 0.95 * self.shares + 0.05 * np.bincount(chosen, minlength=experts) / count
        right = self.rng.random(count) < 0.5 + 0.1 * chosen
        labels = (inputs["image"].astype(int) + ~right) % CLASSES
        published = {"label": tuple((str(label),) for label in labels.tolist()),
                "expert": tuple(f"expert_{k}" for k in chosen.tolist()),
                "utilisation": (self.shares / self.shares.sum()).astype(np.float32),
                "accuracy": (0.5 + 0.1 * np.arange(experts) + 0.02 * self.rng.normal(size=experts)).astype(np.float32)}
        if lines:
            published |= {"growth": lines, "names": tuple("abcdefgh"[:experts])}
        return published

    def _grow(self, now: int) -> tuple[str, ...]:
        tick, self.ticks = self.ticks, self.ticks + 1
        common = {"time": now, "items": tick * 8, "kind": "mlp", "group": 0, "seed": 5}
        lines = []
        if tick in BIRTHS:
            parents = BIRTHS[tick]
            name = f"expert_{len(self.shares)}"
            lines.append({**common, "action": "grow", "expert": name, "parents": parents, "reason": "schedule",
                          "start": ("seed", "clone", "committee")[len(parents)]})
            self.shares = np.append(self.shares, 0.0 if len(self.shares) else 1.0)
        for at, action in ((90, "freeze"), (130, "prune"), (150, "thaw"), (160, "revive")):
            if tick == at:
                expert = "expert_1" if action in ("prune", "revive") else "expert_0"
                lines.append({**common, "action": action, "expert": expert, "parents": [], "reason": "request",
                              "start": ""})
        return tuple(json.dumps(line) for line in lines)

    def state(self) -> dict[str, Any]:
        return {"ticks": self.ticks, "shares": self.shares.copy()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.ticks, self.shares = state["ticks"], state["shares"]


def make_brain(seed: int = 5, **params: Any) -> Brain:
    """Return the brain, unbuilt."""
    brain = Brain(seed=seed)
    brain.add(Digits, "digits")
    brain.add(Mixture, "mixture", params=params)
    brain.connect("digits.image", "mixture.image")
    return brain


def all_metrics() -> dict[str, dict[str, Any]]:
    """Return the options of all metrics that show a mixture."""
    return {
        "digit": {"kind": "classification", "truth": "digits.label", "prediction": "mixture.label",
                  "by": ("mixture.expert", "digits.regime"), "forgetting": True},
        "utilisation": {"kind": "components", "signal": "mixture.utilisation", "label": "expert", "stacked": True},
        "accuracy": {"kind": "components", "signal": "mixture.accuracy", "label": "expert"},
        "growth": {"kind": "growth", "events": "mixture.growth"},
    }


def build(options: dict[str, dict[str, Any]]) -> list[Metric]:
    """Return the metrics of these options."""
    return [KINDS[one["kind"]].build(name, {key: value for key, value in one.items() if key != "kind"})
            for name, one in options.items()]


def play(brain: Brain, folder: Path, options: dict[str, dict[str, Any]], phases: Phases = TWO_PHASES) -> Path:
    """Run a brain for some phases under these metrics and leave what a run leaves; return the folder."""
    metrics, played = build(options), []
    for metric in metrics:
        brain.observe(metric)
    for name, learning, span in phases:
        start = brain.begin_phase(name, learning=learning)
        brain.run(span=span)
        played.append({"name": name, "learning": learning, "start": start, "end": brain.now, "wall_seconds": 0.5})
    run = {"aura": "0.1.0", "scenario": "mixture", "summary": "A small mixture.", "status": "finished", "seed": 5,
           "resolution": brain.resolution, "executor": "serial", "started": "2026-01-05T10:00:00+00:00",
           "wall_seconds": 1.0, "ticks": brain.ticks, "now": brain.now, "phases": played,
           "graph": {"zones": [{"name": m.name, "kind": m.kind, "clock": clock_text(m)} for m in brain.plans.values()],
                     "pathways": [{"source": p.source, "source_port": p.source_port, "target": p.target,
                                   "target_port": p.target_port, "delay": p.delay} for p in brain.pathways]}}
    rows = [row for metric in metrics for row in metric.take_rows()]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps({m.name: m.results() for m in metrics}), encoding="utf-8")
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder
