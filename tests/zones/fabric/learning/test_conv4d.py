"""The four-dimensional convolution against the direct sum, and its gradient against finite differences."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.learning import correlation4d
from aura.zones.fabric.learning.conv4d import Conv4D
from aura.zones.fabric.learning.conv4d_kernels import SPAN
from aura.zones.fabric.learning.response_params import Conv4DParams, FatigueParams

from .naive_responses import convolved

PADDINGS = [("same", "causal"), ("same", "valid"), ("valid", "causal"), ("valid", "valid")]


def conv(seed: int = 0, *, dtype: Any = np.float32, threads: int = 1, grid: Any = None, **params: Any) -> Conv4D:
    made = Conv4D(Conv4DParams(**{"fatigue": None, **params}), np.random.default_rng(seed), dtype=dtype,
                  threads=threads, grid=grid)
    made.bias[:] = np.linspace(-1, 1, len(made.bias))
    return made


def noise(*shape: int, seed: int = 1, dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def zeros_before(params: Conv4DParams) -> list[int]:
    space = [(k - 1) // 2 if params.space == "same" else 0 for k in params.kernel[:3]]
    return [*space, params.kernel[3] - 1 if params.time == "causal" else 0]


def direct(made: Conv4D, values: np.ndarray) -> np.ndarray:
    return convolved(values, made.kernels, made.bias, zeros_before(made.params), made.output_shape(values.shape))


def relative(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


@pytest.mark.parametrize("space, time", PADDINGS)
@pytest.mark.parametrize("kernel, inputs, outputs", [((3, 3, 3, 2), 1, 4), ((2, 3, 1, 3), 2, 3), ((1, 1, 1, 1), 3, 1),
                                                     ((3, 2, 4, 1), 1, 5)])
def test_the_response_equals_the_direct_sum(kernel: Any, inputs: int, outputs: int, space: Any, time: Any) -> None:
    made = conv(kernel=kernel, inputs=inputs, outputs=outputs, space=space, time=time)
    values = noise(2, 3, 3, 4, 3, inputs)
    assert relative(made.forward(values), direct(made, values)) < 1e-5


@pytest.mark.slow
def test_in_double_precision_it_equals_the_direct_sum_to_rounding() -> None:
    made = conv(kernel=(3, 3, 2, 3), inputs=2, outputs=3, dtype=np.float64)
    values = noise(1, 3, 4, 4, 3, 2, dtype=np.float64)
    assert relative(made.forward(values), direct(made, values)) < 1e-14


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 3)] * 4), st.tuples(*[st.integers(1, 4)] * 4), st.integers(1, 2), st.integers(1, 5),
       st.sampled_from(PADDINGS))
def test_any_small_size_equals_the_direct_sum_or_is_refused(kernel: Any, sizes: Any, inputs: int, outputs: int,
                                                            padding: Any) -> None:
    made = conv(kernel=kernel, inputs=inputs, outputs=outputs, space=padding[0], time=padding[1])
    values = noise(1, *sizes, inputs)
    spatial = padding[0] == "valid" and any(k > n for k, n in zip(kernel[:3], sizes[:3], strict=True))
    if spatial or (padding[1] == "valid" and kernel[3] > sizes[3]):
        with pytest.raises(ParameterError, match="place for the kernel"):
            made.forward(values)
        return
    assert np.abs(made.forward(values) - direct(made, values)).max() < 1e-5


@pytest.mark.parametrize("z, time", [(40, 20), (SPAN + 30, 1), (5, SPAN), (33, 16)])
def test_lines_longer_than_one_span_equal_the_sum_over_shifted_copies(z: int, time: int) -> None:
    made = conv(kernel=(1, 2, 3, 3), inputs=2, outputs=3)
    values = noise(1, 1, 2, z, time, 2)
    padded = np.pad(values.astype(float), ((0, 0), (0, 0), (0, 1), (1, 1), (2, 0), (0, 0)))
    expected = np.broadcast_to(made.bias.astype(float), (1, 1, 2, z, time, 3)).copy()
    for j, k, m in np.ndindex(2, 3, 3):
        expected += padded[:, :, j:j + 2, k:k + z, m:m + time] @ made.kernels[:, :, 0, j, k, m].T.astype(float)
    assert relative(made.forward(values), expected) < 1e-5


def test_a_strided_input_of_another_type_is_taken_as_it_reads() -> None:
    made = conv(kernel=(2, 2, 2, 2), inputs=2)
    values = noise(2, 3, 3, 3, 6, 2, dtype=np.float64)[:, ::-1, :, :, ::2]
    assert np.array_equal(made.forward(values), made.forward(np.ascontiguousarray(values, np.float32)))


def test_a_frame_answers_to_no_later_frame() -> None:
    made = conv(kernel=(3, 3, 3, 3), inputs=1)
    values = noise(1, 4, 4, 4, 6, 1)
    later = values.copy()
    later[:, :, :, :, 4:] += 1
    before, after = made.forward(values), made.forward(later)
    assert np.array_equal(before[:, :, :, :, :4], after[:, :, :, :, :4])
    assert (before[:, :, :, :, 4] != after[:, :, :, :, 4]).all()


def test_what_is_not_finite_reaches_only_the_outputs_whose_kernel_meets_it() -> None:
    made = conv(kernel=(1, 1, 3, 2), inputs=1)
    values = noise(1, 2, 2, 8, 5, 1)
    values[0, 1, 0, 4, 2, 0] = np.nan
    expected = np.zeros((1, 2, 2, 8, 5, 4), bool)
    expected[0, 1, 0, 3:6, 2:4] = True
    assert np.array_equal(np.isnan(made.forward(values)), expected)


@pytest.mark.slow
@pytest.mark.parametrize("space, time", PADDINGS)
@pytest.mark.parametrize("kernel, outputs, fatigue", [((3, 2, 3, 2), 3, None), ((1, 3, 2, 3), 5, FatigueParams())])
def test_the_gradient_equals_finite_differences(kernel: Any, outputs: int, fatigue: Any, space: Any,
                                                time: Any) -> None:
    made = conv(kernel=kernel, inputs=2, outputs=outputs, space=space, time=time, fatigue=fatigue, dtype=np.float64)
    values = noise(2, 3, 4, 3, 3, 2, dtype=np.float64)
    if made.fatigue is not None:
        made.tire(made.forward(values), 300.0)
    upstream = noise(*made.output_shape(values.shape), seed=2, dtype=np.float64)
    gradient = made.gradient(values, upstream)
    rng = np.random.default_rng(3)
    for one, other in zip(made.parameter_gradient(values, upstream), gradient[1:], strict=True):
        assert np.array_equal(one, other)
    for array, found in ((values, gradient.input), (made.kernels, gradient.kernels), (made.bias, gradient.bias)):
        assert found.shape == array.shape
        for _ in range(12):
            at = tuple(int(rng.integers(size)) for size in array.shape)
            kept, losses = array[at], []
            for step in (1e-4, -1e-4):
                array[at] = kept + step
                losses.append(float((made.forward(values) * upstream).sum()))
            array[at] = kept
            assert found[at] == pytest.approx((losses[0] - losses[1]) / 2e-4, rel=1e-7, abs=1e-8)


@pytest.mark.slow
def test_the_gradient_in_single_precision_equals_that_in_double() -> None:
    single, double = conv(inputs=3, outputs=6), conv(inputs=3, outputs=6, dtype=np.float64)
    double.kernels[:] = single.kernels
    values = noise(2, 6, 7, 9, 5, 3)
    upstream = noise(*single.output_shape(values.shape), seed=2)
    for one, other in zip(single.gradient(values, upstream), double.gradient(values, upstream), strict=True):
        assert one.dtype == np.float32
        assert relative(one, other) < 1e-5


def test_the_bits_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation4d, "LEAST_WORK", 0)
    values = noise(3, 5, 6, 7, 4, 3)
    made = [conv(inputs=3, outputs=5, kernel=(3, 3, 3, 3), threads=threads) for threads in (1, 2, 3, 7)]
    upstream = noise(*made[0].output_shape(values.shape), seed=2)
    results = [[one.forward(values), *one.gradient(values, upstream)] for one in made]
    for one in made:
        one.close()
    for one, other in pairwise(results):
        assert trees_equal(one, other)


def test_closed_threads_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation4d, "LEAST_WORK", 0)
    made, values = conv(threads=2), noise(1, 4, 4, 4, 2, 1)
    first = made.forward(values)
    made.close()
    made.close()
    assert np.array_equal(made.forward(values), first)
    made.close()


def test_first_kernels_have_the_variance_of_he_and_follow_from_the_generator() -> None:
    made = Conv4D(Conv4DParams(inputs=8, outputs=32, kernel=(3, 3, 3, 2)), np.random.default_rng(5))
    again = Conv4D(Conv4DParams(inputs=8, outputs=32, kernel=(3, 3, 3, 2)), np.random.default_rng(5))
    fan_in = 8 * 54
    assert made.kernels.var() * fan_in / 2 == pytest.approx(1.0, rel=0.05)  # 13,824 draws: a deviation of 1.2 %
    assert abs(made.kernels.mean()) * np.sqrt(fan_in / 2) < 0.04
    assert not made.bias.any()
    assert np.array_equal(made.kernels, again.kernels)


def test_updates_by_the_gradient_lower_the_loss() -> None:
    made, target = conv(seed=1, inputs=2, outputs=3), conv(seed=2, inputs=2, outputs=3)
    values = noise(1, 5, 5, 5, 4, 2)
    wanted, losses = target.forward(values), []
    for _ in range(60):
        error = made.forward(values) - wanted
        losses.append(float((error ** 2).mean()))
        made.update(made.gradient(values, error / len(error.ravel())), 0.5)
    assert losses[-1] < 0.2 * losses[0]
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_an_active_channel_tires_and_recovers_and_a_silent_one_does_neither() -> None:
    made = conv(kernel=(1, 1, 1, 1), outputs=2, fatigue=FatigueParams())
    made.kernels[:, 0, 0, 0, 0, 0] = [1, 0]
    made.bias[:] = 0
    values = np.ones((2, 3, 3, 3, 2, 1), np.float32)
    responses = []
    for _ in range(5):
        response = made.forward(values)
        responses.append(float(response[0, 0, 0, 0, 0, 0]))
        made.tire(response, 100.0)
    assert responses[0] == 1
    assert all(later < earlier for earlier, later in pairwise(responses))
    assert made.fatigue is not None
    assert made.fatigue.level[1] == 0
    made.tire(np.zeros_like(response), 2000.0)
    assert responses[-1] < float(made.forward(values)[0, 0, 0, 0, 0, 0]) < 1


def test_units_that_tire_by_themselves_leave_their_neighbours_fresh() -> None:
    made = conv(kernel=(1, 1, 1, 1), outputs=1, fatigue=FatigueParams(per="unit"), grid=(2, 3, 2))
    made.kernels[:], made.bias[:] = 1, 0
    values = np.zeros((1, 2, 3, 2, 2, 1), np.float32)
    values[0, 1, 2, 0] = 1
    made.tire(made.forward(values), 500.0)
    response = made.forward(np.ones_like(values))
    weak = response < 1
    assert weak[0, 1, 2, 0].all()
    assert weak.sum() == 2


def test_forward_and_gradient_leave_everything_as_it_was() -> None:
    made, values = conv(fatigue=FatigueParams()), noise(1, 4, 4, 4, 2, 1)
    made.tire(made.forward(values), 100.0)
    before, kept = made.state(), values.copy()
    response = made.forward(values)
    made.gradient(values, response)
    assert trees_equal(before, made.state())
    assert np.array_equal(values, kept)


@pytest.mark.parametrize("per", ["channel", "unit"])
def test_state_continues_to_the_same_bits(per: Any) -> None:
    values = noise(1, 4, 4, 4, 3, 1)
    made, other = (conv(seed, fatigue=FatigueParams(per=per), grid=(4, 4, 4)) for seed in (1, 2))

    def step(one: Conv4D) -> np.ndarray:
        response = one.forward(values)
        one.update(one.gradient(values, response), 0.001)
        one.tire(response, 10.0)
        return response

    for _ in range(3):
        step(made)
    other.load_state(made.state())
    for _ in range(3):
        assert np.array_equal(step(made), step(other))
    assert trees_equal(made.state(), other.state())


def test_a_state_is_no_view_of_what_goes_on() -> None:
    made = conv(fatigue=FatigueParams())
    state = made.state()
    made.kernels += 1
    made.tire(np.ones((1, 1, 1, 1, 1, 4), np.float32), 10.0)
    other = conv(seed=9, fatigue=FatigueParams())
    other.load_state(state)
    assert not np.array_equal(other.kernels, made.kernels)
    assert other.fatigue is not None
    assert not other.fatigue.level.any()


@pytest.mark.parametrize("other", [{"outputs": 5}, {"fatigue": FatigueParams()}, {"dtype": np.float64}])
def test_a_state_of_another_convolution_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(StateError):
        conv().load_state(conv(**other).state())


def test_wrong_shapes_are_refused_with_what_was_expected() -> None:
    made = conv(inputs=2)
    with pytest.raises(ParameterError, match=r"fabric\.conv4d\.input: expected shape \(batch, x, y, z, time, 2\)"):
        made.forward(np.zeros((1, 3, 3, 3, 2, 1)))
    with pytest.raises(ParameterError, match="upstream"):
        made.gradient(np.zeros((1, 3, 3, 3, 2, 2)), np.zeros((1, 3, 3, 3, 2, 2)))
    with pytest.raises(ParameterError, match="threads"):
        conv(threads=0)
    with pytest.raises(ParameterError, match="dtype"):
        conv(dtype=np.int32)
    with pytest.raises(ParameterError, match="grid"):
        conv(fatigue=FatigueParams(per="unit"))
    by_unit = conv(fatigue=FatigueParams(per="unit"), grid=(3, 3, 3))
    with pytest.raises(ParameterError, match="an output of"):
        by_unit.forward(np.zeros((1, 3, 3, 4, 2, 1)))
