"""Zones as they were asked for, checked, and how one is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from aura.core.blame import blaming, described, raised_at
from aura.core.errors import AuraError, WiringError, ZoneError
from aura.core.flow import Wait
from aura.core.modulators import Modulator
from aura.core.params import checked_bool, validated
from aura.core.paths import Paths
from aura.core.ports import MODULATORS, Port
from aura.core.seeding import generator_for
from aura.core.time import Time, parse_time
from aura.core.zone import Manifest, Zone, ZoneContext, ZoneParams

__all__ = ["Plan", "clocks_itself", "make_zone", "plan_zone"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A zone as it was asked for, and what follows from that: its ports by name, its clock, what it obeys.

    Times are in nanoseconds, a period of 0 is none. What others are wired to it is known when the wiring is checked.
    """

    name: str
    manifest: Manifest
    params: ZoneParams
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    modulators: Mapping[str, Modulator]
    period: Time
    wake_on: tuple[str, ...]
    latency: Time
    self_clocked: bool
    learn: bool
    on_error: str
    factory: type[Zone[Any]] | None
    waits: Mapping[str, Wait] = field(default_factory=dict)
    """For each input that brings items later than another, how many items wait for it."""
    sources: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """For each input of labels from which sources the items come that may be labelled there, where that is known."""
    wired: frozenset[str] = frozenset()
    """The inputs that a pathway leads to."""
    joined: frozenset[str] = frozenset()
    """Those that several pathways lead to, whose items are joined."""
    first_id: int = 0
    """What the zone counts the items from that it is the source of."""

    @property
    def kind(self) -> str:
        """The kind of zone, as scenarios name it."""
        return self.manifest.name


def plan_zone(manifest: Manifest, factory: type[Zone[Any]] | None, name: str,
              params: Mapping[str, Any] | ZoneParams | None, more: Mapping[str, Any], period: str | Time | None,
              wake_on: Sequence[str] | None, latency: str | Time | None, learn: bool, on_error: str,
              paths: Paths | None = None) -> Plan:
    """Validate what `Brain.add` was asked for; nothing heavy is imported and no zone is built."""
    if not name.isidentifier():
        raise WiringError(f"zone {name!r}", expected="a name of letters, digits and '_'", got=repr(name))
    if on_error not in ("stop", "silence", "restart"):
        raise WiringError(f"{name}.on_error", expected="'stop', 'silence' or 'restart'", got=repr(on_error))
    checked_bool(learn, f"{name}.learn")
    if isinstance(params, ZoneParams):
        given: Any = {**dict(params), **more} if more else params
    elif params is None or isinstance(params, Mapping):
        given = {**(params or {}), **more}
    else:
        given = params
    valid = validated(manifest.params, given, name, WiringError, paths=paths, parts=manifest.parts)
    with blaming(name, "ports that follow from the zone's parameters", WiringError):
        inputs, outputs = manifest.ports(valid)
        modulators = manifest.modulators_of(valid)
    if "modulators" not in {port.name for port in inputs}:
        inputs = (*inputs, MODULATORS)
    # A class that the manifest names as text is not imported here, so it is not asked either where it is at hand.
    kind = manifest.factory if isinstance(manifest.factory, str) and manifest.factory else factory or manifest.factory
    with blaming(name, "a clock that follows from the zone's parameters", WiringError):
        own_clock = (bool(manifest.self_clocked(valid)) if callable(manifest.self_clocked) else
                     manifest.self_clocked or (isinstance(kind, type) and clocks_itself(kind)))
    wanted = period if period is not None else manifest.period
    woken_by = manifest.wake_on if wake_on is None else wake_on
    with blaming(f"{name}.wake_on", "inputs that follow from the zone's parameters", WiringError):
        woken_by = woken_by(valid) if callable(woken_by) else woken_by
    clock = 0 if wanted is None else parse_time(wanted, f"{name}.period")
    return Plan(
        name, manifest, valid, MappingProxyType({p.name: p for p in inputs}),
        MappingProxyType({p.name: p for p in outputs}), MappingProxyType(modulators),
        clock, (woken_by,) if isinstance(woken_by, str) else tuple(woken_by),
        parse_time(manifest.latency if latency is None else latency, f"{name}.latency"), own_clock,
        learn, on_error, factory)


def clocks_itself(kind: type[Zone[Any]]) -> bool:
    """Return whether a class of zones says itself when it wakes."""
    return kind.next_wake is not Zone.next_wake


def make_zone(plan: Plan, seed: int, resolution: Time) -> Zone[Any]:
    """Import and build the zone of a plan."""
    kind = plan.factory or plan.manifest.load()
    at_times = callable(plan.manifest.self_clocked) and not plan.self_clocked  # with other parameters it does
    if clocks_itself(kind) != plan.self_clocked and not at_times:
        has = "a" if clocks_itself(kind) else "no"
        raise WiringError(f"{plan.name}: manifest.self_clocked", got=str(plan.self_clocked),
                          expected=f"{clocks_itself(kind)}, for {kind.__name__} has {has} next_wake of its own",
                          hint="A manifest that names its class as text is read before that class is imported.")
    rng = generator_for(seed, plan.name)
    context = ZoneContext(plan.name, plan.params, rng, tuple(plan.inputs.values()), tuple(plan.outputs.values()),
                          resolution, plan.period, plan.waits, plan.manifest.parts, plan.first_id, plan.sources)
    try:
        zone = kind(context)
    except (AuraError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ZoneError(plan.name, expected=f"a {kind.__name__} that can be built from its parameters",
                        got=described(error), hint=raised_at(error, kind.__module__)) from error
    if getattr(zone, "rng", None) is not rng:
        raise ZoneError(f"{plan.name}.rng", expected="the generator that the zone is handed", got="another or none",
                        hint="Call super().__init__(context) first, and draw from self.rng alone.")
    return zone
