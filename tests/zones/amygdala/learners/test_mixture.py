"""The streaming mixture: its gate against a slow twin, its words, its two rules, its silence, and what it explains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.core.time import S
from aura.zones.amygdala.learners.learner import Block, Head, Lesson
from aura.zones.amygdala.learners.mixture import MixtureLearner
from aura.zones.amygdala.learners.mixture_options import MixtureOptions
from aura.zones.amygdala.learners.mixture_weights import FLUSH_BELOW, Weights
from aura.zones.amygdala.learners.mixture_words import LONGEST_WORD, WordAttention

from .make import blobs, make_learner

HEADS = (Head("any", "labels", 4), Head("vad", "numbers", 2))
MAP = np.random.default_rng(3).normal(size=(4, 2))
TEXTS = ("so glad it worked", "so sad", "", "what a fine day it is")


def make(heads: tuple[Head, ...] = HEADS, **options: Any) -> MixtureLearner:
    found = make_learner("mixture", heads, 6, **{"words": 8, "buckets": 64, "liquid": 5, "hidden": 7, **options})
    assert isinstance(found, MixtureLearner)
    return found


def teach(one: MixtureLearner, blocks: int = 6, texts: tuple[str, ...] = TEXTS) -> None:
    """Show blocks of as many items as there are texts, and tell them."""
    for turn in range(blocks):
        rows, targets = blobs(len(texts), seed=50 + turn)
        rows = rows.astype(np.float32)
        context = one.follow(turn * S // 100, rows, texts).context
        used = np.arange(len(texts))
        one.learn(Block(np.hstack([rows, context]), {
            "any": Lesson(used, targets), "vad": Lesson(used, targets @ MAP)}), 1.0)


def slow_gate(one: MixtureLearner, row: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Return the state after a row, unit by unit, from the equation as it is printed."""
    gate, options = one._gate, one.options
    tau = np.geomspace(*options.time_constants, options.liquid)
    h, x = 1.0 / options.unfolds, state.copy()
    for _ in range(options.unfolds):
        z = gate.inputs.values.T @ row + gate.recurrent.values.T @ x
        f = 1.0 / (1.0 + np.exp(-z))
        x = (x + h * f * gate.equilibrium.values[0]) / (1.0 + h * (1.0 / tau + f))
    return x


def test_the_gate_solves_its_equation_and_remembers_from_item_to_item() -> None:
    one = make()
    teach(one)
    rows = one._standardised(blobs(5)[0])
    state = one._gate.memory.copy()
    before = one._gate.follow(rows)
    for row, found in zip(rows, before, strict=True):
        assert np.allclose(found, state, atol=1e-14)
        state = slow_gate(one, row, state)
    assert np.allclose(one._gate.memory, state, atol=1e-14)
    assert not np.allclose(before[1], before[2])


def test_the_solver_comes_to_the_exact_solution_in_the_first_order() -> None:
    errors = []
    for unfolds in (8, 16, 32, 4096):
        one = make(unfolds=unfolds)
        one._gate.follow(one._standardised(blobs(1)[0]))
        errors.append(one._gate.memory)
    off = [np.abs(found - errors[-1]).max() for found in errors[:3]]
    assert 1.8 < off[0] / off[1] < 2.2
    assert 1.8 < off[1] / off[2] < 2.2


def test_the_state_stays_within_its_bounds_whatever_comes() -> None:
    one = make()
    one._gate.follow(1e6 * np.random.default_rng(0).normal(size=(300, 7)))
    equilibria = one._gate.equilibrium.values[0]
    assert (one._gate.memory >= np.minimum(0.0, equilibria)).all()
    assert (one._gate.memory <= np.maximum(0.0, equilibria)).all()


def test_after_an_hour_of_silence_the_gate_is_at_rest() -> None:
    one = make()
    rows = blobs(4)[0].astype(np.float32)
    one.follow(0, rows, TEXTS)
    assert np.abs(one._gate.memory).max() > 0.05
    later = one.follow(3600 * S, rows, TEXTS)
    assert np.abs(later.context[0, :5]).max() < 1e-20
    assert trees_equal(later.outputs, make().follow(0, rows, TEXTS).outputs)


