"""What the metrics that show a tissue are made of: thinning, bins that merge, pooling, the window of spikes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aura.plugins.metrics.raster import BINS_MAX, RateBins
from aura.plugins.metrics.recent import Recent, block_sides, envelope, evenly, pooled

FINITE = st.floats(-1e6, 1e6, width=32)


@pytest.mark.slow
@given(arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 200)), elements=FINITE), st.integers(2, 50))
@settings(max_examples=60, deadline=None)
def test_an_outline_has_every_traces_extremes_in_their_order(values, most):
    chosen = envelope(values, most)
    assert chosen.shape[1] <= max(most, 2)
    assert (np.diff(chosen, axis=1) >= 0).all()
    kept = np.take_along_axis(values, chosen, axis=1)
    np.testing.assert_array_equal(kept.min(axis=1), values.min(axis=1))
    np.testing.assert_array_equal(kept.max(axis=1), values.max(axis=1))


@given(st.integers(1, 500), st.integers(1, 40))
def test_evenly_chosen_indices_differ_and_span_all(count, most):
    chosen = evenly(count, most)
    assert len(set(chosen.tolist())) == len(chosen) == min(count, most)
    assert chosen[0] == 0
    assert most == 1 or chosen[-1] == count - 1
    assert np.ptp(np.diff(chosen)) <= 1 if len(chosen) > 1 else True


@pytest.mark.slow
@given(st.lists(st.lists(st.integers(0, 10**6), max_size=20), max_size=10), st.integers(1, 1000))
@settings(max_examples=60, deadline=None)
def test_merged_bins_count_as_if_they_had_been_wide_from_the_start(batches, width):
    bins = RateBins(width)
    for batch in batches:
        bins.add(np.array(batch, dtype=np.int64))
    times = np.array([time for batch in batches for time in batch], dtype=np.int64)
    assert len(bins.counts) <= BINS_MAX
    assert bins.width % width == 0
    expected = np.bincount(times // bins.width) if len(times) else np.zeros(0)
    np.testing.assert_array_equal(bins.counts, expected)


def test_after_the_first_merge_more_than_half_of_the_bins_are_used():
    bins = RateBins(1)
    for time in range(0, 50 * BINS_MAX, 37):
        bins.add(np.array([time]))
        assert bins.width == 1 or len(bins.counts) > BINS_MAX // 2 - 37
    assert bins.width == 64


@given(st.tuples(*[st.integers(1, 40)] * 3), st.integers(1, 500))
def test_blocks_are_few_enough_and_not_needlessly_large(shape, most):
    sides = block_sides(shape, most)
    blocks = [-(-length // side) for length, side in zip(shape, sides, strict=True)]
    assert math.prod(blocks) <= most
    assert (sides == (1, 1, 1)) == (math.prod(shape) <= most)


def test_pooling_is_the_mean_of_each_block_also_at_the_edge():
    values = np.random.default_rng(1).normal(size=(5, 7, 4))
    got = pooled(values, (2, 3, 4))
    assert got.shape == (3, 3, 1)
    for x, y in np.ndindex(3, 3):
        block = values[2 * x:2 * x + 2, 3 * y:3 * y + 3]
        assert got[x, y, 0] == pytest.approx(block.mean())


def test_what_is_kept_reaches_back_as_far_as_it_says():
    window = Recent(span=100, most=1000)
    for now in range(10, 510, 10):
        window.add(now, np.array([[now // 10], [now - 5]]))
    assert window.since == 400
    cells, times = window.samples()
    assert times.tolist() == list(range(405, 500, 10))
    assert cells.tolist() == [(time + 5) // 10 for time in times]


def test_where_too_much_is_said_it_tells_that_it_reaches_less_far_back():
    window = Recent(span=100, most=3)
    for now in range(10, 110, 10):
        window.add(now, np.array([[now // 10]]))
    assert (window.since, window.samples().tolist()) == (70, [[8, 9, 10]])
    window.clear(120)
    assert (window.since, list(window.blocks)) == (120, [])
