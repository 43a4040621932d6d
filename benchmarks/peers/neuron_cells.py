"""The multi-compartment benchmark in NEURON, and in CoreNEURON through NEURON.

NEURON as it comes is the reference: rate tables off, fixed step, ``secondorder = 0``. With ``--mechanism native`` the
channels of CoreNEURON are compiled for the machine at hand by its own ``nrnivmodl -coreneuron``: those of the wheel are
made for any x86-64 and compute one compartment at a time, which takes three times as long. The source is the ``hh.mod``
that NEURON ships, its table statement left out.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import hh_cells as model
from peers import report

FLAGS = "-O3 -march=native -ffast-math -fopenmp-simd"
"""With -ffast-math gcc takes the exponentials from libmvec; wider vectors than it chooses by itself gain nothing."""

MECHANISM = "hhnative"


def compile_channels(folder: Path) -> Path:
    """Compile NEURON's own channels for this machine and return the folder with the libraries."""
    import neuron

    source = (Path(neuron.__file__).parent / ".data" / "share" / "modfile" / "hh.mod").read_text(encoding="utf-8")
    source = re.sub(r"SUFFIX hh\b", f"SUFFIX {MECHANISM}", source)
    (folder / "mod").mkdir()
    (folder / "mod" / f"{MECHANISM}.mod").write_text(
        "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("TABLE ")), encoding="utf-8")
    programs = Path(sys.executable).parent
    finished = subprocess.run([str(programs / "nrnivmodl"), "-coreneuron", "-incflags", FLAGS, "mod"], cwd=folder,
                              env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    made = next(folder.glob("*/libcorenrnmech.so"), None)
    if made is None:
        sys.exit(f"{finished.stdout}\nnrnivmodl: expected libcorenrnmech.so, got none. Is there a C++ compiler?")
    return made.parent


def simulate(request: argparse.Namespace) -> dict[str, Any]:
    """Run the cells and return the outcome."""
    if request.precision != "float64":
        return {"skipped": "computes in float64 only"}
    native = request.engine == "coreneuron" and request.mechanism == "native"
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        libraries = compile_channels(Path(folder)) if native else None
        compile_s = time.perf_counter() - start
        if libraries is not None:
            os.environ["CORENEURONLIB"] = str(libraries / "libcorenrnmech.so")  # read when CoreNEURON first runs
        return {"compile_s": compile_s} | run(request, libraries)


def run(request: argparse.Namespace, libraries: Path | None) -> dict[str, Any]:
    """Build the cells, run them and return the outcome."""
    from neuron import coreneuron, h

    if libraries is not None:
        h.nrn_load_dll(str(libraries / "libnrnmech.so"))
    start = time.perf_counter()
    channels = "hh" if libraries is None else MECHANISM
    h.usetable_hh = 0
    h.celsius, h.dt, h.secondorder = model.CELSIUS, model.DT_MS, 0
    parallel = h.ParallelContext()
    spikes, sources = h.Vector(), h.Vector()
    cells, clamps, detectors = [], [], []
    for index in range(request.cells):
        soma = h.Section(name=f"soma{index}")
        soma.L, soma.diam, soma.nseg = model.SOMA_LENGTH_UM, model.SOMA_DIAMETER_UM, 1
        sections = [soma]
        for number in range(model.DENDRITES):
            dendrite = h.Section(name=f"dendrite{index}_{number}")
            dendrite.L, dendrite.diam = model.DENDRITE_LENGTH_UM, model.DENDRITE_DIAMETER_UM
            dendrite.nseg = model.DENDRITE_SEGMENTS
            dendrite.connect(soma(1), 0)
            sections.append(dendrite)
        for section in sections:
            section.Ra, section.cm = model.AXIAL_OHM_CM, model.CAPACITANCE_UF_CM2
            section.insert(channels)
            section.ena, section.ek = model.E_NA_MV, model.E_K_MV
            for name, value in (("gnabar", model.G_NA_S_CM2), ("gkbar", model.G_K_S_CM2), ("gl", model.G_L_S_CM2),
                                ("el", model.E_L_MV)):
                setattr(section, f"{name}_{channels}", value)
        clamp = h.IClamp(soma(0.5))
        clamp.delay, clamp.dur, clamp.amp = 0, 1e9, request.amplitude_na
        detector = h.NetCon(soma(0.5)._ref_v, None, sec=soma)
        detector.threshold = model.THRESHOLD_MV
        parallel.set_gid2node(index, parallel.id())
        parallel.cell(index, detector)
        cells.append(sections)
        clamps.append(clamp)
        detectors.append(detector)
    parallel.spike_record(-1, spikes, sources)
    voltage = h.Vector().record(cells[0][0](0.5)._ref_v)
    parallel.nthread(request.threads)
    parallel.set_maxstep(10)
    if request.engine == "coreneuron":
        coreneuron.enable = True
        coreneuron.verbose = 0
        coreneuron.cell_permute = 0  # 1, which interleaves cells, is for GPUs and here some percent slower
    setup_s = time.perf_counter() - start

    def initialise() -> None:
        h.finitialize(model.START_MV)

    def step_all() -> None:
        parallel.psolve(request.steps * model.DT_MS)

    warm_up_s = report.repeated(step_all, 1, before=initialise)[0]
    runs_s = report.repeated(step_all, request.repeats, before=initialise)
    counts = np.bincount(np.asarray(sources, dtype=np.int64), minlength=request.cells)
    where = "channels of the wheel" if libraries is None else f"channels compiled with {FLAGS}"
    return model.outcome(request, runs_s, np.array(voltage), setup_s=setup_s, warm_up_s=warm_up_s,
                         version=report.version("neuron"), spikes=int(counts.sum()), alike=bool(np.ptp(counts) == 0),
                         note=where)


def main() -> None:
    """Answer the command line."""
    parser = model.parser(__doc__)
    parser.add_argument("--engine", choices=("neuron", "coreneuron"), default="neuron")
    parser.add_argument("--mechanism", choices=("native", "wheel"), default="wheel",
                        help="CoreNEURON's channels: compiled here, or those of the wheel")
    report.answer("neuron", parser, simulate)


if __name__ == "__main__":
    main()
