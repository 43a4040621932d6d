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
from aura.zones.fabric.morphology.swc import MorphologyWarning, read_swc, read_swc_quietly
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
        ("soma", -1, 0.0, [[0, 16], [16, 16]]),
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


def test_a_soma_that_branches_has_a_section_for_each_branch_as_neuron_has(tmp_path: Path) -> None:
    arms = "2 1 10 0 0 2 1\n3 1 0 10 0 2 1\n4 1 0 0 10 2 1\n"
    neuron = read(tmp_path, "1 1 0 0 0 2 -1\n" + arms)
    assert [(found.name, found.parent, found.parent_position) for found in neuron.sections] == [
        ("soma", -1, 0.0), ("soma1", 0, 0.0), ("soma2", 0, 0.0)]
    assert neuron.length_um == 30.0
    assert neuron.area_um2 == pytest.approx(3 * np.pi * 4.0 * 10.0)


def test_a_soma_split_by_neurites_is_a_ball_with_frusta(tmp_path: Path) -> None:
    neuron = read(tmp_path, "1 1 1 0 1 4 -1\n2 3 0 0 2 .5 1\n3 3 0 0 5 .5 2\n4 1 2 0 0 4 1\n5 1 3 0 0 4 1\n"
                            "6 3 0 0 6 .5 1\n7 3 0 0 9 .5 6\n")
    assert [(found.name, found.parent_position) for found in neuron.sections] == [
        ("soma", 0.0), ("basal0", 0.5), ("soma1", 0.0), ("soma2", 0.0), ("basal1", 0.5)]
    # What NEURON 9.0.2 makes of it.
    assert neuron.length_um == pytest.approx(17.6502815, rel=1e-7)
    assert neuron.area_um2 == pytest.approx(311.6530671, rel=1e-7)


def test_a_dendrite_of_a_single_point_begins_at_the_soma(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + "2 3 20 0 0 1 1\n")
    assert described(neuron)[1] == ("basal0", 0, 0.5, [[0, 2], [20, 2]])


FORKS_AT_ONCE = "{0} 3 8 0 0 1 1\n{1} 3 58 0 0 .5 {0}\n{2} 3 8 50 0 .5 {0}\n{3} 3 8 90 0 .5 {2}\n"


def test_a_dendrite_that_forks_at_its_first_point_has_no_trunk(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + "2 2 -8 0 0 1 1\n3 2 -60 0 0 1 2\n" + FORKS_AT_ONCE.format(4, 5, 6, 7))
    assert described(neuron)[2:] == [("basal0", 0, 0.5, [[0, 2], [50, 1]]),
                                     ("basal1", 0, 0.5, [[0, 2], [50, 1], [90, 1]])]


def test_a_dendrite_that_forks_at_the_second_point_of_the_file_has_a_trunk_as_in_neuron(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + FORKS_AT_ONCE.format(2, 3, 4, 5))
    assert described(neuron)[1:] == [("basal0", 0, 0.5, [[0, 2], [8, 2]]),
                                     ("basal1", 1, 1.0, [[0, 2], [50, 1]]),
                                     ("basal2", 1, 1.0, [[0, 2], [50, 1], [90, 1]])]


def test_without_a_soma_the_first_run_stands_in_and_the_others_leave_its_start(tmp_path: Path) -> None:
    neuron = read(tmp_path, "1 3 0 0 0 2 -1\n2 3 50 0 0 1 1\n3 3 0 80 0 1.5 1\n4 3 0 160 0 1 3\n")
    assert described(neuron) == [("basal0", -1, 0.0, [[0, 4], [50, 2]]),
                                 ("basal1", 0, 0.0, [[0, 4], [80, 3], [160, 2]])]
    assert discretise(neuron, 100.0).soma == 0


def test_a_root_that_is_no_soma_is_a_ball_where_its_last_branch_is_of_another_type_as_in_neuron(tmp_path: Path) -> None:
    neuron = read(tmp_path, "1 3 0 0 0 2 -1\n2 3 50 0 0 1 1\n3 2 0 80 0 1.5 1\n4 2 0 160 0 1 3\n")
    assert described(neuron) == [("basal0", -1, 0.0, [[0, 4], [4, 4]]), ("basal1", 0, 0.0, [[0, 4], [50, 2]]),
                                 ("axon0", 0, 0.0, [[0, 4], [80, 3], [160, 2]])]


