"""The table of synapses, by rows and by columns, against sorting them one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import ParameterError
from aura.zones.fabric.tissue.synapses import EXCITATORY, INHIBITORY, Synapses, group

CELLS = 9
CELL = st.integers(0, CELLS - 1)
ROWS = st.lists(st.tuples(CELL, CELL, st.floats(0, 1, width=32), st.integers(1, 400), st.integers(0, 300),
                          st.sampled_from([EXCITATORY, INHIBITORY])), max_size=60)


def table(rows: list[tuple[Any, ...]]) -> Synapses:
    source, target, weight, delay, site, receptor = (
        np.array(column) for column in (zip(*rows, strict=True) if rows else [np.zeros(0, np.int64)] * 6))
    return Synapses.from_arrays(CELLS, source, target, weight, delay, site=site, receptor=receptor)


@pytest.mark.slow
@given(rows=ROWS)
def test_rows_ascend_by_source_then_target_and_keep_the_order_of_a_pair(rows: list[tuple[Any, ...]]) -> None:
    built = table(rows)
    expected = sorted(rows, key=lambda row: row[:2])
    columns = (built.sources(), built.target, built.weight, built.delay, built.site, built.receptor)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected
    assert np.diff(built.row_start).tolist() == [sum(row[0] == cell for row in rows) for cell in range(CELLS)]


@pytest.mark.slow
@given(rows=ROWS)
def test_columns_hold_the_synapses_onto_each_cell_in_ascending_order(rows: list[tuple[Any, ...]]) -> None:
    built = table(rows)
    for cell in range(CELLS):
        column = built.column_synapse[built.column_start[cell]:built.column_start[cell + 1]]
        assert column.tolist() == np.flatnonzero(built.target == cell).tolist()


@given(keys=st.lists(st.integers(0, 6), max_size=50))
def test_grouping_equals_a_stable_sort(keys: list[int]) -> None:
    start, order = group(np.array(keys, np.int64), 7)
    assert order.tolist() == np.argsort(keys, kind="stable").tolist()
    assert start.tolist() == np.searchsorted(sorted(keys), range(8)).tolist()


def test_small_numbers_are_kept_in_a_byte_and_large_ones_are_not_cut() -> None:
    small = Synapses.from_arrays(2, [0], [1], 1.0, 255, site=255)
    large = Synapses.from_arrays(2, [0], [1], 1.0, 256, site=300)
    assert (small.delay.dtype, small.site.dtype) == (np.uint8, np.uint8)
    assert (large.longest_delay, large.sites) == (256, 301)


def test_a_cell_with_both_kinds_of_synapses_breaks_dales_law() -> None:
    both = Synapses.from_arrays(3, [0, 0], [1, 2], 1.0, 1, receptor=[EXCITATORY, INHIBITORY])
    each = Synapses.from_arrays(3, [0, 1], [1, 2], 1.0, 1, receptor=[EXCITATORY, INHIBITORY])
    assert (both.obeys_dale(), each.obeys_dale()) == (False, True)


def test_no_synapse_at_all_is_a_table_too() -> None:
    empty = Synapses.from_arrays(4, [], [], 1.0, 1)
    assert (len(empty), empty.longest_delay, empty.sites, empty.obeys_dale()) == (0, 1, 1, True)


@pytest.mark.parametrize("build, name", [
    (lambda: Synapses.from_arrays(2, [2], [0], 1.0, 1), "source"),
    (lambda: Synapses.from_arrays(2, [-1], [0], 1.0, 1), "source"),
    (lambda: Synapses.from_arrays(2, [0.5], [0], 1.0, 1), "source"),
    (lambda: Synapses.from_arrays(2, [[0]], [0], 1.0, 1), "source"),
    (lambda: Synapses.from_arrays(2, [0], [2], 1.0, 1), "target"),
    (lambda: Synapses.from_arrays(2, [0], [0, 1], 1.0, 1), "target"),
    (lambda: Synapses.from_arrays(2, [0], [1], 1.0, 0), "delay"),
    (lambda: Synapses.from_arrays(2, [0], [1], 1.0, 65536), "delay"),
    (lambda: Synapses.from_arrays(2, [0], [1], -1.0, 1), "weight"),
    (lambda: Synapses.from_arrays(2, [0], [1], np.nan, 1), "weight"),
    (lambda: Synapses.from_arrays(2, [0], [1], 1.0, 1, receptor=2), "receptor"),
    (lambda: Synapses.from_arrays(2, [0], [1], 1.0, 1, site=-1), "site"),
])
def test_what_is_wrong_is_named(build: Callable[[], Synapses], name: str) -> None:
    with pytest.raises(ParameterError, match=rf"fabric\.synapses\.{name}"):
        build()
