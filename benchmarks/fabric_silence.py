"""An hour of silence: whether a tissue that nothing drives any more slows down as its traces fade.

    python benchmarks/fabric_silence.py [--span-s 3600] [--dtype float32]

A small tissue with every rule of plasticity is driven for half a second, then left alone. A trace that reaches the
denormal numbers would make its arithmetic some fifty times slower. Printed: processor time for each simulated
second, at the beginning and then at every tenfold time, each the best of three seconds in a row.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from aura.zones.fabric.params import NeuronParams, TissueParams
from aura.zones.fabric.tissue.circuit import Circuit
from aura.zones.fabric.tissue.params import EligibilityParams, HomeostasisParams, PlasticityParams, StdpParams
from aura.zones.fabric.tissue.workers import Workers

SLOT_MS = 1.0


def second(tissue: Circuit) -> float:
    """Run a simulated second and return what processor time it took."""
    start = time.process_time()
    for _ in range(round(1e3 / SLOT_MS)):
        tissue.slot()
    return time.process_time() - start


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--span-s", type=int, default=3600)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    request = parser.parse_args()
    params = TissueParams(neuron=NeuronParams(dtype=request.dtype), slot_ms=SLOT_MS, plasticity=PlasticityParams(
        stdp=StdpParams(), homeostasis=HomeostasisParams(tau_s=100.0), eligibility=EligibilityParams()))
    tissue = Circuit(params, (4, 4, 4), np.random.default_rng(0), Workers(1))
    tissue.drive[:] = 1.0
    spikes = sum(len(tissue.slot().cell) for _ in range(500))
    tissue.drive[:] = 0.0
    print(f"{spikes} spikes of 64 cells of 5 compartments in the half second before; {request.dtype}")
    shown = [0, *(10**power for power in range(1, 6) if 10**power < request.span_s - 3), request.span_s - 3]
    last: list[float] = []
    for now in range(request.span_s):
        last = [*last[-2:], second(tissue)]
        if now - 2 in shown:
            print(f"second {now - 1:>5}: {1e3 * min(last):7.2f} ms", flush=True)


if __name__ == "__main__":
    main()
