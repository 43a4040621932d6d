"""The point-neuron benchmark in Brian2, as a C++ program that it writes and compiles (``cpp_standalone``, OpenMP).

Settings: its documentation's for long runs: standalone mode, exponential Euler, single precision by preference where it
is asked for; gcc's flags are its own, ``-O3 -ffast-math -march=native``. Every synapse has its own delay.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import coba_hh as model
from peers import report

# x / (exp(x) - 1) is written as 1 / exprel(x), which has no hole at 0
EQUATIONS = """
dv/dt = (g_l*(e_l - v) + g_na*m**3*h*(e_na - v) + g_k*n**4*(e_k - v)
         + g_e*(e_e - v) + g_i*(e_i - v) + drive) / capacitance : volt
dm/dt = alpha_m * (1 - m) - beta_m * m : 1
dh/dt = alpha_h * (1 - h) - beta_h * h : 1
dn/dt = alpha_n * (1 - n) - beta_n * n : 1
dg_e/dt = -g_e / tau_e : siemens
dg_i/dt = -g_i / tau_i : siemens
drive : amp (constant)
u = (v - v_t) / mV : 1
alpha_m = 1.28 / exprel((13 - u) / 4) / ms : Hz
beta_m = 1.4 / exprel((u - 40) / 5) / ms : Hz
alpha_h = 0.128 * exp((17 - u) / 18) / ms : Hz
beta_h = 4 / (1 + exp((40 - u) / 5)) / ms : Hz
alpha_n = 0.16 / exprel((15 - u) / 5) / ms : Hz
beta_n = 0.5 * exp((10 - u) / 40) / ms : Hz
"""


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the network in a folder of its own and return the outcome."""
    folder = tempfile.mkdtemp()
    try:
        return run(request, Path(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(request: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Build the network, compile it, run it and return the outcome."""
    import brian2 as b

    network = model.draw(request.neurons, connected=bool(request.connected))
    start = time.perf_counter()
    b.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    if request.threads > 1:
        b.prefs.devices.cpp_standalone.openmp_threads = request.threads
    b.prefs.core.default_float_dtype = np.dtype(request.precision).type
    b.defaultclock.dt = model.DT_MS * b.ms
    constants = {"g_l": model.G_L_NS * b.nS, "g_na": model.G_NA_NS * b.nS, "g_k": model.G_K_NS * b.nS,
                 "e_l": model.E_L_MV * b.mV, "e_na": model.E_NA_MV * b.mV, "e_k": model.E_K_MV * b.mV,
                 "e_e": model.E_EXCITATORY_MV * b.mV, "e_i": model.E_INHIBITORY_MV * b.mV, "v_t": model.V_T_MV * b.mV,
                 "tau_e": model.TAU_EXCITATORY_MS * b.ms, "tau_i": model.TAU_INHIBITORY_MS * b.ms,
                 "capacitance": model.CAPACITANCE_PF * b.pF, "threshold": model.THRESHOLD_MV * b.mV,
                 "w_e": network.weight_ns[0] * b.nS, "w_i": network.weight_ns[1] * b.nS}
    neurons = b.NeuronGroup(network.neurons, EQUATIONS, threshold="v > threshold", refractory="v > threshold",
                            method="exponential_euler", namespace=constants)
    neurons.v = network.start_mv * b.mV
    neurons.drive = network.drive_pa * b.pA
    for gate, value in model.gates_at_rest(network.start_mv).items():
        setattr(neurons, gate, value)
    inputs = network.sources.shape[1]
    targets = np.repeat(np.arange(network.neurons), inputs).reshape(network.sources.shape)
    kept = []
    for letter, columns in (("e", slice(0, model.EXCITATORY_INPUTS)), ("i", slice(model.EXCITATORY_INPUTS, inputs))):
        synapses = b.Synapses(neurons, neurons, on_pre=f"g_{letter}_post += w_{letter}", namespace=constants)
        synapses.connect(i=network.sources[:, columns].ravel(), j=targets[:, columns].ravel())
        synapses.delay = network.delay_steps[:, columns].ravel() * model.DT_MS * b.ms
        kept.append(synapses)
    monitor = b.SpikeMonitor(neurons)
    b.Network(neurons, *kept, monitor).run(model.SPAN_MS * b.ms)
    setup_s = time.perf_counter() - start
    compile_s = report.timed(lambda: b.device.build(run=False, directory=str(folder)))

    def run_program() -> float:
        """Return the seconds of the steps alone, as the program itself measures them."""
        b.device.run(directory=str(folder), with_output=False, run_args=[])
        return float(b.device._last_run_time)

    warm_up_s = run_program()
    runs_s = [run_program() for _ in range(request.repeats)]
    times_ms = np.asarray(monitor.t / b.ms) + model.DT_MS  # its time is that of the step's beginning
    return model.outcome(request, runs_s, len(times_ms), times_ms[np.asarray(monitor.i) == 0].tolist(),
                         setup_s=setup_s, compile_s=compile_s, warm_up_s=warm_up_s, version=report.version("brian2"),
                         note="C++" + (", OpenMP" if request.threads > 1 else "") + "; a delay for every synapse")


if __name__ == "__main__":
    report.answer("brian2", model.parser(__doc__), simulate)
