"""The point-neuron benchmark in NEST: ``hh_cond_exp_traub``, which is this neuron.

It differs in three ways: it integrates with an adaptive Runge-Kutta-Fehlberg method (4, 5), far more exactly than the
step asks for; it says that a neuron spikes at the peak of the spike, about 0.3 ms after the crossing; and it is silent
for 2 ms from then on. Every synapse has its own delay; the shortest, 1 ms, sets how often its threads meet.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from peers import coba_hh as model
from peers import report


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the network, built anew for every run, and return the outcome."""
    if request.precision != "float64":
        return {"skipped": "computes in float64 only"}
    import nest

    nest.set_verbosity("M_ERROR")
    network = model.draw(request.neurons, connected=bool(request.connected))
    runs_s, setup_s, events = [], 0.0, {}
    for _ in range(1 + request.repeats):  # the first one warms up
        start = time.perf_counter()
        recorder = build(nest, network, request.threads)
        nest.Prepare()
        setup_s = time.perf_counter() - start
        runs_s.append(report.timed(lambda: nest.Run(model.SPAN_MS)))
        nest.Cleanup()
        events = recorder.events
    return model.outcome(request, runs_s[1:], len(events["times"]),
                         np.sort(events["times"][events["senders"] == 1]).tolist(), setup_s=setup_s,
                         warm_up_s=runs_s[0], version=report.version("nest-simulator"),
                         note="RKF45, adaptive; a delay for every synapse")


def build(nest: Any, network: model.Network, threads: int) -> Any:
    """Build the network in an empty kernel and return its spike recorder."""
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": model.DT_MS, "local_num_threads": threads, "print_time": False})
    neurons = nest.Create("hh_cond_exp_traub", network.neurons, {
        "C_m": model.CAPACITANCE_PF, "g_L": model.G_L_NS, "g_Na": model.G_NA_NS, "g_K": model.G_K_NS,
        "E_L": model.E_L_MV, "E_Na": model.E_NA_MV, "E_K": model.E_K_MV, "V_T": model.V_T_MV,
        "E_ex": model.E_EXCITATORY_MV, "E_in": model.E_INHIBITORY_MV, "tau_syn_ex": model.TAU_EXCITATORY_MS,
        "tau_syn_in": model.TAU_INHIBITORY_MS})
    gates = model.gates_at_rest(network.start_mv)
    neurons.set({"V_m": network.start_mv, "I_e": network.drive_pa, "Act_m": gates["m"], "Inact_h": gates["h"],
                 "Act_n": gates["n"]})
    inputs = network.sources.shape[1]
    weights = np.where(np.arange(inputs) < model.EXCITATORY_INPUTS, network.weight_ns[0], -network.weight_ns[1])
    nest.Connect(network.sources.ravel().astype(np.int64) + 1, np.repeat(np.arange(network.neurons) + 1, inputs),
                 "one_to_one", {"weight": np.tile(weights, network.neurons).astype(float),
                                "delay": network.delay_steps.ravel() * model.DT_MS})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    return recorder


if __name__ == "__main__":
    report.answer("nest", model.parser(__doc__), simulate)
