from __future__ import annotations

import numpy as np
import pytest

from aura import AuraError, Signal
from aura.plugins.metrics.volume import POINTS_MAX, Volume, VolumeOptions
from tests.plugins.tissue import make_brain


def metric(**more):
    return Volume("activity", VolumeOptions(**{"signal": "t.activity", **more}))


def say(watcher, *values):
    for number, value in enumerate(values):
        watcher.on_signal(Signal("t.activity", number, np.asarray(value, dtype=np.float32)))


def found(watcher, phase="run"):
    return watcher.results()["phases"][phase]


def test_each_unit_has_its_mean_and_its_last_activity():
    watcher, values = metric(), np.random.default_rng(1).random((7, 2, 3, 4)).astype(np.float32)
    say(watcher, *values)
    view = found(watcher)["volume"]
    np.testing.assert_allclose(view["mean"], values.mean(axis=0, dtype=float).ravel(), rtol=1e-4)
    np.testing.assert_allclose(view["last"], values[-1].ravel(), rtol=1e-4)
    assert (view["shape"], view["sides"], found(watcher)["items"]) == ([2, 3, 4], [1, 1, 1], 7)
    assert tuple(view["most_active"]) == np.unravel_index(values.mean(axis=0).argmax(), (2, 3, 4))
    for axis, (name, profile) in enumerate(zip("xyz", view["profiles"], strict=True)):
        others = tuple({0, 1, 2} - {axis})
        assert profile["axis"] == name
        np.testing.assert_allclose(profile["mean"], values.mean(axis=0, dtype=float).mean(axis=others), rtol=1e-4)
        np.testing.assert_allclose(profile["last"], values[-1].mean(axis=others), rtol=1e-4)


def test_items_count_one_by_one():
    by_item, one_by_one = metric(), metric()
    values = np.random.default_rng(2).random((6, 2, 2, 2))
    say(by_item, values[:4], values[4:], np.zeros((0, 2, 2, 2)))
    say(one_by_one, *values)
    assert found(by_item)["volume"] == found(one_by_one)["volume"]
    assert found(by_item)["items"] == 6


def test_phases_are_apart():
    watcher = metric()
    watcher.on_phase("learn", True, 0)
    say(watcher, np.full((1, 1, 2), 3.0))
    watcher.on_phase("held-out", False, 1)
    say(watcher, np.full((1, 1, 2), 5.0))
    assert [(name, one["learning"], one["summary"]["mean"]) for name, one in watcher.results()["phases"].items()] == [
        ("learn", True, 3.0), ("held-out", False, 5.0)]


@pytest.mark.parametrize(("values", "sparseness"), [
    ([2.0, 2.0, 2.0, 2.0], 1.0), ([0.0, 8.0, 0.0, 0.0], 0.25), ([0.0, 0.0, 0.0, 0.0], None),
    ([-1.0, 1.0, 0.0, 0.0], None)])
def test_sparseness_tells_how_few_are_active(values, sparseness):
    watcher = metric()
    say(watcher, np.reshape(values, (1, 2, 2)))
    assert found(watcher)["summary"].get("sparseness") == sparseness


def test_a_large_grid_is_told_by_blocks():
    watcher = metric()
    say(watcher, np.arange(17 * 17 * 128).reshape(17, 17, 128))
    view = found(watcher)["volume"]
    assert view["sides"] == [2, 2, 8]
    assert len(view["mean"]) == 9 * 9 * 16 <= POINTS_MAX
    assert [len(profile["mean"]) for profile in view["profiles"]] == [17, 17, 128]
    block = np.arange(17 * 17 * 128).reshape(17, 17, 128)[:2, :2, :8]
    assert view["mean"][0] == pytest.approx(block.mean(), rel=1e-4)


def test_a_grid_that_changes_is_an_error():
    watcher = metric()
    say(watcher, np.zeros((2, 2, 2)))
    with pytest.raises(AuraError, match=r"expected the grid \(2, 2, 2\), as before, got \(2, 2, 3\)"):
        say(watcher, np.zeros((2, 2, 3)))


def test_it_tells_what_a_brain_has_said():
    brain, watcher = make_brain(), metric(signal="tissue.activation")
    brain.observe(watcher)
    probe = brain.probe("tissue.activation")
    brain.run(until="300 ms")
    mean = np.concatenate(probe.values).mean(axis=0, dtype=float)
    np.testing.assert_allclose(found(watcher)["volume"]["mean"], mean.ravel(), rtol=1e-4)