def test_what_decays_is_flushed_before_it_is_denormal() -> None:
    one = make()
    one.follow(0, blobs(4)[0].astype(np.float32), TEXTS)
    one.follow(90 * 60 * S, np.zeros((0, 6), np.float32), ())
    assert not one._gate.memory.any()
    weights = Weights(np.ones((2, 1)))
    weights.follow_gradient(np.full((2, 1), 1e-3), 0.1, 0.0)
    weights.mean *= 1e-145
    weights.square *= 1e-143
    for _ in range(200):
        weights.follow_gradient(np.zeros((2, 1)), 0.1, 0.0)
    assert not weights.mean.any()
    assert (np.abs(weights.square[weights.square != 0]) >= FLUSH_BELOW).all()


@pytest.mark.parametrize("name", ["gate.inputs", "gate.recurrent", "gate.equilibrium", "gate.readout",
                                  "experts.hidden", "readouts", "networks"])
def test_every_gradient_is_the_derivative_of_the_loss(name: str) -> None:
    one = make(balance=0.0)
    teach(one)
    rows, targets = blobs(3, seed=8)
    one.follow(S, rows.astype(np.float32), TEXTS[:3])
    context = one.follow(S, rows.astype(np.float32), TEXTS[:3]).context.astype(float)
    block = Block(np.hstack([rows, context]), {"any": Lesson(np.arange(3), targets)})
    place = {"gate": one._gate, "experts": one._experts}.get(name.partition(".")[0], one._experts.heads["any"])
    weights: Weights = getattr(place, name.rpartition(".")[2])
    gradients: list[np.ndarray] = []

    def loss() -> float:
        return one.learn(block, 0.0).losses["any"]

    some = [tuple(np.random.default_rng(seed).integers(side) for side in weights.values.shape) for seed in range(8)]
    numeric = []
    for index in some:
        kept, step = weights.values[index], 1e-6
        weights.values[index] = kept + step
        up = loss()
        weights.values[index] = kept - step
        numeric.append((up - loss()) / (2 * step))
        weights.values[index] = kept
    weights.follow_gradient = lambda gradient, rate, decay: gradients.append(np.array(gradient))  # type: ignore[method-assign]
    one.learn(block, 1.0)
    found = gradients[0].reshape(weights.values.shape)
    assert np.allclose([found[index] for index in some], numeric, atol=1e-7)
    assert np.abs(found).max() > 1e-5


def test_words_are_weighed_by_what_spikes_and_rare_ones_outweigh_common_ones() -> None:
    attention = WordAttention(MixtureOptions(words=6, buckets=4096))
    for _ in range(200):
        _, places = attention.read(["the day of the day", "the end"])
        attention.learn(places, attention.weights(places), np.zeros((2, 4)), 1.0)
    found, places = attention.read(["the unexpected day"])
    weights = attention.weights(places)[0]
    assert found == [("the", "unexpected", "day")]
    assert weights[:3].sum() == pytest.approx(1.0, abs=1e-6)
    assert not weights[3:].any()
    assert weights[1] > weights[2] >= weights[0]


def test_a_word_learns_to_bend_the_routing_to_the_expert_that_is_credited() -> None:
    attention = WordAttention(MixtureOptions(words=4, buckets=4096))
    _, places = attention.read(["glad"])
    for _ in range(20):
        attention.learn(places, attention.weights(places), np.array([[-0.2, 0.1, 0.1, 0.0]]), 1.0)
    bend = attention.bend(places, attention.weights(places))[0]
    assert bend.argmax() == 0
    assert bend[1] < 0 < bend[0]
    other = attention.read(["sad"])[1]
    assert not attention.bend(other, attention.weights(other)).any()


@pytest.mark.parametrize("text", ["", "\N{GRINNING FACE}", "a" * 100_000, "\x00\x1f", "word " * 5000,
                                  "gl\N{LATIN SMALL LETTER U WITH DIAERESIS}ck \N{HIRAGANA LETTER A} \u0639"])
def test_any_text_is_read_within_the_bounds(text: str) -> None:
    one = make()
    outputs = one.follow(0, np.zeros((1, 6), np.float32), [text]).outputs
    assert len(outputs["attention"][0]) <= 8
    assert all(len(word) <= LONGEST_WORD for word in outputs["attention"][0])
    assert outputs["attention_weight"].sum() == pytest.approx(1.0 if outputs["attention"][0] else 0.0, abs=1e-6)


def test_without_gain_the_words_leave_the_routing_alone() -> None:
    one, other, off = make(), make(), make(attention_gain=0.0)
    teach(one, 20)
    for twin in (other, off):
        twin.load_state(one.state())
    rows = blobs(4)[0].astype(np.float32)
    silent = other.follow(S, rows, [""] * 4).outputs["routing"]
    assert np.array_equal(off.follow(S, rows, TEXTS).outputs["routing"], silent)
    assert not np.allclose(one.follow(S, rows, TEXTS).outputs["routing"], silent, atol=1e-4)