def test_a_change_of_type_ends_a_section(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + DENDRITE + "4 2 110 0 0 .5 3\n5 2 160 0 0 .5 4\n")
    assert [(found.name, found.parent, found.length_um) for found in neuron.sections] == [
        ("soma", -1, 16.0), ("basal0", 0, 50.0), ("axon0", 1, 100.0)]


@pytest.mark.parametrize(("swc_type", "kind"), [(2, "axon"), (3, "basal"), (4, "apical"), (0, "dendrite"),
                                                (5, "dendrite"), (6, "dendrite"), (7, "dendrite"), (42, "dendrite")])
def test_types_are_read_as_documented(tmp_path: Path, swc_type: int, kind: str) -> None:
    text = f"{SOMA}2 {swc_type} 10 0 0 2 1\n3 {swc_type} 60 0 0 1 2\n"
    assert [found.kind for found in read(tmp_path, text).sections] == ["soma", kind]


def test_fork_and_end_marks_on_a_neurite_are_of_its_kind_and_end_sections_as_in_neuron(tmp_path: Path) -> None:
    neuron = read(tmp_path, SOMA + "2 4 10 0 0 2 1\n3 5 60 0 0 1 2\n4 4 90 0 0 1 3\n5 6 99 0 0 1 4\n6 6 60 9 0 1 3\n")
    assert [found.kind for found in neuron.sections] == ["soma", *["apical"] * 5]
    # What NEURON 9.0.2 makes of it.
    assert (len(neuron.sections), neuron.length_um) == (6, 124.0)
    assert neuron.area_um2 == pytest.approx(1702.83746, rel=1e-7)


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
    "a decimal comma": ("1 1 0,5 0 0 8 -1\n", 1, "7 columns .*got 2"),
    "no number": (SOMA + "2 3 ten 0 0 2 1\n", 2, "a number for x, got 'ten'"),
    "a number that only Python reads": (SOMA + "2 3 1_0 0 0 2 1\n", 2, "a number for x, got '1_0'"),
    "not finite": (SOMA + "2 3 0 nan 0 2 1\n", 2, "a finite number for y, .*got 'nan'"),
    "infinite": (SOMA + "2 3 0 0 1e999 2 1\n", 2, "a finite number for z"),
    "infinite radius": (SOMA + "2 3 9 0 0 inf 1\n", 2, "a finite number for radius"),
    "a coordinate beyond all sense": (SOMA + "2 3 1e308 0 0 1 1\n", 2, "at most 1e\\+09 in size, got '1e308'"),
    "an id that is no whole number": ("1.5 1 0 0 0 8 -1\n", 1, "a whole number for id"),
    "a type that is no whole number": ("1 soma 0 0 0 8 -1\n", 1, "a number for type"),
    "negative id": ("-3 1 0 0 0 8 -1\n", 1, "an id of 0 or more"),
    "negative type": ("1 -1 0 0 0 8 -1\n", 1, "a type of 0 or more"),
    "duplicate id": (SOMA + DENDRITE + "2 3 9 9 9 1 1\n", 4, "id 2, which line 2 has"),
    "unknown parent": (SOMA + DENDRITE + "4 3 9 9 9 1 77\n", 4, "the id of a point as parent.*got 77"),
    "parent 0 for the root": ("1 1 0 0 0 8 0\n", 1, "-1 for the root, got 0"),
    "duplicate id with itself as parent": (SOMA + "1 3 9 9 9 1 1\n", 2, "ids that differ, got id 1, which line 1 has"),
    "its own parent": (SOMA + DENDRITE + "4 3 9 9 9 1 4\n", 4, "a parent other than the point itself"),
    "cycle": (SOMA + "2 3 1 0 0 1 4\n3 3 2 0 0 1 2\n4 3 3 0 0 1 3\n5 3 4 0 0 1 4\n", 2, "id 2, .*its own ancestor"),
    "cycle without a root": ("1 1 0 0 0 8 2\n2 1 9 0 0 8 1\n", 1, "its own ancestor"),
    "negative radius": (SOMA + "2 3 10 0 0 -1.5 1\n", 2, "a positive radius, got -1.5"),
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


