"""The network: shared by the tasks, steered by its settings, and the same after a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

torch = pytest.importorskip("torch")

from aura.core.state import trees_equal  # noqa: E402
from aura.zones.amygdala.learners.learner import Block, Head, Learner, Lesson  # noqa: E402
from aura.zones.amygdala.learners.network_options import NetworkOptions  # noqa: E402
from aura.zones.common.parameters import Parameters, step  # noqa: E402
from aura.zones.common.running import Frequencies, Moments  # noqa: E402
from aura.zones.common.schedule import ScheduleOptions, rate_at  # noqa: E402

from .make import blobs, make_learner  # noqa: E402

HEADS = (Head("any", "labels", 4), Head("vad", "numbers", 2))


def network(heads: Any = HEADS, **options: Any) -> Learner:
    return make_learner("network", heads, 6, **{"hidden": (16,), "learning_rate": 0.01, **options})


def block(count: int, seed: int, heads: tuple[str, ...] = ("any",)) -> Block:
    rows, targets = blobs(count, seed=seed)
    every, targets_of = np.arange(count), {"any": targets, "vad": 10.0 + 100.0 * targets[:, :2]}
    return Block(rows.astype(np.float32), {name: Lesson(every, targets_of[name]) for name in heads})


def taught(one: Learner, blocks: int, size: int = 32, heads: tuple[str, ...] = ("any",)) -> Learner:
    for turn in range(blocks):
        one.learn(block(size, turn, heads), 1.0)
    return one


@pytest.mark.slow
def test_adamw_is_that_of_torch() -> None:
    rng = np.random.default_rng(1)
    ours = Parameters(rng.normal(size=(5, 3)).astype(np.float32))
    weight, bias = (torch.nn.Parameter(torch.tensor(part)) for part in (ours.values[:-1], ours.values[-1]))
    theirs = torch.optim.AdamW([{"params": [weight], "weight_decay": 0.3}, {"params": [bias], "weight_decay": 0.0}],
                               lr=0.05)
    for _ in range(5):
        gradient = rng.normal(size=(5, 3)).astype(np.float32)
        ours.gradient[...] = 4.0 * gradient
        weight.grad, bias.grad = torch.tensor(gradient[:-1]), torch.tensor(gradient[-1])
        step([ours], 0.05, 0.3, 0.25, None)
        theirs.step()
    assert np.allclose(ours.values[:-1], weight.detach().numpy(), atol=1e-6)
    assert np.allclose(ours.values[-1], bias.detach().numpy(), atol=1e-6)
    assert not ours.gradient.any()


def test_a_gradient_that_is_too_long_is_cut() -> None:
    one, other = (Parameters(np.zeros((3, 1), np.float32)) for _ in range(2))
    one.gradient[...], other.gradient[...] = 30.0, 1.0 / np.sqrt(3.0)
    assert step([one], 0.1, 0.0, 0.1, 1.0) == pytest.approx(3.0 * np.sqrt(3.0))
    step([other], 0.1, 0.0, 1.0, None)
    assert np.allclose(one.square, other.square)


def test_the_representation_is_learned_by_all_tasks() -> None:
    one = taught(network(), 3)
    before = one.state()["trunk"]["layers"][0]["values"]
    one.learn(block(8, 50, ("vad",)), 1.0)
    after = one.state()
    assert not np.array_equal(before, after["trunk"]["layers"][0]["values"])
    assert set(one.scores(block(2, 1).rows)) == {"any", "vad"}


def test_a_head_that_is_told_nothing_stays_as_it_is() -> None:
    one = taught(network(), 3, heads=("any", "vad"))
    before = one.state()["heads"]["vad"]
    taught(one, 5)
    assert trees_equal(one.state()["heads"]["vad"], before)


def test_numbers_of_any_scale_are_learned_alike() -> None:
    one = taught(network(), 60, heads=("vad",))
    fresh, truth = blobs(200, seed=99)
    found = one.scores(fresh.astype(np.float32))["vad"]
    wanted = 10.0 + 100.0 * truth[:, :2]
    assert np.abs(found - wanted).mean() < 0.6 * np.abs(wanted - wanted.mean(axis=0)).mean()


@pytest.mark.parametrize("blocks", [1, 4])
def test_gathered_gradients_make_one_step_of_the_whole(blocks: int) -> None:
    whole = block(32, 3)
    parts, one = network(accumulate=32), network(accumulate=32)
    for learner in (parts, one):  # so that what is known of the rows is alike
        learner.learn(block(32, 1), 1.0)
    size = 32 // blocks
    for start in range(0, 32, size):
        before = parts.state()["trunk"]
        learned = parts.learn(Block(whole.rows[start:start + size], {"any": Lesson(
            np.arange(size), whole.lessons["any"].targets[start:start + size])}), 1.0)
        moved = not np.array_equal(before["layers"][0]["values"], parts.state()["trunk"]["layers"][0]["values"])
        assert moved is ("step_size" in learned.scalars) is (start + size == 32)
    one.learn(whole, 1.0)
    values = [learner.state()["trunk"]["layers"][0]["values"] for learner in (parts, one)]
    assert np.allclose(*values, atol=2e-2 if blocks > 1 else 0.0)


def test_a_state_saved_between_two_steps_goes_on_to_the_same_bits() -> None:
    options = {"accumulate": 80, "dropout": 0.2, "balance": "uncertainty",
               "schedule": ScheduleOptions(kind="cosine", items=640)}
    one, other = network(**options), network(**options)
    taught(one, 7, heads=("any", "vad"))
    other.load_state(one.state())
    other.rng.bit_generator.state = one.rng.bit_generator.state
    for learner in (one, other):
        taught(learner, 8, size=24, heads=("any", "vad"))
    assert trees_equal(one.state(), other.state())


def test_the_rate_of_the_modulators_scales_the_step() -> None:
    sizes = []
    for rate in (1.0, 0.25):
        one = taught(network(), 3)
        before = one.state()["heads"]["any"]["parameters"]["values"]
        learned = one.learn(block(32, 9), rate)
        sizes.append(np.abs(one.state()["heads"]["any"]["parameters"]["values"] - before).max())
        assert learned.scalars["step_size"] == pytest.approx(0.01 * rate)
    assert sizes[1] == pytest.approx(0.25 * sizes[0], rel=0.01)


def test_the_step_follows_the_schedule() -> None:
    one = network(schedule={"kind": "linear", "items": 320, "warmup": 0.2, "floor": 0.0})
    found = [one.learn(block(32, turn), 1.0).scalars["step_size"] for turn in range(11)]
    assert found[:2] == pytest.approx([0.005, 0.01])
    assert found[2:] == pytest.approx([0.01 * max(0.0, 1 - (turn - 1) / 8) for turn in range(2, 11)], abs=1e-9)


def test_a_cosine_is_half_way_in_the_middle_and_ends_at_its_floor() -> None:
    cosine = ScheduleOptions(kind="cosine", items=1000, warmup=0.0, floor=0.1)
    assert rate_at(cosine, 500) == pytest.approx(0.55)
    assert rate_at(cosine, 1000) == rate_at(cosine, 5000) == pytest.approx(0.1)
    assert rate_at(ScheduleOptions(items=100), 5) == 0.5
    assert rate_at(ScheduleOptions(), 5) == 1.0


@pytest.mark.parametrize(("options", "message"), [
    ({"schedule": {"kind": "cosine"}}, "the `items` that a cosine schedule falls over"),
    ({"hidden": [0]}, "greater than or equal to 1"), ({"dropout": 1.0}, "less than 1"),
    ({"task_weights": {"any": -1}}, "greater than or equal to 0"),
    *(({name: float("inf")}, "finite number") for name in ("learning_rate", "weight_decay", "clip", "focal")),
    ({"task_weights": {"any": float("inf")}}, "finite number")])
def test_wrong_options_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        NetworkOptions(**options)


def test_uncertainty_gives_the_noisier_task_less_weight() -> None:
    one = network((Head("quiet", "numbers", 1), Head("noise", "numbers", 1)), balance="uncertainty", learning_rate=0.03)
    rng = np.random.default_rng(0)
    for _ in range(60):
        rows, _ = blobs(32, seed=int(rng.integers(10**6)))
        every, clear = np.arange(32), rows @ np.ones((6, 1))
        one.learn(Block(rows.astype(np.float32), {
            "quiet": Lesson(every, clear), "noise": Lesson(every, rng.normal(size=(32, 1)))}), 1.0)
    quiet, noise = (one.state()["heads"][name]["log_variance"]["values"][0, 0] for name in ("quiet", "noise"))
    assert quiet < noise - 0.3


def test_a_task_that_weighs_nothing_teaches_nothing() -> None:
    one = network(task_weights={"vad": 0.0})
    learned = one.learn(block(16, 1, ("vad",)), 1.0, want_gradient=True)
    assert learned.losses["vad"] > 0
    assert learned.gradient is not None
    assert not learned.gradient.any()


@pytest.mark.parametrize("options", [{"dropout": 0.4}, {"precision": "bf16"}, {"hidden": ()}, {"hidden": (12, 8)},
                                     {"activation": "relu"}, {"activation": "tanh"}, {"class_weights": "balanced"},
                                     {"focal": 2.0}, {"label_smoothing": 0.1}, {"balance": "uncertainty"}],
                         ids=lambda options: "-".join(map(str, (*options, *options.values()))))
def test_with_every_setting_it_learns(options: Any) -> None:
    one = taught(network(**options), 40)
    fresh, truth = blobs(200, seed=99)
    best = one.scores(fresh.astype(np.float32))["any"].argmax(axis=1)
    assert (best == truth.argmax(axis=1)).mean() > 0.7


@pytest.mark.parametrize("options", [{"activation": "relu"}, {"activation": "tanh"}, {"hidden": (12, 8)}],
                         ids=["relu", "tanh", "two layers"])
def test_the_gradients_of_the_weights_are_those_that_torch_finds(options: Any) -> None:
    one: Any = taught(network(heads=(Head("any", "labels", 4),), accumulate=64, **options), 4)
    shown = block(32, 70)
    rows = torch.tensor(np.asarray((shown.rows - one._moments.mean) / one._moments.deviation, np.float32))
    head, layers = one._heads["any"], one._trunk.layers
    layer_values = [torch.tensor(layer.values, requires_grad=True) for layer in layers]
    values, offset = torch.tensor(head.parameters.values, requires_grad=True), torch.tensor(head.known.log_odds)
    hidden = rows
    active = {"relu": torch.relu, "tanh": torch.tanh}.get(options.get("activation"), torch.nn.functional.gelu)
    for layer in layer_values:
        hidden = active(hidden @ layer[:-1] + layer[-1])
    scores = hidden @ values[:-1] + values[-1] + offset.float()
    torch.nn.functional.binary_cross_entropy_with_logits(
        scores, torch.tensor(shown.lessons["any"].targets, dtype=torch.float32), reduction="sum").backward()
    one.learn(shown, 1.0)
    for mine, wanted in zip([head.parameters, *layers], [values, *layer_values], strict=True):
        assert np.allclose(mine.gradient, wanted.grad.numpy(), atol=1e-4)


def test_moments_are_those_of_all_rows_whatever_the_blocks() -> None:
    rows = np.random.default_rng(2).normal(3.0, [0.1, 2.0, 5.0], size=(3000, 3))
    whole, parts = Moments(3), Moments(3)
    whole.add(rows)
    for start in range(0, 3000, 7):
        parts.add(rows[start:start + 7])
    assert np.allclose(parts.mean, rows.mean(axis=0))
    assert np.allclose(parts.deviation, whole.deviation)
    assert parts.deviation == pytest.approx(rows.std(axis=0), rel=0.3)
    assert Moments(2).deviation.tolist() == [1.0, 1.0]
    still = Moments(2)
    still.add(np.zeros((5, 2)))
    assert (still.deviation > 0).all()


@pytest.mark.parametrize("exclusive", [True, False])
def test_frequencies_are_the_log_odds_of_what_came(exclusive: bool) -> None:
    known = Frequencies(3, exclusive=exclusive)
    known.add(np.eye(3)[[0, 0, 1, 0] * 50])
    odds = known.log_odds
    chance = np.exp(odds) / np.exp(odds).sum() if exclusive else 1 / (1 + np.exp(-odds))
    assert chance == pytest.approx([0.75, 0.25, 0.0], abs=0.01)
    known.add_classes(1)
    assert np.array_equal(known.log_odds[:3], odds)
    assert known.log_odds[3] < -5
