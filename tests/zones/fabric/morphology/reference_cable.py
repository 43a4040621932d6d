"""The passive cable: the obvious dense solver, the analytic solutions, and how far any solver is from them.

A solver under test is any callable of the signature of `Simulate`; `simulate_densely` is one. Voltages are in mV from
rest, currents in nA, conductances in microsiemens, capacitances in nF, times in ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.discretise import Cable, discretise
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.tree import Morphology

NF_PER_UF_CM2_UM2 = 1e-5
"""1 uF/cm² x 1 um² = 1e-6 F x 1e-8."""

US_PER_S_CM2_UM2 = 1e-2
"""1 S/cm² x 1 um² = 1e-8 S."""

TERMS = 100
"""Terms of the transient series: 0.05 time constants into a cable of two length constants the last is below 1e-300."""


class Simulate(Protocol):
    """A solver of the passive cable, from rest at time 0 on."""

    def __call__(self, cable: Cable, *, capacitance_uf_cm2: float, leak_s_cm2: float, injected_na: Array, dt_ms: float,
                 steps: int) -> Array:
        """Return the voltages (steps + 1, node) with a constant current injected into each node, (node,)."""


def matrices(cable: Cable, capacitance_uf_cm2: float, leak_s_cm2: float) -> tuple[Array, Array]:
    """Return C (node,) and G (node, node) of C dV/dt = I - G V."""
    conductance = np.diag(leak_s_cm2 * US_PER_S_CM2_UM2 * cable.area_um2)
    for node, parent in enumerate(cable.parent):
        if parent >= 0:
            ends = [node, parent]
            conductance[np.ix_(ends, ends)] += cable.axial_us[node] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return capacitance_uf_cm2 * NF_PER_UF_CM2_UM2 * cable.area_um2, np.asarray(conductance, dtype=np.float64)


def simulate_densely(cable: Cable, *, capacitance_uf_cm2: float, leak_s_cm2: float, injected_na: Array, dt_ms: float,
                     steps: int, implicitness: float = 1.0) -> Array:
    """Solve with the theta method: implicitness 1 is the implicit Euler rule, 1/2 is Crank and Nicolson's."""
    capacitance, conductance = matrices(cable, capacitance_uf_cm2, leak_s_cm2)
    left = np.diag(capacitance / (implicitness * dt_ms)) + conductance
    voltages = np.zeros((steps + 1, len(cable.parent)))
    for step in range(steps):
        now = voltages[step]
        implicit = np.linalg.solve(left, capacitance / (implicitness * dt_ms) * now + injected_na)
        voltages[step + 1] = now + (implicit - now) / implicitness
    return voltages


def steady_state(cable: Cable, leak_s_cm2: float, injected_na: Array) -> Array:
    """Return the voltages after an endless time, (node,)."""
    return np.asarray(np.linalg.solve(matrices(cable, 1.0, leak_s_cm2)[1], injected_na), dtype=np.float64)


def exact_in_time(cable: Cable, *, capacitance_uf_cm2: float, leak_s_cm2: float, injected_na: Array,
                  times_ms: Array) -> Array:
    """Return the voltages of the compartments, (time, compartment), with no error in time, by eigenvectors."""
    capacitance, conductance = matrices(cable, capacitance_uf_cm2, leak_s_cm2)
    kept, gone = cable.compartments, np.flatnonzero(cable.area_um2 == 0.0)
    through = np.linalg.solve(conductance[np.ix_(gone, gone)], conductance[np.ix_(gone, kept)])
    reduced = conductance[np.ix_(kept, kept)] - conductance[np.ix_(kept, gone)] @ through
    root = np.sqrt(capacitance[kept])
    rates, modes = np.linalg.eigh(reduced / np.outer(root, root))
    drive = modes.T @ (injected_na[kept] / root)
    voltages: Array = (drive / rates * -np.expm1(-np.outer(times_ms, rates))) @ modes.T / root
    return voltages