def test_by_delta_nothing_goes_back_through_layers_and_the_better_expert_gets_more() -> None:
    one = make(rule="delta", heads=(Head("any", "labels", 4),), gate_rate=0.5)
    one._experts.heads["any"].readouts.values[:, 0] = np.random.default_rng(0).normal(size=(7, 4))  # wrong at first
    fixed = [part.values.copy() for part in (one._experts.hidden, one._gate.inputs, one._gate.recurrent)]
    rows, targets = blobs(32)
    rows = rows.astype(np.float32)
    before = one.follow(0, rows, [""] * 32).outputs["routing"][:, 0].mean()
    for _ in range(30):
        context = one.follow(0, rows, [""] * 32).context
        one.learn(Block(np.hstack([rows, context]), {"any": Lesson(np.arange(32), targets)}), 1.0)
        one._experts.heads["any"].readouts.values[:, 0] = np.random.default_rng(0).normal(size=(7, 4))
    assert one.follow(0, rows, [""] * 32).outputs["routing"][:, 0].mean() < 0.5 * before
    for part, kept in zip((one._experts.hidden, one._gate.inputs, one._gate.recurrent), fixed, strict=True):
        assert np.array_equal(part.values, kept)


def test_an_item_goes_to_the_top_experts_alone() -> None:
    one = make(top=2)
    teach(one)
    shares = one.follow(S, blobs(9)[0].astype(np.float32), [""] * 9).outputs["routing"]
    assert ((shares > 0).sum(axis=1) == 2).all()
    assert np.allclose(shares.sum(axis=1), 1.0)


def test_what_is_learned_is_what_was_predicted_however_late_the_label_comes() -> None:
    one = make()
    teach(one)
    rows, targets = blobs(4)
    rows = rows.astype(np.float32)
    whole = np.hstack([rows, one.follow(S, rows, TEXTS).context])
    predicted = one.scores(whole)["any"]
    one.follow(2 * S, rows[::-1].copy(), TEXTS)
    assert np.array_equal(one.learn(Block(whole, {"any": Lesson(np.arange(4), targets)}), 1.0).scores["any"], predicted)


def test_it_explains_what_it_would_say_and_changes_nothing() -> None:
    one = make()
    teach(one)
    state = one.state()
    rows = blobs(1)[0].astype(np.float32)
    found = one.explain(rows, ["so glad"])
    assert trees_equal(one.state(), state)
    assert [word for word, _ in found["attention"][0]] == ["so", "glad"]
    shares = np.array(list(found["routing"][0].values()))
    mixed = sum(share * found["experts"]["any"][name] for share, name in zip(shares, one.options.experts, strict=True))
    assert np.allclose(mixed, found["scores"]["any"], atol=1e-12)
    followed = one.follow(int(0.05 * S), rows, ["so glad"])
    assert np.allclose(followed.outputs["routing"][0], shares, atol=1e-6)


@pytest.mark.parametrize("options", [
    {"readouts": 0, "networks": 0}, {"top": 5}, {"time_constants": (4.0, 1.0)}, {"silence": "0 s"}])
def test_options_that_do_not_fit_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="expected"):
        MixtureOptions(**options)


def test_an_export_is_read_back_and_one_of_other_tasks_is_refused(tmp_path: Path) -> None:
    one, other = make(), make()
    teach(one)
    one.export(tmp_path)
    assert MixtureLearner.width_of_export(tmp_path) == 6
    other.adopt_export(other.read_export(tmp_path, HEADS))
    assert trees_equal(one.state(), other.state())
    with pytest.raises(StateError, match="a mixture of these tasks"):
        make(liquid=6).read_export(tmp_path, HEADS)
    (tmp_path / "mixture.safetensors").write_bytes(b"")
    with pytest.raises(StateError, match="digest"):
        other.read_export(tmp_path, HEADS)


def test_by_delta_no_block_however_large_or_alike_makes_weights_overshoot() -> None:
    one = make(rule="delta", heads=(Head("vad", "numbers", 2),))
    rows, targets = np.tile(blobs(1)[0], (300, 1)) + 1e-3 * blobs(300)[0], blobs(300)[1] @ MAP
    block = Block(rows.astype(np.float32), {"vad": Lesson(np.arange(300), targets)})
    losses = [one.learn(block, 1.0).losses["vad"] for _ in range(60)]
    assert max(losses[1:]) <= 1.5 * losses[0]
    assert losses[-1] < 1.05 * losses[1]
