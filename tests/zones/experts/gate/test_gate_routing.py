"""Who is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError
from aura.zones.experts.gate.gate import Gate
from aura.zones.experts.gate.routing import Routing
from aura.zones.experts.params import GateParams
from tests.zones.experts.gate.naive_gate import routed


def made(experts: int, seed: int = 0, **options: Any) -> Gate:
    gate = Gate(GateParams(**{"features": 4, "resonators": 2, **options}), 6, 1, "gate")
    rng = np.random.default_rng(seed)
    for _ in range(experts):
        gate.grow()
    gate.softmax[:] = rng.standard_normal(gate.softmax.shape)
    gate.utility[:] = rng.standard_normal(gate.utility.shape)
    return gate


def ask(gate: Gate, h: np.ndarray, temperature: float = 1.0, active: Any = None, bias: Any = None, groups: Any = None,
        shared: int = 0, offsets: Any = None) -> Routing:
    count = gate.count
    return gate.route(h, bias, np.zeros(count) if offsets is None else offsets, temperature,
                      np.ones(count, bool) if active is None else np.array(active, bool),
                      np.zeros(count, np.int64) if groups is None else np.array(groups), shared)


def some_features(items: int, gate: Gate, seed: int = 5) -> np.ndarray:
    h = np.random.default_rng(seed).standard_normal((items, gate.width)).astype(np.float32)
    h[:, 0] = 1.0
    return h


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    experts = draw(st.integers(1, 7))
    booleans = st.lists(st.booleans(), min_size=experts, max_size=experts)
    return {
        "experts": experts, "seed": draw(st.integers(0, 99)), "active": draw(booleans),
        "groups": draw(st.lists(st.integers(0, 3), min_size=experts, max_size=experts)),
        "shared": draw(st.integers(0, 3)), "k": draw(st.integers(1, 8)), "columns": draw(st.integers(0, 9)),
        "temperature": draw(st.floats(0.2, 20.0)), "hierarchical": draw(st.booleans()),
        "group_temperature": draw(st.floats(0.5, 5.0)), "base": draw(st.floats(0.5, 2.0)),
        "permute": draw(st.booleans())}


@pytest.mark.slow
@settings(deadline=None)
@given(cases())
def test_routing_is_that_of_the_slow_twin(case: dict[str, Any]) -> None:
    gate = made(case["experts"], case["seed"], k=case["k"], hierarchical=case["hierarchical"],
                group_temperature=case["group_temperature"], permute=case["permute"], utility_weight=0.7,
                temperature=case["base"])
    rng = np.random.default_rng(case["seed"])
    h = some_features(3, gate)
    bias = rng.standard_normal((3, case["columns"])).astype(np.float32)
    offsets = rng.standard_normal(gate.count)
    gate.balance[:] = rng.standard_normal(gate.count) * 0.3
    found = ask(gate, h, case["temperature"], case["active"], bias, case["groups"], case["shared"], offsets)
    active = np.array(case["active"])
    for i, row in enumerate(h.astype(float)):
        logits = gate.softmax.astype(float) @ row + 0.7 * gate.utility.astype(float) @ row + offsets
        shown = min(case["columns"], gate.count)
        logits[:shown] += bias[i, :shown]
        chosen, weights, entropy, full = routed(logits, active, gate.params, case["temperature"],
                                                np.array(case["groups"]), case["shared"], gate.balance)
        pad = found.chosen.shape[1] - len(chosen)
        assert found.chosen[i].tolist() == chosen + [-1] * pad
        np.testing.assert_allclose(found.weights[i], weights + [0.0] * pad, atol=1e-4)
        np.testing.assert_allclose(found.entropy[i], entropy, atol=1e-4)
        np.testing.assert_allclose(found.full[i], full, atol=1e-4)


@pytest.mark.slow
@settings(deadline=None)
@given(cases())
def test_weights_are_shares_and_masks_are_obeyed(case: dict[str, Any]) -> None:
    gate = made(case["experts"], case["seed"], k=case["k"], hierarchical=case["hierarchical"])
    found = ask(gate, some_features(4, gate), case["temperature"], case["active"], None, case["groups"],
                case["shared"])
    active, asked = np.array(case["active"]), found.chosen >= 0
    assert (found.weights >= 0).all()
    assert not found.weights[~asked].any()
    assert not found.full[:, ~active].any()
    assert ((found.entropy >= 0) & (found.entropy <= 1)).all()
    if not active.any():
        assert not asked.any()
        assert not found.entropy.any()
        return
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(found.full.sum(axis=1), 1.0, atol=1e-5)
    for row in found.chosen:
        experts = [e for e in row.tolist() if e >= 0]
        assert len(set(experts)) == len(experts)
        assert active[experts].all()
        leading = [e for e in range(min(case["shared"], gate.count)) if active[e]]
        assert experts[:len(leading)] == leading
        assert len(experts) == len(leading) + min(case["k"], int(active.sum()) - len(leading))


@pytest.mark.parametrize("hierarchical", [False, True])
def test_a_cold_gate_picks_the_best_and_a_hot_one_is_even(hierarchical: bool) -> None:
    gate = made(5, k=5, hierarchical=hierarchical, utility_weight=0.0, group_temperature=2.0, temperature=0.7)
    h = some_features(20, gate)
    best = (h @ gate.softmax.T).argmax(axis=1)
    groups = [0, 1, 0, 1, 1]
    for cold in (1e-4, 0.0, float("nan")):
        found = ask(gate, h, cold, groups=groups)
        assert np.array_equal(found.chosen[:, 0], best)
        np.testing.assert_allclose(found.weights[:, 0], 1.0, atol=1e-6)
        np.testing.assert_allclose(found.entropy, 0.0, atol=1e-6)
    for hot in (1e9, float("inf")):
        found = ask(gate, h, hot, groups=[0] * 5)
        np.testing.assert_allclose(found.weights, 0.2, atol=1e-6)
        np.testing.assert_allclose(found.entropy, 1.0, atol=1e-6)


def test_of_equals_the_lower_index_is_asked() -> None:
    gate = Gate(GateParams(k=2, features=3, resonators=0), 4, 1, "gate")
    for _ in range(5):
        gate.grow()
    found = ask(gate, some_features(2, gate), active=[False, True, True, True, True])
    assert found.chosen.tolist() == [[1, 2], [1, 2]]
    assert found.weights.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_groups_of_other_sizes_are_alike_where_logits_are() -> None:
    gate = Gate(GateParams(k=4, features=3, resonators=0, hierarchical=True), 4, 1, "gate")
    for _ in range(4):
        gate.grow()
    found = ask(gate, some_features(1, gate), groups=[0, 0, 0, 1])
    np.testing.assert_allclose(found.full[0], [1 / 6, 1 / 6, 1 / 6, 1 / 2], rtol=1e-6)


def test_permuting_asks_the_next_active_expert() -> None:
    plain, moved = made(4, k=2), made(4, k=2, permute=True)
    h = some_features(10, plain)
    active = [True, False, True, True]
    first, second = ask(plain, h, active=active), ask(moved, h, active=active)
    following = {0: 2, 2: 3, 3: 0}
    assert second.chosen.tolist() == [[following[e] for e in row] for row in first.chosen.tolist()]
    assert np.array_equal(second.weights, first.weights)
    assert np.array_equal(second.full[:, [2, 3, 0]], first.full[:, [0, 2, 3]])
    assert not second.full[:, 1].any()


def test_balance_enters_the_choice_and_not_the_weights() -> None:
    gate = made(3, k=2)
    h = some_features(6, gate)
    before = ask(gate, h)
    gate.balance[:] = [-60.0, 50.0, 50.0]
    after = ask(gate, h)
    assert np.array_equal(after.full, before.full)
    assert (np.sort(after.chosen, axis=1) == [1, 2]).all()
    ratio = np.take_along_axis(after.full, after.chosen, axis=1)
    np.testing.assert_allclose(after.weights, ratio / ratio.sum(axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("hierarchical", [False, True])
def test_bits_do_not_depend_on_the_size_of_blocks(hierarchical: bool) -> None:
    gate = made(6, hierarchical=hierarchical)
    h, groups = some_features(40, gate), [0, 1, 2, 0, 1, 2]
    whole = ask(gate, h, groups=groups)
    parts = [ask(gate, part, groups=groups) for part in np.split(h, [1, 9, 10, 33])]
    for name in Routing._fields:
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))


def test_no_weight_is_a_denormal() -> None:
    gate = made(4, k=4)
    found = ask(gate, some_features(50, gate), 0.03, offsets=np.array([0.0, 1.0, 2.0, 3.0]))
    for array in (found.weights, found.full):
        assert not np.any((array > 0) & (array < 1e-30))
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-6)


def test_no_items_and_no_experts_are_no_harm() -> None:
    gate = made(3)
    assert ask(gate, np.empty((0, gate.width), np.float32)).chosen.shape == (0, 2)
    assert ask(made(0), some_features(2, gate)).full.shape == (2, 0)


def test_what_is_read_only_is_taken() -> None:
    gate = made(3)
    h, bias, offsets, active = some_features(2, gate), np.ones((2, 2), np.float32), np.ones(3), np.ones(3, bool)
    for array in (bias, offsets, active):
        array.flags.writeable = False
    assert ask(gate, h, 1.0, active, bias, None, 0, offsets).chosen.shape == (2, 2)


def test_what_does_not_fit_is_refused() -> None:
    gate = made(3)
    h = some_features(2, gate)
    with pytest.raises(SignalError, match=r"gate\.h: expected shape \(n, 7\), got \(2, 3\)"):
        ask(gate, h[:, :3])
    with pytest.raises(SignalError, match=r"gate\.bias"):
        ask(gate, h, bias=np.zeros((3, 2), np.float32))
    with pytest.raises(SignalError, match=r"gate\.route"):
        ask(gate, h, groups=[0, 1])
