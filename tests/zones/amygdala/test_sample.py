"""The sample of learned rows: bounded, the same in any order, and it knows what it has seen before."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.amygdala.sample import RowSample

Learned = tuple[np.ndarray, np.ndarray, list[tuple[str, ...]]]


def learned(count: int, seed: int = 0) -> Learned:
    rng = np.random.default_rng(seed)
    which = rng.integers(3, size=count)
    return rng.normal(size=(count, 4)).astype(np.float32), np.eye(3)[which], [(f"class {c}",) for c in which]


def fed(parts: list[Learned], size: int = 50, forgetting: float = 1.0, block: int = 7) -> RowSample:
    sample = RowSample(size, 4, 3, forgetting)
    for rows, targets, labels in parts:
        for start in range(0, len(rows), block):
            part = slice(start, start + block)
            sample.add(rows[part], targets[part], labels[part], 1.0)
    sample.trim()
    return sample


def content(sample: RowSample) -> set[tuple[float, ...]]:
    return {(*row.tolist(), *target.tolist(), count, half) for row, target, count, half in zip(
        sample.rows, sample.targets, sample.counts, sample.halves, strict=True)}


@pytest.mark.parametrize("block", [1, 7, 400])
def test_the_order_of_the_rows_and_of_the_blocks_does_not_decide_which_are_kept(block: int) -> None:
    rows, targets, labels = learned(400)
    order = np.argsort(targets.argmax(axis=1), kind="stable")
    sorted_by_class = rows[order], targets[order], [labels[index] for index in order]
    assert content(fed([(rows, targets, labels)])) == content(fed([sorted_by_class], block=block))


def test_it_keeps_no_more_than_its_size_and_early_rows_have_the_same_chance_as_late_ones() -> None:
    early = []
    for seed in range(40):
        data = learned(200, seed)
        sample, first = fed([data], size=50), {tuple(row.tolist()) for row in data[0][:100]}
        assert len(sample) == 50
        early.append(sum(tuple(row.tolist()) in first for row in sample.rows))
    assert abs(np.mean(early) - 25) < 2  # four standard errors


def test_a_row_told_again_is_kept_once_and_counted() -> None:
    data = learned(400)
    twice, once = fed([data, data]), fed([data])
    assert twice.counts.tolist() == [2.0] * 50
    assert twice.weights.tolist() == [2.0] * 50
    assert {row[:7] for row in content(twice)} == {row[:7] for row in content(once)}


def test_the_same_row_told_otherwise_is_another() -> None:
    sample = RowSample(10, 1, 2)
    row = np.zeros((1, 1), np.float32)
    sample.add(row, np.array([[1.0, 0.0]]), [("a",)], 1.0)
    sample.add(row, np.array([[0.0, 1.0]]), [("b",)], 1.0)
    assert sample.targets.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_with_forgetting_late_rows_are_kept_and_early_ones_weigh_little() -> None:
    rows, targets, labels = learned(2000)
    sample = fed([(rows, targets, labels)], forgetting=0.99)
    place = {tuple(row.tolist()): index for index, row in enumerate(rows)}
    ages = np.array([1999 - place[tuple(row.tolist())] for row in sample.rows])
    assert np.median(ages) < 200
    assert np.allclose(sample.weights, 0.99**ages, rtol=1e-9)


def test_a_class_that_comes_later_was_in_no_row_so_far() -> None:
    sample = fed([learned(30)])
    before = sample.targets
    sample.add_classes(2)
    assert np.array_equal(sample.targets, np.hstack([before, np.zeros((30, 2))]))


@pytest.mark.parametrize("forgetting", [1.0, 0.99])
def test_its_state_goes_on_to_the_same_bits(forgetting: float) -> None:
    first, second = learned(130), learned(300, seed=1)
    one, other = (RowSample(50, 4, 3, forgetting) for _ in range(2))
    one.add(*first, 1.0)
    other.load_state(one.state())
    for sample in (one, other):
        sample.add(*second, 1.0)
    assert trees_equal(one.state(), other.state())


def test_a_smaller_sample_takes_over_what_it_has_room_for() -> None:
    large, small = fed([learned(400)], size=50), RowSample(20, 4, 3)
    small.load_state(large.state())
    assert content(small) == content(fed([learned(400)], size=20))
