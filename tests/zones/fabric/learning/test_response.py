"""The tissue's response: its features against the parts it is made of, its gradient against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.core.state import trees_equal
from aura.zones.fabric.learning.lateral import LateralWeights
from aura.zones.fabric.learning.response import FULL_DRIVE_MV, Response
from aura.zones.fabric.params import FabricParams
from aura.zones.fabric.tissue.circuit import Circuit
from aura.zones.fabric.tissue.workers import Workers

from ..brains import small

GRID, FEATURES, TICK_MS = (3, 3, 4), 5, 10.0


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    """The tissue whose synapses the responses spread over."""
    tissue = FabricParams.model_validate(small()).tissue
    assert tissue is not None
    return Circuit(tissue, GRID, np.random.default_rng(1), Workers())


def response_of(circuit: Circuit, **changes: Any) -> Response:
    return Response(FabricParams.model_validate(small(**changes)), LateralWeights(circuit), TICK_MS,
                    np.random.default_rng(2))


def tick(made: Response, seed: int, goal: Any = None) -> np.ndarray:
    """Let a tick of random activity and activation pass; the codebook is that of the seed 0."""
    rng = np.random.default_rng(seed)
    codebook = np.random.default_rng(0).normal(size=(36, FEATURES))
    return made.forward(rng.random(GRID), rng.random(GRID), codebook, goal, np.random.default_rng(seed))


KINDS: dict[str, dict[str, Any]] = {
    "normal": {"modes": {"keep": "normal"}},
    "bidirectional": {"modes": {"keep": "bidirectional", "bidirectional": True},
                      "propagation": {"forward_weight": 0.3}},
    "certain": {"modes": {"keep": "random"}, "propagation": {"release_probability": 1.0}},
    "tireless": {"modes": {"keep": "normal"}, "convolution": {"outputs": 3, "fatigue": None, "kernel": (1, 3, 2, 3)}},
    "by unit": {"modes": {"keep": "normal"}, "convolution": {"outputs": 2, "fatigue": {"per": "unit"}}},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_kernels_follow_the_gradient_of_the_response_before_the_last(circuit: Circuit, kind: str) -> None:
    made = response_of(circuit, **KINDS[kind])
    for seed in range(4):
        tick(made, seed)
    before = made.state()
    probe = np.random.default_rng(9).normal(size=len(made))
    tick(made, 10)
    tick(made, 11)
    then = made.state()["convolution"]
    size = made.learn(probe, 1.0)
    now = made.state()["convolution"]

    def loss(name: str, place: tuple[int, ...], by: float) -> float:
        changed = {**before["convolution"], name: before["convolution"][name].copy()}
        changed[name][place] += by
        made.load_state({**before, "convolution": changed})
        return float(tick(made, 10) @ probe)

    step = 0.01
    for name in ("kernels", "bias"):
        found = (then[name] - now[name]) * max(size, 1.0)
        places = list(np.ndindex(*found.shape))[::7 if name == "kernels" else 1]
        wanted = [(loss(name, place, step) - loss(name, place, -step)) / (2 * step) for place in places]
        np.testing.assert_allclose([found[place] for place in places], wanted, rtol=0.02, atol=2e-3 * size)
    assert size > 0.1


def test_a_step_is_no_longer_than_the_rate(circuit: Circuit) -> None:
    made = response_of(circuit, **KINDS["normal"])
    for seed in range(4):
        tick(made, seed)
    before = made.state()["convolution"]
    size = made.learn(np.full(len(made), 1e30), 0.1)
    assert size > 1e20
    moved = [made.state()["convolution"][name] - before[name] for name in ("kernels", "bias")]
    assert np.sqrt(sum(float((part ** 2).sum()) for part in moved)) == pytest.approx(0.1, rel=1e-4)


def test_nothing_is_learned_before_two_responses(circuit: Circuit) -> None:
    made = response_of(circuit)
    before = made.state()
    assert made.learn(np.ones(len(made)), 1.0) == 0.0
    tick(made, 0)
    assert made.learn(np.ones(len(made)), 1.0) == 0.0
    assert trees_equal(made.state()["convolution"]["kernels"], before["convolution"]["kernels"])


def test_features_are_the_pooled_response_and_what_it_becomes(circuit: Circuit) -> None:
    """Against the same computed from the declared parts, without fatigue and from rest."""
    made = response_of(circuit, modes={"keep": "normal"},
                       convolution={"outputs": 2, "fatigue": None, "kernel": (1, 1, 1, 2)})
    kernels = made.state()["convolution"]["kernels"][:, :, 0, 0, 0, :]
    first = [np.random.default_rng(5).random((2, *GRID))]
    made.forward(*first[0], np.zeros((36, FEATURES)), None, np.random.default_rng(0))
    history = np.stack([np.zeros((2, *GRID)), first[0]], axis=-1)
    drive = np.einsum("ocl,cxyzl->oxyz", kernels, history) * FULL_DRIVE_MV
    gate = 1.0 / (1.0 + np.exp(15.0 / 6.8))
    response = np.tanh(drive / 20.0) * gate
    weights = LateralWeights(circuit).matrix.toarray()
    spread = (weights @ response.reshape(2, -1).T).T
    np.testing.assert_allclose(made.features, (response.reshape(2, -1) + spread).ravel(), rtol=1e-4, atol=1e-6)


def test_the_history_is_as_long_as_the_kernel(circuit: Circuit) -> None:
    """What came more ticks ago than the kernel is long leaves the convolution, without fatigue and nonlinearity."""
    silent = {"membrane_ms": 1e-3, "refractory_ms": 0.0, "adaptation_mv": 0.0}
    found = []
    for start in (0, 50):
        made = response_of(circuit, modes={"keep": "normal"}, nonlinearity=silent,
                           convolution={"fatigue": None, "kernel": (1, 1, 1, 3)})
        # The gate looks a step back, at what the kernel of three saw then: four ticks in all.
        for seed in (start, 1, 2, 3, 4):
            tick(made, seed)
        found.append(made.features)
    np.testing.assert_array_equal(found[0], found[1])


def test_only_the_intentional_mode_heeds_the_goal(circuit: Circuit) -> None:
    goals = np.random.default_rng(3).normal(size=(2, FEATURES))
    for mode, heeds in (("normal", False), ("intentional", True)):
        one, other = (tick(response_of(circuit, modes={"keep": mode}), 0, goal) for goal in goals)
        assert np.array_equal(one, other) is not heeds


def test_the_goal_is_compared_as_the_parameters_say(circuit: Circuit) -> None:
    one, other = (tick(response_of(circuit, modes={"keep": "intentional"}, propagation={"centred": centred}), 0,
                       np.arange(5.0)) for centred in (True, False))
    assert not np.array_equal(one, other)


def test_modes_that_are_all_off_are_refused(circuit: Circuit) -> None:
    with pytest.raises(ParameterError, match=r"fabric\.modes: expected at least one mode"):
        response_of(circuit, modes={"normal": False, "random": False, "intentional": False})


def test_it_goes_on_from_its_state(circuit: Circuit) -> None:
    whole, part = response_of(circuit), response_of(circuit)
    probe = np.random.default_rng(9).normal(size=len(whole))
    for seed in range(9):
        if seed == 5:
            part.load_state(whole.state())
        for made in (whole, part)[:1 + (seed >= 5)]:
            tick(made, seed)
            made.learn(probe, 0.1)
    assert trees_equal(whole.state(), part.state())
    assert np.array_equal(whole.features, part.features)
