"""Turns that an encoder reads once more are learned again, by what was told of them and as they are read by now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]
STILL = {**SMALL, "dropout": 0.0}


def again(one: Bench, embeddings: Any, ids: list[int]) -> dict[str, float]:
    one.brain.inject("temporal.rehearsed", np.array(embeddings, np.float32), ids=np.array(ids, np.int64))
    one.brain.run(span="2 ms")
    return one.logged[-1]


def test_what_was_told_of_a_turn_is_learned_again_with_its_new_embedding(bench: Make) -> None:
    """The loss is that of the new embedding, and the gradient its derivative."""
    one = bench(network=STILL, rehearse=10, publish_gradient=True)
    one.show(rows(3), [1, 2, 3], "a")
    one.tell(("x", "y", "x"), [1, 2, 3])
    before, new = one.zone.state(), rows(2, 9).astype(np.float64)

    def loss(shown: np.ndarray) -> float:
        one.zone.load_state(before)
        return 2 * again(one, shown, [1, 3])["rehearsed_act_loss"]

    loss(new)
    one.brain.run(span="3 ms")
    signal = one.brain.latest("temporal.embedding_gradient")
    assert signal.ids.tolist() == [1, 3]
    step = np.zeros((2, 6))
    step[1, 2] = 2e-2
    numeric = (loss(new + step) - loss(new - step)) / 4e-2
    assert signal.value[1, 2] == pytest.approx(numeric, rel=0.05, abs=2e-3)


def test_learning_again_lowers_the_loss(bench: Make) -> None:
    one = bench(network=STILL, rehearse=10)
    shown = rows(4)
    one.show(shown, [1, 2, 3, 4], "abcd")
    first = one.tell(("x", "y", "x", "y"), [1, 2, 3, 4])["act_loss"]
    for _ in range(30):
        last = again(one, shown, [1, 2, 3, 4])["rehearsed_act_loss"]
    assert last < 0.5 * first


def test_a_turn_counts_once_however_often_it_is_learned(bench: Make) -> None:
    """What is known of classes, and how sure the zone may be, comes of first sights alone."""
    one = bench(rehearse=10)
    one.show(rows(2), [1, 2], "a")
    one.tell(("x", "y"), [1, 2])

    def known() -> Any:
        task = one.zone.state()["tasks"]["act"]
        return task["readout"]["known"], task["sample"]

    before = repr(known())
    again(one, rows(2, 5), [1, 2])
    assert repr(known()) == before


def test_turns_that_are_not_kept_teach_nothing(bench: Make) -> None:
    """Of two kept at most, the first told has gone; of 7 nothing was ever told, 99 was never seen."""
    one = bench(rehearse=2)
    one.show(rows(4), [1, 2, 3, 7], "a")
    one.tell(("x", "y", "x"), [1, 2, 3])
    weights = one.zone.state()["model"]["flat"]["values"].copy()
    found = again(one, rows(3, 5), [1, 7, 99])
    assert not [key for key in found if key.startswith("rehearsed")]
    np.testing.assert_array_equal(one.zone.state()["model"]["flat"]["values"], weights)
    assert "rehearsed_act_loss" in again(one, rows(1, 5), [2])


def test_a_class_that_came_later_was_not_what_the_turn_was(bench: Make) -> None:
    one = bench(rehearse=10)
    one.show(rows(3), [1, 2, 3], "a")
    one.tell(("x", "y"), [1, 2])
    one.tell(("z",), [3])
    assert np.isfinite(again(one, rows(3, 5), [1, 2, 3])["rehearsed_act_loss"])


def test_without_rehearsal_nothing_is_kept_and_there_is_no_input(bench: Make) -> None:
    one = bench()
    one.show(rows(2), [1, 2], "a")
    one.tell(("x", "y"), [1, 2])
    assert not one.zone.state()["kept"]["order"].size
    assert "rehearsed" not in [port.name for port in one.zone.manifest.ports(one.zone.params)[0]]