def test_all_faults_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = SOMA + "2 3 ten 0 0 2 1\n3 3 0 nan 0 1 2\n4 3 9 9\n1 3 5 5 5 1 1\n6 3 1 1 1 1 77\n7 3 1 1 1 1 7\n"
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert caught.value.where == str(tmp_path / "cell.swc")
    assert caught.value.got == (
        "6: line 2: expected a number for x, got 'ten'; line 3: expected a finite number for y, at most 1e+09 in size, "
        "got 'nan'; line 4: expected 7 columns (id type x y z radius parent), got 4: '4 3 9 9'; line 5: expected ids "
        "that differ, got id 1, which line 1 has; line 6: expected the id of a point as parent, or -1 for the root, "
        "got 77; line 7: expected a parent other than the point itself, got id 7 as id and parent")


def test_of_many_faults_the_first_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"got 30: line 2: .*line 21: .*; and 10 more") as caught:
        read(tmp_path, SOMA + "2 3 ten 0 0 2 1\n" * 30)
    assert "line 22" not in str(caught.value)


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


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 3), st.integers(0, 2),
                          st.integers(-1, 5)), max_size=6))
def test_any_table_of_numbers_is_either_a_neuron_or_a_data_error(
        tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int, int]]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.swc"
    path.write_text("".join(f"{point} {kind} {x} 0 0 {radius} {parent}\n" for point, kind, x, radius, parent in rows))
    try:
        neuron, _ = read_swc_quietly(path)
    except DataError:
        return
    assert np.isfinite(discretise(neuron, 100.0).axial_us).all()


# ------------------------------------------------------------------------- read otherwise than it stands there


def noticed(tmp_path: Path, text: str, **options: Any) -> tuple[Morphology, list[str]]:
    """Read a neuron, and return it with what the warnings say."""
    with pytest.warns(MorphologyWarning) as caught:
        neuron = read(tmp_path, text, **options)
    return neuron, [str(warning.message) for warning in caught]


def test_a_radius_of_0_is_a_point_that_ends_a_cone(tmp_path: Path) -> None:
    text = SOMA + "2 3 10 0 0 2 1\n3 3 60 0 0 0 2\n4 3 10 90 0 0 2\n"
    neuron, notices = noticed(tmp_path, text)
    assert notices == ["read cell.swc: radii of 0 were taken as 5e-07 um, the smallest, so that hardly any current "
                    "passes there; zero_radius_um sets another (2: lines 3 and 4)"]
    cone = np.pi * 2.0 * np.hypot(50.0, 2.0)
    assert neuron.sections[2].area_um2 == pytest.approx(cone)
    assert np.isfinite(discretise(neuron, 100.0).axial_us).all()
    thick, notices = noticed(tmp_path, text, zero_radius_um=0.25)
    assert notices == ["read cell.swc: radii below 5e-07 um were taken as 0.25 um (2: lines 3 and 4)"]
    assert thick.sections[2].points.tolist() == [[0, 4], [50, 0.5]]


def test_radii_too_small_are_the_smallest_and_those_below_0_need_a_word_for_the_unknown(tmp_path: Path) -> None:
    text = SOMA + "2 3 10 0 0 {} 1\n3 3 60 0 0 1e-200 2\n"
    neuron, notices = noticed(tmp_path, text.format(2))
    assert neuron.sections[1].points.tolist() == [[0, 4], [50, 1e-6]]
    assert notices == ["read cell.swc: radii below 5e-07 um were taken as 5e-07 um, the smallest, so that hardly any "
                    "current passes there (line 3)"]
    with pytest.raises(DataError, match=r"swc:2: expected a positive radius, got -1\. zero_radius_um stands for"):
        read(tmp_path, text.format(-1))
    neuron, notices = noticed(tmp_path, text.format(-1), zero_radius_um=0.5)
    assert neuron.sections[1].points.tolist() == [[0, 1], [50, 1]]
    assert notices == ["read cell.swc: radii below 5e-07 um were taken as 0.5 um (2: lines 2 and 3)"]


