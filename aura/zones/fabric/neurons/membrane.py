"""What a cell's membrane is made of, section by section: channels, calcium pool, receptors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aura.core.errors import ParameterError, nearest
from aura.zones.fabric.morphology.section import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura.zones.fabric.channels.declaration import CalciumPool, Channel
    from aura.zones.fabric.neurons.receptors import Receptor

__all__ = ["Afferent", "Membrane", "Placement"]

DENDRITIC = ("basal", "apical")
"""Kinds of section that are dendrites."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A channel and how densely it lies.

    Parameters
    ----------
    channel : Channel
        The declaration.
    density : dict of str to float
        Conductance density in S/cm² by kind of section; a kind left out has none. The key ``"dendrite"`` stands for
        basal and apical dendrites that are not named, ``"all"`` for every kind that is not.
    """

    channel: Channel
    density: Mapping[str, float]

    def __post_init__(self) -> None:
        for kind, density in self.density.items():
            where = f"{self.channel.name}.density.{kind}"
            if kind not in (*KINDS, "all"):
                raise ParameterError(where, expected="a kind of section", got=repr(kind),
                                     hint=nearest(kind, (*KINDS, "all")))
            if not 0.0 <= density < float("inf"):
                raise ParameterError(where, expected="a density of 0 or more, in S/cm²", got=f"{density:g}")

    def of(self, kind: str) -> float:
        """Return the density in S/cm² on a kind of section."""
        kinds = (kind, "dendrite", "all") if kind in DENDRITIC else (kind, "all")
        return next((self.density[name] for name in kinds if name in self.density), 0.0)


@dataclass(frozen=True, slots=True)
class Afferent:
    """A kind of synapse: the receptors that one spike opens, and each one's share of the synapse's weight.

    Parameters
    ----------
    name : str
        As spikes address it: ``"excitatory"``.
    receptors : tuple of (Receptor, float)
        The peak conductance of each receptor, relative to the weight.
    """

    name: str
    receptors: tuple[tuple[Receptor, float], ...]

    def __post_init__(self) -> None:
        for receptor, share in self.receptors:
            if not 0.0 <= share < float("inf"):
                raise ParameterError(f"{self.name}.{receptor.name}.share", expected="a share of 0 or more",
                                     got=f"{share:g}")


@dataclass(frozen=True, slots=True)
class Membrane:
    """The membrane of all cells of a population.

    Parameters
    ----------
    placements : tuple of Placement
        The channels.
    capacitance_uf_cm2 : float
        Specific capacitance.
    pool : CalciumPool, optional
        Where calcium channels are, their current feeds it. Needed if a channel depends on ``ca``.
    afferents : tuple of Afferent
        The kinds of synapse that the cells have.
    synaptic_kinds : tuple of str
        The kinds of section that carry receptors.
    """

    placements: tuple[Placement, ...]
    capacitance_uf_cm2: float = 1.0
    pool: CalciumPool | None = None
    afferents: tuple[Afferent, ...] = ()
    synaptic_kinds: tuple[str, ...] = field(default=("soma", "basal", "apical", "dendrite"))

    def __post_init__(self) -> None:
        if not 0.0 < self.capacitance_uf_cm2 < float("inf"):
            raise ParameterError("membrane.capacitance_uf_cm2", expected="a capacitance above 0",
                                 got=f"{self.capacitance_uf_cm2:g}")
        names = [placement.channel.name for placement in self.placements]
        if len(set(names)) != len(names):
            raise ParameterError("membrane.channels", expected="each channel once", got=", ".join(names))
        receptors = [receptor.name for receptor in self.receptors]
        if len(set(receptors)) != len(receptors):
            raise ParameterError("membrane.afferents", expected="each receptor once", got=", ".join(receptors))
        for kind in self.synaptic_kinds:
            if kind not in KINDS:
                raise ParameterError("membrane.synaptic_kinds", expected="kinds of section", got=repr(kind),
                                     hint=nearest(kind, KINDS))
        gates = {f"{p.channel.name}.{gate.name}" for p in self.placements for gate in p.channel.gates}
        both = gates & {f"{receptor.name}.{trace}" for receptor in self.receptors for trace in receptor.traces}
        if both:
            raise ParameterError("membrane.channels", expected="gates unlike the traces of receptors",
                                 got=f"{min(both)!r} of both", hint="Give the channel another name.")

    @property
    def receptors(self) -> tuple[Receptor, ...]:
        """All receptors, afferent by afferent."""
        return tuple(receptor for afferent in self.afferents for receptor, _ in afferent.receptors)