@dataclass(frozen=True)
class PassiveStick:
    """An unbranched passive cable with sealed ends, and what theory says of a current into its start.

    Notes
    -----
    Rall, Core conductor theory and cable properties of neurons, Handbook of Physiology: The Nervous System 1, 1977;
    Koch, Biophysics of Computation, 1999, chapter 2; Tuckwell, Introduction to Theoretical Neurobiology 1, 1988,
    chapters 4 to 6. The defaults make it two length constants long, with a time constant of 5 ms.
    """

    length_um: float = 1000.0
    diameter_um: float = 2.0
    axial_resistance_ohm_cm: float = 100.0
    capacitance_uf_cm2: float = 1.0
    leak_s_cm2: float = 2e-4

    @property
    def time_constant_ms(self) -> float:
        """Of the membrane: C_m / g_m."""
        return 1e-3 * self.capacitance_uf_cm2 / self.leak_s_cm2

    @property
    def length_constant_um(self) -> float:
        """The root of d / (4 R_a g_m)."""
        return 1e4 * float(np.sqrt(1e-4 * self.diameter_um / (4.0 * self.axial_resistance_ohm_cm * self.leak_s_cm2)))

    @property
    def electrotonic_length(self) -> float:
        """L, the length in length constants."""
        return self.length_um / self.length_constant_um

    @property
    def infinite_resistance_mohm(self) -> float:
        """Input resistance of the same cable without end: (2 / pi) (R_a / g_m)^(1/2) d^(-3/2)."""
        ohm = 2.0 / np.pi * np.sqrt(self.axial_resistance_ohm_cm / self.leak_s_cm2) * (1e-4 * self.diameter_um) ** -1.5
        return 1e-6 * float(ohm)

    @property
    def input_resistance_mohm(self) -> float:
        """R_inf coth L."""
        return self.infinite_resistance_mohm / float(np.tanh(self.electrotonic_length))

    def equalising_time_constant_ms(self, mode: int) -> float:
        """tau_n = tau / (1 + (n pi / L)^2); tau_0 is the membrane's."""
        return self.time_constant_ms / (1.0 + (mode * np.pi / self.electrotonic_length) ** 2)

    def steady_state_mv(self, at_um: Array, current_na: float = 1.0) -> Array:
        """V(X) = I R_inf cosh(L - X) / sinh(L)."""
        length, at = self.electrotonic_length, at_um / self.length_constant_um
        voltages: Array = current_na * self.infinite_resistance_mohm * np.cosh(length - at) / np.sinh(length)
        return voltages

    def step_response_mv(self, at_um: Array, times_ms: Array, current_na: float = 1.0) -> Array:
        """The steady state less (I R_inf / L) times the sum over n of c_n cos(n pi X / L) exp(-t / tau_n) tau_n / tau.

        c_0 = 1 and all others are 2; (time, place), for times above 0.
        """
        length, at = self.electrotonic_length, at_um / self.length_constant_um
        mode = np.arange(TERMS)
        share = 1.0 / (1.0 + (mode * np.pi / length) ** 2)
        decay = np.exp(-np.outer(times_ms / self.time_constant_ms, 1.0 / share))
        shape = np.where(mode == 0, 1.0, 2.0)[:, None] * np.cos(np.outer(mode, np.pi * at / length))
        fading = (decay * share) @ shape / length
        voltages: Array = self.steady_state_mv(at_um, current_na) - current_na * self.infinite_resistance_mohm * fading
        return voltages

    def cable(self, segments: int) -> Cable:
        """Return the stick cut into segments; its nodes run from start to end."""
        points = np.array([[0.0, self.diameter_um], [self.length_um, self.diameter_um]])
        stick = Morphology((Section("stick", "dendrite", -1, 0.0, points, segments),))
        return discretise(stick, self.axial_resistance_ohm_cm)

    def middles_um(self, segments: int) -> Array:
        """Return where the nodes of that cable lie, from the start."""
        middles: Array = self.length_um * (np.arange(segments, dtype=np.float64) + 0.5) / segments
        return middles

    def run(self, simulate: Simulate, segments: int, dt_ms: float, steps: int) -> Array:
        """Return the voltages (steps + 1, segment) while 1 nA flows into the first segment."""
        injected = np.zeros(segments)
        injected[0] = 1.0
        return simulate(self.cable(segments), capacitance_uf_cm2=self.capacitance_uf_cm2, leak_s_cm2=self.leak_s_cm2,
                        injected_na=injected, dt_ms=dt_ms, steps=steps)

    def run_to_rest(self, simulate: Simulate, segments: int, dt_ms: float = 0.1) -> Array:
        """Return the voltages (segment,) after 25 time constants, when 1e-11 of the transient is left."""
        voltages = self.run(simulate, segments, dt_ms, round(25.0 * self.time_constant_ms / dt_ms))
        return np.asarray(voltages[-1], dtype=np.float64)


