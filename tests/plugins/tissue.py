"""A brain with a zone that publishes what a tissue publishes, and a stream whose items have a place and a label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from aura import Brain, Items, Manifest, Port, Zone, ZoneParams
from aura.core.schedule import clock_text
from aura.plugins.metrics import Metric
from aura.plugins.metrics.plugin import aura_metrics

KINDS = {kind.name: kind for kind in aura_metrics()}
MODES = ("normal", "random", "intentional", "bidirectional")
PERIOD_MS = 10.0
SAMPLES = 40


class PlacesParams(ZoneParams):
    labels: int = 10
    items: int = 4


class Places(Zone[PlacesParams]):
    """Publishes places in a square, each with the number of its field as its label."""

    manifest = Manifest("places", "", "", params=PlacesParams, period="10 ms", outputs=(
        Port("place", shape=("item", 2)), Port("label", "text", ("item",), role="label")))
    count = 0

    def step(self, now: int, inputs: Any) -> Any:
        places = self.rng.random((self.params.items, 2), dtype=np.float32)
        rows = int(np.sqrt(self.params.labels))
        columns = -(-self.params.labels // rows)
        noisy = np.clip(places + self.rng.normal(size=places.shape) * 0.04, 0.0, 0.999)
        field = (noisy[:, 0] * columns).astype(int) * rows + (noisy[:, 1] * rows).astype(int)
        ids = np.arange(self.count, self.count + len(places), dtype=np.int64)
        self.count += len(places)
        return {"place": Items(places, ids), "label": Items(tuple(f"{k % self.params.labels}" for k in field), ids)}

    def state(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state(self, state: dict[str, Any]) -> None:
        self.count = state["count"]


class TissueParams(ZoneParams):
    shape: tuple[int, int, int] = (5, 5, 16)
    probes: int = 4
    rate_hz: float = 8.0


def _ports(params: TissueParams) -> tuple[Port, ...]:
    return (Port("voltage", shape=(params.probes, "sample"), unit="mV"), Port("spikes", "int32", ("spike",)),
            Port("spike_times", "float64", ("spike",), unit="ms"),
            Port("winner", "int64", ("item",), items_from="place"),
            Port("activity", shape=params.shape, unit="Hz"), Port("activation", shape=("item", *params.shape)),
            Port("loss", "float64"), Port("mode", "text", (1,)), Port("skipped", "int64"))


class Tissue(Zone[TissueParams]):
    """Not a model of anything: cells spike at random, more of them deep in the grid, and loss falls."""

    manifest = Manifest("tissue", "", "", params=TissueParams, wake_on=("place",),
                        inputs=(Port("place", shape=("item", 2)),), outputs=_ports)

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.ticks = 0
        shape = self.params.shape
        depth = np.linspace(0.1, 1.9, shape[2])
        self.rates = np.broadcast_to(depth * self.params.rate_hz, shape).copy()
        self.rates[shape[0] // 2, shape[1] // 2] *= 3.0
        self.activity = np.zeros(shape)

    def step(self, now: int, inputs: Any) -> Any:
        self.ticks += 1
        shape, end = self.params.shape, now / 1e6
        spiked = self.rng.random(shape) < self.rates * PERIOD_MS / 1000.0
        cells = np.flatnonzero(spiked).astype(np.int32)
        times = np.sort(end - self.rng.random(len(cells)) * PERIOD_MS)
        self.activity += 0.1 * (spiked * 1000.0 / PERIOD_MS - self.activity)
        index = (inputs["place"] * shape[:2]).astype(int)
        depth = np.minimum((self.rng.random(len(index)) ** 2 * shape[2]).astype(int), shape[2] - 1)
        winner = np.ravel_multi_index((index[:, 0], index[:, 1], depth), shape)
        mode = self.ticks // 20 % len(MODES)
        loss = (1.0 + 0.2 * mode) * np.exp(-self.ticks / 200.0) + 0.3 + 0.02 * self.rng.normal()
        published = {"voltage": self._voltage(cells, times, end), "winner": winner,
                "activity": self.activity.astype(np.float32),
                "activation": np.broadcast_to(self.activity, (len(index), *shape)).astype(np.float32),
                "loss": np.float64(loss), "mode": (MODES[mode],), "skipped": np.int64(0)}
        return {**published, "spikes": cells, "spike_times": times} if len(cells) else published

    def _voltage(self, cells: np.ndarray, times: np.ndarray, end: float) -> np.ndarray:
        """Return noise about -65 mV, with a peak wherever a probe cell spiked."""
        voltage = -65.0 + 1.5 * self.rng.normal(size=(self.params.probes, SAMPLES))
        last = int(np.prod(self.params.shape)) - 1
        for probe in range(self.params.probes):
            for time in times[cells == last - probe]:
                sample = int((time - end + PERIOD_MS) / PERIOD_MS * SAMPLES)
                voltage[probe, sample:sample + 2] = (38.0, -75.0)[:SAMPLES - sample]
        return voltage.astype(np.float32)

    def state(self) -> dict[str, Any]:
        return {"ticks": self.ticks, "activity": self.activity.copy()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.ticks, self.activity = state["ticks"], state["activity"]


def make_brain(seed: int = 5, labels: int = 10, items: int = 4, **params: Any) -> Brain:
    """Return the brain, unbuilt; labels come 20 ms after their items."""
    brain = Brain(seed=seed, profile=True)
    brain.add(Places, "places", params={"labels": labels, "items": items})
    brain.add(Tissue, "tissue", params=params)
    brain.connect("places.place", "tissue.place")
    return brain


def all_views(shape: tuple[int, int, int] = (5, 5, 16)) -> dict[str, dict[str, Any]]:
    """Return the options of a metric of each kind that shows this tissue."""
    return {
        "voltage": {"kind": "traces", "signal": "tissue.voltage", "window": "500 ms"},
        "spikes": {"kind": "raster", "spikes": "tissue.spikes", "times": "tissue.spike_times"},
        "regions": {"kind": "map", "winner": "tissue.winner", "truth": "places.label", "shape": shape},
        "activity": {"kind": "volume", "signal": "tissue.activity"},
        "loss": {"kind": "grouped", "value": "tissue.loss", "group": "tissue.mode"},
    }


def build(options: dict[str, dict[str, Any]]) -> list[Metric]:
    """Return the metrics of these options."""
    return [KINDS[one["kind"]].build(name, {key: value for key, value in one.items() if key != "kind"})
            for name, one in options.items()]


def play(brain: Brain, folder: Path, options: dict[str, dict[str, Any]], seconds: float = 2.0) -> Path:
    """Run a brain for two phases under these metrics and leave what a run leaves; return the folder."""
    metrics, phases = build(options), []
    for metric in metrics:
        brain.observe(metric)
    for name, learning, span in (("learn", True, seconds), ("held-out", False, seconds / 2)):
        start = brain.begin_phase(name, learning=learning)
        brain.run(span=f"{int(span * 1000)} ms")
        phases.append({"name": name, "learning": learning, "start": start, "end": brain.now, "wall_seconds": 0.5})
    run = {"aura": "0.1.0", "scenario": "tissue", "summary": "A small tissue.", "status": "finished", "seed": 5,
           "resolution": brain.resolution, "executor": "serial", "started": "2026-01-05T10:00:00+00:00",
           "wall_seconds": 1.0, "ticks": brain.ticks, "now": brain.now, "phases": phases,
           "graph": {"zones": [{"name": m.name, "kind": m.kind, "clock": clock_text(m)} for m in brain.plans.values()],
                     "pathways": [{"source": p.source, "source_port": p.source_port, "target": p.target,
                                   "target_port": p.target_port, "delay": p.delay} for p in brain.pathways]}}
    rows = [row for metric in metrics for row in metric.take_rows()]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps({m.name: m.results() for m in metrics}), encoding="utf-8")
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder
