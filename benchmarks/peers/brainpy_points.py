"""The point-neuron benchmark in BrainPy, the whole run compiled into one loop.

Settings: those of its own benchmark of this network: exponential Euler by automatic differentiation (``exp_auto``),
event-driven sparse products (``EventCSRLinear``) and synapses merged by their target (``AlignPost``). A projection has
one delay, so that all synapses here have the mean of the others', 3 ms: it does less than the peers with one for each.
A delay here is two steps shorter than it says, and a weight decays for a step before it counts; with both made up for,
it gives the spikes of ``coba_hh.simulate`` at one delay of 3 ms, all of them.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import numpy as np

from peers import coba_hh as model
from peers import report

DELAY_MS = 3.0


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the network and return the outcome."""
    report.limit_xla(request.threads)
    import brainpy as bp
    import brainpy.math as bm
    import jax

    bm.set_platform("cpu")
    if request.precision == "float64":
        bm.enable_x64()
    else:
        bm.disable_x64()
    bm.set_dt(model.DT_MS)
    network = model.draw(request.neurons, connected=bool(request.connected))
    start = time.perf_counter()
    net = build(bp, bm, network)
    states = net.vars().unique()
    begin = {name: np.array(variable.value) for name, variable in states.items()}

    def restore() -> None:
        for name, variable in states.items():
            variable.value = bm.asarray(begin[name], dtype=variable.dtype)

    @bm.jit  # type: ignore[untyped-decorator]
    def all_steps(steps: Any) -> Any:
        return bm.for_loop(net.step_run, steps, progress_bar=False)

    def run() -> Any:
        return bm.as_jax(all_steps(np.arange(model.STEPS))).block_until_ready()

    setup_s = time.perf_counter() - start
    warm_up_s = report.timed(run)
    runs_s = report.repeated(run, request.repeats, before=restore)
    restore()
    first = np.flatnonzero(np.asarray(run())) + 1
    spikes = int(np.asarray(net.neurons.count.value).sum())
    return model.outcome(request, runs_s, spikes, (model.DT_MS * first).tolist(), setup_s=setup_s,
                         warm_up_s=warm_up_s, version=report.version("brainpy"),
                         note=f"jax {jax.__version__}; one delay for all synapses, {DELAY_MS} ms")


def build(bp: Any, bm: Any, network: model.Network) -> Any:
    """Build the network; a step returns whether the first neuron spikes."""

    class Neurons(bp.dyn.NeuDyn):  # type: ignore[misc]
        """The neurons, and how often each has spiked."""

        def __init__(self) -> None:
            super().__init__(network.neurons)
            self.drive = bm.asarray(network.drive_pa)
            self.v = bm.Variable(bm.asarray(network.start_mv))
            gates = model.gates_at_rest(network.start_mv)
            self.m, self.h, self.n = (bm.Variable(bm.asarray(gates[gate])) for gate in "mhn")
            self.spike = bm.Variable(bm.zeros(network.neurons, dtype=bool))
            self.count = bm.Variable(bm.zeros(network.neurons, dtype="int32"))
            self.integral = bp.odeint(bp.JointEq([self.dv, self.dm, self.dh, self.dn]), method="exp_auto")

        def reset_state(self, *sizes: Any, **settings: Any) -> None:
            """Keep the state: it was handed over."""

        def dv(self, v: Any, t: Any, m: Any, h: Any, n: Any) -> Any:
            current = self.sum_current_inputs(v, init=self.drive)
            return (model.G_L_NS * (model.E_L_MV - v) + model.G_NA_NS * m**3 * h * (model.E_NA_MV - v)
                    + model.G_K_NS * n**4 * (model.E_K_MV - v) + current) / model.CAPACITANCE_PF

        def dm(self, m: Any, t: Any, v: Any) -> Any:
            u = v - model.V_T_MV
            return 1.28 / bm.exprel((13 - u) / 4) * (1 - m) - 1.4 / bm.exprel((u - 40) / 5) * m

        def dh(self, h: Any, t: Any, v: Any) -> Any:
            u = v - model.V_T_MV
            return 0.128 * bm.exp((17 - u) / 18) * (1 - h) - 4 / (1 + bm.exp((40 - u) / 5)) * h

        def dn(self, n: Any, t: Any, v: Any) -> Any:
            u = v - model.V_T_MV
            return 0.16 / bm.exprel((15 - u) / 5) * (1 - n) - 0.5 * bm.exp((10 - u) / 40) * n

        def update(self, x: Any = None) -> Any:
            v, m, h, n = self.integral(self.v.value, self.m.value, self.h.value, self.n.value,
                                       bp.share["t"], bp.share["dt"])
            self.spike.value = bm.logical_and(self.v <= model.THRESHOLD_MV, v > model.THRESHOLD_MV)
            self.count.value = self.count + self.spike
            self.v.value, self.m.value, self.h.value, self.n.value = v, m, h, n
            return self.spike.value

    class Given(bp.conn.TwoEndConnector):  # type: ignore[misc]
        """The synapses that were drawn, from some of the neurons."""

        def __init__(self, low: int, high: int) -> None:
            super().__init__()
            first, targets, _ = network.by_source()
            self.rows = bm.asarray(first[low:high + 1] - first[low])
            self.columns = bm.asarray(targets[first[low]:first[high]])
            self.pre_num, self.post_num = high - low, network.neurons

        def require(self, *structures: str) -> Any:
            return self.columns, self.rows

    class Net(bp.DynSysGroup):  # type: ignore[misc]
        """The neurons, their synapses and the delay in between."""

        def __init__(self) -> None:
            super().__init__()
            self.neurons = Neurons()
            self.excitatory = self.project(0, network.excitatory, network.weight_ns[0], model.TAU_EXCITATORY_MS,
                                           model.E_EXCITATORY_MV)
            self.inhibitory = self.project(network.excitatory, network.neurons, network.weight_ns[1],
                                           model.TAU_INHIBITORY_MS, model.E_INHIBITORY_MV)
            self.delay = bp.VarDelay(self.neurons.spike, entries={"synapses": DELAY_MS + 2 * model.DT_MS})

        def project(self, low: int, high: int, weight_ns: float, tau_ms: float, reversal_mv: float) -> Any:
            return bp.dyn.HalfProjAlignPostMg(
                comm=bp.dnn.EventCSRLinear(Given(low, high), weight_ns * math.exp(model.DT_MS / tau_ms)),
                post=self.neurons, syn=bp.dyn.Expon.desc(network.neurons, tau=tau_ms),
                out=bp.dyn.COBA.desc(E=reversal_mv))

        def update(self) -> Any:
            arriving = self.delay.at("synapses")
            self.excitatory(arriving[:network.excitatory])
            self.inhibitory(arriving[network.excitatory:])
            spike = self.neurons()
            self.delay(spike)
            return spike[0]

    return Net()


if __name__ == "__main__":
    report.answer("brainpy", model.parser(__doc__), simulate)
