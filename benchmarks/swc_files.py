"""SWC files as AURA reads them, beside NEURON and NeuroM: sections, length and membrane area of each.

    python benchmarks/swc_files.py [FOLDER] [--peers PYTHON]

FOLDER is searched for files; otherwise it is the folder ``swc`` below $AURA_DATA. NEURON and NeuroM are asked by
another Python that has them (``pip install neuron neurom``), each file in a process of its own, as some end NEURON.
Printed is a table in Markdown: what each counts, how far AURA's lengths and areas are from NEURON's, and what AURA has
to say. A file that NEURON reads and AURA refuses, or reads otherwise by more than 0.5 %, stands in bold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 120.0
TOLERANCE = 0.005
MARK = "measured: "
MOST_LETTERS = 110
PEERS = ("neuron", "neurom")


def by_neuron(path: str) -> dict[str, float]:
    """Measure a file with NEURON's Import3d."""
    from neuron import h

    h.load_file("import3d.hoc")
    reader = h.Import3d_SWC_read()
    reader.quiet = 1
    reader.input(path)
    h.Import3d_GUI(reader, 0).instantiate(None)
    sections = list(h.allsec())
    return {"sections": len(sections), "length": sum(section.L for section in sections),
            "area": sum(segment.area() for section in sections for segment in section)}


def by_neurom(path: str) -> dict[str, float]:
    """Measure a file with NeuroM; the soma is no section there, hence added here as one."""
    import neurom

    neuron = neurom.load_morphology(path)
    soma = bool(neuron.soma.points.size)
    return {"sections": len(neuron.sections) + soma, "length": float(sum(found.length for found in neuron.sections)),
            "area": float(sum(found.area for found in neuron.sections)) + (float(neuron.soma.area) if soma else 0.0)}


def by_aura(path: str) -> dict[str, Any]:
    """Measure a file with AURA."""
    from aura.zones.fabric.morphology.swc import read_swc_quietly

    neuron, notices = read_swc_quietly(path)
    return {"sections": len(neuron.sections), "length": neuron.length_um, "area": neuron.area_um2,
            "notices": [f"{text.partition(': ')[2].partition(' were ')[0].partition(' hang ')[0]}: {count}"
                        for text, count in notices.items()]}


BY = {"neuron": by_neuron, "neurom": by_neurom, "aura": by_aura}


def asked(python: str, peer: str, path: Path) -> dict[str, Any] | None:
    """Return what a peer measures in a process of its own, None if it refuses the file or breaks down."""
    command = [python, __file__, "--as", peer, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    found = [line.partition(MARK)[2] for line in done.stdout.splitlines() if MARK in line]
    return json.loads(found[-1]) if found and done.returncode == 0 else None


def row(name: str, aura: dict[str, Any] | str, neuron: dict[str, Any] | None, neurom: dict[str, Any] | None) -> str:
    """Return a line of the table."""
    other = [f"{peer['sections']} / {peer['length']:.2f} / {peer['area']:.2f}" if peer else "refused"
             for peer in (neuron, neurom)]
    if isinstance(aura, str):
        return f"| {name if neuron is None else f'**{name}**'} | refused | {' | '.join(other)} | | {aura} |"
    apart, alike = "", True
    if neuron:
        far = {key: abs(aura[key] / neuron[key] - 1.0) for key in ("sections", "length", "area") if neuron[key]}
        alike = max(far.values(), default=0.0) <= TOLERANCE
        apart = f"{100 * max(far.get('length', 0.0), far.get('area', 0.0)):.4f} %"
    own = f"{aura['sections']} / {aura['length']:.2f} / {aura['area']:.2f}"
    notices = "; ".join(aura["notices"])
    return f"| {name if alike else f'**{name}**'} | {own} | {' | '.join(other)} | {apart} | {notices} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(os.environ.get("AURA_DATA", "data")) / "swc")
    parser.add_argument("--peers", default=sys.executable, help="a Python that has NEURON and NeuroM")
    parser.add_argument("--as", dest="peer", choices=sorted(BY), help=argparse.SUPPRESS)
    request = parser.parse_args()
    if request.peer:
        print("\n" + MARK + json.dumps(BY[request.peer](str(request.folder))))
        return
    from aura.core.errors import AuraError

    paths = sorted(request.folder.rglob("*.swc"))
    if not paths:
        print(f"{request.folder} holds no SWC file: name a folder that does")
        return
    print("| file | AURA: sections / um / um² | NEURON | NeuroM | AURA from NEURON | what AURA says |")
    print("|---|---|---|---|---|---|")
    for path in paths:
        aura: dict[str, Any] | str
        try:
            aura = by_aura(str(path))
        except AuraError as error:
            aura = str(error).replace(f"{path}", "").lstrip(": ")
            aura = aura if len(aura) <= MOST_LETTERS else f"{aura[:MOST_LETTERS]} ..."
        print(row(str(path.relative_to(request.folder)), aura, *(asked(request.peers, peer, path) for peer in PEERS)),
              flush=True)


if __name__ == "__main__":
    main()