def test_sections_of_no_length_are_left_out_and_what_they_end_in_is_joined_to_their_parents(tmp_path: Path) -> None:
    neuron, notices = noticed(tmp_path, SOMA + "2 3 9 0 0 1 1\n3 3 29 0 0 1 2\n4 3 29 0 0 .5 3\n5 3 29 50 0 1 3\n"
                                            "6 3 29 0 9 1 4\n7 3 29 9 0 1 4\n")
    assert notices == ["read cell.swc: sections of no length were left out (line 4)"]
    assert described(neuron)[1:] == [("basal0", 0, 0.5, [[0, 2], [20, 2]]), ("basal1", 1, 1.0, [[0, 1], [9, 2]]),
                                     ("basal2", 1, 1.0, [[0, 1], [9, 2]]), ("basal3", 1, 1.0, [[0, 2], [50, 2]])]
    neuron, notices = noticed(tmp_path, SOMA + "2 3 0 0 0 1 1\n")
    assert [found.name for found in neuron.sections] == ["soma"]
    assert notices == ["read cell.swc: sections of no length were left out (line 2)"]


def test_a_neurite_of_one_point_at_a_soma_that_goes_on_into_several_sections_is_left_out(tmp_path: Path) -> None:
    somata = SOMA + "2 1 6 0 0 8 1\n3 1 0 9 0 8 1\n"
    neuron, notices = noticed(tmp_path, somata + "4 3 0 0 20 1 1\n")
    assert [found.name for found in neuron.sections] == ["soma", "soma1"]
    assert notices == ["read cell.swc: sections of no length were left out (line 4)"]


TWO_TREES = SOMA + DENDRITE + "7 3 100 0 0 1 -1\n8 3 150 0 0 1 7\n9 2 180 0 0 1 8\n"


def test_further_roots_are_joined_left_out_or_refused_as_told(tmp_path: Path) -> None:
    joined, notices = noticed(tmp_path, TWO_TREES)
    assert notices == ["read cell.swc: further roots were joined to the first (line 4)"]
    assert described(joined)[2:] == [("basal1", 0, 0.5, [[0, 2], [50, 2]]), ("axon0", 2, 1.0, [[0, 2], [30, 2]])]
    first, notices = noticed(tmp_path, TWO_TREES, roots="first")
    assert notices == ["read cell.swc: points of other trees than the first were left out (3: lines 4, 5 and 6)"]
    assert described(first) == described(read(tmp_path, SOMA + DENDRITE))
    with pytest.raises(DataError, match=r"cell\.swc:4: expected one root, got another, the first being in line 1"):
        read(tmp_path, TWO_TREES, roots="refuse")
    with pytest.raises(ParameterError, match=r"expected join, first or refuse, got 'joined'\. Try 'join'"):
        read(tmp_path, SOMA, roots="joined")


def test_soma_points_on_a_neurite_are_sections_and_the_first_is_where_spikes_are_told(tmp_path: Path) -> None:
    neuron, notices = noticed(
        tmp_path, "1 3 0 0 1 .5 -1\n2 3 0 0 5 .5 1\n3 1 0 0 0 3 2\n4 3 9 0 0 1 3\n5 3 90 0 0 1 4\n")
    assert described(neuron)[:2] == [("basal0", -1, 0.0, [[0, 1], [4, 1]]), ("soma", 0, 1.0, [[0, 1], [5, 6]])]
    assert notices == ["read cell.swc: soma points hang on neurites, and are sections between these (line 3)"]
    cable = discretise(neuron, 100.0)
    assert cable.soma == cable.node(section=1, segment=0)


