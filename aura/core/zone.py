"""The zone contract: a light manifest that describes a zone, and the class that is built from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from aura.core.contract import Contribution, Optioned, class_of
from aura.core.errors import WiringError
from aura.core.flow import Flow, Wait
from aura.core.lasting import Stateful
from aura.core.modulators import Modulator, declared
from aura.core.ports import Port
from aura.core.signals import Inputs
from aura.core.time import Time

__all__ = ["Manifest", "Outputs", "Scalars", "Zone", "ZoneContext", "ZoneParams"]

Outputs: TypeAlias = Mapping[str, Any] | None
Scalars: TypeAlias = Mapping[str, float] | None


class ZoneParams(BaseModel):
    """The base of every zone's parameters: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


PortList: TypeAlias = "tuple[Port, ...] | Callable[[Any], tuple[Port, ...]]"
P = TypeVar("P", bound=ZoneParams)


@dataclass(frozen=True, slots=True)
class Manifest(Contribution):
    """What a zone is, readable without building it or importing what it computes with.

    Parameters
    ----------
    name : str
        The kind of zone, as scenarios name it.
    factory : str or type
        The zone's class, or ``"package.module:Class"``, imported only when the zone is built; empty where the class
        holds the manifest as its own.
    summary : str
        One sentence.
    params : type of ZoneParams
        The parameter model.
    inputs, outputs : tuple of Port, or function of the parameters
        The ports.
    modulators : tuple of Modulator, or function of the parameters
        What scales or steers the zone, read as ``inputs.modulators``; another cannot be wired into it. ``energy_gate``
        need not be named: every zone obeys it.
    period : str, optional
        The zone wakes at every multiple of it.
    wake_on : tuple of str, or function of the parameters
        The zone wakes when a signal reaches one of these inputs.
    latency : str
        The zone works in the background and its outputs are published this much later.
    self_clocked : bool, or function of the parameters
        Whether the zone says itself when it wakes (`Zone.next_wake`), as streams do. Where `factory` is a text it must
        be said here, as the class is not imported for it; else it follows from the class. One that clocks itself with
        some parameters only is not asked with others.
    flow : Flow, optional
        How densely the zone publishes items, where that is known: zones that keep items until their label comes take
        their memory from it.
    version : str
        The version of the zone's state; a checkpoint of another version is refused.
    changeable : tuple of str, or function of the parameters
        The parameters that take effect in a zone that loads a state made with others: dotted names, ``*`` for any
        (``("rate", "map.*")``). Any other that is changed over a state, as in a branch, is refused.
    details : function of the parameters, optional
        Returns the lines that `aura describe` shows of a zone with these parameters, besides its ports.
    parts : mapping of str to mapping of str to Contribution
        What the zone is made of by name, for each extension point that it draws from: those that it brings itself. The
        plugin manager puts all that plugins bring in their place; the zone finds them in its context. Options that one
        takes (`aura.core.contract.Optioned`) stand by its name in the zone's parameter `options`, if it has that.
    aura_api, deprecated : int, str
        See `aura.core.contract.Contribution`.
    """

    name: str
    factory: str | type[Zone[Any]]
    summary: str = ""
    params: type[ZoneParams] = ZoneParams
    inputs: PortList = ()
    outputs: PortList = ()
    modulators: tuple[Modulator, ...] | Callable[[Any], tuple[Modulator, ...]] = ()
    period: str | None = None
    wake_on: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    latency: str = "0 s"
    self_clocked: bool | Callable[[Any], bool] = False
    version: str = "1"
    changeable: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    details: Callable[[Any], Sequence[str]] | None = None
    flow: Flow | None = None
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def part_options(self) -> dict[str, type[BaseModel]]:
        """The models of the options that the zone's parts take, by the name of the part."""
        return {name: part.options for parts in self.parts.values() for name, part in parts.items()
                if isinstance(part, Optioned)}

    def __repr__(self) -> str:
        return f"<Manifest {self.name}: {self.summary or 'no summary'}>"

    def __post_init__(self) -> None:
        where = f"zone {self.name!r}"
        for attribute in ("name", "summary", "latency", "version"):
            if not isinstance(getattr(self, attribute), str):
                raise WiringError(f"{where}.{attribute}", expected="a text", got=repr(getattr(self, attribute)))
        if not (isinstance(self.factory, str) or (isinstance(self.factory, type) and issubclass(self.factory, Zone))):
            raise WiringError(f"{where}.factory", expected="a subclass of aura.Zone, or 'package.module:Class'",
                              got=repr(self.factory))
        if isinstance(self.factory, str) and len(self.factory.split()) > 1:
            raise WiringError(f"{where}.factory", expected="a subclass of aura.Zone, or 'package.module:Class'",
                              got=repr(self.factory), hint='The summary stands third; the class is "" where it holds '
                                                           "its own manifest.")
        if not (isinstance(self.params, type) and issubclass(self.params, BaseModel)):
            raise WiringError(f"{where}.params", expected="a subclass of aura.ZoneParams", got=repr(self.params))

    def changeable_of(self, params: ZoneParams) -> tuple[str, ...]:
        """Return which of these parameters may be others than those that a state was made with."""
        names = self.changeable(params) if callable(self.changeable) else self.changeable
        if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
            raise WiringError(f"{self.name}.changeable", expected="a tuple of names of parameters", got=repr(names),
                              hint='A tuple of one has a comma: ("rate",).')
        return tuple(names)

    def ports(self, params: ZoneParams) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
        """Return the inputs and the outputs of a zone with these parameters."""
        inputs = self.inputs(params) if callable(self.inputs) else self.inputs
        outputs = self.outputs(params) if callable(self.outputs) else self.outputs
        for side, ports in (("inputs", inputs), ("outputs", outputs)):
            if not isinstance(ports, (tuple, list)) or not all(isinstance(port, Port) for port in ports):
                raise WiringError(f"{self.name}.{side}", expected="a tuple of aura.Port", got=repr(ports),
                                  hint="A tuple of one port has a comma: (Port(...),).")
            names = [port.name for port in ports]
            if len(set(names)) != len(names):
                raise WiringError(f"{self.name}.{side}", expected="port names that differ", got=", ".join(names))
        return tuple(inputs), tuple(outputs)

    def modulators_of(self, params: ZoneParams | None) -> dict[str, Modulator]:
        """Return by name what a zone with these parameters obeys."""
        return declared(self.name, self.modulators(params) if callable(self.modulators) else self.modulators)

    def load(self) -> type[Zone[Any]]:
        """Import and return the zone's class.

        Raises
        ------
        PluginError
            If the factory names nothing that can be imported, or no `Zone`.
        """
        if not isinstance(self.factory, str):
            return self.factory
        return class_of(self.factory, Zone, f"zone {self.name!r}.factory", expected="a subclass of aura.Zone")


