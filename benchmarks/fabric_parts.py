"""What each part of the tissue costs: 1,000 cells of 25 compartments, their parts switched on one by one.

    python benchmarks/fabric_parts.py [--threads 2] [--dtype float32] [--span-ms 100]

The cells are those of ``benchmarks/peers/hh_cells.py``. They stand on a grid of 10 x 10 x 10; from the network on they
are driven like a fabric whose map answers everywhere. Every line is the best of its runs, all lines in turn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from aura.zones.fabric.params import NeuronParams, TissueParams
from aura.zones.fabric.tissue.circuit import Circuit
from aura.zones.fabric.tissue.params import (
    CalciumStdpParams,
    ConnectivityParams,
    EligibilityParams,
    HomeostasisParams,
    PlasticityParams,
    StdpParams,
)
from aura.zones.fabric.tissue.workers import Workers

GRID = (10, 10, 10)
COMPARTMENTS = 25
SLOT_MS = 0.5
DRIVE_US = 0.002
"""At which they fire at some 10 Hz."""
SQUID = {"sodium": {"all": 0.12}, "potassium": {"all": 0.036}, "leak": {"all": 0.0003}}
CALCIUM = {"calcium": {"dendrite": 3e-5}, "calcium_potassium": {"dendrite": 3e-4}}
UNCONNECTED = dict.fromkeys(("peak_ee", "peak_ei", "peak_ie", "peak_ii"), 0.0)

Run = Callable[[float], int]


def circuit(dtype: str, threads: int, *, calcium: bool = True, connected: bool = True, nmda: float = 0.5,
            **plasticity: object) -> Circuit:
    """Return a tissue with some of its parts."""
    channels = {"replace": True, **SQUID, **(CALCIUM if calcium else {})}
    neuron = NeuronParams(dendrites=4, segments=6, channels=channels, dtype=dtype)
    params = TissueParams(neuron=neuron, slot_ms=SLOT_MS, drive_us=DRIVE_US, nmda_share=nmda,
                          connectivity=ConnectivityParams(**({} if connected else UNCONNECTED)),
                          plasticity=PlasticityParams(**plasticity))
    made = Circuit(params, GRID, np.random.default_rng(0), Workers(threads))
    made.drive[:] = np.random.default_rng(1).uniform(0.0, 1.0, len(made.drive)) if connected else 0.0
    return made


def alone(made: Circuit) -> Run:
    """Run the cells of a tissue and nothing else."""
    made.population.injected[:] = 0.5
    return lambda span_ms: len(made.population.advance(round(span_ms / made.params.neuron.dt_ms)).cell)


def whole(made: Circuit) -> Run:
    """Run a tissue slot by slot."""
    return lambda span_ms: sum(len(made.slot().cell) for _ in range(round(span_ms / SLOT_MS)))


def lines(dtype: str, threads: int) -> dict[str, Run]:
    """Return what is run, each with one part more than the one before it."""
    stdp, scaling = {"stdp": StdpParams()}, {"homeostasis": HomeostasisParams(tau_s=100.0)}
    eligibility, by_calcium = {"eligibility": EligibilityParams()}, {"calcium": CalciumStdpParams()}

    def made(**parts: object) -> Circuit:
        return circuit(dtype, threads, **parts)

    return {"cells with AMPA, GABA-A": alone(made(calcium=False, connected=False, nmda=0.0)),
            "+ NMDA": alone(made(calcium=False, connected=False)),
            "+ calcium, its pool, K(Ca)": alone(made(connected=False)),
            "+ network, slots of 0.5 ms": whole(made()),
            "+ pair STDP": whole(made(**stdp)),
            "+ homeostatic scaling": whole(made(**stdp, **scaling)),
            "+ eligibility traces": whole(made(**stdp, **scaling, **eligibility)),
            "calcium-based STDP instead": whole(made(**by_calcium, **scaling))}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--span-ms", type=float, default=100.0)
    parser.add_argument("--repeats", type=int, default=5)
    request = parser.parse_args()
    runs = lines(request.dtype, request.threads)
    taken: dict[str, list[float]] = {name: [] for name in runs}
    spikes: dict[str, int] = {}
    for run in runs.values():
        run(5.0)
    for _ in range(request.repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            spikes[name] = run(request.span_ms)
            taken[name].append(time.perf_counter() - start)
    cells = int(np.prod(GRID))
    steps = round(request.span_ms / 0.025)
    print(f"{cells} cells of {COMPARTMENTS}, {request.dtype}, {request.threads} threads: ns per compartment and step")
    before = 0.0
    for name, seconds in taken.items():
        ns = 1e9 * min(seconds) / (cells * COMPARTMENTS * steps)
        print(f"{name:<30}{ns:8.2f}{ns - before:+8.2f}   {1e3 * spikes[name] / cells / request.span_ms:.1f} spikes/s")
        before = ns


if __name__ == "__main__":
    main()
