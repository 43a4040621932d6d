"""A point neuron integrated from channel declarations by scipy, to a tolerance that makes it the reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import OdeSolution, solve_ivp

from aura.zones.fabric.channels import CalciumPool, Channel
from aura.zones.fabric.channels.expression import Expression

UA_PER_MA = 1e3
REST_CA_MM = 1e-4
Rate = Callable[[float, float], float]


@dataclass(frozen=True)
class PointRun:
    """What a run gave: spike times in ms, and the whole trajectory.

    `names` says what the rows of `states` are: "v" in mV, "sodium.m", ..., and "ca" in mM if there is a pool.
    """

    names: tuple[str, ...]
    spikes: NDArray[np.float64]
    end: NDArray[np.float64]
    pieces: tuple[tuple[float, OdeSolution], ...] = field(repr=False)

    def states(self, times_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the states (names, times)."""
        stops = np.array([stop for stop, _ in self.pieces])
        which = np.minimum(np.searchsorted(stops, times_ms), len(stops) - 1)
        return np.stack([self.pieces[k][1](time) for k, time in zip(which, times_ms, strict=True)], axis=1)

    def trace(self, name: str, times_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one state over time."""
        trace: NDArray[np.float64] = self.states(times_ms)[self.names.index(name)]
        return trace


def reference_point_neuron(
    channels: Sequence[Channel],
    *,
    current_ua_per_cm2: float | Sequence[tuple[float, float]],
    duration_ms: float,
    start_mv: float = -65.0,
    temperature_c: float = 6.3,
    capacitance_uf_per_cm2: float = 1.0,
    pool: CalciumPool | None = None,
    threshold_mv: float = 0.0,
    tolerance: float = 1e-9,
    method: str = "DOP853",
) -> PointRun:
    """Integrate C dv/dt = I - sum of i, the gates and the calcium pool from their declarations.

    Parameters
    ----------
    channels : sequence of Channel
        The membrane, each with its declared conductance (`Channel.changed` for another).
    current_ua_per_cm2 : float, or sequence of (from_ms, uA/cm2)
        The current density, constant or piecewise; the pieces are integrated one by one, so that no step is missed.
    start_mv : float
        Where the membrane starts, its gates at their steady states there, calcium at rest.
    threshold_mv : float
        A spike is the upward crossing of it, found by the solver's dense output to rounding.
    tolerance : float
        Relative and absolute tolerance.
    method : str
        A solver of `scipy.integrate.solve_ivp`; DOP853 at 1e-9 finds the squid's spikes to 4e-10 ms (against
        1e-12), LSODA to 3e-6.
    """
    rest_ca = pool.rest.value if pool else REST_CA_MM
    gates = [(channel, gate) for channel in channels for gate in channel.gates]
    names = ("v", *(f"{channel.name}.{gate.name}" for channel, gate in gates), *(["ca"] if pool else []))
    derivatives = [_gate_derivative(channel, gate.name, temperature_c) for channel, gate in gates]
    fractions = [(channel, _of_numbers(channel.factor_expression()) if channel.factor else None,
                  [(1 + k, gate.power) for k, (owner, gate) in enumerate(gates) if owner is channel])
                 for channel in channels]

    def right_hand_side(injected: float, y: NDArray[np.float64]) -> list[float]:
        v, ca = float(y[0]), float(y[-1]) if pool else rest_ca
        total = calcium = 0.0
        for channel, factor, powers in fractions:
            part = channel.conductance.value * (v - channel.reversal.value)
            part *= factor(v, ca) if factor else 1.0
            for index, power in powers:
                part *= y[index] ** power
            total += part
            calcium += channel.calcium_share * part
        rates = [rate(v, ca, float(x)) for rate, x in zip(derivatives, y[1:], strict=False)]
        filling = [float(pool.derivative(ca, calcium))] if pool else []
        return [(injected - UA_PER_MA * total) / capacitance_uf_per_cm2, *rates, *filling]

    steps = [(0.0, float(current_ua_per_cm2))] if isinstance(current_ua_per_cm2, int | float) else current_ua_per_cm2
    state = np.array([start_mv, *(channel.steady_state(gate, start_mv, rest_ca) for channel, gate in gates),
                      *([rest_ca] if pool else [])], dtype=np.float64)
    pieces, spikes = [], []

    def crossing(_time: float, y: NDArray[np.float64]) -> float:
        return float(y[0]) - threshold_mv

    crossing.direction = 1.0  # type: ignore[attr-defined]
    for (start, injected), stop in zip(steps, [*(time for time, _ in steps[1:]), duration_ms], strict=True):
        run = solve_ivp(lambda _time, y, injected=injected: right_hand_side(injected, y), (start, stop), state,
                        method=method, rtol=tolerance, atol=tolerance, dense_output=True, events=crossing)
        assert run.success, run.message
        pieces.append((stop, run.sol))
        spikes.append(run.t_events[0])
        state = run.y[:, -1]
    return PointRun(names, np.concatenate(spikes), state, tuple(pieces))


def _gate_derivative(channel: Channel, gate: str, temperature_c: float) -> Callable[[float, float, float], float]:
    """Return dx/dt as a function of v, ca and x."""
    formulas, speed = channel.gate_expressions(gate), channel.rate_factor(gate, temperature_c)
    rates = {name: _of_numbers(formula) for name, formula in formulas.items()}
    if "steady" in rates:
        steady, tau = rates["steady"], rates["tau"]
        return lambda v, ca, x: speed * (steady(v, ca) - x) / tau(v, ca)
    alpha, beta = rates["alpha"], rates["beta"]
    return lambda v, ca, x: speed * (alpha(v, ca) * (1 - x) - beta(v, ca) * x)


def _of_numbers(formula: Expression) -> Callable[[float, float], float]:
    """Return an expression as a function of two numbers: a solver asks for one at a time, for which arrays are slow."""
    code = compile(formula.text, formula.text, "eval")
    return lambda v, ca: float(eval(code, _FUNCTIONS, {"v": v, "ca": ca}))


def _linoid(x: float, k: float) -> float:
    z = x / k
    return k * (1 + z / 2 + z * z / 12) if abs(z) < 1e-4 else x / -math.expm1(-z)


_FUNCTIONS = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "abs": abs, "minimum": min,
              "maximum": max, "linoid": _linoid, "sigmoid": lambda x, k: 1 / (1 + math.exp(-x / k))}
