"""SWC files: what they become, every way in which one can be broken, and the way there and back."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import DataError, ParameterError
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.swc import read_swc
from aura.zones.fabric.morphology.tree import Morphology
from tests.zones.fabric.morphology import cells

SOMA = "1 1 0 0 0 8 -1\n"
DENDRITE = "2 3 10 0 0 2 1\n3 3 60 0 0 1 2\n"


def read(tmp_path: Path, text: str | bytes, **options: Any) -> Morphology:
    path = tmp_path / "cell.swc"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return read_swc(path, **options)


def described(neuron: Morphology) -> list[tuple[str, int, float, list[list[float]]]]:
    return [(found.name, found.parent, found.parent_position, found.points.tolist()) for found in neuron.sections]


# ------------------------------------------------------------------------------------------------- sections


def test_a_tapering_branching_cell_becomes_its_sections(tmp_path: Path) -> None:
    assert described(read(tmp_path, cells.TAPERING_CELL)) == [
        ("soma", -1, 0.0, [[0, 16], [8, 16], [16, 16]]),
        ("basal0", 0, 0.5, [[0, 4], [40, 3], [80, 2]]),
        ("basal1", 1, 1.0, [[0, 2], [40, 1.5], [80, 1]]),
        ("basal2", 1, 1.0, [[0, 2], [40, 1.25], [70, 1]]),
        ("apical0", 0, 0.5, [[0, 6], [80, 4.5]]),
        ("apical1", 4, 1.0, [[0, 4.5], [100, 2], [180, 1]]),
        ("apical2", 4, 1.0, [[0, 4.5], [100, 2.5], [260, 0.5]]),
        ("apical3", 4, 1.0, [[0, 4.5], [80, 1]]),
        ("axon0", 0, 0.5, [[0, 2], [100, 1]]),
    ]


def test_segments_are_as_few_as_are_short_enough(tmp_path: Path) -> None:
    counts = [found.segments for found in read(tmp_path, cells.TAPERING_CELL, max_segment_length_um=80.0).sections]
    assert counts == [1, 1, 1, 1, 1, 3, 4, 1, 2]
    assert len(discretise(read(tmp_path, cells.TAPERING_CELL), 100.0).compartments) == 23


def test_a_one_point_soma_is_a_cylinder_with_the_area_of_its_sphere(tmp_path: Path) -> None:
    (soma,) = read(tmp_path, "1 1 3 4 5 8 -1").sections
    assert (soma.kind, soma.length_um) == ("soma", 16.0)
    assert soma.area_um2 == pytest.approx(4.0 * np.pi * 8.0**2)


def test_a_neuromorpho_soma_of_three_points_has_the_area_of_its_sphere(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + "2 1 0 -8 0 8 1\n3 1 0 8 0 8 1\n4 3 0 0 20 1 1\n5 3 0 0 60 1 4\n")
    assert neuron.sections[0].length_um == 16.0
    assert neuron.sections[0].area_um2 == pytest.approx(4.0 * np.pi * 8.0**2)
    assert (neuron.sections[1].parent_position, neuron.sections[1].length_um) == (0.5, 40.0)


def test_a_soma_of_two_or_more_points_in_line_is_a_stack_of_frusta(tmp_path: Path) -> None:
    two = read(tmp_path, "1 1 0 0 0 4 -1\n2 1 12 0 0 6 1\n")
    assert described(two) == [("soma", -1, 0.0, [[0, 8], [12, 12]])]
    stack = read(tmp_path, "1 1 0 0 0 4 -1\n2 1 6 0 0 6 1\n3 1 14 0 0 3 2\n4 3 20 0 0 1 3\n5 3 70 0 0 .5 4\n"
                           "6 2 -4 0 0 .5 1\n7 2 -54 0 0 .25 6\n8 4 6 8 0 1 2\n9 4 6 58 0 1 8\n")
    # A neurite at an end of the stack begins there, as wide as its first own point; one in between begins at that.
    assert described(stack) == [
        ("soma", -1, 0.0, [[0, 8], [6, 12], [14, 6]]),
        ("basal0", 0, 1.0, [[0, 2], [6, 2], [56, 1]]),
        ("apical0", 0, pytest.approx(6 / 14), [[0, 2], [50, 2]]),
        ("axon0", 0, 0.0, [[0, 1], [4, 1], [54, 0.5]]),
    ]


def test_an_outline_becomes_the_sphere_of_its_mean_radius(tmp_path: Path) -> None:
    angle = 2.0 * np.pi * np.arange(12) / 12
    lines = [f"{i + 1} 1 {5 + 9 * np.cos(at):.15g} {9 * np.sin(at):.15g} 2 0.1 {i or -1}" for i, at in enumerate(angle)]
    neuron = read(tmp_path, "\n".join([*lines, "13 3 20 0 2 1 1", "14 3 70 0 2 1 13"]))
    assert neuron.sections[0].area_um2 == pytest.approx(4.0 * np.pi * 9.0**2)
    assert neuron.sections[0].length_um == pytest.approx(18.0)
    assert neuron.sections[1].parent_position == 0.5


def test_a_soma_that_branches_becomes_the_sphere_of_its_area(tmp_path: Path) -> None:
    arms = "2 1 10 0 0 2 1\n3 1 0 10 0 2 1\n4 1 0 0 10 2 1\n"
    (soma,) = read(tmp_path, "1 1 0 0 0 2 -1\n" + arms).sections
    assert soma.area_um2 == pytest.approx(3 * np.pi * 4.0 * 10.0)


def test_a_dendrite_of_a_single_point_begins_at_the_soma(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + "2 3 20 0 0 1 1\n")
    assert described(neuron)[1] == ("basal0", 0, 0.5, [[0, 2], [20, 2]])


def test_dendrites_that_fork_at_their_first_point_are_joined_to_the_soma_one_by_one(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + "2 3 8 0 0 1 1\n3 3 58 0 0 .5 2\n4 3 8 50 0 .5 2\n5 3 8 90 0 .5 4\n")
    assert described(neuron)[1:] == [("basal0", 0, 0.5, [[0, 2], [50, 1]]),
                                     ("basal1", 0, 0.5, [[0, 2], [50, 1], [90, 1]])]


def test_without_a_soma_the_first_run_stands_in_and_the_others_leave_its_start(tmp_path: Path) -> None:
    neuron = read(tmp_path, "1 3 0 0 0 2 -1\n2 3 50 0 0 1 1\n3 2 0 80 0 1.5 1\n4 2 0 160 0 1 3\n")
    assert described(neuron) == [("basal0", -1, 0.0, [[0, 4], [50, 2]]),
                                 ("axon0", 0, 0.0, [[0, 4], [80, 3], [160, 2]])]
    assert discretise(neuron, 100.0).soma == 0


def test_a_change_of_type_ends_a_section(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + DENDRITE + "4 2 110 0 0 .5 3\n5 2 160 0 0 .5 4\n")
    assert [(found.name, found.parent, found.length_um) for found in neuron.sections] == [
        ("soma", -1, 16.0), ("basal0", 0, 50.0), ("axon0", 1, 100.0)]


@pytest.mark.parametrize(("swc_type", "kind"), [(2, "axon"), (3, "basal"), (4, "apical"), (0, "dendrite"),
                                                (5, "dendrite"), (6, "dendrite"), (7, "dendrite"), (42, "dendrite")])
def test_types_are_read_as_documented(tmp_path: Path, swc_type: int, kind: str) -> None:
    text = f"{SOMA}2 {swc_type} 10 0 0 2 1\n3 {swc_type} 60 0 0 1 2\n"
    assert [found.kind for found in read(tmp_path, text).sections] == ["soma", kind]


def test_fork_and_end_marks_on_a_neurite_are_of_its_kind(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + "2 4 10 0 0 2 1\n3 5 60 0 0 1 2\n4 4 90 0 0 1 3\n5 6 99 0 0 1 4\n6 6 60 9 0 1 3\n")
    assert [found.kind for found in neuron.sections] == ["soma", "apical", "apical", "apical"]


def test_comments_blank_lines_any_line_ends_and_a_byte_order_mark_are_read_over(tmp_path: Path) -> None:
    plain = described(read(tmp_path, SOMA + DENDRITE))
    head = "# <swcPlus version='0.12'/>\n\n  # µm\n" + SOMA.replace("\n", " # soma\n")
    text = head + "\t" + DENDRITE.replace(" ", "\t")
    for end in ("\n", "\r\n", "\r"):
        assert described(read(tmp_path, text.replace("\n", end))) == plain
    assert described(read(tmp_path, b"\xef\xbb\xbf" + text.encode() + b"\x1a")) == plain
    assert described(read(tmp_path, text.encode("latin-1"))) == plain


def test_lines_in_any_order_with_any_ids_are_one_cell(tmp_path: Path) -> None:
    ids = {str(old): str(new) for old, new in zip(range(1, 20), range(700, 1, -37), strict=True)} | {"-1": "-1"}
    fields = [line.split() for line in cells.TAPERING_CELL.splitlines()[1:]]
    lines = [" ".join([ids[first], *rest, ids[last]]) for first, *rest, last in fields]
    wanted = shape(read(tmp_path, cells.TAPERING_CELL))
    for seed in range(5):
        random.Random(seed).shuffle(lines)
        assert shape(read(tmp_path, "\n".join(lines))) == wanted


# ---------------------------------------------------------------------------------------------- broken files

BROKEN: dict[str, tuple[str | bytes, int | None, str]] = {
    "empty": ("", None, "at least one point, got none"),
    "nothing but comments": ("# id type x y z radius parent\n\n", None, "at least one point"),
    "too few columns": (SOMA + "2 3 10 0 0 1\n", 2, "7 columns .*got 6"),
    "too many columns": (SOMA + "2 3 10 0 0 2 1 9\n", 2, "7 columns .*got 8"),
    "commas": ("1,1,0,0,0,8,-1\n", 1, "7 columns .*got 1"),
    "no number": (SOMA + "2 3 ten 0 0 2 1\n", 2, "a number for x, got 'ten'"),
    "a number that only Python reads": (SOMA + "2 3 1_0 0 0 2 1\n", 2, "a number for x, got '1_0'"),
    "not finite": (SOMA + "2 3 0 nan 0 2 1\n", 2, "a finite number for y, .*got 'nan'"),
    "infinite": (SOMA + "2 3 0 0 1e999 2 1\n", 2, "a finite number for z"),
    "infinite radius": (SOMA + "2 3 9 0 0 inf 1\n", 2, "a finite number for radius"),
    "a coordinate beyond all sense": (SOMA + "2 3 1e308 0 0 1 1\n", 2, "at most 1e\\+09 in size, got '1e308'"),
    "a radius beyond all sense": (SOMA + "2 3 9 0 0 1e-200 1\n", 2, "diameters from 1e-06 .* got 2e-200"),
    "a soma beyond all sense": ("1 1 0 0 0 1e-9 -1\n", 1, "a length from 1e-06 .* got 2e-09"),
    "an id that is no whole number": ("1.5 1 0 0 0 8 -1\n", 1, "a whole number for id"),
    "a type that is no whole number": ("1 soma 0 0 0 8 -1\n", 1, "a number for type"),
    "negative id": ("-3 1 0 0 0 8 -1\n", 1, "an id of 0 or more"),
    "negative type": ("1 -1 0 0 0 8 -1\n", 1, "a type of 0 or more"),
    "duplicate id": (SOMA + DENDRITE + "2 3 9 9 9 1 1\n", 4, "id 2, which line 2 has"),
    "unknown parent": (SOMA + DENDRITE + "4 3 9 9 9 1 77\n", 4, "the id of a point as parent.*got 77"),
    "parent 0 for the root": ("1 1 0 0 0 8 0\n", 1, "-1 for the root, got 0"),
    "duplicate id with itself as parent": (SOMA + "1 3 9 9 9 1 1\n", 2, "ids that differ, got id 1, which line 1 has"),
    "its own parent": (SOMA + DENDRITE + "4 3 9 9 9 1 4\n", 4, "a parent other than the point itself"),
    "several roots": (SOMA + DENDRITE + "# two\n4 3 9 9 9 1 -1\n", 5, "one root, got 2, the first in line 1"),
    "cycle": (SOMA + "2 3 1 0 0 1 4\n3 3 2 0 0 1 2\n4 3 3 0 0 1 3\n5 3 4 0 0 1 4\n", 2, "id 2, .*its own ancestor"),
    "cycle without a root": ("1 1 0 0 0 8 2\n2 1 9 0 0 8 1\n", 1, "its own ancestor"),
    "zero radius": (SOMA + "2 3 10 0 0 0 1\n", 2, "a positive radius, got 0"),
    "negative radius": (SOMA + "2 3 10 0 0 -1.5 1\n", 2, "a positive radius, got -1.5"),
    "soma away from the root": ("1 3 0 0 0 1 -1\n2 3 9 0 0 1 1\n3 1 20 0 0 8 2\n", 3, "joined to each other.*line 2"),
    "soma in two pieces": (SOMA + DENDRITE + "4 1 99 0 0 8 3\n", 4, "joined to each other"),
    "soma in one place": (SOMA + "2 1 0 0 0 8 1\n", 1, "a soma with a length"),
    "branched soma in one place": (SOMA + "2 1 0 0 0 8 1\n3 1 0 0 0 8 1\n4 1 0 0 0 8 1\n", 1, "a soma with a length"),
    "a section of no length": (SOMA + "2 3 9 0 0 1 1\n3 3 9 0 0 2 2\n", 3, "a length .* section that ends here"),
    "a dendrite of one point in the soma's": (SOMA + "2 3 0 0 0 1 1\n", 2, "a length from .* got 0.0"),
    "a single point that is no soma": ("1 3 0 0 0 1 -1\n", 1, "a soma or a neurite with a length"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 3, "text, got the byte 0x00"),
    "packed": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", 1, "text, got the byte 0x1f"),
    "two bytes a letter": (SOMA.encode("utf-16"), 1, "text, got the byte 0x00"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_its_name_and_line(tmp_path: Path, case: str) -> None:
    text, line, message = BROKEN[case]
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, text)
    assert caught.value.where == f"{tmp_path / 'cell.swc'}" + (f":{line}" if line else "")


@pytest.mark.parametrize("end", ["1e9", "600000"])
def test_a_file_in_other_units_than_um_is_refused_before_it_fills_the_memory(tmp_path: Path, end: str) -> None:
    with pytest.raises(DataError, match=r"at most 10,000 compartments .* 50 um .*is the file in nm\?") as caught:
        read(tmp_path, SOMA + f"2 3 {end} 0 0 2 1\n3 3 10 0 0 2 2\n")
    assert caught.value.where == str(tmp_path / "cell.swc")
    assert len(read(tmp_path, SOMA + "2 3 10 0 0 2 1\n3 3 400000 0 0 2 2\n").sections) == 2


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.swc: expected an SWC file, got no such file"):
        read_swc(tmp_path / "nowhere.swc")
    with pytest.raises(DataError, match="IsADirectoryError"):
        read_swc(tmp_path)


def test_a_segment_length_out_of_range_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="max_segment_length_um"):
        read(tmp_path, SOMA, max_segment_length_um=0.0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 3), st.integers(0, 2),
                          st.integers(-1, 5)), max_size=6))
def test_any_table_of_numbers_is_either_a_neuron_or_a_data_error(
        tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int, int]]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.swc"
    path.write_text("".join(f"{point} {kind} {x} 0 0 {radius} {parent}\n" for point, kind, x, radius, parent in rows))
    try:
        neuron = read_swc(path)
    except DataError:
        return
    assert np.isfinite(discretise(neuron, 100.0).axial_us).all()


# ---------------------------------------------------------------------------------------- there and back again


@st.composite
def drawn_cells(draw: st.DrawFn) -> tuple[Morphology, str]:
    """A cell and its file: a one-point soma, neurites that fork, every coordinate exact in binary."""
    soma_um = draw(st.integers(1, 40)) / 2.0
    sections = [Section("soma", "soma", -1, 0.0, np.array([[0.0, soma_um], [soma_um, soma_um]]), 1)]
    lines = [[1, 1, 0.0, 0.0, 0.0, soma_um / 2.0, -1]]
    numbers: dict[str, int] = {}
    waiting: list[tuple[int, int, str | None]] = [(0, 1, None)] * draw(st.integers(0, 3))
    while waiting:
        parent, begin, kind = waiting.pop()
        kind = kind or draw(st.sampled_from(["axon", "basal", "apical", "dendrite"]))
        swc_type = {"axon": 2, "basal": 3, "apical": 4, "dendrite": 7}[kind]
        path, diameters, at = [0.0], [2.0 * lines[begin - 1][5]], np.array(lines[begin - 1][2:5])
        for number in range(draw(st.integers(2, 4))):
            step = draw(st.integers(1, 200)) / 4.0
            at = at + step * np.eye(3)[draw(st.integers(0, 2))] * draw(st.sampled_from([-1.0, 1.0]))
            radius = draw(st.integers(1, 32)) / 8.0
            lines.append([len(lines) + 1, swc_type, *at, radius, begin])
            begin = len(lines)
            if parent == 0 and number == 0:
                path, diameters = [0.0], [2.0 * radius]
                continue
            path.append(path[-1] + step)
            diameters.append(2.0 * radius)
        numbers[kind] = numbers.get(kind, -1) + 1
        index = len(sections)
        sections.append(Section(f"{kind}{numbers[kind]}", kind, parent, 1.0 if parent else 0.5,
                                np.column_stack([path, diameters]), 1))
        if len(sections) < 12 and draw(st.booleans()):
            waiting += [(index, begin, kind)] * draw(st.integers(2, 3))
    order = draw(st.permutations(lines))
    ids = dict(zip(range(1, len(lines) + 1), draw(st.permutations(range(len(lines)))), strict=True)) | {-1: -1}
    renumbered = ((ids[int(line[0])], *line[1:6], ids[int(line[6])]) for line in order)
    text = "".join(" ".join(repr(float(field)) for field in line) + "\n" for line in renumbered)
    return Morphology(tuple(sections)), text


def shape(neuron: Morphology, section: int = 0) -> tuple[Any, ...]:
    """Return kind, joint, points and children of a section, whatever their order."""
    found = neuron.sections[section]
    children = [shape(neuron, index) for index, child in enumerate(neuron.sections) if child.parent == section]
    return found.kind, found.parent_position, tuple(map(tuple, found.points.tolist())), tuple(sorted(children))


@settings(max_examples=30, deadline=None)
@given(drawn_cells())
def test_a_cell_written_and_read_back_keeps_length_area_and_topology(
        tmp_path_factory: pytest.TempPathFactory, drawn: tuple[Morphology, str]) -> None:
    neuron, text = drawn
    path = tmp_path_factory.getbasetemp() / "drawn.swc"
    path.write_text(text, encoding="utf-8")
    back = read_swc(path, max_segment_length_um=17.0)
    assert shape(back) == shape(neuron)
    assert back.length_um == pytest.approx(neuron.length_um, rel=1e-14)
    assert back.area_um2 == pytest.approx(neuron.area_um2, rel=1e-14)
    assert sorted(found.name for found in back.sections) == sorted(found.name for found in neuron.sections)
    assert all(found.length_um <= 17.0 * found.segments * (1.0 + 1e-8) for found in back.sections)
