"""Convolutional experts: their axes, what they learn, and that they go on where they were saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flax import nnx
from pydantic import ValidationError

from aura.core.errors import ParameterError
from aura.core.state import trees_equal
from aura.zones.experts.kinds.conv1d import Conv1dExpert, Conv1dOptions
from aura.zones.experts.kinds.conv2d import Conv2dExpert, Conv2dOptions
from aura.zones.experts.kinds.convolution import ConvExpert
from aura.zones.experts.kinds.expert import Lesson
from aura.zones.experts.kinds.modules import ConvNet
from tests.zones.unoptimised import unoptimised

__all__ = ["unoptimised"]

SMALL: dict[str, Any] = {"channels": (3,), "kernel": (3,), "hidden": (), "warm_up": 0, "learning_rate": 0.02}


def expert(kind: type[ConvExpert], shape: tuple[int, ...], seed: int = 1, **options: Any) -> ConvExpert:
    return kind(shape, 3, kind.Options(**{**SMALL, **options}), seed)


def lesson(shape: tuple[int, ...], count: int = 4) -> Lesson:
    rng = np.random.default_rng(0)
    return Lesson(rng.standard_normal((count, *shape)).astype(np.float32),
                  np.eye(3, dtype=np.float32)[np.arange(count) % 3], np.ones(count, np.float32),
                  np.zeros(count, np.float32), 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("kind, shape", [(Conv1dExpert, (9,)), (Conv2dExpert, (6, 5, 2))])
def test_it_learns_over_its_axes_and_gives_a_gradient_of_their_shape(kind: type[ConvExpert],
                                                                     shape: tuple[int, ...]) -> None:
    one = expert(kind, shape)
    taught = lesson(shape)
    for _ in range(60):
        slope = one.learn(taught, want_gradient=True)
    assert slope is not None
    assert slope.shape == taught.rows.shape
    assert one.predict(taught.rows).argmax(axis=1).tolist() == [0, 1, 2, 0]


@pytest.mark.slow
@pytest.mark.parametrize("kind, shape", [(Conv1dExpert, (9,)), (Conv2dExpert, (6, 5))])
def test_one_channel_may_be_named_or_not(kind: type[ConvExpert], shape: tuple[int, ...]) -> None:
    bare, named = expert(kind, shape), expert(kind, (*shape, 1))
    rows = lesson(shape).rows
    np.testing.assert_array_equal(bare.predict(rows), named.predict(rows[..., None]))


@pytest.mark.parametrize("kind, shape", [(Conv1dExpert, ()), (Conv1dExpert, (3, 4, 5)), (Conv2dExpert, (9,)),
                                         (Conv2dExpert, (2, 3, 4, 5))])
def test_other_axes_are_refused(kind: type[ConvExpert], shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match=r"stimuli \((length|height, width)\)"):
        expert(kind, shape)


@pytest.mark.slow
def test_a_saved_state_goes_on_to_the_bit() -> None:
    through, other = expert(Conv2dExpert, (6, 5)), expert(Conv2dExpert, (6, 5), seed=2)
    taught = lesson((6, 5))._replace(holds=np.full(4, 0.1, np.float32))
    through.learn(taught)
    other.load_state(through.state())
    for _ in range(3):
        through.learn(taught)
        other.learn(taught)
    assert trees_equal(through.state(), other.state())


@pytest.mark.slow
def test_a_wider_head_leaves_the_convolutions() -> None:
    one = expert(Conv2dExpert, (6, 5))
    one.learn(lesson((6, 5)))
    before = one.state()["parameters"]
    one.add_classes(8)
    after = one.state()["parameters"]
    assert trees_equal(before["convolutions"], after["convolutions"])
    assert one.predict(lesson((6, 5)).rows).shape == (4, 11)


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["max", "mean", "none"])
def test_pooling_takes_the_maximum_or_mean_of_whole_blocks(pooling: str) -> None:
    net = ConvNet((5, 4, 2), (1,), (1,), (1,), pooling, 2, (), "relu", 3, nnx.Rngs(0))
    signal = np.random.default_rng(0).standard_normal((1, 5, 4, 2)).astype(np.float32)
    blocks = signal[:, :4].reshape(1, 2, 2, 2, 2, 2)
    expected = {"max": blocks.max((2, 4)), "mean": blocks.mean((2, 4)), "none": signal}[pooling]
    np.testing.assert_allclose(net._reduce(signal), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (3, 1, 2)])
def test_stimuli_smaller_than_a_block_or_a_kernel_are_taken(shape: tuple[int, ...]) -> None:
    one = expert(Conv2dExpert, shape, channels=(2, 2), kernel=(5,))
    assert np.isfinite(one.predict(lesson(shape, 1).rows)).all()


@pytest.mark.parametrize("options", [{"channels": ()}, {"kernel": (3, 3, 3)}, {"stride": (0,)}, {"pooling": "median"},
                                     {"pool": 1}])
def test_options_that_do_not_fit_are_refused(options: dict[str, Any]) -> None:
    for kind in (Conv1dOptions, Conv2dOptions):
        with pytest.raises(ValidationError):
            kind(**options)
