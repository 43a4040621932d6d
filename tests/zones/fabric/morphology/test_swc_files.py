"""The table of files in docs/fabric.md: AURA reads them as it says there, and as NEURON where NEURON reads them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura.core.errors import DataError
from aura.zones.fabric.morphology.swc import read_swc_quietly

PAGE = Path(__file__).parents[4] / "docs" / "fabric.md"
FOLDER = Path(os.environ.get("AURA_DATA", "data")) / "swc"
TABLE = [[cell.strip().strip("*") for cell in line.strip("|\n").split("|")]
         for line in PAGE.read_text(encoding="utf-8").splitlines() if ".swc" in line and line.startswith("| ")]

OTHERWISE = {"Neuron_missing_ids.swc", "Neuron_missing_parents.swc", "Neuron_zero_length_sections.swc",
             "ordering/sample_disordered.swc"}
"""Files that NEURON reads and AURA refuses or counts otherwise, each for the reason that the page gives."""


def test_the_page_has_all_files_and_those_that_differ_in_bold() -> None:
    assert len(TABLE) == 56
    bold = {line.split("**")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| **")}
    assert bold == OTHERWISE


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_neuron_reads_is_read_alike(row: list[str]) -> None:
    name, aura, neuron = row[:3]
    if neuron == "refused" or name in OTHERWISE:
        return
    ours, theirs = ([float(number) for number in cell.split(" / ")] for cell in (aura, neuron))
    assert ours == pytest.approx(theirs, rel=0.005)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the files are not here: $AURA_DATA/swc")
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_a_file_is_read_as_the_page_says(row: list[str]) -> None:
    try:
        neuron, _ = read_swc_quietly(FOLDER / row[0])
    except DataError:
        assert row[1] == "refused"
        return
    assert row[1] == f"{len(neuron.sections)} / {neuron.length_um:.2f} / {neuron.area_um2:.2f}"
