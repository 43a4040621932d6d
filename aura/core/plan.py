"""Zones as they were asked for, checked, and how one is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aura.core.blame import blaming, raised_at, told
from aura.core.errors import AuraError, WiringError, ZoneError
from aura.core.flow import Wait
from aura.core.params import checked_bool, validated
from aura.core.paths import Paths
from aura.core.ports import MODULATORS
from aura.core.seeding import generator_for
from aura.core.time import Time, parse_time
from aura.core.wiring import Member
from aura.core.zone import Manifest, Zone, ZoneContext, ZoneParams

__all__ = ["Plan", "make_zone", "plan_zone"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A zone as it was asked for: manifest, parameters, and its place in the wiring."""

    name: str
    manifest: Manifest
    params: ZoneParams
    member: Member
    learn: bool
    on_error: str
    factory: type[Zone[Any]] | None
    waits: Mapping[str, Wait] = field(default_factory=dict)
    wired: frozenset[str] = frozenset()
    """The inputs that a pathway leads to."""


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
    valid = validated(manifest.params, given, name, WiringError, paths=paths)
    with blaming(name, "ports that follow from the zone's parameters", WiringError):
        inputs, outputs = manifest.ports(valid)
        modulators = manifest.modulators_of(valid)
    if "modulators" not in {port.name for port in inputs}:
        inputs = (*inputs, MODULATORS)
    known = factory or (manifest.factory if isinstance(manifest.factory, type) else Zone)
    own_clock = manifest.self_clocked or known.next_wake is not Zone.next_wake
    wanted = period if period is not None else manifest.period
    woken_by = manifest.wake_on if wake_on is None else wake_on
    with blaming(f"{name}.wake_on", "inputs that follow from the zone's parameters", WiringError):
        woken_by = woken_by(valid) if callable(woken_by) else woken_by
    clock = 0 if wanted is None else parse_time(wanted, f"{name}.period")
    member = Member(
        name, manifest.name, {p.name: p for p in inputs}, {p.name: p for p in outputs},
        clock, (woken_by,) if isinstance(woken_by, str) else tuple(woken_by),
        parse_time(manifest.latency if latency is None else latency, f"{name}.latency"), own_clock,
        manifest.flow, modulators)
    return Plan(name, manifest, valid, member, learn, on_error, factory)


def make_zone(plan: Plan, seed: int, resolution: Time) -> Zone[Any]:
    """Import and build the zone of a plan."""
    kind = plan.factory or plan.manifest.load()
    rng = generator_for(seed, plan.name)
    context = ZoneContext(plan.name, plan.params, rng, tuple(plan.member.inputs.values()),
                          tuple(plan.member.outputs.values()), resolution, plan.member.period, plan.waits)
    try:
        zone = kind(context)
    except (AuraError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ZoneError(plan.name, expected=f"a {kind.__name__} that can be built from its parameters",
                        got=told(error), hint=raised_at(error, kind.__module__)) from error
    if getattr(zone, "rng", None) is not rng:
        raise ZoneError(f"{plan.name}.rng", expected="the generator that the zone is handed", got="another or none",
                        hint="Call super().__init__(context) first, and draw from self.rng alone.")
    return zone
