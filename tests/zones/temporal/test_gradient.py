"""The gradient that the temporal lobe sends back to whoever made the embedding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]


def test_the_gradient_is_the_derivative_of_the_loss_by_the_weights_before(bench: Make) -> None:
    """Of the summed loss of all that was taught, by the embeddings of the turns that were."""
    one = bench(publish_gradient=True, window=3, network={**SMALL, "dropout": 0.0}, focal=1.5)
    for block in range(5):
        one.show(rows(4, block), range(10 * block, 10 * block + 4), "aabb")
        one.tell(("x", "y", "y", "x"), range(10 * block, 10 * block + 4))
    embedding, ids = rows(4, 77).astype(np.float64), [101, 102, 103, 104]
    before = one.zone.state()

    def losses(shown: np.ndarray) -> float:
        one.zone.load_state(before)
        one.show(shown, ids, ["n", "n", "n", "m"])
        return 2 * one.tell(("y", "x"), [102, 104])["act_loss"]

    losses(embedding)
    one.brain.run(span="3 ms")
    signal = one.brain.latest("temporal.embedding_gradient")
    assert signal.ids.tolist() == [102, 104]
    for row, place in ((0, 1), (1, 3)):
        for column in (0, 3):
            step = np.zeros((4, 6))
            step[place, column] = 2e-2
            numeric = (losses(embedding + step) - losses(embedding - step)) / 4e-2
            assert signal.value[row, column] == pytest.approx(numeric, rel=0.05, abs=2e-3)


def test_no_gradient_port_unless_asked_for(bench: Make) -> None:
    assert "temporal.embedding_gradient" not in bench().brain.topics
