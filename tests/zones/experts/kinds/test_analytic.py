"""The analytic expert against the batch regression that it promises, and its life among other experts."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import StateError
from aura.core.state import read_tree, trees_equal, write_tree
from aura.zones.experts.kinds.analytic import AnalyticExpert, AnalyticOptions
from aura.zones.experts.kinds.expert import Lesson

OPTIONS = AnalyticOptions(filters=12, ridge=0.5)


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(5).permutation(len(data.target))
    return (data.images[order] / 16).astype(np.float32), np.eye(10, dtype=np.float32)[data.target[order]]


def lesson(rows: np.ndarray, targets: np.ndarray, weights: float | np.ndarray = 1.0, holds: float | np.ndarray = 0.0,
           rate: float = 1.0) -> Lesson:
    count = len(rows)
    return Lesson(rows, targets, np.full(count, weights, np.float32), np.full(count, holds, np.float32), rate)


def expert(classes: int = 10, options: AnalyticOptions = OPTIONS, seed: int = 3) -> AnalyticExpert:
    return AnalyticExpert((8, 8), classes, options, seed)


def taught(one: AnalyticExpert, rows: np.ndarray, targets: np.ndarray, block: int = 32, **how: float) -> AnalyticExpert:
    for start in range(0, len(rows), block):
        one.learn(lesson(rows[start:start + block], targets[start:start + block], **how))
    return one


def ridge(one: AnalyticExpert, rows: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Solve the normal equations directly: the obvious slow twin."""
    features = np.hstack([one.features(rows).astype(np.float64), np.ones((len(rows), 1))])
    weighted = features if weights is None else features * weights[:, None]
    return np.linalg.solve(weighted.T @ features + OPTIONS.ridge * np.eye(features.shape[1]), weighted.T @ targets)


def relative(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


@pytest.mark.parametrize("block", [1, 32, 100])
def test_weights_equal_the_batch_ridge_solution(block: int) -> None:
    rows, targets = (part[:200] for part in digits())
    one = taught(expert(), rows, targets, block)
    assert relative(one.weights, ridge(one, rows, targets)) < 1e-7


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_weighted_rows_equal_the_weighted_batch_solution(seed: int) -> None:
    rows, targets = (part[:90] for part in digits())
    weights = np.random.default_rng(seed).choice([0.0, 0.25, 1.0, 3.0], 90)
    one = expert()
    for start in range(0, 90, 30):
        part = slice(start, start + 30)
        one.learn(lesson(rows[part], targets[part], weights[part], rate=0.5))
    assert relative(one.weights, ridge(one, rows, targets, 0.5 * weights)) < 1e-7


def test_the_order_of_rows_does_not_matter() -> None:
    rows, targets = (part[:300] for part in digits())
    by_class = np.argsort(targets.argmax(axis=1), kind="stable")
    assert relative(taught(expert(), rows[by_class], targets[by_class]).weights,
                    taught(expert(), rows, targets).weights) < 1e-7


def test_classes_that_come_later_are_learned_as_if_known_from_the_start() -> None:
    rows, targets = (part[:300] for part in digits())
    late = targets.argmax(axis=1) >= 5
    one = taught(expert(5), rows[~late], targets[~late][:, :5])
    one.add_classes(5)
    taught(one, rows[late], targets[late])
    assert relative(one.weights, ridge(one, rows, targets)) < 1e-7
    assert one.predict(rows).shape == (300, 10)


def test_adding_classes_leaves_the_scores_of_the_others() -> None:
    rows, targets = (part[:100] for part in digits())
    one = taught(expert(), rows, targets)
    before = one.weights.copy()
    one.add_classes(2)
    assert np.array_equal(one.weights[:, :10], before)
    assert not one.weights[:, 10:].any()


def test_blended_targets_are_regressed_on() -> None:
    rows, targets = (part[:100] for part in digits())
    blended = 0.7 * targets + 0.03
    one = taught(expert(), rows, blended)
    assert relative(one.weights, ridge(one, rows, blended)) < 1e-6


@pytest.mark.slow
def test_a_hold_moves_nothing_and_makes_the_output_there_stiff() -> None:
    rows, targets = (part[:100] for part in digits())
    free, held = (taught(expert(), rows, targets) for _ in range(2))
    before = free.weights.copy()
    held.learn(lesson(rows, targets, weights=0.0, holds=50.0))
    assert relative(held.weights, before) < 1e-9
    wrong = np.roll(targets, 1, axis=1)
    moves = []
    for one in (free, held):
        old = one.predict(rows)
        one.learn(lesson(rows, wrong))
        moves.append(np.abs(one.predict(rows) - old).mean())
    assert moves[1] < 0.2 * moves[0]


def test_a_row_that_is_learned_and_held_equals_two_rows() -> None:
    rows, targets = (part[:80] for part in digits())
    one = taught(expert(), rows[:40], targets[:40])
    features = np.hstack([one.features(rows[40:]).astype(np.float64), np.ones((40, 1))])
    outputs = features @ one.weights
    weights = np.repeat([1.0, 1.0, 2.0], 40)
    expected = ridge(one, np.concatenate([rows, rows[40:]]), np.concatenate([targets, outputs]), weights)
    one.learn(lesson(rows[40:], targets[40:], holds=2.0))
    assert relative(one.weights, expected) < 1e-6


def test_rows_of_no_weight_and_empty_lessons_change_nothing() -> None:
    rows, targets = (part[:40] for part in digits())
    one = taught(expert(), rows, targets)
    before = one.state()
    one.learn(lesson(rows, targets, weights=0.0))
    one.learn(lesson(rows[:0], targets[:0]))
    gradient = one.learn(lesson(rows[:0], targets[:0]), want_gradient=True)
    assert gradient is not None
    assert gradient.shape == (0, 8, 8)
    assert trees_equal(before, one.state())


def test_before_learning_all_classes_are_alike_and_an_unseen_one_stays_unlikely() -> None:
    rows, targets = digits()
    one = expert()
    np.testing.assert_allclose(one.predict(rows[:5]), 0.1, rtol=1e-6)
    seen = targets[:, 9] == 0
    taught(one, rows[seen][:600], targets[seen][:600])
    chances = one.predict(rows[:200])
    assert chances[:, 9].max() < 0.1
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)
    assert chances.dtype == np.float32