@dataclass(frozen=True, slots=True)
class ZoneContext(Generic[P]):
    """What a zone is handed when it is built.

    Parameters
    ----------
    name : str
        The zone's name in this brain.
    params : ZoneParams
        Its validated parameters.
    rng : numpy.random.Generator
        Its own random stream; the runtime saves and restores it.
    inputs, outputs : tuple of Port
        Its ports.
    resolution : int
        The brain's resolution in nanoseconds.
    period : int
        The zone's period in nanoseconds, 0 if it has none.
    waits : mapping of str to Wait
        For each input that brings items later than another, as labels do, how many items wait for it at once; as far as
        the wiring tells. `aura.core.flow.room` makes a memory of it.
    parts : mapping of str to mapping of str to Contribution
        Those of the manifest: for each extension point that the zone draws from all that plugins bring, by name.
    first_id : int
        What a zone that numbers items of its own, as a stream does, counts from: another number for each of those whose
        items meet at an input.
    sources : mapping of str to frozenset of int
        For each input of labels from which sources the items come that may be labelled there, as
        `aura.core.signals.source_of` numbers them, so that items of others need not wait. An input of which that is not
        known is left out.
    """

    name: str
    params: P
    rng: np.random.Generator
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    resolution: Time
    period: Time
    waits: Mapping[str, Wait] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    first_id: int = 0
    sources: Mapping[str, frozenset[int]] = field(default_factory=dict)


class Zone(Stateful, Generic[P]):
    """A brain zone: it predicts in `step` and learns in `learn`, once a tick each.

    A subclass overrides what it needs. One that keeps nothing between ticks needs only `step`; any other names in
    `lasting` all that it carries from tick to tick. The runtime saves `rng` beside it, and loads a state into a zone
    whose parameters differ from those that it was made with in `Manifest.changeable` at most.
    """

    manifest: Manifest
    learns: bool = True
    """Whether `learn` is called at present, as the runtime sets it before each step; for zones that put something off
    while they learn."""

    def __init__(self, context: ZoneContext[P]) -> None:
        self.context = context
        self.params: P = context.params
        self.rng = context.rng

    def __repr__(self) -> str:
        context = getattr(self, "context", None)
        return f"<{type(self).__name__}{'' if context is None else f' {context.name!r}'}>"

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        """Return the outputs, port to value, for these inputs; a port left out says nothing this tick.

        An array that is returned becomes read-only, and goes on the bus without a copy where it lies in C order and the
        zone keeps neither it nor a view of it; else it is copied.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step of its own")

    def learn(self, now: Time, inputs: Inputs) -> Scalars:
        """Learn from the inputs that `step` has just seen; return name to number, finite, for what is worth logging."""
        return None

    def next_wake(self, now: Time) -> Time | None:
        """Return when a self-clocked zone wakes next, after `now` (-1 before the first tick), or None for never.

        An instant that is past, or between two of the resolution, stands for the next one.

        Overriding it makes the zone self-clocked, as the streams are.
        """
        raise NotImplementedError

    def notices(self) -> Mapping[str, int]:
        """Return what a person should be told when a run is over: what was left out or repaired, and how often.

        A key is a sentence without its first word, the zone's name (``"left {count} items unlearned"``); counts of 0
        are not told. It is asked after the last tick, and of a resumed run too, so counts belong to the state.
        """
        return {}

    def warm_up(self) -> None:
        """Compile or load ahead what the first ticks would wait for; `aura warm-up` calls it.

        State and random stream stay as they are.
        """

    def export(self, folder: str | Path) -> list[Path]:
        """Write what other programs can use of what the zone has learned, and return the files."""
        return []

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over what `export` wrote into `folder`, shapes checked, and return the files that were read."""
        return []

    def close(self) -> None:
        """Let go of files and threads; called once, when the brain is closed."""
