"""Writes what happens in one kind of compartment in a step: gates, currents and its row of the linear system."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aura.zones.fabric.channels.checks import CHECKED_CA_MM, CHECKED_V_MV
from aura.zones.fabric.neurons.emitter import Emitter
from aura.zones.fabric.neurons.layout import COLUMNS, expressions
from aura.zones.fabric.neurons.mathematics import EXP_RANGE
from aura.zones.fabric.neurons.scheme import FLOOR_US
from aura.zones.fabric.neurons.statements import LARGEST, Operand, Quotient, Term

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aura.zones.fabric.channels.declaration import Channel, Gate
    from aura.zones.fabric.neurons.layout import Kind
    from aura.zones.fabric.neurons.membrane import Membrane
    from aura.zones.fabric.neurons.receptors import Receptor
    from aura.zones.fabric.neurons.scheme import Scheme

__all__ = ["parameter_names", "statements"]


def statements(kind: Kind, membrane: Membrane, scheme: Scheme, constants: dict[str, float],
               place: Callable[[int], str]) -> list[str]:
    """Return the statements that take a compartment of one kind through a step, up to the solution of the system.

    Parameters
    ----------
    kind : Kind
        What the compartment has.
    membrane : Membrane
        Whose channels and receptors they are.
    scheme : Scheme
        The time step, and what depends on it.
    constants : dict of str to float
        The constants that the statements name; filled.
    place : callable
        What stands for a row of the compartment: its variables are read and written there.

    Returns
    -------
    list of str
        They read the parameters of `parameter_names` and what `Emitter` names, and leave the node's row of the linear
        system, its neighbours apart, in ``diagonal`` and ``right``.
    """
    writer = _Writer(kind, membrane, scheme, Emitter(scheme.dtype, constants), place)
    writer.write()
    return writer.emitter.lines


def parameter_names(kind: Kind) -> dict[str, int]:
    """Return the column of `Layout.parameters` of each parameter that the statements of a kind read."""
    named = {"capacitance": COLUMNS.index("capacitance")}
    if kind.pooled:
        named["pool"] = COLUMNS.index("pool")
    return named | {f"g{index}": len(COLUMNS) + index for index in kind.channels}


class _Writer:
    """Writes the statements of one kind of compartment."""

    def __init__(self, kind: Kind, membrane: Membrane, scheme: Scheme, emitter: Emitter,
                 place: Callable[[int], str]) -> None:
        self.kind, self.membrane, self.scheme, self.emitter, self.place = kind, membrane, scheme, emitter, place
        self.channels = [membrane.placements[index].channel for index in kind.channels]
        self.receptors = [membrane.receptors[index] for index in kind.receptors]
        self._diagonal = [(True, "capacitance")]
        self._right = [(False, "capacitance * V")]
        """Terms of the node's row, each with whether all lanes have the same."""

    def write(self) -> None:
        """Write all statements; once."""
        e = self.emitter
        e.emit(f"V = {self._at('v')}")
        e.emit(f"x = {self._within('V', CHECKED_V_MV)}")
        if self.kind.pooled:
            e.emit(f"ca = {self._at('ca')}")
            if any(channel.reads_calcium for channel in self.channels):
                e.emit(f"calcium = {self._within('ca', CHECKED_CA_MM)}")
        factors = [owner.factor_expression() for owner in self._owners]
        e.prepare([*(formula for channel in self.channels for formula in expressions(channel)), *factors])
        gates, factor = self._advance([self._factor(owner) for owner in self._owners])
        self._currents(gates, factor[:len(self.channels)])
        for receptor, free in zip(self.receptors, factor[len(self.channels):], strict=True):
            self._synapse(receptor, free)
        for name, terms in (("diagonal", self._diagonal), ("right", self._right)):
            # What all lanes have the same comes first: the compiler adds it up before the loop.
            texts = [text for _, text in sorted(terms, key=lambda term: not term[0])]
            e.emit(f"{name} = {self._at(name)} + ({' + '.join(texts)})")

    @property
    def _owners(self) -> list[Channel | Receptor]:
        return [*self.channels, *self.receptors]

    def _factor(self, owner: Channel | Receptor) -> Quotient:
        self.emitter.where = f"{owner.name}.factor"
        return self.emitter.checked(self.emitter.quotient(owner.factor_expression().tree))

    def _at(self, variable: str) -> str:
        return self.place(self.kind.variables.index(variable))

    def _within(self, name: str, bounds: tuple[float, float]) -> str:
        low, high = (self.emitter.constant(bound) for bound in bounds)
        return f"min(max({name}, {low}), {high})"

    # --- gates ----------------------------------------------------------------------------------------------------

    def _advance(self, factors: list[Quotient]) -> tuple[dict[str, Operand], list[Operand]]:
        """Write the new value of every gate; return the gates and the factors, divided."""
        e = self.emitter
        names = [f"{channel.name}.{gate.name}" for channel in self.channels for gate in channel.gates]
        moved = [self._moved(channel, gate) for channel in self.channels for gate in channel.gates]
        found = e.resolve([*(change for _, change in moved), *factors])
        gates = {name: value if old is None else e.let(f"{old} + {e.text(value)}")
                 for name, (old, _), value in zip(names, moved, found, strict=False)}
        for name, value in gates.items():
            e.emit(f"{self._at(name)} = {e.text(value)}")
        return gates, found[len(names):]

    def _moved(self, channel: Channel, gate: Gate) -> tuple[str | None, Quotient]:
        """Return what a gate is after dt, or itself and what is added to it."""
        e, pade = self.emitter, self.scheme.takes_pade(channel, gate)
        share = 0.5 if pade else 1.0
        step = self.scheme.gate_step(channel, gate) * share
        e.where = f"{channel.name}.gates.{gate.name}"
        formulas = channel.gate_expressions(gate)
        if gate.alpha is not None:
            alpha, beta = (e.quotient(formulas[name].tree) for name in ("alpha", "beta"))
            if not e.divides(alpha.bottom, beta.bottom):
                alpha, beta = (Quotient(value) for value in e.resolve([alpha, beta]))
            bottom = e.product(alpha.bottom, beta.bottom)
            rise = e.product(step, alpha.top, beta.bottom)
            z = e.total(rise, e.product(step, beta.top, alpha.bottom))
        else:
            inverse = e.over(Quotient(step), e.quotient(formulas["tau"].tree))
            steady = e.value(formulas["steady"].tree)
            bottom = inverse.bottom if inverse.bottom is not None else 1.0
            rise, z = e.product(inverse.top, steady), inverse.top
        over = bottom if isinstance(bottom, Term) else None
        e.checked(Quotient(z, over))
        old = self._at(f"{channel.name}.{gate.name}")
        if not isinstance(z, Term) and over is None:
            return None, self._decayed(old, e.product(rise, 1.0 / z), math.exp(-z / share))
        if pade:
            return old, self._pade(old, rise, z, over)
        return None, self._exponential(old, *e.resolve([Quotient(rise, over), Quotient(z, over)]))

    def _pade(self, old: str, rise: Operand, z: Operand, bottom: Term | None) -> Quotient:
        """Return 2 (z x∞ - z x) / P(2 z), where z and z x∞ are still to be divided by a bottom.

        With x it is x∞ + (x - x∞) P(-2 z) / P(2 z), as P(2 z) - P(-2 z) = 2 z; P(2 z) = 1 + z + z²/3.
        """
        e = self.emitter
        if bottom is not None and not e.divides(bottom, bottom):
            rise, z = e.resolve([Quotient(rise, bottom), Quotient(z, bottom)])
            bottom = None
        one: Operand = 1.0 if bottom is None else bottom
        whole = e.total(e.product(e.total(one, z), one), e.product(z, z, 1.0 / 3.0))
        half = e.product(e.let(f"{e.text(rise)} - {old} * {e.text(z)}"), bottom)
        step = Quotient(e.let(f"{e.text(half)} + {e.text(half)}"), whole if isinstance(whole, Term) else None)
        return step if isinstance(whole, Term) else Quotient(e.product(step.top, 1.0 / whole))

    def _exponential(self, old: str, rise: Operand, z: Operand) -> Quotient:
        """Return x∞ + (x - x∞) exp(-z), x∞ = rise / z."""
        e, dtype = self.emitter, self.scheme.dtype
        divisor, bounded = e.clamped(z, 1.0 / LARGEST[dtype], LARGEST[dtype]), e.clamped(z, 0.0, EXP_RANGE[dtype])
        assert isinstance(divisor, Term)
        return self._decayed(old, e.product(rise, e.inverses([divisor])[divisor]), e.let(f"exp_(-{bounded})"))

    def _decayed(self, old: str, target: Operand, decay: Operand) -> Quotient:
        e = self.emitter
        towards = e.text(target)
        return Quotient(e.let(f"{towards} + ({old} - {towards}) * {e.text(decay)}"))

    # --- currents -------------------------------------------------------------------------------------------------

    def _currents(self, gates: Mapping[str, Operand], factors: list[Operand]) -> None:
        e, calcium = self.emitter, []
        for index, channel, factor in zip(self.kind.channels, self.channels, factors, strict=True):
            states = (e.power(gates[f"{channel.name}.{gate.name}"], gate.power) for gate in channel.gates)
            conductance = e.product(Term(f"g{index}"), e.product(*states), factor)
            self._carry(conductance, channel.reversal.value, fixed=not channel.gates and not isinstance(factor, Term))
            if channel.calcium_share > 0.0 and self.kind.pooled:
                share = e.product(channel.calcium_share, conductance)
                calcium.append(f"{e.text(share)} * (V - {e.constant(channel.reversal.value)})")
        if self.kind.pooled:
            self._fill(calcium)

    def _carry(self, conductance: Operand, reversal: float, *, fixed: bool = False) -> None:
        """Add a conductance to the node's row."""
        text = self.emitter.text(conductance)
        self._diagonal.append((fixed, text))
        if reversal != 0.0:
            self._right.append((fixed, f"{text} * {self.emitter.constant(reversal)}"))

    def _fill(self, currents: list[str]) -> None:
        """Write the new concentration; an outward current takes nothing out."""
        e, pool = self.emitter, self.membrane.pool
        assert pool is not None
        left = self.scheme.kept(pool.tau.value)
        rest, gain = e.constant(pool.rest.value), e.constant(pool.tau.value * (1.0 - left))
        inward = f"max({e.constant(0.0)}, -({' + '.join(currents)}))"
        drive = f" + pool * {gain} * {inward}" if currents else ""
        e.emit(f"{self._at('ca')} = {rest} + (ca - {rest}) * {e.constant(left)}{drive}")

    def _synapse(self, receptor: Receptor, factor: Operand) -> None:
        """Let a receptor conduct, then close by itself."""
        e = self.emitter
        traces = {name: e.let(self._at(f"{receptor.name}.{name}")) for name in receptor.traces}
        open_ = e.let(" - ".join(traces[name].text for name in ("decay", "rise") if name in traces))
        self._carry(e.product(open_, factor), receptor.reversal.value)
        for name, tau_ms in receptor.traces.items():
            faded = e.let(f"{traces[name]} * {e.constant(self.scheme.kept(tau_ms))}")
            e.emit(f"{self._at(f'{receptor.name}.{name}')} = "
                   f"where_({faded} > {e.constant(FLOOR_US)}, {faded}, {e.constant(0.0)})")