def test_a_row_is_predicted_with_the_same_bits_in_every_block() -> None:
    rows, targets = (part[:100] for part in digits())
    one = taught(expert(), rows, targets)
    together = one.predict(rows)
    assert all(np.array_equal(one.predict(rows[i:i + 1])[0], together[i]) for i in range(0, 100, 9))


@pytest.mark.slow
def test_digits_are_learned_in_one_pass_and_the_probabilities_are_honest() -> None:
    rows, targets = digits()
    one = taught(expert(options=AnalyticOptions(filters=30)), rows[:1200], targets[:1200])
    chances, truth = one.predict(rows[1200:]), targets[1200:].argmax(axis=1)
    assert (chances.argmax(axis=1) == truth).mean() > 0.96
    assert chances.max(axis=1).mean() == pytest.approx((chances.argmax(axis=1) == truth).mean(), abs=0.06)


@pytest.mark.parametrize("shape", [(8, 8), (64,)])
def test_the_gradient_equals_finite_differences(shape: tuple[int, ...]) -> None:
    rows, targets = (part[:200] for part in digits())
    rows = rows.reshape(-1, *shape)
    one = taught(AnalyticExpert(shape, 10, AnalyticOptions(filters=12, width=100), 3), rows, targets)
    noise = np.random.default_rng(4).normal(size=(4, *shape)).astype(np.float32)  # a blank margin lies on kinks
    some, truth = rows[:4] + noise, 0.8 * targets[:4] + 0.02
    along = np.random.default_rng(2).normal(size=some.shape).astype(np.float32)
    step = 2e-4  # short: the way to the next kink is

    def loss(sign: int) -> float:
        return float(-(truth * np.log(one.predict(some + sign * step * along).astype(np.float64))).sum())

    expected = (loss(1) - loss(-1)) / (2 * step)
    gradient = one.learn(lesson(some, truth, weights=0.0), want_gradient=True)
    assert gradient is not None
    assert gradient.shape == some.shape
    assert float((gradient * along).sum()) == pytest.approx(expected, rel=0.02, abs=0.02)