def test_points_in_the_place_of_the_root_are_one_with_it(tmp_path: Path) -> None:
    doubled, notices = noticed(tmp_path, SOMA + "2 1 0 0 0 8 1\n" + DENDRITE.replace("3 3", "4 3").replace("2 3", "3 3")
                            .replace(" 1\n", " 2\n").replace("1 2\n", "1 3\n"))
    assert doubled.sections[0].area_um2 == pytest.approx(4.0 * np.pi * 8.0**2)
    assert notices == ["read cell.swc: further points in the place of the root were taken as one with it (line 2)"]
    neurite, _ = noticed(tmp_path, "1 3 0 0 0 1 -1\n2 3 0 0 0 .5 1\n3 3 9 0 0 .5 2\n4 2 0 9 0 .5 2\n")
    assert described(neurite) == [("basal0", -1, 0.0, [[0, 1], [9, 1]]), ("axon0", 0, 0.0, [[0, 1], [9, 1]])]
    ended, _ = noticed(tmp_path, "1 3 0 0 0 1 -1\n2 3 0 0 0 .5 1\n3 3 9 0 0 .5 1\n4 3 50 0 0 .5 -1\n")
    assert described(ended) == [("basal0", -1, 0.0, [[0, 2], [9, 1]]), ("basal1", 0, 0.0, [[0, 2], [50, 1]])]


def test_a_lone_point_is_a_ball_whatever_it_is(tmp_path: Path) -> None:
    (only,) = read(tmp_path, "1 3 0 0 0 1 -1\n").sections
    assert (only.name, only.points.tolist()) == ("basal0", [[0, 2], [2, 2]])


@pytest.mark.parametrize(("separator", "end"), [(",", ""), (", ", ""), (";", ""), (",", ","), ("\t", "\t")])
def test_columns_may_stand_apart_by_commas_and_semicolons(tmp_path: Path, separator: str, end: str) -> None:
    text = "".join(line.replace(" ", separator) + end + "\n" for line in (SOMA + DENDRITE).splitlines())
    assert described(read(tmp_path, text)) == described(read(tmp_path, SOMA + DENDRITE))


def test_further_columns_and_a_line_of_names_are_left_out_and_told(tmp_path: Path) -> None:
    text = "id,type,x,y,z,radius,parent,label\n" + (SOMA + DENDRITE).replace(" ", ",").replace("\n", ",7\n")
    neuron, notices = noticed(tmp_path, text)
    assert described(neuron) == described(read(tmp_path, SOMA + DENDRITE))
    assert notices == ["read cell.swc: a line of names was left out (line 1)",
                    "read cell.swc: columns after the seventh were left out (3: lines 2, 3 and 4)"]


def test_ids_may_be_large_start_anywhere_and_be_written_as_floats(tmp_path: Path) -> None:
    large = "720575940621039145 1.0 0 0 0 8 -1\n720575940621039146 3 1e1 0 0 2 720575940621039145\n"
    neuron = read(tmp_path, large + "720575940621039147 3 60 0 0 1 720575940621039146\n")
    assert described(neuron) == described(read(tmp_path, SOMA + DENDRITE))
    assert described(read(tmp_path, "5.0 1 0 0 0 8 -1.0\n6.0 3 10 0 0 2 5.0\n7 3 60 0 0 1 6\n")) == described(neuron)


def test_lengths_in_another_unit_and_scaled_are_read_in_um(tmp_path: Path) -> None:
    nm = "1 1 0 0 0 8000 -1\n2 3 10000 0 0 2000 1\n3 3 60000 0 0 1000 2\n"
    wanted = described(read(tmp_path, SOMA + DENDRITE))
    for options in ({"unit": "nm"}, {"scale": 1e-3}, {"unit": "mm", "scale": 1e-6}):
        points = [(name, np.array(at).round(9).tolist()) for name, _, _, at in described(read(tmp_path, nm, **options))]
        assert points == [(name, at) for name, _, _, at in wanted], options
    with pytest.raises(ParameterError, match=r"morphology\.unit: expected a unit of length, .* got 'furlong'"):
        read(tmp_path, SOMA, unit="furlong")
    with pytest.raises(ParameterError, match=r"morphology\.scale: expected .*, got 0"):
        read(tmp_path, SOMA, scale=0.0)


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


@pytest.mark.slow
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
