"""The multi-compartment benchmark in Brian2, as a C++ program that it writes and compiles (``cpp_standalone``).

A ``SpatialNeuron`` is one tree, so the cells hang, each by a fibre a tenth of a nanometre thick, on one root: what
flows through a fibre is below the rounding of a voltage. Those compartments are stepped, and counted: 26 a cell and the
root.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import hh_cells as model
from peers import report

FIBRE_DIAMETER_UM, FIBRE_LENGTH_UM = 1e-4, 1_000.0

# alpha (x) / (1 - exp(-x)) is written with exprel, which has no hole at 0
EQUATIONS = """
Im = g_l * (e_l - v) + g_na * m**3 * h * (e_na - v) + g_k * n**4 * (e_k - v) : amp/meter**2
current : amp (point current)
dm/dt = alpha_m * (1 - m) - beta_m * m : 1
dh/dt = alpha_h * (1 - h) - beta_h * h : 1
dn/dt = alpha_n * (1 - n) - beta_n * n : 1
alpha_m = 1 / exprel(-(v + 40*mV) / (10*mV)) / ms : Hz
beta_m = 4 * exp(-(v + 65*mV) / (18*mV)) / ms : Hz
alpha_h = 0.07 * exp(-(v + 65*mV) / (20*mV)) / ms : Hz
beta_h = 1 / (exp(-(v + 35*mV) / (10*mV)) + 1) / ms : Hz
alpha_n = 0.1 / exprel(-(v + 55*mV) / (10*mV)) / ms : Hz
beta_n = 0.125 * exp(-(v + 65*mV) / (80*mV)) / ms : Hz
"""


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the cells in a folder of their own and return the outcome."""
    if request.precision != "float64":
        return {"skipped": "its cable solver is in float64 only"}
    folder = tempfile.mkdtemp()
    try:
        return run(request, Path(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(request: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Build the tree, compile it, run it and return the outcome."""
    import brian2 as b

    start = time.perf_counter()
    b.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    if request.threads > 1:
        b.prefs.devices.cpp_standalone.openmp_threads = request.threads
    b.defaultclock.dt = model.DT_MS * b.ms

    root = b.Cylinder(diameter=1 * b.um, length=1 * b.um, n=1)
    for index in range(request.cells):
        soma = b.Cylinder(diameter=model.SOMA_DIAMETER_UM * b.um, length=model.SOMA_LENGTH_UM * b.um, n=1)
        for number in range(model.DENDRITES):
            setattr(soma, f"dendrite{number}", b.Cylinder(
                diameter=model.DENDRITE_DIAMETER_UM * b.um, length=model.DENDRITE_LENGTH_UM * b.um,
                n=model.DENDRITE_SEGMENTS))
        fibre = b.Cylinder(diameter=FIBRE_DIAMETER_UM * b.um, length=FIBRE_LENGTH_UM * b.um, n=1)
        fibre.soma = soma
        setattr(root, f"cell{index}", fibre)
    per_area = b.siemens / b.cm**2
    constants = {"g_na": model.G_NA_S_CM2 * per_area, "g_k": model.G_K_S_CM2 * per_area,
                 "g_l": model.G_L_S_CM2 * per_area, "e_na": model.E_NA_MV * b.mV, "e_k": model.E_K_MV * b.mV,
                 "e_l": model.E_L_MV * b.mV}
    neuron = b.SpatialNeuron(morphology=root, model=EQUATIONS, namespace=constants, method="exponential_euler",
                             Cm=model.CAPACITANCE_UF_CM2 * b.uF / b.cm**2, Ri=model.AXIAL_OHM_CM * b.ohm * b.cm)
    neuron.v = model.START_MV * b.mV
    for gate in "mhn":
        setattr(neuron, gate, f"alpha_{gate} / (alpha_{gate} + beta_{gate})")
    somas = 2 + np.arange(request.cells) * (model.COMPARTMENTS + 1)  # after the root, and after each one's own fibre
    current_a = np.zeros(len(neuron))
    current_a[somas] = request.amplitude_na * 1e-9
    neuron.current = current_a * b.amp
    monitor = b.StateMonitor(neuron, "v", record=[int(somas[0])], when="start")
    b.run(request.steps * b.defaultclock.dt)
    setup_s = time.perf_counter() - start
    compile_s = report.timed(lambda: b.device.build(run=False, directory=str(folder)))

    def run_program() -> float:
        """Return the seconds of the steps alone, as the program itself measures them."""
        b.device.run(directory=str(folder), with_output=False, run_args=[])
        return float(b.device._last_run_time)

    warm_up_s = run_program()
    runs_s = [run_program() for _ in range(request.repeats)]
    ends_mv = np.asarray(neuron.v / b.mV)[somas]
    return model.outcome(request, runs_s, np.append(np.asarray(monitor.v[0] / b.mV), ends_mv[0]),
                         len(neuron) / request.cells, setup_s=setup_s, compile_s=compile_s, warm_up_s=warm_up_s,
                         version=report.version("brian2"), alike=bool(np.ptp(ends_mv) < 1e-9),
                         note="C++" + (", OpenMP" if request.threads > 1 else ""))


if __name__ == "__main__":
    report.answer("brian2", model.parser(__doc__), simulate)
