"""The router's state and its exported head."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.zones.common.heads import read_head, write_head

from .conftest import Bench, clusters, taught

Make = Callable[..., Bench]


def test_the_state_does_not_change_with_what_comes_after(bench: Make) -> None:
    one = taught(bench)
    kept, same = one.zone.state(), one.zone.state()
    one.show(clusters(3, seed=2)[0], [500, 501, 502], gain=2.0)
    one.route(np.eye(3), [500, 501, 502])
    assert trees_equal(kept, same)
    assert not trees_equal(kept, one.zone.state())


def test_the_state_of_other_relays_is_refused(bench: Make) -> None:
    with pytest.raises(StateError, match=r"Router\.relays: expected the state of sound, got stimulus"):
        bench({"sound": {}}).zone.load_state(bench().zone.state())


def test_a_fresh_brain_with_the_exported_head_says_the_same_and_learns_on(bench: Make, tmp_path: Path) -> None:
    one, other = taught(bench, spread=0.1), bench(spread=0.1)
    files = one.zone.export(tmp_path)
    assert files == [tmp_path / "thalamus" / "gate_head.msgpack"]
    assert other.zone.load_export(tmp_path) == files
    items, which = clusters(9, seed=4)
    ids = np.arange(900, 909)
    for _ in range(2):
        first, again = (each.show(items, ids) for each in (one, other))
        for port in first:
            assert np.array_equal(first[port], again[port]), port
        for each in (one, other):
            each.route(np.eye(3)[which], ids)
    assert trees_equal(one.centroids.state(), other.centroids.state())


def test_nothing_is_exported_before_the_first_item(bench: Make, tmp_path: Path) -> None:
    assert bench().zone.export(tmp_path) == []
    with pytest.raises(StateError, match=r"gate_head\.msgpack: .*no such file"):
        bench().zone.load_export(tmp_path)


def test_a_head_that_does_not_fit_is_refused_and_leaves_the_zone_as_it_was(bench: Make, tmp_path: Path) -> None:
    taught(bench).zone.export(tmp_path)
    path = tmp_path / "thalamus" / "gate_head.msgpack"
    whole = path.read_bytes()
    for options, match in (({"axes": [5]}, r"items with the axes \(5,\), got \[6\]"),
                           ({"routes": 2}, "at most 2 routes"), ({"axes": ["a", "b"]}, "axes")):
        with pytest.raises(StateError, match=match):
            bench(**options).zone.load_export(tmp_path)
    with pytest.raises(StateError, match="relays sound, got stimulus"):
        bench({"sound": {}}).zone.load_export(tmp_path)
    one = taught(bench)
    before = one.zone.state()
    path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(StateError, match="gate_head"):
        one.zone.load_export(tmp_path)
    path.write_bytes(whole)
    head = read_head(path)
    for name, value, match in (("seen", np.zeros(9), "seen"), ("mean_count", "many", "a count of items"),
                               ("centroids", np.full((3, 6), np.nan, np.float32), "finite"), ("shape", [7], "shape")):
        stimulus = {**head["relays"]["stimulus"], name: value}
        write_head(path, {"relays": {"stimulus": stimulus}})
        with pytest.raises(StateError, match=match):
            one.zone.load_export(tmp_path)
    assert trees_equal(before, one.zone.state())
