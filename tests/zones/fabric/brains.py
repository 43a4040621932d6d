"""Small fabrics for tests: one driven by hand, tick by tick, and one in a brain with a stream of frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aura import Brain, Manifest, Port, Zone
from aura.core.ports import MODULATORS
from aura.core.seeding import generator_for
from aura.core.signals import Inputs
from aura.core.time import MS
from aura.core.zone import ZoneContext
from aura.sim.streams.python import stream
from aura.testing.by_hand import inputs_for
from aura.zones.fabric.params import FabricParams
from aura.zones.fabric.plugin import MANIFEST
from aura.zones.fabric.zone import Fabric

FEATURES = 6
PERIOD = 10 * MS

NEURON: dict[str, Any] = {"dendrites": 1, "segments": 1, "dt_ms": 0.05,
                          "channels": {"replace": True, "sodium": 0.12, "potassium": 0.036, "leak": 0.0003}}
"""A squid neuron with one dendrite: one kernel, compiled once in all these tests."""

TISSUE: dict[str, Any] = {"neuron": NEURON, "slot_ms": 1.0, "drive_us": 0.02}
SMALL: dict[str, Any] = {"spatial_dims": (3, 3, 4), "tissue": TISSUE, "map": {"length": 200}}


def small(**changes: Any) -> dict[str, Any]:
    """Return the parameters of a small fabric, with some changed; those of the tissue beside its others."""
    params = {**SMALL, **changes}
    if changes.get("tissue") is not None:
        params["tissue"] = {**TISSUE, **changes["tissue"]}
    return params


def waves(count: int, seed: int = 0, features: int = FEATURES) -> np.ndarray:
    """Return frames (count, feature) of a bump that goes round, with a little noise: easy to predict."""
    rng = np.random.default_rng(seed)
    place = np.arange(features) - 0.7 * np.arange(count)[:, None]
    return (np.exp(np.cos(2 * np.pi * place / features)) + 0.05 * rng.normal(size=(count, features))).astype(np.float32)


class Bench:
    """A fabric driven by hand: each call of `tick` is one period later."""

    def __init__(self, seed: int = 0, resolution: int = MS, period: int = PERIOD, **changes: Any) -> None:
        params = self.params = FabricParams.model_validate(small(**changes))
        inputs, outputs = MANIFEST.ports(params)
        rng = generator_for(seed, "fabric")
        self.fabric = Fabric(ZoneContext("fabric", params, rng, (*inputs, MODULATORS), outputs, resolution, period))
        self.now, self.scalars = 0, dict[str, float]()

    def inputs(self, values: Mapping[str, Any], **how: Any) -> Inputs:
        """Return what the fabric reads at the next tick."""
        return inputs_for(MANIFEST, self.params, values, now=self.now, **how)

    def tick(self, frames: Any = None, *, learn: bool = True, goal: Any = None, teacher: Any = None,
             ids: Mapping[str, Any] | None = None, **modulators: float) -> dict[str, Any]:
        """Show frames, (feature,) or (item, feature), at the next period; return what is published."""
        given: dict[str, Any] = {}
        if frames is not None:
            given["frame"] = np.atleast_2d(np.asarray(frames, np.float32))
        for name, value in (("goal", goal), ("teacher", teacher)):
            if value is not None:
                given[name] = value
        inputs = self.inputs(given, ids=ids, modulators=modulators)
        published = self.fabric.step(self.now, inputs)
        self.scalars = self.fabric.learn(self.now, inputs) if learn else {}
        self.now += PERIOD
        return published

    def play(self, frames: np.ndarray, **how: Any) -> list[dict[str, Any]]:
        """Show frames one by one."""
        return [self.tick(frame, **how) for frame in frames]


def learners(fabric: Fabric) -> dict[str, Any]:
    """Return all that learning changes."""
    state = fabric.state()
    found = {"map": state["map"], "labels": state["labels"] and state["labels"]["readout"],
             "readout": state["forecast"] and state["forecast"]["predictor"]}
    if state["response"] is not None:
        found |= {name: state["response"]["convolution"][name] for name in ("kernels", "bias")}
    if state["tissue"] is not None:
        found["weights"] = state["tissue"]["circuit"]["plasticity"]["weights"]
    return found


def brain_of(frames: np.ndarray, *, items: int = 1, seed: int = 3, executor: str = "serial",
             names: Sequence[str] | None = None, modulators: Mapping[str, Any] | None = None, copies: int = 0,
             period: str = "10 ms", **changes: Any) -> Brain:
    """Return a brain in which a stream shows frames to a fabric, and its copies; not built yet."""
    tags = names or [""] * len(frames)
    rows = [{"image": frame, "label": (name,)} for frame, name in zip(frames, tags, strict=True)]
    brain = Brain(seed=seed, executor=executor)
    brain.add(stream(rows, items=items, period=period), "eye")
    if modulators:
        brain.add(_speaker(modulators), "mood")
    for name in ("fabric", *(f"twin{number}" for number in range(copies))):
        brain.add(MANIFEST, name, params=small(**changes))
        brain.connect("eye.image", f"{name}.frame")
        if changes.get("labels"):
            brain.connect("eye.label", f"{name}.teacher")
        for modulator in modulators or ():
            brain.connect(f"mood.{modulator}", f"{name}.modulators")
    return brain


def _speaker(modulators: Mapping[str, Any]) -> type[Zone[Any]]:
    """Return a zone that says modulators once, each a number or a function of the time in ms."""

    class Speaker(Zone[Any]):
        manifest = Manifest("mood", "", outputs=tuple(Port(name, role="modulator", doc="A modulator.")
                                                      for name in modulators), period="10 ms")

        def step(self, now: int, inputs: Any) -> dict[str, Any]:
            return {name: np.float32(value(now / MS) if callable(value) else value)
                    for name, value in modulators.items()}

    return Speaker
