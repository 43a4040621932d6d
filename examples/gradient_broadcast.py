"""An encoder learns from a classifier it has never met: the router carries the gradient back over the bus."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

from aura import Brain, Items, Manifest, Port, Zone
from aura.zones.router.plugin import MANIFEST

ITEMS, HIDDEN, GAIN, RATE = 1000, 16, 0.8, 0.1
rng = np.random.default_rng(0)
IMAGES, LABELS = (load_digits().data / 16).astype(np.float32), load_digits().target
FIRST_ENCODER = (rng.normal(size=(64, HIDDEN)) / 8).astype(np.float32)
FIRST_CLASSIFIER = (rng.normal(size=(HIDDEN, 10)) / 4).astype(np.float32)


class Eye(Zone):
    """Shows a handwritten digit every 20 ms, and says what it was."""

    manifest = Manifest("eye", "", period="20 ms", outputs=(
        Port("image", shape=("item", 64)), Port("label", dtype="int64", shape=("item",), role="label")))

    def step(self, now, inputs):
        index = np.array([now // 20_000_000])
        return {"image": Items(IMAGES[index], index), "label": Items(LABELS[index].astype(np.int64), index)}


class Encoder(Zone):
    """Says tanh(x W). All that it learns from is the gradient of what it published."""

    manifest = Manifest("encoder", "", wake_on=("image", "gradient"), inputs=(
        Port("image", shape=("item", 64)), Port("gradient", shape=("item", HIDDEN), role="gradient", required=False)),
        outputs=(Port("code", shape=("item", HIDDEN), items_from="image"),))
    weights, waiting = FIRST_ENCODER, {}

    def step(self, now, inputs):
        if inputs["image"] is None:
            return None
        code = np.tanh(inputs["image"] @ self.weights)
        self.waiting[inputs.ids["image"][0]] = inputs["image"], code
        return {"code": code}

    def learn(self, now, inputs):
        if inputs["gradient"] is not None:
            image, code = self.waiting.pop(inputs.ids["gradient"][0])
            self.weights = self.weights - RATE * image.T @ (inputs["gradient"] * (1 - code**2))


class Classifier(Zone):
    """Softmax regression. It says the gradient of its loss with respect to what it was shown."""

    manifest = Manifest("classifier", "", period="1 ms", inputs=(
        Port("stimulus", shape=("item", HIDDEN)),
        Port("teacher", dtype="int64", shape=("item",), role="label", required=False)), outputs=(
        Port("stimulus_gradient", shape=("item", HIDDEN), role="gradient"),))
    weights, gradient, right = FIRST_CLASSIFIER, None, 0

    def step(self, now, inputs):
        if inputs["stimulus"] is not None:
            self.stimulus = inputs["stimulus"]
        gradient, self.gradient = self.gradient, None
        return {"stimulus_gradient": gradient} if gradient is not None else None

    def learn(self, now, inputs):
        if inputs["teacher"] is not None:
            self.right += int((self.stimulus @ self.weights).argmax() == inputs["teacher"][0])
            of_weights, of_stimulus = slopes(self.weights, self.stimulus, inputs["teacher"][0])
            self.weights = self.weights - RATE * np.asarray(of_weights)
            self.gradient = Items(np.array(of_stimulus), inputs.ids["teacher"])


def loss(weights, stimulus, label):
    return -jax.nn.log_softmax(stimulus @ weights)[0, label]


def whole_loss(encoder, classifier, image, label):
    return loss(classifier, GAIN * jnp.tanh(image @ encoder), label)


slopes, whole_slopes = jax.jit(jax.grad(loss, (0, 1))), jax.jit(jax.grad(whole_loss, (0, 1)))

with Brain() as brain:
    for zone in (Eye, Encoder, Classifier):
        brain.add(zone)
    brain.add(MANIFEST, "thalamus", params={"relays": {"code": {"axes": [HIDDEN], "gain": GAIN}}})
    brain.connect("eye.image", "encoder.image")
    brain.connect("encoder.code", "thalamus.code")
    brain.connect("thalamus.code_relay", "classifier.stimulus")
    brain.connect("eye.label", "classifier.teacher", delay="5 ms")
    brain.connect("classifier.stimulus_gradient", "thalamus.code_gradients")
    brain.connect("thalamus.code_gradient", "encoder.gradient")
    brain.run(until=f"{20 * ITEMS} ms")
    print(f"right before being told, {ITEMS} digits: {brain['classifier'].right / ITEMS:.0%}")
    on_the_bus = brain["encoder"].weights, brain["classifier"].weights

encoder, classifier = FIRST_ENCODER, FIRST_CLASSIFIER
for image, label in zip(IMAGES[:ITEMS, None], LABELS, strict=False):
    of_encoder, of_classifier = whole_slopes(encoder, classifier, image, label)
    encoder, classifier = encoder - RATE * np.asarray(of_encoder), classifier - RATE * np.asarray(of_classifier)

moved = np.abs(encoder - FIRST_ENCODER).max()
apart = max(np.abs(a - b).max() for a, b in zip(on_the_bus, (encoder, classifier), strict=True))
print(f"weights of the encoder have moved by {moved:.1f}; from those that autodiff finds end to end they differ by "
      f"{'less' if apart < 1e-5 else 'more'} than 0.00001")
