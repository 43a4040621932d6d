"""Zones, random brains and logs that the tests of the core share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from aura import Brain, Manifest, Modulator, Observer, Port, Signal, Zone, ZoneContext, ZoneParams
from aura.core.loop import EventLoop
from aura.core.node import Node
from aura.core.ports import MODULATORS
from aura.core.seeding import generator_for
from tests.naive import NaiveZone

MS = 1_000_000
GAIN = (Modulator("gain", "Added to what was seen.", default=0.0, range=(-np.inf, np.inf)),)


class ScribblerParams(ZoneParams):
    """`keeps` gives each input x0, x1, ... its way of keeping; `fail_at` are the steps that raise."""

    keeps: tuple[str, ...] = ("fresh",)
    fail_at: tuple[int, ...] = ()


def scribbler_inputs(params: ScribblerParams) -> tuple[Port, ...]:
    return tuple(Port(f"x{i}", "float64", (2,), required=False, keep=keep.split()[0],
                      fan_in="many" if keep.endswith("many") else "one") for i, keep in enumerate(params.keeps))


class Scribbler(Zone[ScribblerParams]):
    """Says what depends on every input, on its random stream and on all that it has learned."""

    manifest = Manifest("scribbler", "", params=ScribblerParams, inputs=scribbler_inputs,
                        outputs=(Port("y", "float64", (2,)), Port("gain", "float64")), period="1 ms", modulators=GAIN,
                        changeable=("keeps",))

    def __init__(self, context: ZoneContext[ScribblerParams]) -> None:
        super().__init__(context)
        self.weight = np.linspace(0.5, 1.5, len(self.params.keeps) + 1)
        self.steps = 0

    def _seen(self, inputs: Any) -> np.ndarray:
        rows = [flatten(inputs[f"x{i}"]) for i in range(len(self.params.keeps))]
        gain = float(inputs.modulators.get("gain", 0.0))
        return np.array([sum(row) + gain for row in rows] + [gain])

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        self.steps += 1
        if self.steps in self.params.fail_at:
            raise ValueError(f"step {self.steps}")
        drawn = self.rng.normal(size=2)
        published: dict[str, Any] = {"y": np.tanh(self.weight @ self._seen(inputs) + drawn)}
        if drawn[0] > 0:
            published["gain"] = np.asarray(drawn[1])
        return published

    def learn(self, now: int, inputs: Any) -> dict[str, float]:
        self.weight = 0.9 * self.weight + 0.01 * self._seen(inputs)
        return {"weight": float(self.weight.sum())}

    def state(self) -> dict[str, Any]:
        return {"weight": self.weight, "steps": self.steps}

    def load_state(self, state: dict[str, Any]) -> None:
        self.weight, self.steps = state["weight"], state["steps"]


class Rover(Scribbler):
    """A scribbler with a clock of its own, whose gaps wander."""

    def next_wake(self, now: int) -> int | None:
        return None if self.steps > 40 else now + MS * (1 + (self.steps * 5 + 3) % 7) + self.steps

    manifest = Manifest("rover", "", params=ScribblerParams, inputs=scribbler_inputs,
                        outputs=Scribbler.manifest.outputs, modulators=GAIN)


def flatten(value: Any) -> list[float]:
    """Every number in an input, whatever way it was kept."""
    if value is None:
        return []
    if isinstance(value, np.ndarray):
        return value.ravel().tolist()
    parts = value if isinstance(value, tuple) else [value[key] for key in sorted(value)]
    return [number for part in parts for number in flatten(part)]


class Log(Observer):
    """Keeps all that observers are told, as bits."""

    name = "log"

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def on_signal(self, signal: Signal) -> None:
        ids = None if signal.ids is None else signal.ids.tobytes()
        self.rows.append((signal.time, signal.topic, bits(signal.value), ids))

    def on_learn(self, zone: str, now: int, scalars: Any) -> None:
        self.rows.append((now, zone, tuple((key, float(value).hex()) for key, value in scalars.items())))

    def on_zone_error(self, zone: str, now: int, error: BaseException) -> None:
        self.rows.append((now, zone, type(error).__name__, str(error)))


def bits(value: Any) -> Any:
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


@dataclass(frozen=True)
class Spec:
    """One zone of a random brain."""

    name: str
    kind: type[Zone[Any]]
    params: dict[str, Any]
    period: int
    wake_on: tuple[str, ...]
    latency: int
    on_error: str = "stop"


@dataclass(frozen=True)
class Design:
    """A random brain, to be built as often as wanted."""

    seed: int
    zones: tuple[Spec, ...]
    paths: tuple[tuple[str, str, str, str, int], ...]

    def brain(self, executor: str = "serial") -> tuple[Brain, Log]:
        """Return the brain and its log."""
        brain = Brain(seed=self.seed, executor=executor)
        for spec in self.zones:
            brain.add(spec.kind, spec.name, params=spec.params, period=spec.period, wake_on=spec.wake_on,
                      latency=spec.latency, on_error=spec.on_error)
        for source, source_port, target, target_port, delay in self.paths:
            brain.connect(f"{source}.{source_port}", f"{target}.{target_port}", delay)
        log = Log()
        brain.observe(log)
        return brain, log

    def naive(self) -> tuple[list[NaiveZone], tuple[tuple[str, str, str, str, int], ...]]:
        """Return the same zones for the slow twin, built here by hand."""
        zones = []
        for spec in self.zones:
            params = spec.kind.manifest.params(**spec.params)
            inputs, outputs = spec.kind.manifest.ports(params)
            zone = spec.kind(ZoneContext(spec.name, params, generator_for(self.seed, spec.name), inputs, outputs, MS,
                                         spec.period))
            keeps = {f"x{i}": keep for i, keep in enumerate(spec.params["keeps"])}
            zones.append(NaiveZone(spec.name, zone, spec.period, spec.wake_on, spec.latency,
                                   {**keeps, MODULATORS.name: "hold many"}))
        return zones, self.paths


def random_design(seed: int, *, failing: bool = False) -> Design:
    """Return a random brain of two to seven zones: clocks, wake_on, delays, latencies, keep, fan-in, modulators."""
    rng = np.random.default_rng(seed)
    names = [f"z{i}" for i in range(rng.integers(2, 8))]
    zones, paths = [], []
    for name in names:
        ways = ["fresh", "hold", "all", "fresh many", "hold many"]
        keeps = tuple(ways[i] for i in rng.integers(len(ways), size=rng.integers(1, 4)))
        wake_on = tuple(f"x{i}" for i in range(len(keeps)) if rng.random() < 0.4)
        kind = Rover if rng.random() < 0.3 else Scribbler
        period = int(rng.integers(1, 5)) * MS if not wake_on or rng.random() < 0.5 else 0
        if kind is Rover and rng.random() < 0.7:
            period = 0
        latency = int(rng.integers(1, 7)) * MS if rng.random() < 0.3 else 0
        fail_at = tuple(int(n) for n in rng.integers(2, 30, size=2)) if failing and rng.random() < 0.5 else ()
        zones.append(Spec(name, kind, {"keeps": keeps, "fail_at": fail_at}, period, wake_on, latency,
                          ["silence", "restart"][int(rng.integers(2))] if fail_at else "stop"))
        for i, keep in enumerate(keeps):
            count = int(rng.integers(1, 4)) if keep.endswith("many") else 1
            for source in rng.choice(names, size=min(count, len(names)), replace=False):
                paths.append((str(source), "y", name, f"x{i}", int(rng.integers(1, 5)) * MS))
        if rng.random() < 0.4:
            paths.append((str(rng.choice(names)), "gain", name, "modulators", int(rng.integers(1, 4)) * MS))
    return Design(seed, tuple(zones), tuple(paths))


class Relay(Zone[ZoneParams]):
    """Passes its input on; a zero before the first."""

    manifest = Manifest("relay", "", inputs=(Port("x", shape=(1,), required=False),), outputs=(Port("y", shape=(1,)),),
                        period="1 ms")

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        x = inputs["x"]
        return {"y": np.zeros(1, np.float32) if x is None else x}


def built(kind: type[Zone[Any]], *names: str, resolution: str = "1 ms") -> Brain:
    """A brain of such zones after its first tick."""
    brain = Brain(resolution=resolution)
    for name in names:
        brain.add(kind, name)
    brain.step()
    return brain


def loop_of(brain: Brain) -> EventLoop:
    """The event loop of a brain, built if it is not, which no user needs."""
    return brain._engine.loop


def node_of(brain: Brain, name: str) -> Node:
    """The place of a zone in the loop."""
    return next(node for node in loop_of(brain).nodes if node.name == name)
