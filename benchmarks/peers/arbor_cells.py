"""The multi-compartment benchmark in Arbor.

Settings: cell groups of some hundred cells, so that its vectorised kernels run over long arrays. The wheel is built for
AVX2 (x86-64-v3); with ``--mechanism native`` the channels are compiled for the machine at hand by Arbor's own
``arbor-build-catalogue``, the rest of it stays the wheel's.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import hh_cells as model
from peers import report

GROUP = 500
"""Cells in a group; of 25, 50, 100, 250 and 500 the fastest on two threads."""

CHANNELS = """
NEURON {
    SUFFIX hhnative
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el
}
PARAMETER {
    gnabar = 0.12 (S/cm2)
    gkbar = 0.036 (S/cm2)
    gl = 0.0003 (S/cm2)
    el = -54.3 (mV)
}
STATE { m h n }
BREAKPOINT {
    SOLVE gates METHOD cnexp
    LOCAL n2
    n2 = n * n
    ina = gnabar * m * m * m * h * (v - ena)
    ik = gkbar * n2 * n2 * (v - ek)
    il = gl * (v - el)
}
INITIAL {
    m = opens_m(v) / (opens_m(v) + shuts_m(v))
    h = opens_h(v) / (opens_h(v) + shuts_h(v))
    n = opens_n(v) / (opens_n(v) + shuts_n(v))
}
DERIVATIVE gates {
    LOCAL om, oh, on, sm, sh, sn
    om = opens_m(v)
    sm = shuts_m(v)
    oh = opens_h(v)
    sh = shuts_h(v)
    on = opens_n(v)
    sn = shuts_n(v)
    m' = om - m * (om + sm)
    h' = oh - h * (oh + sh)
    n' = on - n * (on + sn)
}
FUNCTION opens_m(v) { opens_m = exprelr(-0.1 * (v + 40)) }
FUNCTION shuts_m(v) { shuts_m = 4 * exp(-(v + 65) / 18) }
FUNCTION opens_h(v) { opens_h = 0.07 * exp(-0.05 * (v + 65)) }
FUNCTION shuts_h(v) { shuts_h = 1 / (1 + exp(-0.1 * (v + 35))) }
FUNCTION opens_n(v) { opens_n = 0.1 * exprelr(-0.1 * (v + 55)) }
FUNCTION shuts_n(v) { shuts_n = 0.125 * exp(-0.0125 * (v + 65)) }
"""
"""The channels of `hh_cells` at 6.3 C in Arbor's language; in it exprelr(x) is x / (exp(x) - 1)."""


