"""The multi-compartment benchmark: unconnected cells of 25 compartments, Hodgkin-Huxley channels in each of them.

A soma of one compartment and four dendrites of six, attached where the soma ends. A constant current flows into the
soma from the first step on. Every peer reports the spike times of a soma, its last voltage, and nanoseconds per
compartment and step.

The reference is NEURON 9.0.2 with its rate tables off (``usetable_hh = 0``), at a fixed step with ``secondorder = 0``:

1. the voltage of the whole tree by backward Euler, the conductances taken from the gates as they are;
2. every gate by exponential Euler, with its rates at the new voltage (``cnexp``);
3. a spike where the soma's voltage crosses 0 mV upwards, its time interpolated linearly between two steps.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peers import report

CELLS = 1_000
SOMA_LENGTH_UM = SOMA_DIAMETER_UM = 20.0
DENDRITES = 4
DENDRITE_SEGMENTS = 6
DENDRITE_LENGTH_UM = 300.0
"""Of a dendrite, so 50 um a segment."""
DENDRITE_DIAMETER_UM = 2.0
COMPARTMENTS = 1 + DENDRITES * DENDRITE_SEGMENTS
AXIAL_OHM_CM = 100.0
CAPACITANCE_UF_CM2 = 1.0

# Hodgkin and Huxley 1952, doi:10.1113/jphysiol.1952.sp004764, with the resting potential at -65 mV
CELSIUS = 6.3
G_NA_S_CM2, G_K_S_CM2, G_L_S_CM2 = 0.12, 0.036, 0.0003
E_NA_MV, E_K_MV, E_L_MV = 50.0, -77.0, -54.3
START_MV = -65.0

DT_MS = 0.025
STEPS = 4_000
THRESHOLD_MV = 0.0

# measured with neuron_cells.py, engine "neuron", NEURON 9.0.2; a twin of the scheme in numpy agrees to 1e-8 mV
REFERENCE_SPIKES_MS = {0.5: (2.447546, 23.242331),
                       1.0: (1.465877, 15.389953, 28.981024, 42.555123, 56.127683, 69.700104, 83.272542, 96.844982)}
"""Spike times of the soma by its current in nA."""
REFERENCE_END_MV = {0.5: -59.347018, 1.0: -71.752868}
"""Voltage of the soma after the last step, by its current in nA."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a peer's command line."""
    made = report.options(description, "cells", CELLS)
    made.add_argument("--amplitude-na", type=float, default=0.5, help="current into each soma")
    made.add_argument("--steps", type=int, default=STEPS)
    return made


def spike_times(voltages_mv: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the times in ms at which voltages (steps + 1,), the first at time 0, cross the threshold upwards."""
    above = voltages_mv.astype(np.float64) - THRESHOLD_MV
    before = np.flatnonzero((above[:-1] < 0) & (above[1:] >= 0))
    return DT_MS * (before - above[before] / (above[before + 1] - above[before]))


def outcome(request: argparse.Namespace, runs_s: list[float], voltages_mv: NDArray[np.floating[Any]],
            compartments: float = COMPARTMENTS, **more: Any) -> dict[str, Any]:
    """Return what a peer reports.

    Parameters
    ----------
    request
        What the command line asked for.
    runs_s
        Seconds that each run of all steps took.
    voltages_mv
        Voltages of a soma, (steps + 1,), the first at time 0.
    compartments
        How many the peer steps for a cell.
    more
        Anything else: `setup_s`, `version`, `note`.
    """
    work = request.cells * compartments * request.steps
    return {"runs_s": runs_s, "ns_per_compartment_step": 1e9 * min(runs_s) / work,
            "spikes_ms": [round(float(time), 6) for time in spike_times(voltages_mv)],
            "end_mv": round(float(voltages_mv[-1]), 6), **more}
