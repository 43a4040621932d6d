"""The gradient that the mixture publishes: against finite differences, and enough to train an encoder on the bus."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aura import Brain, Items, Manifest, Port, Zone
from aura.zones.experts.plugin import MANIFEST
from aura.zones.router.plugin import MANIFEST as ROUTER

from .bench import Bench, digits

CODE, RATE, GAIN, ITEMS = 12, 0.1, 0.8, 150
SGD = {"hidden": [8], "optimiser": "sgd", "momentum": 0.0, "learning_rate": RATE, "warm_up": 0, "decay": 0}
CLASSES = [str(n) for n in range(10)]


@pytest.mark.parametrize("frozen", [(), ("expert_1",)])
def test_the_gradient_is_that_of_the_mixture_s_loss_with_the_routing_fixed(frozen: tuple[str, ...]) -> None:
    one = Bench(kinds=["mlp"], initial=2, growth=False, merit=False, publish_gradient=True, frozen=frozen,
                classes=CLASSES, options={"mlp": {"hidden": [8], "activation": "tanh"}})
    one.teach(0, 100)
    images, names = digits()
    image = images[200:201]
    experts = [one.zone.mixture.population.store.get(f"expert_{index}").clone(0) for index in range(2)]
    one.show(image, [9000])
    weights = one.read("routing")[0]
    one.tell([(names[200],)], [9000])
    one.brain.run(span="2 ms")
    gradient = one.brain.latest("hippocampus.stimulus_gradient")
    assert gradient.ids.tolist() == [9000]

    def loss(shown: np.ndarray) -> float:
        given = sum(float(weight) * float(expert.predict(shown)[0, int(names[200])])
                    for weight, expert in zip(weights, experts, strict=True))
        return float(-np.log(given))

    for row, column in ((2, 3), (4, 4), (6, 2)):
        step = np.zeros_like(image)
        step[0, row, column] = 1e-2
        slope = (loss(image + step) - loss(image - step)) / 2e-2
        assert gradient.value[0, row, column] == pytest.approx(slope, abs=2e-3)


class Eye(Zone[Any]):
    """Shows a digit every 20 ms, and says what it was."""

    manifest = Manifest("eye", "", period="20 ms", outputs=(
        Port("image", shape=("item", 64)), Port("label", dtype="tags", shape=("item",), role="label")))

    def step(self, now: int, inputs: Any) -> Any:
        index = np.array([now // 20_000_000])
        images, names = digits()
        return {"image": Items(images[index].reshape(1, 64), index), "label": Items(((names[index[0]],),), index)}


class Encoder(Zone[Any]):
    """Says tanh(x W); learns from the gradient of what it published, and from nothing else."""

    manifest = Manifest("encoder", "", wake_on=("image", "gradient"), inputs=(
        Port("image", shape=("item", 64)), Port("gradient", shape=("item", CODE), role="gradient", required=False)),
        outputs=(Port("code", shape=("item", CODE), items_from="image"),))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.weights, self.waiting = first_encoder(), {}

    def step(self, now: int, inputs: Any) -> Any:
        if inputs["image"] is None:
            return None
        code = np.tanh(inputs["image"] @ self.weights)
        self.waiting[inputs.ids["image"][0]] = inputs["image"], code
        return {"code": code}

    def learn(self, now: int, inputs: Any) -> None:
        if inputs["gradient"] is not None:
            image, code = self.waiting.pop(inputs.ids["gradient"][0])
            self.weights = self.weights - np.float32(RATE) * image.T @ (inputs["gradient"] * (1 - code**2))


def first_encoder() -> np.ndarray:
    return (np.random.default_rng(0).normal(size=(64, CODE)) / 8).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("late", [0, 3])
def test_an_encoder_trained_over_the_bus_equals_one_trained_end_to_end(late: int) -> None:
    """With labels that come `late` items later, the whole is trained with gradients that much older."""
    brain = Brain(seed=1)
    brain.add(Eye)
    brain.add(Encoder)
    brain.add(ROUTER, "thalamus", params={"relays": {"code": {"axes": [CODE], "gain": GAIN}}})
    brain.add(MANIFEST, "hippocampus", params={
        "stimulus": [CODE], "classes": CLASSES, "kinds": ["mlp"], "options": {"mlp": SGD}, "gate": {"k": 1},
        "growth": False, "publish_gradient": True})
    brain.connect("eye.image", "encoder.image")
    brain.connect("encoder.code", "thalamus.code")
    brain.connect("thalamus.code_relay", "hippocampus.stimulus")
    brain.connect("eye.label", "hippocampus.teacher", delay=f"{5 + 20 * late} ms")
    brain.connect("hippocampus.stimulus_gradient", "thalamus.code_gradients")
    brain.connect("thalamus.code_gradient", "encoder.gradient")
    brain.run(until="4 ms")
    tree = brain["hippocampus"].mixture.population.store.get("expert_0").state()["parameters"]
    classifier = jax.tree.map(jnp.asarray, tree)
    brain.run(until=f"{20 * ITEMS} ms")
    encoder, received = whole(classifier, late)
    learned = brain["hippocampus"].mixture.population.store.get("expert_0").state()["parameters"]
    assert brain["hippocampus"].mixture.items == received
    assert np.abs(brain["encoder"].weights - first_encoder()).max() > 0.1
    np.testing.assert_allclose(brain["encoder"].weights, encoder[0], atol=1e-5)
    for one, other in zip(jax.tree.leaves(learned), jax.tree.leaves(encoder[1]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def whole(classifier: Any, late: int) -> tuple[Any, int]:
    """Train encoder and classifier as one network by autodiff, and return both with the number of labels received."""

    def scores(tree: Any, code: Any) -> Any:
        hidden = jax.nn.relu(code @ tree["layers"]["0"]["kernel"] + tree["layers"]["0"]["bias"])
        return (hidden @ tree["head"]["kernel"] + tree["head"]["bias"])[:, :10]

    # The network as it was when the item was shown is what the encoder's part of the chain rule is taken at.
    def loss(encoder: Any, tree: Any, image: Any, label: int) -> Any:
        return -jax.nn.log_softmax(scores(tree, GAIN * jnp.tanh(image @ encoder)))[0, label]

    def parts(encoder: Any, shown: Any, tree: Any, image: Any, label: int) -> Any:
        code, back = jax.vjp(lambda weights: GAIN * jnp.tanh(image @ weights), shown)
        of_tree, of_code = jax.grad(lambda tree, code: -jax.nn.log_softmax(scores(tree, code))[0, label],
                                    (0, 1))(tree, code)
        return back(of_code)[0], of_tree

    images, names = digits()
    encoder, seen = first_encoder(), []
    step, exact, received = jax.jit(parts), jax.jit(jax.grad(loss, (0, 1))), 0
    for item in range(ITEMS):
        seen.append(encoder)
        if item < late:
            continue
        image, label = images[item - late].reshape(1, 64), int(names[item - late])
        of_encoder, of_tree = (exact(encoder, classifier, image, label) if late == 0
                               else step(encoder, seen[item - late], classifier, image, label))
        encoder = encoder - RATE * np.asarray(of_encoder)
        classifier = jax.tree.map(lambda old, slope: old - RATE * slope, classifier, of_tree)
        received += 1
    return (encoder, classifier), received
