"""What the core is: one arithmetic for windows and tokens, documents apart, and spikes that can be learned through."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aura.zones.language.core.network import Backend, fresh_state, fresh_weights, predict, surprise
from aura.zones.language.core.options import CoreOptions
from aura.zones.language.core.spikes import spikes

SMALL: dict[str, Any] = {"vocabulary": 11, "width": 16, "layers": 2, "head": 8, "hidden": 24, "threshold": 0.5,
                         "hidden_threshold": 0.5, "hashed": (2, 3), "hash_size": 32, "hash_width": 4, "chunk": 5}
BACKENDS: tuple[Backend, ...] = ("srwkv", "lif")
STREAMS, LENGTH = 2, 12


class Core:
    """Weights, a program, and tokens to show it."""

    def __init__(self, backend: Backend, **options: Any) -> None:
        self.options, self.backend = CoreOptions(**SMALL | options), backend
        rng = np.random.default_rng(3)
        self.weights = fresh_weights(self.options, backend, rng)
        if "hash_tables" in self.weights:
            self.weights["hash_tables"] += rng.normal(size=self.weights["hash_tables"].shape).astype(np.float32)
        self.tokens = rng.integers(0, 11, (STREAMS, LENGTH)).astype(np.int32)
        self.begins = np.zeros((STREAMS, LENGTH), bool)
        self._run = jax.jit(functools.partial(predict, options=self.options))

    def read(self, *lengths: int, tokens: Any = None, begins: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the logits of windows of these lengths, one after the other, and the state after."""
        tokens = self.tokens if tokens is None else tokens
        begins = self.begins[:, :tokens.shape[1]] if begins is None else begins
        state: Any = fresh_state(self.options, self.backend, len(tokens))
        logits, start = [], 0
        for length in lengths:
            part = slice(start, start := start + length)
            found = self._run(self.weights, state, tokens[:, part], begins[:, part])
            state = found.state
            logits.append(np.asarray(found.logits))
        return np.concatenate(logits, 1), {name: np.asarray(value) for name, value in state.items()}


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["ternary", "analog"])
def test_token_by_token_is_the_whole_window_to_1e_5(backend: Backend, kind: str) -> None:
    core = Core(backend, spikes=kind)
    core.begins[0, 7] = core.begins[1, 0] = True
    whole, after = core.read(LENGTH)
    for lengths in ((1,) * LENGTH, (7, 1, 4)):
        apart, later = core.read(*lengths)
        np.testing.assert_allclose(apart, whole, atol=1e-5)
        assert later.keys() == after.keys()
        for name, value in after.items():
            np.testing.assert_allclose(later[name], value, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_crosses_the_begin_of_a_document(backend: Backend) -> None:
    core = Core(backend)
    core.begins[:, 6] = True
    other = core.tokens.copy()
    other[:, :6] = (other[:, :6] + 1) % 11
    one, after = core.read(LENGTH)
    two, later = core.read(LENGTH, tokens=other)
    assert not np.array_equal(one[:, :6], two[:, :6])
    np.testing.assert_allclose(one[:, 6:], two[:, 6:], atol=1e-5)  # sums of other numbers round otherwise
    for name, value in after.items():
        np.testing.assert_allclose(later[name], value, atol=1e-5, err_msg=name)


def test_nothing_sees_a_later_token() -> None:
    core = Core("srwkv")
    other = core.tokens.copy()
    other[:, 8:] = (other[:, 8:] + 1) % 11
    np.testing.assert_array_equal(core.read(LENGTH)[0][:, :8], core.read(LENGTH, tokens=other)[0][:, :8])


def test_a_token_of_the_document_s_begin_still_counts_without_a_new_one() -> None:
    core = Core("srwkv")
    other = core.tokens.copy()
    other[:, 0] = (other[:, 0] + 1) % 11
    assert not np.allclose(core.read(LENGTH)[0][:, -1], core.read(LENGTH, tokens=other)[0][:, -1], atol=1e-4)


def test_positions_are_relative_so_that_a_long_text_reads_like_a_short_one() -> None:
    core = Core("srwkv", spikes="analog", hashed=())
    core.weights["layer_fade_bias"] += 6.0  # forgets within a few tokens
    tokens = np.tile(core.tokens, (1, 3))
    begins = np.zeros(tokens.shape, bool)
    logits, _ = core.read(*(LENGTH,) * 3, tokens=tokens, begins=begins)
    np.testing.assert_allclose(logits[:, 2 * LENGTH - 1], logits[:, 3 * LENGTH - 1], atol=1e-3)


def test_rotations_tell_how_far_apart_tokens_are() -> None:
    near, far = Core("srwkv", spikes="analog", rope_base=2.0), Core("srwkv", spikes="analog", rope_base=1e6)
    assert not np.allclose(near.read(LENGTH)[0], far.read(LENGTH)[0], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_slope_of_analog_units_is_that_of_differences(backend: Backend) -> None:
    core = Core(backend, spikes="analog", hashed=())
    state = fresh_state(core.options, backend, STREAMS)

    def loss(weights: Any) -> Any:
        return surprise(predict(weights, state, core.tokens, core.begins, core.options).logits, core.tokens).mean()

    slope = jax.grad(loss)({name: jnp.asarray(value) for name, value in core.weights.items()})
    direction = {name: np.random.default_rng(5).normal(size=value.shape) for name, value in core.weights.items()}
    along = sum(float((slope[name] * direction[name]).sum()) for name in slope)
    step = 1e-3
    ahead, back = (float(loss({name: value + sign * step * direction[name].astype(np.float32)
                               for name, value in core.weights.items()})) for sign in (1, -1))
    assert along == pytest.approx((ahead - back) / (2 * step), rel=0.02)


def test_spikes_count_thresholds_and_stop_at_the_burst() -> None:
    drive = jnp.array([-2.5, -1.0, -0.9, 0.0, 0.99, 1.0, 3.7])
    np.testing.assert_array_equal(spikes(drive, True, 1, 1.0), [-1, -1, 0, 0, 0, 1, 1])
    np.testing.assert_array_equal(spikes(drive, False, 3, 1.0), [0, 0, 0, 0, 0, 1, 3])


def test_the_slope_of_a_spike_is_largest_where_it_fires_and_falls_away_from_it() -> None:
    slope = jax.vmap(jax.grad(lambda drive: spikes(drive, False, 1, 2.0)))(jnp.array([1.0, 0.5, -1.0, 1.5]))
    np.testing.assert_allclose(slope, [1.0, 0.5, 1 / 17, 0.5], rtol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_higher_threshold_fires_less(backend: Backend) -> None:
    def rate(threshold: float) -> float:
        core = Core(backend, threshold=threshold, hidden_threshold=threshold)
        found = predict(core.weights, fresh_state(core.options, backend, STREAMS), core.tokens, core.begins,
                        core.options)
        return float(found.firing.mean())

    assert 0 < rate(1.5) < rate(0.5) < 1


def test_bfloat16_says_about_the_same() -> None:
    exact, short = Core("srwkv", spikes="analog"), Core("srwkv", spikes="analog", precision="bfloat16")
    np.testing.assert_allclose(exact.read(LENGTH)[0], short.read(LENGTH)[0], atol=0.1)


def test_a_width_that_heads_do_not_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="a multiple of the head's 8"):
        CoreOptions(width=20, head=8)