STICK = PassiveStick()


def attenuation_error(simulate: Simulate, segments: int = 25, stick: PassiveStick = STICK) -> float:
    """Return the relative error of the steady-state attenuation from the first node to the last."""
    voltage = stick.run_to_rest(simulate, segments)
    exact = stick.steady_state_mv(stick.middles_um(segments))
    return abs(float(voltage[-1] / voltage[0] / (exact[-1] / exact[0]) - 1.0))


def input_resistance_error(simulate: Simulate, segments: int = 25, stick: PassiveStick = STICK) -> float:
    """Return the relative error of the input resistance, half a segment of axial resistance before the first node."""
    voltage = stick.run_to_rest(simulate, segments)
    half_mohm = 0.5 / stick.cable(segments).axial_us[1]
    return abs(float((voltage[0] + half_mohm) / stick.input_resistance_mohm - 1.0))


def time_constant_error(simulate: Simulate, mode: int = 0, segments: int = 25, dt_ms: float = 0.01,
                        stick: PassiveStick = STICK) -> float:
    """Return the relative error of a time constant, from how the share of its mode grows over twice its length.

    The cosines of theory are orthogonal on the nodes too, so each share is a single exponential.
    """
    exact = stick.equalising_time_constant_ms(mode)
    steps = max(1, round(exact / dt_ms))
    voltage = stick.run(simulate, segments, dt_ms, 2 * steps)[[0, steps, 2 * steps]]
    share = voltage @ np.cos(mode * np.pi * stick.middles_um(segments) / stick.length_um)
    found = -steps * dt_ms / np.log((share[2] - share[1]) / (share[1] - share[0]))
    return abs(float(found / exact - 1.0))


def step_response_error(simulate: Simulate, segments: int = 25, dt_ms: float = 0.01,
                        stick: PassiveStick = STICK) -> float:
    """Return the largest error anywhere from 0.05 to 3 time constants, as a share of the steady input voltage."""
    first, last = round(0.05 * stick.time_constant_ms / dt_ms), round(3.0 * stick.time_constant_ms / dt_ms)
    voltage = stick.run(simulate, segments, dt_ms, last)[first:]
    exact = stick.step_response_mv(stick.middles_um(segments), dt_ms * np.arange(first, last + 1, dtype=np.float64))
    return float(np.abs(voltage - exact).max() / stick.input_resistance_mohm)


def order_in_space(simulate: Simulate, segments: Sequence[int] = (5, 10, 20, 40), stick: PassiveStick = STICK) -> float:
    """Return the fitted order with which the steady state approaches theory, as the segments get shorter."""
    errors = [np.abs(stick.run_to_rest(simulate, count) - stick.steady_state_mv(stick.middles_um(count))).max()
              for count in segments]
    return -fitted_slope(segments, errors)


def order_in_time(simulate: Simulate, dts_ms: Sequence[float] = (0.2, 0.1, 0.05, 0.025), segments: int = 8,
                  until_ms: float = 2.0, stick: PassiveStick = STICK) -> float:
    """Return the fitted order with which the voltages approach those without error in time, as the step shrinks."""
    injected = np.zeros(segments)
    injected[0] = 1.0
    exact = exact_in_time(stick.cable(segments), capacitance_uf_cm2=stick.capacitance_uf_cm2,
                          leak_s_cm2=stick.leak_s_cm2, injected_na=injected, times_ms=np.array([until_ms]))[0]
    errors = [np.abs(stick.run(simulate, segments, dt, round(until_ms / dt))[-1] - exact).max() for dt in dts_ms]
    return fitted_slope(dts_ms, errors)


def fitted_slope(sizes: Sequence[float], errors: Sequence[float]) -> float:
    """Return the slope of the line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])
