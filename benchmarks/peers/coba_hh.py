"""The point-neuron benchmark: a random network of Hodgkin-Huxley neurons with conductance-based synapses.

The neuron is that of benchmark 3 of Brette et al. 2007 (doi:10.1007/s10827-007-0038-6), Traub and Miles' currents with
the threshold moved to -63 mV, with V in mV, u = V + 63, g in nS, I in pA, C in pF, t in ms::

    C dV/dt = g_L (E_L - V) + g_Na m^3 h (E_Na - V) + g_K n^4 (E_K - V) + g_e (E_e - V) + g_i (E_i - V) + I
    dx/dt = a_x (1 - x) - b_x x      for x in m, h, n
    dg_e/dt = -g_e / tau_e           dg_i/dt = -g_i / tau_i

    a_m = 0.32 (13 - u) / (exp((13 - u) / 4) - 1)     b_m = 0.28 (u - 40) / (exp((u - 40) / 5) - 1)
    a_h = 0.128 exp((17 - u) / 18)                    b_h = 4 / (1 + exp((40 - u) / 5))
    a_n = 0.032 (15 - u) / (exp((15 - u) / 5) - 1)    b_n = 0.5 exp((10 - u) / 40)

The synapses are this benchmark's own: every neuron hears 80 excitatory and 20 inhibitory neurons, drawn with
repetition, each through a delay of 1 to 5 ms, and a constant current of its own drives it. A spike is where V crosses
-20 mV upwards in a step; after its delay, counted from the end of that step, it adds a weight to g_e or g_i.

Everything random is drawn here, and every simulator is handed the same arrays.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peers import report

NEURONS = 10_000
SPAN_MS, DT_MS = 300.0, 0.1
STEPS = round(SPAN_MS / DT_MS)

CAPACITANCE_PF = 200.0
G_L_NS, G_NA_NS, G_K_NS = 10.0, 20_000.0, 6_000.0
E_L_MV, E_NA_MV, E_K_MV = -60.0, 50.0, -90.0
V_T_MV = -63.0
THRESHOLD_MV = -20.0
TAU_EXCITATORY_MS, TAU_INHIBITORY_MS = 5.0, 10.0
E_EXCITATORY_MV, E_INHIBITORY_MV = 0.0, -80.0

EXCITATORY_SHARE = 0.8
EXCITATORY_INPUTS, INHIBITORY_INPUTS = 80, 20
# tuned here, to about 24 spikes/s without strong synchrony: a quarter of the weights in Brette et al. (6 and 67 nS), as
# no neuron needs the others to fire; then the range of the current
EXCITATORY_NS, INHIBITORY_NS = 1.5, 16.5
DRIVE_PA = (100.0, 600.0)
START_MV = (-70.0, -55.0)
DELAY_MS = (1.0, 5.0)
SEED = 2007

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """What is drawn for a network of n neurons, the excitatory ones first."""

    excitatory: int
    """How many of them are excitatory."""
    sources: NDArray[np.int32]
    """Neurons that each hears, (n, 100), the excitatory ones in the first 80 columns."""
    delay_steps: NDArray[np.int32]
    """Steps until a spike arrives, (n, 100)."""
    weight_ns: tuple[float, float]
    """What a spike adds to the excitatory and the inhibitory conductance."""
    drive_pa: Floats
    """Constant current into each neuron, (n,)."""
    start_mv: Floats
    """Voltage at the start, (n,); the gates start in equilibrium with it, the conductances at 0."""

    @property
    def neurons(self) -> int:
        """Return how many neurons there are."""
        return len(self.drive_pa)

    def by_source(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Return the synapses ordered by source: first synapse of each neuron (n + 1,), targets and delays (100 n,)."""
        sources = self.sources.ravel()
        order = np.argsort(sources, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=self.neurons))])
        return (first.astype(np.int32), (order // self.sources.shape[1]).astype(np.int32),
                self.delay_steps.ravel()[order])


def draw(neurons: int = NEURONS, *, connected: bool = True, seed: int = SEED) -> Network:
    """Draw a network; unconnected, its synapses are there and weigh nothing."""
    rng = np.random.default_rng(seed)
    excitatory = round(EXCITATORY_SHARE * neurons)
    sources = np.concatenate([rng.integers(0, excitatory, (neurons, EXCITATORY_INPUTS), dtype=np.int32),
                              rng.integers(excitatory, neurons, (neurons, INHIBITORY_INPUTS), dtype=np.int32)], axis=1)
    low, high = (round(delay / DT_MS) for delay in DELAY_MS)
    delay_steps = rng.integers(low, high, sources.shape, dtype=np.int32, endpoint=True)
    return Network(excitatory, sources, delay_steps, (EXCITATORY_NS, INHIBITORY_NS) if connected else (0.0, 0.0),
                   rng.uniform(*DRIVE_PA, neurons), rng.uniform(*START_MV, neurons))


def _rates(voltage_mv: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Return the opening and closing rate of each gate, 1/ms."""
    u = voltage_mv - V_T_MV

    def linoid(x: Floats) -> Floats:  # x / (exp(x) - 1), 1 at 0
        near = np.abs(x) < 1e-6
        return np.where(near, 1 - x / 2, x / np.expm1(np.where(near, 1, x)))

    return {"m": (1.28 * linoid((13 - u) / 4), 1.4 * linoid((u - 40) / 5)),
            "h": (0.128 * np.exp((17 - u) / 18), 4 / (1 + np.exp((40 - u) / 5))),
            "n": (0.16 * linoid((15 - u) / 5), 0.5 * np.exp((10 - u) / 40))}


def gates_at_rest(voltage_mv: Floats) -> dict[str, Floats]:
    """Return the gates in equilibrium with a voltage."""
    return {gate: opening / (opening + closing) for gate, (opening, closing) in _rates(voltage_mv).items()}


def simulate(network: Network, steps: int = STEPS) -> tuple[NDArray[np.int64], Floats]:
    """Simulate a network the plain way: every variable by exponential Euler from the values before the step.

    Returns
    -------
    neurons, times_ms
        The spikes in the order of time, (spikes,) each; a spike's time is that of the end of its step.
    """
    v, gates = network.start_mv.copy(), gates_at_rest(network.start_mv)
    g_e, g_i = np.zeros_like(v), np.zeros_like(v)
    first, targets, delays = network.by_source()
    arriving = np.zeros((2, delays.max() + 1, network.neurons))  # ring of what is under way, by the step it arrives in
    who, when = [], []
    for step in range(steps):
        g_na, g_k = G_NA_NS * gates["m"]**3 * gates["h"], G_K_NS * gates["n"]**4
        total = G_L_NS + g_na + g_k + g_e + g_i
        settled = (G_L_NS * E_L_MV + g_na * E_NA_MV + g_k * E_K_MV + g_e * E_EXCITATORY_MV + g_i * E_INHIBITORY_MV
                   + network.drive_pa) / total
        for gate, (opening, closing) in _rates(v).items():
            rest = opening / (opening + closing)
            gates[gate] = rest + (gates[gate] - rest) * np.exp(-DT_MS * (opening + closing))
        before, v = v, settled + (v - settled) * np.exp(-DT_MS * total / CAPACITANCE_PF)
        spiking = np.flatnonzero((before <= THRESHOLD_MV) & (v > THRESHOLD_MV))
        for neuron in spiking:
            synapses = slice(first[neuron], first[neuron + 1])
            inhibitory = int(neuron >= network.excitatory)
            np.add.at(arriving[inhibitory], ((step + delays[synapses]) % arriving.shape[1], targets[synapses]),
                      network.weight_ns[inhibitory])
        now = step % arriving.shape[1]
        g_e = g_e * np.exp(-DT_MS / TAU_EXCITATORY_MS) + arriving[0, now]
        g_i = g_i * np.exp(-DT_MS / TAU_INHIBITORY_MS) + arriving[1, now]
        arriving[:, now] = 0
        who.append(spiking)
        when.append(np.full(len(spiking), (step + 1) * DT_MS))
    return np.concatenate(who), np.concatenate(when)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a peer's command line."""
    made = report.options(description, "neurons", NEURONS)
    made.add_argument("--connected", type=int, choices=(0, 1), default=1, help="0: the synapses weigh nothing")
    return made


def outcome(request: argparse.Namespace, runs_s: list[float], spikes: int, first_ms: list[float],
            **more: Any) -> dict[str, Any]:
    """Return what a peer reports.

    Parameters
    ----------
    request
        What the command line asked for.
    runs_s
        Seconds that each run of all steps took.
    spikes
        Spikes of all neurons in one run from the start.
    first_ms
        Spike times of the first neuron in it.
    more
        Anything else: `setup_s`, `version`, `note`.
    """
    return {"runs_s": runs_s, "ns_per_neuron_step": 1e9 * min(runs_s) / (request.neurons * STEPS),
            "rate_hz": 1e3 * spikes / (request.neurons * SPAN_MS),
            "first_ms": [round(time, 3) for time in first_ms], **more}
