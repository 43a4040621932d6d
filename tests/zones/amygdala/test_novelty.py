from __future__ import annotations

import numpy as np
import pytest

from aura.zones.amygdala.novelty import Novelty


def clouds(count=300, classes=5, features=8, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, features)) * 3
    places = rng.integers(0, classes, count)
    return centres[places] + rng.normal(size=(count, features)), np.eye(classes)[places]


def taught(rows, targets, block=16, **more):
    novelty = Novelty(rows.shape[1], targets.shape[1], **more)
    for first in range(0, len(rows), block):
        novelty.learn(rows[first:first + block], targets[first:first + block], 1.0)
    return novelty


def test_it_is_the_distance_from_the_nearest_class_mean_beside_that_of_new_rows():
    rows, targets = clouds()
    novelty = taught(rows, targets, block=1)
    before, usual = Novelty(8, 5), []
    for row, target in zip(rows, targets, strict=True):
        seen = before._weights > 0
        if seen.any():
            usual.append(((before._sums[seen] / before._weights[seen, None] - row) ** 2).sum(axis=1).min())
        before.learn(row[None], target[None], 1.0)
    means = (targets.T @ rows) / targets.sum(axis=0)[:, None]
    new, _ = clouds(seed=1)
    squared = ((new[:, None] - means) ** 2).sum(axis=2).min(axis=1)
    assert novelty.measure(new) == pytest.approx(squared / (squared + np.mean(usual)))


def test_new_rows_of_known_classes_are_about_one_half_and_strangers_near_one():
    rows, targets = clouds(3000)
    novelty = taught(rows[:2000], targets[:2000])
    known, strange = novelty.measure(rows[2000:]), novelty.measure(rows[2000:] + 20.0)
    assert 0.45 < np.median(known) < 0.55
    assert strange.min() > known.max()
    assert strange.max() <= 1.0


def test_before_anything_was_learned_all_is_new():
    assert Novelty(3, 0).measure(np.zeros((2, 3))).tolist() == [1.0, 1.0]
    assert Novelty(3, 2).measure(np.zeros((2, 3), np.float32)).tolist() == [1.0, 1.0]


def test_a_class_that_is_met_later_makes_its_rows_familiar():
    rows, targets = clouds()
    novelty = taught(rows, targets)
    stranger = rows[:20] + 20.0
    before = novelty.measure(stranger)
    novelty.add_classes(1)
    assert novelty.measure(stranger) == pytest.approx(before)
    novelty.learn(stranger, np.tile(np.eye(6)[5], (20, 1)), 1.0)
    assert novelty.measure(stranger).max() < before.min()


def test_the_order_of_rows_moves_the_means_by_nothing():
    rows, targets = clouds()
    order = np.random.default_rng(2).permutation(len(rows))
    one, other = taught(rows, targets), taught(rows[order], targets[order])
    assert other._means == pytest.approx(one._means)


def test_the_past_counts_less_with_forgetting():
    rows, targets = np.zeros((200, 2)), np.ones((200, 1))
    rows[100:] = 4.0
    assert taught(rows, targets, block=1)._means[0] == pytest.approx([2.0, 2.0])
    assert taught(rows, targets, block=1, forgetting=0.9)._means[0] == pytest.approx([4.0, 4.0], abs=1e-3)


def test_a_rate_of_zero_learns_nothing_and_rates_are_weights():
    rows, targets = clouds(40)
    novelty = taught(rows, targets)
    state = novelty.state()
    novelty.learn(rows, targets, 0.0)
    assert all(np.array_equal(value, state[name]) for name, value in novelty.state().items())
    twice, once = Novelty(8, 5), Novelty(8, 5)
    twice.learn(rows, targets, 2.0)
    once.learn(rows, targets, 1.0)
    assert twice._means == pytest.approx(once._means)


def test_it_loads_what_it_saved_with_more_classes():
    rows, targets = clouds()
    novelty, other = taught(rows, targets), Novelty(8, 0)
    other.load_state(novelty.state())
    assert np.array_equal(other.measure(rows), novelty.measure(rows))


def test_an_item_of_no_class_moves_what_is_usual_alone():
    rows, targets = clouds()
    novelty = taught(rows, targets)
    means = novelty._means.copy()
    novelty.learn(rows[:3], np.zeros((3, 5)), 1.0)
    assert np.array_equal(novelty._means, means)
