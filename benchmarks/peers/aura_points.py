"""The point-neuron benchmark in AURA: cells of one compartment, channels and synapses declared, delays each its own."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from peers import coba_hh as model
from peers import report

AREA_UM2 = 20_000.0
"""Of a cell of 200 pF at 1 uF/cm2."""
NS_TO_S_CM2 = 1e-9 / (AREA_UM2 * 1e-8)
US_PER_NS = 1e-3

GATES: dict[str, list[dict[str, Any]]] = {
    "na": [{"name": "m", "power": 3, "q10": 1.0, "alpha": "0.32 * linoid(v + 63 - 13, 4)",
            "beta": "0.28 * linoid(40 - (v + 63), 5)"},
           {"name": "h", "alpha": "0.128 * exp((17 - (v + 63)) / 18)", "beta": "4 / (1 + exp((40 - (v + 63)) / 5))",
            "q10": 1.0}],
    "k": [{"name": "n", "power": 4, "q10": 1.0, "alpha": "0.032 * linoid(v + 63 - 15, 5)",
           "beta": "0.5 * exp((10 - (v + 63)) / 40)"}],
    "leak": [],
}


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the network and return the outcome."""
    from aura import __version__
    from aura.zones.fabric.channels import channel_from_table
    from aura.zones.fabric.morphology.discretise import discretise
    from aura.zones.fabric.morphology.tree import point_neuron
    from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
    from aura.zones.fabric.neurons.population import Population
    from aura.zones.fabric.neurons.receptors import Receptor
    from aura.zones.fabric.tissue.delivery import DelayLine
    from aura.zones.fabric.tissue.synapses import Synapses
    from aura.zones.fabric.tissue.workers import Workers

    network = model.draw(request.neurons, connected=bool(request.connected))
    start = time.perf_counter()
    placements = []
    for name, ion, g_ns, e_mv in (("na", "na", model.G_NA_NS, model.E_NA_MV), ("k", "k", model.G_K_NS, model.E_K_MV),
                                  ("leak", "nonspecific", model.G_L_NS, model.E_L_MV)):
        table = {"ion": ion, "conductance": f"{g_ns * NS_TO_S_CM2} S/cm2", "reversal": f"{e_mv} mV",
                 "temperature": "36 degC", "gates": GATES[name]}
        placements.append(Placement(channel_from_table(name, table, "benchmark"), {"all": g_ns * NS_TO_S_CM2}))

    def receptor(name: str, tau_ms: float, e_mv: float) -> Afferent:
        made = Receptor.model_validate({"name": name, "decay": f"{tau_ms} ms", "reversal": f"{e_mv} mV"})
        return Afferent(name, ((made, 1.0),))

    membrane = Membrane(tuple(placements), 1.0, None, (
        receptor("excitatory", model.TAU_EXCITATORY_MS, model.E_EXCITATORY_MV),
        receptor("inhibitory", model.TAU_INHIBITORY_MS, model.E_INHIBITORY_MV)))
    workers = Workers(request.threads)
    cells = Population(discretise(point_neuron(area_um2=AREA_UM2), 100.0), membrane, network.neurons,
                       dt_ms=model.DT_MS, temperature_c=36.0, threshold_mv=model.THRESHOLD_MV, dtype=request.precision,
                       workers=workers)
    sources = network.sources.ravel()
    kind = (sources >= network.excitatory).astype(np.uint8)
    synapses = Synapses.from_arrays(
        network.neurons, sources, np.repeat(np.arange(network.neurons), network.sources.shape[1]),
        np.array(network.weight_ns)[kind] * US_PER_NS, network.delay_steps.ravel(), receptor=kind)
    slots = int(network.delay_steps.min())
    line = DelayLine(synapses, sites=1, dtype=request.precision, workers=workers, slots=slots)
    begin = _begun(cells, network), line.state()
    setup_s = time.perf_counter() - start
    counts = np.zeros(network.neurons, np.int64)
    first: list[float] = []

    def restore() -> None:
        cells.load_state(begin[0])
        line.load_state(begin[1])

    def run(steps: int = model.STEPS) -> int:
        spikes = 0
        for _ in range(0, steps, slots):
            found = cells.advance(slots, line.take())
            line.deliver(found.cell, slot=found.step)
            spikes += len(found.cell)
        return spikes

    warm_up_s = report.timed(lambda: run(100))
    runs_s = report.repeated(run, request.repeats, before=restore)
    restore()
    for step in range(0, model.STEPS, slots):
        found = cells.advance(slots, line.take())
        line.deliver(found.cell, slot=found.step)
        counts += np.bincount(found.cell, minlength=network.neurons)
        first.extend((step + 1 + found.step[found.cell == 0]) * model.DT_MS)
    return model.outcome(request, runs_s, int(counts.sum()), first, setup_s=setup_s, warm_up_s=warm_up_s,
                         version=__version__, note="each synapse with a delay of its own; implicit Euler")


def _begun(cells: Any, network: model.Network) -> dict[str, Any]:
    """Return the state of the cells with voltages and gates of their own."""
    rest = model.gates_at_rest(network.start_mv)
    values = {"v": network.start_mv, "na.m": rest["m"], "na.h": rest["h"], "k.n": rest["n"]}
    for name, given in values.items():
        cells.write(name, given[None])
    cells.injected[:] = network.drive_pa * 1e-3
    state: dict[str, Any] = cells.state()
    return state


if __name__ == "__main__":
    report.answer("aura points", model.parser(__doc__), simulate)
