"""The perceptron's kernels against the same network through XLA and optax."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.experts.kinds.expert import Lesson
from aura.zones.experts.kinds.mlp import MlpExpert, MlpOptions
from tests.zones.unoptimised import unoptimised

from .test_neural import Compiled, CompiledMlpOptions

__all__ = ["unoptimised"]


def lessons(count: int, shape: tuple[int, ...], classes: int, sizes: tuple[int, ...], held_every: int) -> list[Lesson]:
    rng = np.random.default_rng(0)
    made = []
    for turn in range(count):
        rows = sizes[turn % len(sizes)]
        weights = rng.random(rows) * (rng.random(rows) > 0.3)
        holds = rng.random(rows) * (turn % held_every == 0)
        made.append(Lesson(rng.standard_normal((rows, *shape)).astype(np.float32),
                           rng.dirichlet(np.ones(classes), rows).astype(np.float32), weights.astype(np.float32),
                           holds.astype(np.float32), 0.7))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("options", [
    {}, {"optimiser": "sgd", "learning_rate": 0.05, "activation": "gelu", "hidden": (8, 7, 6)},
    {"optimiser": "sgd", "momentum": 0.0, "activation": "tanh"},
    {"clip": 0.05, "weight_decay": 0.01, "activation": "silu", "hidden": (17, 9)}, {"hidden": ()}])
def test_kernels_and_module_agree(options: dict[str, Any]) -> None:
    """Twenty updates of 8 rows, at first of 1 too, weights of 0 and holds among them: equal to 1e-5, gradients also."""
    chosen = {"hidden": (9,), "anchor_every": 7, "learning_rate": 0.01, **options}
    ours = MlpExpert((2, 5), 3, MlpOptions(**chosen), 1)
    theirs = Compiled((2, 5), 3, CompiledMlpOptions(**chosen), 1)
    assert trees_equal(ours.state(), theirs.state())
    # XLA compiles each number of rows anew, with holds and without, which takes most of the time.
    for taught in lessons(20, (2, 5), 3, *(((8,), 1) if options else ((1, 8), 3))):
        slopes = [one.learn(taught, want_gradient=True) for one in (ours, theirs)]
        np.testing.assert_allclose(*slopes, atol=1e-5)
        np.testing.assert_allclose(ours.predict(taught.rows), theirs.predict(taught.rows), atol=1e-5)
    ours.load_state(theirs.state())
    np.testing.assert_allclose(ours.predict(taught.rows), theirs.predict(taught.rows), atol=1e-6)


@pytest.mark.slow
def test_a_rows_answer_has_the_same_bits_whatever_stands_beside_it() -> None:
    one = MlpExpert((37,), 5, MlpOptions(hidden=(19, 11)), 1)
    rows = np.random.default_rng(0).standard_normal((9, 37)).astype(np.float32)
    whole = one.predict(rows)
    for place in range(9):
        np.testing.assert_array_equal(one.predict(rows[place:place + 1])[0], whole[place])


def test_any_axes_are_read_as_one_row() -> None:
    flat, square = (MlpExpert(shape, 3, MlpOptions(hidden=(4,)), 1) for shape in ((12,), (3, 4)))
    rows = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    np.testing.assert_array_equal(square.predict(rows), flat.predict(rows.reshape(2, 12)))
    taught = Lesson(rows, np.eye(3, dtype=np.float32)[:2], np.ones(2, np.float32), np.zeros(2, np.float32), 1.0)
    slope = square.learn(taught, want_gradient=True)
    assert slope is not None
    assert slope.shape == rows.shape


def test_rows_that_are_views_in_another_order_are_read_right() -> None:
    one = MlpExpert((4, 3), 3, MlpOptions(hidden=(4,)), 1)
    rows = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    np.testing.assert_array_equal(one.predict(rows.transpose(0, 2, 1)),
                                  one.predict(np.ascontiguousarray(rows.transpose(0, 2, 1))))


def test_files_of_earlier_perceptrons_which_name_one_device_are_read() -> None:
    assert MlpOptions.model_validate_json('{"hidden": [3], "devices": 1}') == MlpOptions(hidden=(3,))