def compile_channels(folder: Path) -> Path:
    """Compile the channels for this machine and return the catalogue with them."""
    import arbor

    (folder / "mod").mkdir()
    (folder / "mod" / "hhnative.mod").write_text(CHANNELS, encoding="utf-8")
    compiler = folder / "compiler"
    compiler.write_text('#!/bin/sh\nexec c++ "$@" -march=native\n', encoding="utf-8")  # the last -march counts
    compiler.chmod(0o755)
    program = Path(arbor.__file__).parent / "bin" / "arbor-build-catalogue"
    finished = subprocess.run([sys.executable, str(program), "native", "mod", "--cxx", str(compiler)], cwd=folder,
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    made = folder / "native-catalogue.so"
    if not made.exists():
        sys.exit(f"{finished.stdout}\narbor-build-catalogue: expected {made.name}, got none. Try with CMake installed.")
    return made


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the cells and return the outcome."""
    if request.precision != "float64":
        return {"skipped": "computes in float64 only"}
    if request.mechanism == "wheel":
        return run(request, None)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        catalogue = compile_channels(Path(folder))
        return {"compile_s": time.perf_counter() - start} | run(request, catalogue)


def run(request: argparse.Namespace, catalogue: Path | None) -> dict[str, Any]:
    """Build the cells, run them and return the outcome."""
    import arbor
    from arbor import units as u

    start = time.perf_counter()

    radius, length = model.DENDRITE_DIAMETER_UM / 2, model.DENDRITE_LENGTH_UM
    tree = arbor.segment_tree()
    soma = tree.append(arbor.mnpos, arbor.mpoint(0, 0, 0, model.SOMA_DIAMETER_UM / 2),
                       arbor.mpoint(model.SOMA_LENGTH_UM, 0, 0, model.SOMA_DIAMETER_UM / 2), tag=1)
    for dendrite in range(model.DENDRITES):
        angle = 2 * math.pi * dendrite / model.DENDRITES
        y, z = length * math.cos(angle), length * math.sin(angle)
        tree.append(soma, arbor.mpoint(model.SOMA_LENGTH_UM, 0, 0, radius),
                    arbor.mpoint(model.SOMA_LENGTH_UM, y, z, radius), tag=3)
    conductances = {"gnabar": model.G_NA_S_CM2, "gkbar": model.G_K_S_CM2, "gl": model.G_L_S_CM2, "el": model.E_L_MV}
    middle = "(location 0 0.5)"
    decor = (arbor.decor()
             .set_property(Vm=model.START_MV * u.mV, tempK=(273.15 + model.CELSIUS) * u.Kelvin,
                           rL=model.AXIAL_OHM_CM * u.Ohm * u.cm, cm=model.CAPACITANCE_UF_CM2 * 0.01 * u.F / u.m2)
             .set_ion("na", rev_pot=model.E_NA_MV * u.mV)
             .set_ion("k", rev_pot=model.E_K_MV * u.mV)
             .paint("(all)", arbor.density("hh" if catalogue is None else "hhnative", conductances))
             .place(middle, arbor.i_clamp(0 * u.ms, 1e6 * u.ms, request.amplitude_na * u.nA))
             .place(middle, arbor.threshold_detector(model.THRESHOLD_MV * u.mV), "detector"))
    cell = arbor.cable_cell(tree, decor, None, arbor.cv_policy_fixed_per_branch(1, "(tag 1)")
                            | arbor.cv_policy_fixed_per_branch(model.DENDRITE_SEGMENTS, "(tag 3)"))

    class Cells(arbor.recipe):  # type: ignore[misc]
        """Copies of the one cell; the first one has a probe."""

        def num_cells(self) -> int:
            return int(request.cells)

        def cell_kind(self, gid: int) -> Any:
            return arbor.cell_kind.cable

        def cell_description(self, gid: int) -> Any:
            return cell

        def global_properties(self, kind: Any) -> Any:
            properties = arbor.neuron_cable_properties()
            if catalogue is not None:
                properties.catalogue = arbor.load_catalogue(str(catalogue))
            return properties

        def probes(self, gid: int) -> list[Any]:
            return [arbor.cable_probe_membrane_voltage(middle, "soma")] if gid == 0 else []

    recipe, context = Cells(), arbor.context(threads=request.threads)
    group = min(GROUP, -(-request.cells // request.threads))
    hint = arbor.partition_hint(cpu_group_size=group, prefer_gpu=False)
    simulation = arbor.simulation(recipe, context, arbor.partition_load_balance(
        recipe, context, {arbor.cell_kind.cable: hint}))
    simulation.record(arbor.spike_recording.local)  # "all" records nothing in a build without MPI
    setup_s = time.perf_counter() - start

    def step_all(steps: int = request.steps) -> None:
        simulation.run(steps * model.DT_MS * u.ms, model.DT_MS * u.ms)

    # warms up, and is the run that is looked at: a sample is taken where a step begins, so one step more
    handle = simulation.sample((0, "soma"), arbor.regular_schedule(model.DT_MS * u.ms))
    warm_up_s = report.timed(lambda: step_all(request.steps + 1))
    voltages_mv = simulation.samples(handle)[0][0][:request.steps + 1, 1]
    simulation.remove_sampler(handle)
    runs_s = report.repeated(step_all, request.repeats, before=simulation.reset)
    spikes = simulation.spikes()
    first = np.sort(spikes["time"][spikes["source"]["gid"] == 0])
    made = "of the wheel" if catalogue is None else "compiled with -march=native"
    return model.outcome(request, runs_s, voltages_mv, setup_s=setup_s, warm_up_s=warm_up_s,
                         version=report.version("arbor"), detected_ms=first.round(6).tolist(), spikes=len(spikes),
                         note=f"channels {made}, groups of {group}; exp(-x) of the gates is (2 - x) / (2 + x)")


def main() -> None:
    """Answer the command line."""
    parser = model.parser(__doc__)
    parser.add_argument("--mechanism", choices=("native", "wheel"), default="wheel",
                        help="the channels: compiled here, or those of the wheel")
    report.answer("arbor", parser, simulate)


if __name__ == "__main__":
    main()
