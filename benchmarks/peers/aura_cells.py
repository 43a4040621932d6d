"""The multi-compartment benchmark in AURA: the population that the fabric is made of.

Parts can be switched on one by one, to see what each costs: receptors on every dendritic segment, calcium with its pool
and the potassium channel that it opens.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from peers import hh_cells as model
from peers import report


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the cells and return the outcome."""
    from aura import __version__
    from aura.zones.fabric.channels import CHANNELS, CalciumPool
    from aura.zones.fabric.morphology.discretise import discretise
    from aura.zones.fabric.morphology.tree import ball_and_sticks
    from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
    from aura.zones.fabric.neurons.population import Population
    from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA
    from aura.zones.fabric.tissue.workers import Workers

    start = time.perf_counter()
    density = {"sodium": model.G_NA_S_CM2, "potassium": model.G_K_S_CM2, "leak": model.G_L_S_CM2}
    if "calcium" in request.parts:
        density |= {name: CHANNELS[name].conductance.value for name in ("calcium", "calcium_potassium")}
    afferents = (Afferent("excitatory", ((AMPA, 1.0), (NMDA, 0.5))), Afferent("inhibitory", ((GABA_A, 1.0),)))
    membrane = Membrane(tuple(Placement(CHANNELS[name], {"all": value}) for name, value in density.items()),
                        model.CAPACITANCE_UF_CM2, CalciumPool() if "calcium" in request.parts else None,
                        afferents if "synapses" in request.parts else ())
    segment_um = model.DENDRITE_LENGTH_UM / model.DENDRITE_SEGMENTS
    shape = ball_and_sticks(model.SOMA_LENGTH_UM, model.SOMA_DIAMETER_UM, model.DENDRITES, model.DENDRITE_SEGMENTS,
                            segment_um, model.DENDRITE_DIAMETER_UM)
    cells = Population(discretise(shape, model.AXIAL_OHM_CM), membrane, request.cells, dt_ms=model.DT_MS,
                       temperature_c=model.CELSIUS, dtype=request.precision, workers=Workers(request.threads))
    cells.injected[:] = request.amplitude_na
    begin = cells.state()
    setup_s = time.perf_counter() - start
    warm_up_s = report.timed(lambda: cells.advance(1))
    runs_s = report.repeated(lambda: cells.advance(request.steps), request.repeats,
                             before=lambda: cells.load_state(begin))
    # once more, step by step, to see what was timed
    cells.load_state(begin)
    voltages_mv = np.empty(request.steps + 1)
    voltages_mv[0] = cells.soma_mv[0]
    for step in range(request.steps):
        cells.advance(1)
        voltages_mv[step + 1] = cells.soma_mv[0]
    parts = f" with {', '.join(request.parts)}" if request.parts else ""
    return model.outcome(request, runs_s, voltages_mv, setup_s=setup_s, warm_up_s=warm_up_s, version=__version__,
                         note=f"blocks of {cells.lanes} cells{parts}")


def main() -> None:
    """Answer the command line."""
    parser = model.parser(__doc__)
    parser.add_argument("--parts", nargs="*", choices=("synapses", "calcium"), default=[])
    report.answer("aura", parser, simulate)


if __name__ == "__main__":
    main()
