"""What the router adds up and carries back, by which gain, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aura.core.errors import SignalError

from .conftest import Bench

Make = Callable[..., Bench]


def test_gradients_of_all_sources_add_up_by_id_times_the_gain(bench: Make) -> None:
    one = bench(gain=0.5)
    one.show(np.ones((3, 2)), [1, 2, 3])
    total = one.back({"b.gradient": ([[1, 1], [2, 2]], [3, 1]), "a.gradient": ([[10, 20], [30, 40]], [2, 3])})
    assert total.ids.tolist() == [2, 3, 1]
    assert total.value.tolist() == [[5, 10], [15.5, 20.5], [1, 1]]
    assert total.value.dtype == np.float32


def test_the_gain_by_which_an_item_was_relayed_is_the_gain_of_its_gradient(bench: Make) -> None:
    one = bench(gain=0.5, waiting=2)
    for identity, gain in ((1, 4.0), (2, 1.0), (3, 6.0)):
        one.show(np.ones((1, 2)), [identity], gain=gain)
    total = one.back({"a.gradient": (np.ones((4, 2)), [1, 2, 3, 77])}, gain=100.0)
    assert total.value[:, 0].tolist() == [2.0, 0.5, 3.0, 0.5]
    one.show(np.ones((1, 2)), [3])  # shown again, by its own gain now
    one.show(np.ones((2, 2)), [4, 5], gain=8.0)  # more than are kept
    total = one.back({"a.gradient": (np.ones((3, 2)), [3, 5, 1])})
    assert total.value[:, 0].tolist() == [0.5, 4.0, 0.5]


def test_gradients_of_images_keep_their_shape(bench: Make) -> None:
    one = bench({"image": {"axes": [2, 3], "gain": 0.5}})
    one.show(np.ones((2, 2, 3)), [1, 2], relay="image", gain=2.0)
    total = one.back({"a.g": (np.ones((2, 2, 3)), [2, 2]), "b.g": (np.ones((1, 2, 3)), [1])}, relay="image")
    assert total.ids.tolist() == [2, 1]
    assert (total.value[0] == 2.0).all()
    assert total.value.shape == (2, 2, 3)


def test_a_gradient_goes_on_with_neither_learning_nor_energy(bench: Make) -> None:
    one = bench()
    one.show(np.ones((1, 2)), [1], learn=False)
    assert one.back({"a.g": ([[1, 2]], [1])}, energy_gate=0.0).value.tolist() == [[1, 2]]


def test_gradients_of_another_shape_or_without_ids_are_refused(bench: Make) -> None:
    one = bench()
    one.show(np.ones((1, 4)), [1])
    with pytest.raises(SignalError, match=r"gradients of shape \(4,\), as the items of stimulus, got \(5,\)"):
        one.back({"a.g": (np.ones((1, 5)), [1])})
    with pytest.raises(SignalError, match=r"of shape \(4,\), as of a\.g, got \(5,\) of b\.g"):
        one.back({"a.g": (np.ones((1, 4)), [1]), "b.g": (np.ones((1, 5)), [1])})
    with pytest.raises(SignalError, match=r"with the ids of their items, got those of a\.g without"):
        one.tick({"stimulus_gradients": {"a.g": np.ones((1, 4), np.float32)}})
