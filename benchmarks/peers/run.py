"""Runs AURA and its peers, each in a process of its own, and prints them side by side.

    python benchmarks/peers/run.py [--threads 2] [--repeats 3] [--size 1000] [NAME ...]

They may live in other environments than AURA: ``AURA_PEERS_PYTHON`` names their interpreters, separated as in ``PATH``;
each peer runs under the first of them that has it. The ratio is how many times as long as AURA a peer takes, with as
many threads and the same precision, in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["CELL_PEERS", "PEERS", "POINT_PEERS", "run_peer"]

CELL_PEERS = {
    "aura": ("aura_cells",),
    "arbor": ("arbor_cells",),
    "arbor, native": ("arbor_cells", "--mechanism", "native"),
    "coreneuron": ("neuron_cells", "--engine", "coreneuron"),
    "coreneuron, native": ("neuron_cells", "--engine", "coreneuron", "--mechanism", "native"),
    "neuron": ("neuron_cells", "--engine", "neuron"),
    "jaxley": ("jaxley_cells",),
    "brian2": ("brian2_cells",),
}
"""Module and fixed options of each peer of the multi-compartment benchmark; "native": channels compiled here."""

POINT_PEERS = {"aura points": ("aura_points",), "brainpy points": ("brainpy_points",),
               "brian2 points": ("brian2_points",), "nest points": ("nest_points",)}
"""The same for the point neurons."""

PARTS = {"aura, synapses": ("aura_cells", "--parts", "synapses"),
         "aura, calcium": ("aura_cells", "--parts", "calcium"),
         "aura, both": ("aura_cells", "--parts", "synapses", "calcium")}
"""AURA's cells with more switched on; their ratio says what it costs."""

PEERS = CELL_PEERS | PARTS | POINT_PEERS

_OURS = {name: "aura points" if name in POINT_PEERS else "aura" for name in PEERS}

_BENCHMARKS = Path(__file__).resolve().parent.parent


def run_peer(name: str, threads: int = 1, *, timeout_s: float = 1_800, **options: object) -> dict[str, Any]:
    """Run one peer in a process of its own and return its entry.

    Parameters
    ----------
    name
        A key of `PEERS`.
    threads
        How many it may use.
    timeout_s
        How long it may take in all, compilation included.
    options
        Options of its command line, such as ``cells=100`` or ``precision="float32"``.

    Returns
    -------
    dict
        What the peer printed: ``ns_per_compartment_step`` or ``ns_per_neuron_step``, ``runs_s``, ``setup_s``, the
        spike times or the rate; where there is nothing to measure, ``skipped`` or ``failed`` with the reason.
    """
    module, *fixed = PEERS[name]
    command = ["-m", f"peers.{module}", *fixed, "--threads", str(threads)]
    for key, value in options.items():
        command += [f"--{key.replace('_', '-')}", str(value)]
    entry: dict[str, Any] = {}
    for python in os.environ.get("AURA_PEERS_PYTHON", sys.executable).split(os.pathsep):
        found = _ask(python, command, threads, timeout_s)
        absent = found.get("skipped", "").startswith("not installed")
        if not entry or not absent:
            entry = found
        if not absent and "failed" not in found:
            break
    return {**entry, "peer": name, "threads": threads}


def _ask(python: str, command: list[str], threads: int, timeout_s: float) -> dict[str, Any]:
    """Return what the command prints under an interpreter: the last line that holds an object."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)}
    try:
        finished = subprocess.run([python, *command], cwd=_BENCHMARKS, env=environment, timeout=timeout_s, check=False,
                                  capture_output=True, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {timeout_s:.0f} s"}
    except OSError as error:
        return {"failed": f"{python} does not start: {error.strerror}"}
    lines = [line for line in finished.stdout.splitlines() if line.startswith("{") and line.endswith("}")]
    if finished.returncode or not lines:
        errors = finished.stderr.strip().splitlines() or ["it said nothing"]
        return {"failed": f"exit status {finished.returncode}: {errors[-1]}"}
    entry: dict[str, Any] = json.loads(lines[-1])
    return entry


def _row(name: str, entry: dict[str, Any], ours: dict[str, Any] | None) -> str:
    """Return an entry as a line of the table."""
    head = f"{name:<20}{entry['threads']:>8}{entry['precision']:>9}"
    if reason := entry.get("skipped") or entry.get("failed"):
        return f"{head}  {reason}"
    unit = "ns_per_compartment_step" if "spikes_ms" in entry else "ns_per_neuron_step"
    ratio = f"{entry[unit] / ours[unit]:.2f}" if ours and unit in ours else ""
    if "spikes_ms" in entry:
        spikes = ", ".join(f"{time:.3f}" for time in entry["spikes_ms"][:3])
        measured = f"{spikes}; {entry['end_mv']:.3f} mV"
    else:
        measured = f"{entry['rate_hz']:.2f} spikes/s"
    return f"{head}{entry[unit]:>9.2f}{ratio:>7}  {measured}; {entry['note']}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PEERS)}; all by default")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--precision", nargs="+", default=["float64", "float32"])
    parser.add_argument("--size", type=int, help="cells or neurons; the benchmark's own by default")
    parser.add_argument("--repeats", type=int, default=3)
    request = parser.parse_args()
    if unknown := set(request.names) - set(PEERS):
        parser.error(f"expected names of {', '.join(PEERS)}, got {', '.join(sorted(unknown))}")
    print(f"{'':<20}{'threads':>8}{'':>9}{'ns':>9}{'ratio':>7}  per compartment (or neuron) and step")
    for precision in request.precision:
        for threads in request.threads:
            done: dict[str, dict[str, Any]] = {}
            for name in request.names or PEERS:
                size = {} if request.size is None else {"neurons" if name in POINT_PEERS else "cells": request.size}
                entry = run_peer(name, threads, precision=precision, repeats=request.repeats, **size)
                done[name] = {"precision": precision, **entry}
                print(_row(name, done[name], done.get(_OURS[name])), flush=True)


if __name__ == "__main__":
    main()