def test_a_gradient_is_taken_before_learning() -> None:
    rows, targets = (part[:60] for part in digits())
    one = taught(expert(), rows, targets)
    first = one.learn(lesson(rows, targets, weights=0.0), want_gradient=True)
    second = one.learn(lesson(rows, targets), want_gradient=True)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_saved_expert_continues_to_the_same_bits(tmp_path: Path, precision: str) -> None:
    rows, targets = digits()
    options = AnalyticOptions(filters=12, precision=precision)
    one = taught(expert(options=options), rows[:200], targets[:200])
    write_tree(tmp_path / "state", one.state(), "analytic")
    other = expert(options=options, seed=99)
    other.load_state(read_tree(tmp_path / "state", "analytic"))
    for each in (one, other):
        taught(each, rows[200:280], targets[200:280], 7)
        taught(each, rows[280:290], targets[280:290], 1)
    assert trees_equal(one.state(), other.state())
    assert np.array_equal(one.predict(rows[:50]), other.predict(rows[:50]))


def test_the_state_is_a_copy_and_leaves_the_random_features_out(tmp_path: Path) -> None:
    rows, targets = (part[:64] for part in digits())
    options = AnalyticOptions(features="dense", width=50, standardise=0)
    one = taught(AnalyticExpert((8, 8), 10, options, 1), rows, targets)
    before = one.state()
    kept = before["regression"]["covariance"].copy()
    taught(one, rows, targets)
    assert np.array_equal(before["regression"]["covariance"], kept)
    write_tree(tmp_path / "state", before, "analytic")
    triangle = 8 * 51 * 52 // 2
    assert (tmp_path / "state").stat().st_size < triangle + 8 * 51 * 10 + 2000


def test_the_features_follow_from_the_seed() -> None:
    rows, _ = digits()
    assert np.array_equal(expert().features(rows[:9]), expert().features(rows[:9]))
    assert not np.array_equal(expert().features(rows[:9]), expert(seed=4).features(rows[:9]))


def test_a_clone_knows_the_same_and_goes_its_own_way() -> None:
    rows, targets = (part[:100] for part in digits())
    one = taught(expert(), rows[:50], targets[:50])
    other = one.clone(seed=77)
    assert np.array_equal(one.predict(rows), other.predict(rows))
    before = one.predict(rows)
    taught(other, rows[50:], targets[50:])
    assert np.array_equal(one.predict(rows), before)


def test_a_state_that_does_not_fit_is_refused() -> None:
    one = expert()
    with pytest.raises(StateError, match="without regression, sharpness, columns"):
        one.load_state({"seed": 1})
    with pytest.raises(StateError, match="covariance"):
        one.load_state(expert(options=AnalyticOptions(filters=12, precision="float32")).state())
    with pytest.raises(StateError, match="45451 numbers"):
        one.load_state(expert(options=AnalyticOptions(filters=13)).state())


def test_forgetting_follows_a_change() -> None:
    rows, targets = digits()
    swapped = targets[:, ::-1]
    scores = []
    for forgetting in (1.0, 0.99):
        one = taught(expert(options=AnalyticOptions(filters=12, forgetting=forgetting)), rows[:800], targets[:800])
        taught(one, rows[800:1200], swapped[800:1200])
        scores.append((one.predict(rows[1200:]).argmax(axis=1) == swapped[1200:].argmax(axis=1)).mean())
    assert scores[1] > scores[0] + 0.1


def test_no_probability_is_a_denormal_number() -> None:
    rows, targets = (part[:200] for part in digits())
    one = taught(expert(), rows, targets)
    chances = one.predict(rows * np.float32(1e6))
    assert not ((chances > 0) & (chances < 1e-30)).any()


