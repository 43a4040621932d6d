"""What every expert that is a network does, shown on the smallest one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aura.core.errors import StateError
from aura.core.state import read_tree, trees_equal, write_tree
from aura.zones.experts.kinds.compiled import CompiledExpert
from aura.zones.experts.kinds.expert import Lesson
from aura.zones.experts.kinds.mlp import MlpExpert, MlpOptions
from aura.zones.experts.kinds.neural import NeuralExpert, capacity_for
from aura.zones.experts.kinds.options import CompiledOptions, NeuralOptions, learning_rate
from aura.zones.experts.kinds.programs import bucket_of
from aura.zones.experts.kinds.pytree import Naming
from tests.zones.unoptimised import unoptimised

__all__ = ["unoptimised"]

FEATURES, CLASSES = 5, 3


class CompiledMlpOptions(CompiledOptions, MlpOptions):
    """A perceptron's options, and XLA's."""


class Compiled(CompiledExpert):
    """The same network by the program that XLA compiles, as convolutions run."""

    kind = "compiled mlp"
    Options = CompiledMlpOptions
    build = staticmethod(MlpExpert.build)


BOTH = pytest.mark.parametrize("kind", [MlpExpert, pytest.param(Compiled, marks=pytest.mark.slow)])


def expert(kind: type[NeuralExpert] = MlpExpert, seed: int = 1, classes: int = CLASSES, **options: Any) -> NeuralExpert:
    chosen = {"hidden": (6,), "learning_rate": 0.02, "warm_up": 0, "anchor_every": 4, **options}
    return kind((FEATURES,), classes, kind.Options(**chosen), seed)


def lesson(seed: int, count: int = 4, classes: int = CLASSES, *, weight: float = 1.0, hold: float = 0.0,
           rate: float = 1.0) -> Lesson:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, FEATURES)).astype(np.float32)
    targets = rng.dirichlet(np.ones(classes), count).astype(np.float32)
    return Lesson(rows, targets, np.full(count, weight, np.float32), np.full(count, hold, np.float32), rate)


@BOTH
def test_rows_of_probabilities_sum_to_one_and_are_the_callers_own(kind: type[NeuralExpert]) -> None:
    one = expert(kind)
    rows = lesson(0).rows
    answer = one.predict(rows)
    assert answer.shape == (4, CLASSES)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)
    before = one.state()
    answer[:] = 7
    assert trees_equal(one.state(), before)
    assert one.predict(rows).max() <= 1


@BOTH
def test_it_learns_what_it_is_taught(kind: type[NeuralExpert]) -> None:
    one = expert(kind)
    taught = lesson(0)
    taught = taught._replace(targets=np.eye(CLASSES, dtype=np.float32)[[0, 1, 2, 1]])
    for _ in range(100):
        one.learn(taught)
    assert one.predict(taught.rows).argmax(axis=1).tolist() == [0, 1, 2, 1]


@BOTH
def test_the_gradient_is_each_rows_own_by_the_parameters_before(kind: type[NeuralExpert]) -> None:
    one = expert(kind, activation="tanh")
    taught = lesson(3, count=2)._replace(weights=np.array([0, 5], np.float32))
    before = expert(kind, activation="tanh")
    found = one.learn(taught, want_gradient=True)
    assert found is not None
    step = 1e-2

    def loss(rows: np.ndarray) -> np.ndarray:
        return -(taught.targets * np.log(before.predict(rows.astype(np.float32)))).sum(axis=1).astype(np.float64)

    for feature in range(FEATURES):
        aside = np.zeros((1, FEATURES))
        aside[0, feature] = step
        slope = (loss(taught.rows + aside) - loss(taught.rows - aside)) / (2 * step)
        np.testing.assert_allclose(found[:, feature], slope, atol=2e-3)


@BOTH
def test_a_wanted_gradient_changes_nothing_else(kind: type[NeuralExpert]) -> None:
    one, other = expert(kind), expert(kind)
    one.learn(lesson(0, hold=0.5))
    other.learn(lesson(0, hold=0.5), want_gradient=True)
    np.testing.assert_allclose(one.predict(lesson(1).rows), other.predict(lesson(1).rows), atol=1e-6)
    assert one.learn(lesson(0)) is None


@BOTH
def test_rows_without_weight_or_hold_have_no_effect(kind: type[NeuralExpert]) -> None:
    """Three rows, padded to four, against the same rows and one of weight 0, which may hold anything finite."""
    one, other = expert(kind), expert(kind)
    taught = lesson(0, count=4)
    kept = np.array([1, 1, 1, 0], np.float32)
    one.learn(Lesson(taught.rows[:3], taught.targets[:3], kept[:3], kept[:3] * 0, 1.0))
    other.learn(Lesson(taught.rows, taught.targets, kept, kept * 0, 1.0))
    assert trees_equal(one.state(), other.state())
    assert one.learned == 3


@BOTH
def test_a_lesson_with_nothing_to_learn_moves_nothing(kind: type[NeuralExpert]) -> None:
    one = expert(kind)
    one.learn(lesson(0))
    before = one.state()
    one.learn(lesson(1, weight=0.0))
    one.learn(lesson(1, count=0))
    slope = one.learn(lesson(1, weight=0.0), want_gradient=True)
    assert trees_equal(one.state(), before)
    assert slope is not None
    assert np.abs(slope).max() > 0
    none = one.learn(lesson(1, count=0), want_gradient=True)
    assert none is not None
    assert none.shape == (0, FEATURES)


@BOTH
def test_no_rows_are_predicted_as_no_rows(kind: type[NeuralExpert]) -> None:
    assert expert(kind).predict(np.zeros((0, FEATURES), np.float32)).shape == (0, CLASSES)


@BOTH
def test_holds_keep_the_output_where_the_anchor_was(kind: type[NeuralExpert]) -> None:
    moved = []
    for hold in (0.0, 10.0):
        one = expert(kind, anchor_every=1000, optimiser="sgd", learning_rate=0.02, momentum=0.0)
        taught = lesson(0, hold=hold)
        start = one.predict(taught.rows)
        for _ in range(50):
            one.learn(taught)
        moved.append(np.abs(one.predict(taught.rows) - start).max())
    assert moved[1] < 0.5 * moved[0]


def test_the_anchor_is_taken_anew_after_so_many_updates() -> None:
    one = expert(anchor_every=3)
    for turn in range(1, 8):
        one.learn(lesson(turn))
        state = one.state()
        assert trees_equal(state["anchor"], state["parameters"]) == (turn % 3 == 0)


@BOTH
def test_the_rate_scales_a_step(kind: type[NeuralExpert]) -> None:
    steps = []
    for rate in (1.0, 0.25):
        one = expert(kind, optimiser="sgd", momentum=0.0)
        before = one.state()["parameters"]["head"]["kernel"]
        one.learn(lesson(0, rate=rate))
        steps.append(one.state()["parameters"]["head"]["kernel"] - before)
    np.testing.assert_allclose(steps[1], steps[0] / 4, atol=1e-6)


@BOTH
def test_a_clipped_gradient_is_no_longer_than_its_limit(kind: type[NeuralExpert]) -> None:
    one = expert(kind, optimiser="sgd", momentum=0.0, clip=0.01, learning_rate=1.0)
    before = np.concatenate([np.ravel(leaf) for leaf in one._parameters])
    one.learn(lesson(0))
    after = np.concatenate([np.ravel(leaf) for leaf in one._parameters])
    assert np.linalg.norm(after - before) == pytest.approx(0.01, rel=1e-3)


@BOTH
def test_unknown_classes_have_no_probability_and_known_ones_keep_their_odds(kind: type[NeuralExpert]) -> None:
    one = expert(kind)
    rows = lesson(0).rows
    before = one.predict(rows)
    one.add_classes(2)
    after = one.predict(rows)
    assert after.shape == (4, CLASSES + 2)
    np.testing.assert_allclose(after[:, :CLASSES] / after[:, :CLASSES].sum(axis=1, keepdims=True), before, atol=1e-6)


@pytest.mark.slow
@BOTH
def test_classes_beyond_the_heads_room_widen_it_and_leave_the_rest(kind: type[NeuralExpert]) -> None:
    one = expert(kind)
    for turn in range(5):
        one.learn(lesson(turn))
    rows = lesson(0).rows
    before, state = one.predict(rows), one.state()
    one.add_classes(9)
    after = one.predict(rows)
    assert after.shape == (4, 12)
    np.testing.assert_allclose(after[:, :CLASSES] / after[:, :CLASSES].sum(axis=1, keepdims=True), before, atol=1e-6)
    wide = one.state()
    assert wide["capacity"] == 16
    np.testing.assert_array_equal(wide["parameters"]["head"]["kernel"][:, :8], state["parameters"]["head"]["kernel"])
    assert np.abs(wide["parameters"]["head"]["kernel"][:, 8:]).min() > 0
    taught = lesson(0, classes=12)
    for turn in range(60):
        one.learn(taught._replace(targets=np.eye(12, dtype=np.float32)[[11, 10, 2, 1]], rate=2.0 if turn else 1.0))
    assert one.predict(rows).argmax(axis=1).tolist() == [11, 10, 2, 1]


@BOTH
def test_a_saved_state_goes_on_to_the_bit(kind: type[NeuralExpert], tmp_path: Path) -> None:
    through = expert(kind)
    for turn in range(5):
        through.learn(lesson(turn, hold=0.2))
    saved = through.state()
    write_tree(tmp_path / "expert.safetensors", saved, "expert")
    other = expert(kind, seed=99)
    other.load_state(read_tree(tmp_path / "expert.safetensors", "expert"))
    for turn in range(5, 10):
        through.learn(lesson(turn, hold=0.2))
        other.learn(lesson(turn, hold=0.2))
    assert trees_equal(through.state(), other.state())
    assert not trees_equal(through.state(), saved)


@BOTH
def test_a_returned_state_never_changes(kind: type[NeuralExpert]) -> None:
    one = expert(kind)
    one.learn(lesson(0))
    state, again = one.state(), one.state()
    other = expert(kind, seed=4)
    other.load_state(state)
    one.learn(lesson(1))
    other.learn(lesson(2))
    assert trees_equal(state, again)


@pytest.mark.parametrize("change", [
    lambda state: state.pop("anchor"),
    lambda state: state["parameters"].pop("head"),
    lambda state: state["parameters"]["head"].update(bias=np.zeros(4, np.float32)),
    lambda state: state["parameters"]["head"].update(bias=np.zeros(8)),
    lambda state: state["parameters"]["head"].update(bias=np.full(8, np.nan, np.float32)),
    lambda state: state["parameters"]["head"].update(more=np.zeros(8, np.float32)),
    lambda state: state.update(optimiser=None),
    lambda state: state.update(classes=9),
    lambda state: state.update(classes="many"),
    lambda state: state.update(updates=-1),
])
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change: Any) -> None:
    one = expert()
    before, state = one.state(), expert(seed=2).state()
    change(state)
    with pytest.raises(StateError, match="mlp expert"):
        one.load_state(state)
    assert trees_equal(one.state(), before)


def test_a_state_with_more_classes_is_taken_over_whole() -> None:
    wide = expert(classes=12)
    one = expert()
    one.load_state(wide.state())
    assert one.classes == 12
    np.testing.assert_array_equal(one.predict(lesson(0).rows), wide.predict(lesson(0).rows))


def test_a_clone_knows_the_same_and_goes_its_own_way() -> None:
    one = expert()
    one.learn(lesson(0))
    other = one.clone(seed=5)
    np.testing.assert_array_equal(one.predict(lesson(0).rows), other.predict(lesson(0).rows))
    other.learn(lesson(1))
    assert not np.array_equal(one.predict(lesson(0).rows), other.predict(lesson(0).rows))
    one.add_classes(9)
    third = expert().clone(seed=6)
    third.load_state(expert().state())
    third.add_classes(9)
    drawn = [each.state()["parameters"]["head"]["kernel"][:, 8:] for each in (one, third)]
    assert not np.array_equal(*drawn)


def test_the_seed_alone_decides_the_first_parameters() -> None:
    assert trees_equal(expert(seed=2**70).state(), expert(seed=2**70).state())
    assert not trees_equal(expert(seed=1).state(), expert(seed=2).state())


@BOTH
def test_several_together_are_as_one_after_the_other(kind: type[NeuralExpert]) -> None:
    for counts in ((1, 1), (1, 4, 1, 0)):
        together, alone = ([expert(kind, seed) for seed in range(len(counts))] for _ in range(2))
        lessons = [lesson(9 + place, count, hold=0.1 * (place % 2)) for place, count in enumerate(counts)]
        kind.learn_many(list(zip(together, lessons, strict=True)))
        for one, taught in zip(alone, lessons, strict=True):
            one.learn(taught)
        found = kind.predict_many([(one, taught.rows) for one, taught in zip(together, lessons, strict=True)])
        for one, taught, answer in zip(alone, lessons, found, strict=True):
            np.testing.assert_allclose(answer, one.predict(taught.rows), atol=1e-6)


def test_one_expert_may_stand_twice_among_the_jobs() -> None:
    one, other = expert(), expert()
    MlpExpert.learn_many([(one, lesson(0, 1)), (one, lesson(1, 1))])
    other.learn(lesson(0, 1))
    other.learn(lesson(1, 1))
    assert trees_equal(one.state(), other.state())


@BOTH
def test_more_rows_than_are_predicted_at_once_come_back_in_order(kind: type[NeuralExpert]) -> None:
    one = expert(kind)
    rows = lesson(0, 300).rows
    whole = one.predict(rows)
    np.testing.assert_allclose(whole[[0, 255, 256, 299]], one.predict(rows[[0, 255, 256, 299]]), atol=1e-6)


@BOTH
def test_rows_may_be_written_to_once_the_call_is_back(kind: type[NeuralExpert]) -> None:
    one, other = expert(kind), expert(kind)
    taught = lesson(0)
    one.learn(taught)
    mine = lesson(0)
    other.learn(mine)
    for array in mine[:4]:
        array[:] = 9
    assert trees_equal(one.state(), other.state())


@BOTH
def test_moments_that_fade_come_to_zero_and_never_to_denormal_numbers(kind: type[NeuralExpert]) -> None:
    """Targets of 0 have no gradient: from the second update on the moments only fade."""
    one = expert(kind, momentum=0.5, second_momentum=0.6, anchor_every=10_000)
    one.learn(lesson(0, 1))
    silent = lesson(0, 1)._replace(targets=np.zeros((1, CLASSES), np.float32))
    for _ in range(250):
        one.learn(silent)
        for leaf in one._optimiser[1:]:
            array = np.abs(np.asarray(leaf))
            assert not ((array > 0) & (array < np.finfo(np.float32).tiny)).any()
    assert not any(np.asarray(leaf).any() for leaf in one._optimiser[1:])


def test_memory_is_that_of_parameters_moments_and_anchor() -> None:
    parameters = FEATURES * 6 + 6 + 6 * 8 + 8
    assert expert().nbytes == 4 * (4 * parameters + 1)


@given(count=st.integers(1, 2000), devices=st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_a_bucket_holds_its_rows_and_shares_them_out_evenly(count: int, devices: int) -> None:
    size = bucket_of(count, devices)
    assert size >= count
    assert size % devices == 0
    assert size <= 2 * count + 31 + devices


@pytest.mark.parametrize("classes, room", [(1, 8), (8, 8), (9, 16), (16, 16), (1000, 1024)])
def test_a_head_has_room_for_the_next_power_of_two(classes: int, room: int) -> None:
    assert capacity_for(classes) == room


def test_the_rate_rises_then_falls_to_its_floor() -> None:
    options = NeuralOptions(learning_rate=0.1, warm_up=10, decay=100, floor=0.2)
    rates = [learning_rate(options, rows) for rows in range(0, 2000, 5)]
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(0.1)
    assert rates[:top + 1] == sorted(rates[:top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)
    assert learning_rate(NeuralOptions(learning_rate=0.1, warm_up=0, decay=0), 10**9) == 0.1


@pytest.mark.parametrize("options", [
    {"learning_rate": 0}, {"optimiser": "newton"}, {"momentum": 1}, {"anchor_every": 0}, {"hidden": (0,)},
    {"units": 3}, {"floor": 2}, {"devices": 2}, {"clip": -1}, {"learning_rate": float("nan")}])
def test_options_out_of_their_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MlpOptions(**options)


def test_names_stand_for_arrays_in_their_order() -> None:
    naming = Naming({"b": np.zeros(2), "a": {"c": np.zeros(())}})
    leaves = [np.ones(()), np.arange(2.0)]
    named = naming.named(leaves)
    assert named["a"]["c"] == 1
    for found, leaf in zip(naming.read(named, "here"), leaves, strict=True):
        np.testing.assert_array_equal(found, leaf)
    with pytest.raises(StateError, match=r"here\.a"):
        naming.read({"b": np.zeros(2), "a": {}}, "here")
