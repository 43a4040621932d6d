"""An encoder that learns only from what comes back through the router learns what autodiff would teach it."""

from __future__ import annotations

import numpy as np
import pytest

from .loop import Net, by_bus, digits, end_to_end, first_weights

ITEMS = 400


def farthest(one: tuple[Net, Net], other: tuple[Net, Net]) -> float:
    """Return the largest difference between two pairs of networks."""
    return max(float(np.abs(a[name] - b[name]).max()) for a, b in zip(one, other, strict=True) for name in a)


@pytest.mark.slow
@pytest.mark.parametrize("late", [0, 1, 4])
@pytest.mark.parametrize("gain", [1.0, 0.6])
def test_the_bus_trains_two_networks_as_end_to_end_autodiff_does(gain: float, late: int) -> None:
    """With labels that are `late` items late, as autodiff does when its gradients are delayed by so many items."""
    images, labels = digits(ITEMS)
    on_the_bus = by_bus(images, labels, gain, late)
    assert farthest(on_the_bus, end_to_end(images, labels, gain, late)) < 1e-5
    # Both have gone a long way, and neither the gain nor the delay is without effect.
    assert farthest(on_the_bus[:1] * 2, first_weights()[:1] * 2) > 0.1
    assert farthest(on_the_bus, end_to_end(images, labels, gain * 1.1, late)) > 1e-2
    assert farthest(on_the_bus, end_to_end(images, labels, gain, late + 1)) > 1e-3


def test_a_short_stretch_is_the_same_too() -> None:
    images, labels = digits(25)
    assert farthest(by_bus(images, labels, 0.5), end_to_end(images, labels, 0.5)) < 1e-6
