"""The multi-compartment benchmark in Jaxley.

One cell, mapped over the currents with ``jax.vmap``, the whole integration compiled with ``jax.jit``, as its
documentation does for many cells of one kind; building a network of them takes minutes and runs no faster. With more
than one thread each has an XLA device of its own and a share of the cells, by ``jax.pmap``: left to itself, XLA divides
the many small operations of a step, and the threads wait for each other.
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
    report.limit_xla(request.threads)
    import jax
    import jax.numpy as jnp

    settings: Any = jax.config
    settings.update("jax_num_cpu_devices", request.threads)
    settings.update("jax_enable_x64", request.precision == "float64")
    import jaxley as jx
    from jaxley.channels import HH

    start = time.perf_counter()
    compartment = jx.Compartment()
    soma, dendrite = jx.Branch(compartment, ncomp=1), jx.Branch(compartment, ncomp=model.DENDRITE_SEGMENTS)
    cell = jx.Cell([soma] + [dendrite] * model.DENDRITES, parents=[-1] + [0] * model.DENDRITES)
    cell.branch(0).set("length", model.SOMA_LENGTH_UM)
    cell.branch(0).set("radius", model.SOMA_DIAMETER_UM / 2)
    for branch in range(1, 1 + model.DENDRITES):
        cell.branch(branch).set("length", model.DENDRITE_LENGTH_UM / model.DENDRITE_SEGMENTS)
        cell.branch(branch).set("radius", model.DENDRITE_DIAMETER_UM / 2)
    cell.set("axial_resistivity", model.AXIAL_OHM_CM)
    cell.set("capacitance", model.CAPACITANCE_UF_CM2)
    cell.set("v", model.START_MV)
    cell.insert(HH())
    for name, value in (("gNa", model.G_NA_S_CM2), ("gK", model.G_K_S_CM2), ("gLeak", model.G_L_S_CM2),
                        ("eNa", model.E_NA_MV), ("eK", model.E_K_MV), ("eLeak", model.E_L_MV)):
        cell.set(f"HH_{name}", value)
    cell.init_states(delta_t=model.DT_MS)
    middle = cell.branch(0).comp(0)
    middle.record(verbose=False)

    def voltages_of(current_na: Any) -> Any:
        stimulus = middle.data_stimulate(current_na * jnp.ones(request.steps), None)
        return jx.integrate(cell, data_stimuli=stimulus, delta_t=model.DT_MS)[0]

    share = -(-request.cells // request.threads)
    currents_na = jnp.full((request.threads, share), request.amplitude_na)
    every = jax.pmap(jax.vmap(voltages_of)) if request.threads > 1 else jax.jit(jax.vmap(jax.vmap(voltages_of)))
    setup_s = time.perf_counter() - start

    def run() -> Any:
        return every(currents_na).block_until_ready()

    warm_up_s = report.timed(run)
    runs_s = report.repeated(run, request.repeats)
    voltages_mv = np.asarray(run()).reshape(-1, request.steps + 1)
    return model.outcome(request, runs_s, voltages_mv[0], model.COMPARTMENTS * share * request.threads / request.cells,
                         setup_s=setup_s, warm_up_s=warm_up_s, version=report.version("jaxley"),
                         alike=bool((voltages_mv == voltages_mv[0]).all()),
                         note=f"jax {jax.__version__}, {request.threads} devices of {share} cells")


if __name__ == "__main__":
    report.answer("jaxley", model.parser(__doc__), simulate)
