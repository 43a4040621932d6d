"""A run folder, made by really running a small brain with metrics and writing what a run writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Items, Manifest, Port, Zone, ZoneParams
from aura.core.schedule import clock_text
from aura.plugins.metrics.plugin import aura_metrics

LABELS = ("anger", "fear", "joy", "love")
SIZE = len(LABELS)


class Posts(Zone[ZoneParams]):
    """Publishes features around a corner for each label, and the label."""

    manifest = Manifest("stream", "", period="10 ms", outputs=(
        Port("feature", shape=("item", SIZE)), Port("label", "tags", ("item",), role="label"),
        Port("target", shape=("item", 2))))
    count = 0

    def step(self, now: int, inputs: Any) -> Any:
        truth = self.rng.integers(0, SIZE, size=8)
        features = (self.rng.normal(size=(8, SIZE)) * 0.4 + np.eye(SIZE)[truth]).astype(np.float32)
        ids = np.arange(self.count, self.count + 8, dtype=np.int64)
        self.count += 8
        return {"feature": Items(features, ids), "label": Items(tuple((LABELS[k],) for k in truth), ids),
                "target": Items(features[:, :2].copy(), ids)}


class Amygdala(Zone[ZoneParams]):
    """Says the label of the largest feature."""

    manifest = Manifest(
        "amygdala", "", wake_on=("feature",),
        inputs=(Port("feature", shape=("item", SIZE)), Port("gain", required=False)),
        outputs=(Port("emotion", "tags", ("item",), items_from="feature"), Port("arousal"),
                 Port("value", shape=("item", 2), items_from="feature")))

    def step(self, now: int, inputs: Any) -> Any:
        best = inputs["feature"].argmax(axis=1)
        return {"emotion": tuple((LABELS[k],) for k in best), "arousal": np.float32(now % 7),
                "value": inputs["feature"][:, :2] * np.float32(0.9)}

    def learn(self, now: int, inputs: Any) -> dict[str, float]:
        return {"loss": float(self.rng.random())}


class Hypothalamus(Zone[ZoneParams]):
    """Feeds back."""

    manifest = Manifest("hypothalamus", "", wake_on=("arousal",), inputs=(Port("arousal"),), outputs=(Port("gain"),))

    def step(self, now: int, inputs: Any) -> Any:
        return {"gain": inputs["arousal"] * np.float32(0.5)}


METRICS = {
    "emotion": {"kind": "classification", "truth": "posts.label", "prediction": "amygdala.emotion"},
    "valence": {"kind": "regression", "truth": "posts.target", "prediction": "amygdala.value", "names": ("v", "a")},
    "numbers": {"kind": "scalars", "topics": ["amygdala.arousal"]},
    "batch": {"kind": "batch-baselines", "truth": "posts.label", "features": "posts.feature"},
}


def _play(folder: Path) -> None:
    kinds = {kind.name: kind for kind in aura_metrics()}
    metrics = [kinds[options["kind"]].build(name, {k: v for k, v in options.items() if k != "kind"})
               for name, options in METRICS.items()]
    brain = Brain(seed=5, profile=True)
    for zone, name in ((Posts, "posts"), (Amygdala, "amygdala"), (Hypothalamus, "hypothalamus")):
        brain.add(zone, name)
    brain.connect("posts.feature", "amygdala.feature")
    brain.connect("amygdala.arousal", "hypothalamus.arousal")
    brain.connect("hypothalamus.gain", "amygdala.gain", delay="2 ms")
    for metric in metrics:
        brain.observe(metric)
    phases = []
    for name, learning in (("learn", True), ("dev", False)):
        start = brain.begin_phase(name, learning=learning)
        brain.run(span="500 ms")
        phases.append({"name": name, "learning": learning, "start": start, "end": brain.now, "items": {"posts": 400},
                       "wall_seconds": 0.25})
    rows = [row for metric in metrics for row in metric.take_rows()]
    run = {
        "aura": "0.1.0", "scenario": "small", "summary": "A small run.", "status": "finished", "seed": 5,
        "resolution": brain.resolution, "executor": "serial", "started": "2026-01-05T10:00:00+00:00",
        "wall_seconds": 0.5, "ticks": 200, "now": brain.now, "items": {"posts": 800}, "phases": phases,
        "graph": {"zones": [{"name": m.name, "kind": m.kind, "clock": clock_text(m)} for m in brain.plans.values()],
                  "pathways": [{"source": p.source, "source_port": p.source_port, "target": p.target,
                                "target_port": p.target_port, "delay": p.delay} for p in brain.pathways]},
        "schedule": brain.schedule(), "profile": brain.profile_table(), "missed_deadlines": 0, "messages": [],
        "resumed": []}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    results = {metric.name: metric.results() for metric in metrics}
    (folder / "metrics.json").write_text(json.dumps(results), encoding="utf-8")
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "scenario.toml").write_text('aura = 1\nname = "small"\n', encoding="utf-8")


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of one run; do not write to it."""
    folder = tmp_path_factory.mktemp("played") / "small-run"
    folder.mkdir()
    _play(folder)
    return folder


@pytest.fixture
def run_folder(played: Path, tmp_path: Path) -> Path:
    """Return a copy of the run folder."""
    return Path(shutil.copytree(played, tmp_path / "small-run"))


@pytest.fixture
def change(run_folder: Path) -> Callable[..., Path]:
    """Return a function that changes keys of run.json and returns the folder, without figures if `bare`."""

    def apply(*, bare: bool = True, **keys: Any) -> Path:
        if bare:  # they are most of what there is to draw
            (run_folder / "metrics.json").unlink()
            (run_folder / "metrics.jsonl").unlink()
        path = run_folder / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **keys}), encoding="utf-8")
        return run_folder

    return apply
