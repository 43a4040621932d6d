"""The zone `language` predicts before it learns, keeps documents apart, and says what it cannot read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.errors import SignalError, StateError
from aura.core.zone import ZoneContext
from aura.testing.by_hand import inputs_for
from aura.zones.language.params import LanguageParams
from aura.zones.language.plugin import MANIFEST
from aura.zones.language.zone import Language

CORE: dict[str, Any] = {"vocabulary": 7, "width": 8, "layers": 1, "head": 4, "hidden": 8, "threshold": 0.5,
                        "hidden_threshold": 0.5, "hashed": (2,), "hash_size": 64, "hash_width": 4, "rope_length": 12}
LANES, LENGTH = 2, 8


class Reader:
    """A zone that is stepped by hand."""

    def __init__(self, seed: int = 0, core: Any = None, learning: Any = None, **params: Any) -> None:
        self.params = LanguageParams(core=CORE | (core or {}), learning=learning or {}, **params)
        inputs, outputs = MANIFEST.ports(self.params)
        self.zone = Language(ZoneContext("language", self.params, np.random.default_rng(seed), inputs, outputs,
                                         1_000_000, 0))

    def read(self, tokens: Any, *, learns: bool = True, begins: Any = None, mask: Any = None,
             **modulators: float) -> Any:
        """Return what is published of a window, and what is logged of learning it."""
        values = {"tokens": np.asarray(tokens, np.int32)}
        values |= {name: np.asarray(one) for name, one in (("begins", begins), ("mask", mask)) if one is not None}
        inputs = inputs_for(MANIFEST, self.params, values, modulators=modulators or None)
        self.zone.learns = learns
        found = self.zone.step(0, inputs)
        assert found is not None
        return found, self.zone.learn(0, inputs) if learns else None

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """A copy of the weights."""
        found: dict[str, np.ndarray] = self.zone.state()["learner"]["weights"]
        return found


def window(seed: int = 0, lanes: int = LANES, length: int = LENGTH) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 7, (lanes, length + 1)).astype(np.int32)


def begun(*places: int) -> np.ndarray:
    """Return flags of documents that begin at these places, in each lane."""
    found = np.zeros((LANES, LENGTH + 1), bool)
    found[:, list(places)] = True
    return found


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(value, other[name]) for name, value in one.items())


@pytest.mark.slow
def test_a_window_is_predicted_before_it_is_learned() -> None:
    learning, still = Reader(), Reader()
    first, log = learning.read(window())
    beside, _ = still.read(window(), learns=False)
    np.testing.assert_allclose(first["surprise"], beside["surprise"], atol=1e-6)
    assert first["loss"] == pytest.approx(first["surprise"].mean(), rel=1e-6)
    assert 0.5 * math.log(7) < first["loss"] < 2 * math.log(7)
    assert log["gradient_norm"] > 0
    assert first["firing"].shape == (1,)


@pytest.mark.slow
def test_what_is_read_again_and_again_is_expected_in_the_end() -> None:
    reader = Reader()
    losses = [reader.read(window(), begins=begun(0))[0]["loss"] for _ in range(120)]
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.slow
def test_nothing_is_learned_with_learning_off_or_at_a_rate_of_0() -> None:
    reader = Reader()
    before = reader.weights
    reader.read(window(), learns=False)
    reader.read(window(), learning_rate=0.0)
    reader.read(window(), learning_drive=0.0)
    assert same(before, reader.weights)
    reader.read(window())
    assert not same(before, reader.weights)


@pytest.mark.slow
def test_the_rate_scales_the_step() -> None:
    def moved(**modulators: float) -> float:
        reader = Reader(learning={"weight_decay": 0.0})
        before = reader.weights
        reader.read(window(), **modulators)
        return sum(float(np.abs(value - before[name]).sum()) for name, value in reader.weights.items())

    assert moved(learning_rate=0.5, learning_drive=0.5) == pytest.approx(0.25 * moved(), rel=1e-3)


@pytest.mark.slow
def test_the_gradients_of_several_ticks_make_one_step() -> None:
    reader = Reader(learning={"accumulate": 2})
    before = reader.weights
    assert reader.read(window(1))[1] == {}
    assert same(before, reader.weights)
    assert reader.read(window(2))[1]
    assert not same(before, reader.weights)


@pytest.mark.slow
def test_answers_that_do_not_count_say_and_teach_nothing() -> None:
    mask = np.ones((LANES, LENGTH), bool)
    mask[:, 5:] = False
    other = window()
    other[:, 6:] = (other[:, 6:] + 1) % 7
    one, two = Reader(), Reader()
    first, second = one.read(window(), mask=mask)[0], two.read(other, mask=mask)[0]
    assert (first["surprise"][:, 5:] == 0).all()
    assert first["loss"] == pytest.approx(second["loss"], rel=1e-6)
    for name, value in one.weights.items():
        np.testing.assert_allclose(value, two.weights[name], atol=1e-6, err_msg=name)
    nothing, log = one.read(window(), mask=np.zeros((LANES, LENGTH), bool))
    assert "loss" not in nothing
    assert log == {}


@pytest.mark.slow
@pytest.mark.parametrize("across", [False, True])
def test_what_was_read_ends_with_the_document_unless_told(across: bool) -> None:
    def after(seed: int) -> np.ndarray:
        reader = Reader(across_documents=across)
        reader.read(window(seed), learns=False)
        found: np.ndarray = reader.read(window(9), learns=False, begins=begun(0))[0]["surprise"]
        return found

    assert np.allclose(after(1), after(2), atol=1e-6) != across


@pytest.mark.slow
@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_state_goes_on_in_the_midst_of_a_document_to_the_bit(accumulate: int) -> None:
    learning = {"accumulate": accumulate, "schedule": {"kind": "cosine", "items": 100}}
    reader, other = Reader(learning=learning), Reader(seed=5, learning=learning)
    for seed in range(5):
        reader.read(window(seed))
    other.zone.load_state(reader.zone.state())
    for seed in range(5, 9):
        one, two = reader.read(window(seed)), other.read(window(seed))
        np.testing.assert_array_equal(one[0]["surprise"], two[0]["surprise"])
        assert one[1] == two[1]
    assert same(reader.weights, other.weights)


@pytest.mark.parametrize(("tokens", "more", "message"), [
    ([[0, 7, 1]], {}, r"language.tokens at 0 s: expected tokens from 0 to 6, got 7\. core\.vocabulary"),
    ([[0, -1, 1]], {}, "expected tokens from 0 to 6, got -1"),
    ([[0] * 14], {}, "expected windows of 2 tokens to 13, one more than rope_length, got 14"),
    ([[0]], {}, "expected windows of 2 tokens to 13"),
    ([[0, 1, 2]], {"begins": np.ones((1, 2), bool)}, r"begins at 0 s: expected shape \(1, 3\)"),
    ([[0, 1, 2]], {"mask": np.ones((1, 3), bool)}, r"mask at 0 s: expected shape \(1, 2\)"),
])
def test_a_window_that_cannot_be_read_is_refused(tokens: Any, more: Any, message: str) -> None:
    with pytest.raises(SignalError, match=message):
        Reader().read(tokens, learns=False, **more)


@pytest.mark.slow
def test_another_number_of_lanes_may_come_only_where_each_begins() -> None:
    reader = Reader()
    reader.read(window(), learns=False, begins=begun(0))
    with pytest.raises(SignalError, match="expected 2 lanes, as before, got 3"):
        reader.read(window(lanes=3), learns=False, begins=np.zeros((3, LENGTH + 1), bool))
    found, _ = reader.read(window(lanes=3), learns=False, begins=np.arange(LENGTH + 1)[None].repeat(3, 0) == 0)
    assert found["surprise"].shape == (3, LENGTH)


def test_exported_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    one, two = Reader(seed=1), Reader(seed=2)
    assert not same(one.weights, two.weights)
    files = one.zone.export(tmp_path)
    assert two.zone.load_export(tmp_path) == files
    assert same(one.weights, two.weights)
    with pytest.raises(StateError, match="Was it saved with other parameters"):
        Reader(core={"width": 12}).zone.load_export(tmp_path)
    with pytest.raises(StateError, match="backend: expected lif"):
        Reader(lang_backend="lif").zone.load_export(tmp_path)