@pytest.mark.slow
def test_mnist_class_after_class_in_one_pass(data_folder: Path) -> None:
    folder = data_folder / "mnist"
    if not (folder / "train-images-idx3-ubyte.gz").is_file():
        pytest.skip("AURA_DATA has no mnist")
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28).astype(np.float32) / 255
    with gzip.open(folder / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    order = np.argsort(labels[:5000], kind="stable")
    targets = np.eye(10, dtype=np.float32)[labels]
    one = taught(AnalyticExpert((28, 28), 10, AnalyticOptions(filters=36), 7), images[order], targets[order])
    found = np.concatenate([one.predict(images[start:start + 500]) for start in range(50_000, 53_000, 500)])
    assert (found.argmax(axis=1) == labels[50_000:53_000]).mean() >= 0.97


# --- columns of different scales ---------------------------------------------------------------------------------

DENSE = AnalyticOptions(features="dense", width=120, ridge=0.5, standardise=64)


def scaled_digits(count: int, factor: float = 1000.0) -> tuple[np.ndarray, np.ndarray]:
    """Return flattened digits, one pixel of which is measured in another unit."""
    rows, targets = (part[:count] for part in digits())
    flat = rows.reshape(count, 64).copy()
    flat[:, 20] *= factor
    return flat, targets


def dense(options: AnalyticOptions = DENSE, seed: int = 3) -> AnalyticExpert:
    return AnalyticExpert((64,), 10, options, seed)


@pytest.mark.parametrize("block", [1, 7, 200])
@pytest.mark.parametrize("count", [40, 200])
def test_under_standardised_columns_the_weights_are_those_of_the_batch_ridge_at_every_instant(count: int,
                                                                                              block: int) -> None:
    rows, targets = scaled_digits(count)
    one = taught(dense(), rows, targets, block)
    assert relative(one.weights, ridge(one, rows, targets)) < 1e-6


def test_no_column_drowns_the_others_whatever_its_unit() -> None:
    right = []
    for factor, options in ((1.0, DENSE), (1000.0, DENSE), (1000.0, DENSE.model_copy(update={"standardise": 0}))):
        rows, targets = scaled_digits(1500, factor)
        one = taught(dense(options), rows[:1000], targets[:1000])
        right.append((one.predict(rows[1000:]).argmax(axis=1) == targets[1000:].argmax(axis=1)).mean())
    plain, standardised, by_row = right
    assert abs(standardised - plain) < 0.005
    assert standardised > by_row + 0.1


def test_the_scale_is_settled_by_the_first_rows_and_these_are_let_go() -> None:
    rows, targets = scaled_digits(200)
    one = taught(dense(), rows[:64], targets[:64])
    features, size = one.features(rows), one.nbytes
    taught(one, rows[64:] * 5, targets[64:])
    assert np.array_equal(one.features(rows), features)
    assert one.nbytes == size
    assert len(one.state()["columns"]["rows"]) == 0


def test_weighted_and_held_rows_and_classes_that_come_while_the_scale_is_not_settled_are_learned_exactly() -> None:
    rows, targets = scaled_digits(60)
    few = targets.argmax(axis=1) < 5
    weights = np.linspace(0.5, 2.0, 60)
    one = AnalyticExpert((64,), 5, DENSE, 3)
    one.learn(lesson(rows[few], targets[few][:, :5], weights[few]))
    one.add_classes(5)
    taken = np.flatnonzero(~few)
    for start in range(0, len(taken), 4):
        part = taken[start:start + 4]
        one.learn(lesson(rows[part], targets[part], weights[part]))
    order = np.concatenate([np.flatnonzero(few), taken])
    assert relative(one.weights, ridge(one, rows[order], targets[order], weights[order])) < 1e-6


@pytest.mark.parametrize("cut", [10, 50, 150])
def test_the_state_goes_on_to_the_same_bits_whether_the_scale_is_settled_or_not(cut: int) -> None:
    rows, targets = scaled_digits(200)
    one, other = taught(dense(), rows[:cut], targets[:cut], 10), dense(seed=9)
    other.load_state(one.state())
    for each in (one, other):
        taught(each, rows[cut:], targets[cut:], 10)
    assert trees_equal(one.state(), other.state())
    assert np.array_equal(one.predict(rows), other.predict(rows))


def test_the_gradient_by_rows_whose_columns_are_standardised_is_the_derivative_of_the_loss() -> None:
    rows, targets = scaled_digits(100, factor=3.0)
    one = taught(dense(), rows, targets)
    chosen, truth = rows[:3].astype(np.float64), targets[:3]
    gradient = one.learn(lesson(rows[:3], truth, weights=0.0), want_gradient=True)
    assert gradient is not None
    step = 1e-3
    for row in range(3):
        for column in np.argsort(-np.abs(gradient[row]))[:3]:
            losses = []
            for sign in (1, -1):
                moved = chosen.copy()
                moved[row, column] += sign * step
                losses.append(-np.log((one.predict(moved.astype(np.float32))[row] * truth[row]).sum()))
            assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(gradient[row, column], rel=0.1, abs=1e-3)


def test_a_column_that_was_constant_at_first_has_the_spread_of_the_others() -> None:
    rows, targets = scaled_digits(200, factor=0.0)
    one = taught(dense(), rows, targets)
    later = rows.copy()
    later[:, 20] = 1.0
    assert np.isfinite(one.features(later)).all()
    assert (one.predict(later).argmax(axis=1) == targets.argmax(axis=1)).mean() > 0.9
