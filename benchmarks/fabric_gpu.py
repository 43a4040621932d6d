"""The neurons of the largest fabric on a GPU: seconds of computing for a second of theirs, and agreement with the CPU.

Run by hand: ``python benchmarks/fabric_gpu.py``. Hodgkin-Huxley cells of 25 compartments (soma 20 x 20 um, 4 dendrites
of 6 segments of 50 x 2 um), dt 0.025 ms, 6.3 degC, each with a constant current of its own from 0.3 to 1 nA, integrated
in slots of half a millisecond whose spikes come back to the host. Without a GPU it runs the same on the CPU, with fewer
cells and for a shorter time.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import jax
import numpy as np

from aura.zones.fabric.channels import CHANNELS
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import ball_and_sticks
from aura.zones.fabric.neurons.jax_population import JaxPopulation
from aura.zones.fabric.neurons.membrane import Membrane, Placement
from aura.zones.fabric.neurons.population import Population

CABLE = discretise(ball_and_sticks(), 100.0)
SQUID = Membrane(tuple(Placement(CHANNELS[name], {"all": CHANNELS[name].conductance.value})
                       for name in ("sodium", "potassium", "leak")))
DT_MS = 0.025
SLOT_STEPS = 20
CELLS = {"gpu": 17 * 17 * 128, "cpu": 1024}
SPAN_MS = {"gpu": 1000.0, "cpu": 5.0}
COMPARED_MS, COMPARED_CELLS = 10.0, 256


def made(kind: Any, cells: int, **options: Any) -> Any:
    """Return cells of a kind of population, with currents."""
    population = kind(CABLE, SQUID, cells, dt_ms=DT_MS, **options)
    population.injected[:] = np.linspace(0.3, 1.0, cells)
    return population


def seconds_per_second(cells: JaxPopulation, span_ms: float, turns: int) -> tuple[float, float]:
    """Return the shortest time for a simulated second, and the spikes of a cell in one."""
    slots = round(span_ms / (SLOT_STEPS * DT_MS))
    cells.advance(SLOT_STEPS)  # compiled here
    fastest, spikes = np.inf, 0
    for _ in range(turns):
        start = time.perf_counter()
        spikes = sum(len(cells.advance(SLOT_STEPS).cell) for _ in range(slots))
        fastest = min(fastest, time.perf_counter() - start)
    return fastest * 1e3 / span_ms, spikes / cells.cells * 1e3 / span_ms


def disagreement(dtype: str, **options: Any) -> tuple[float, bool]:
    """Return how far the voltages are from those of the CPU's kernel, relative, and whether all spikes are the same."""
    found = made(JaxPopulation, COMPARED_CELLS, dtype=dtype, **options)
    expected = made(Population, COMPARED_CELLS, dtype=dtype)
    worst, same = 0.0, True
    for _ in range(round(COMPARED_MS / (SLOT_STEPS * DT_MS))):
        spikes = [cells.advance(SLOT_STEPS).cell for cells in (found, expected)]
        same &= np.array_equal(spikes[0], spikes[1])
        one, other = (cells.read("v").astype(float) for cells in (found, expected))
        worst = max(worst, float(np.linalg.norm(one - other) / np.linalg.norm(other)))
    return worst, same


def main() -> None:
    """Print the figures."""
    present = "gpu" if any(device.platform == "gpu" for device in jax.devices()) else "cpu"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "gpu"), default=present)
    parser.add_argument("--cells", type=int, help="17 x 17 x 128 on a GPU")
    parser.add_argument("--ms", type=float, help="simulated time, a second on a GPU")
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    cells, span_ms = given.cells or CELLS[given.device], given.ms or SPAN_MS[given.device]
    ways = (True, False) if given.device == "gpu" else (False,)
    print(f"{jax.devices(given.device)[0].device_kind}: {cells} cells of 25 compartments, {span_ms:g} ms")
    for dtype in ("float32", "float64"):
        for by_cell in ways:
            options = {"device": given.device, "by_cell": by_cell}
            population = made(JaxPopulation, cells, dtype=dtype, **options)
            took, rate = seconds_per_second(population, span_ms, given.turns)
            worst, same = disagreement(dtype, **options)
            steps = 1e3 / DT_MS
            print(f"{dtype} {'one kernel' if by_cell else 'XLA       '}: {took:8.3f} s for a second, "
                  f"{took / (cells * 25 * steps) * 1e9:7.4f} ns per compartment and step, {rate:.0f} spikes/s; "
                  f"{worst:.1e} from the CPU's kernel over {COMPARED_MS:g} ms, spikes {'equal' if same else 'DIFFER'}")


if __name__ == "__main__":
    main()
