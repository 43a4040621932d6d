"""An encoder and a classifier that meet on the bus alone, and the same two networks trained end to end by autodiff."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aura import Brain, Manifest, Port, Zone
from aura.core.signals import Items
from aura.zones.router.plugin import MANIFEST

HIDDEN, CLASSES = 12, 10
ENCODER_RATE, CLASSIFIER_RATE = 0.05, 0.1
PERIOD_MS = 20
"""From item to item; a gradient is back at the encoder 8 ms after its item left the stream, labels told after 5."""

Net = dict[str, Any]


def first_weights() -> tuple[Net, Net]:
    """Return encoder and classifier as they begin."""
    rng = np.random.default_rng(5)
    encoder = {"w": (rng.normal(size=(64, HIDDEN)) / 8).astype(np.float32), "b": np.zeros(HIDDEN, np.float32)}
    classifier = {"w": (rng.normal(size=(HIDDEN, CLASSES)) / 4).astype(np.float32), "b": np.zeros(CLASSES, np.float32)}
    return encoder, classifier


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return real handwritten digits, as rows of 64 numbers from 0 to 1, and what they show."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.data[:count] / 16).astype(np.float32), found.target[:count]


def _classifier_loss(net: Net, stimulus: Any, label: Any) -> Any:
    return -jax.nn.log_softmax(stimulus @ net["w"] + net["b"])[label]


def _whole_loss(encoder: Net, classifier: Net, gain: Any, image: Any, label: Any) -> Any:
    return _classifier_loss(classifier, gain * jnp.tanh(image @ encoder["w"] + encoder["b"]), label)


classifier_gradients = jax.jit(jax.grad(_classifier_loss, argnums=(0, 1)))
whole_gradients = jax.jit(jax.grad(_whole_loss, argnums=(0, 1)))


def moved(net: Net, gradient: Net, rate: float) -> Net:
    """Return a network after one step of gradient descent."""
    return {name: net[name] - np.float32(rate) * np.asarray(gradient[name]) for name in net}


class Stream(Zone[Any]):
    """Says one digit a period, and its label."""

    manifest = Manifest("stream", "", period=f"{PERIOD_MS} ms", outputs=(
        Port("image", shape=("item", 64)), Port("label", dtype="int64", shape=("item",), role="label")))
    images: np.ndarray
    labels: np.ndarray

    def step(self, now: int, inputs: Any) -> dict[str, Any] | None:
        index = now // (PERIOD_MS * 1_000_000)
        if index >= len(self.images):
            return None
        ids = np.array([index])
        return {"image": Items(self.images[index:index + 1].copy(), ids),
                "label": Items(self.labels[index:index + 1].astype(np.int64), ids)}


class Encoder(Zone[Any]):
    """A layer of tanh in numpy that learns from the gradient of what it published, and from nothing else."""

    manifest = Manifest("encoder", "", wake_on=("image", "gradient"), inputs=(
        Port("image", shape=("item", 64)), Port("gradient", shape=("item", HIDDEN), role="gradient", required=False)),
        outputs=(Port("code", shape=("item", HIDDEN), items_from="image"),))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.net, _ = first_weights()
        self.waiting: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def step(self, now: int, inputs: Any) -> dict[str, Any] | None:
        image = inputs["image"]
        if image is None:
            return None
        code = np.tanh(image @ self.net["w"] + self.net["b"])
        for identity, row, published in zip(inputs.ids["image"].tolist(), image, code, strict=True):
            self.waiting[identity] = (row, published.copy())
        return {"code": code}

    def learn(self, now: int, inputs: Any) -> None:
        if inputs["gradient"] is None:
            return
        for identity, gradient in zip(inputs.ids["gradient"].tolist(), inputs["gradient"], strict=True):
            image, code = self.waiting.pop(identity)
            error = gradient * (1 - code * code)
            self.net = moved(self.net, {"w": np.outer(image, error), "b": error}, ENCODER_RATE)


class Classifier(Zone[Any]):
    """Softmax regression in jax that learns when the label comes, and says the gradient a millisecond later."""

    manifest = Manifest("classifier", "", period="1 ms", inputs=(
        Port("stimulus", shape=("item", HIDDEN)),
        Port("teacher", dtype="int64", shape=("item",), role="label", keep="all", required=False)),
        outputs=(Port("stimulus_gradient", shape=("item", HIDDEN), role="gradient"),))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        _, self.net = first_weights()
        self.waiting: dict[int, np.ndarray] = {}
        self.gradients: dict[int, np.ndarray] = {}

    def step(self, now: int, inputs: Any) -> dict[str, Any] | None:
        if inputs["stimulus"] is not None:
            self.waiting.update(zip(inputs.ids["stimulus"].tolist(), inputs["stimulus"], strict=True))
        if not self.gradients:
            return None
        gradient = Items(np.stack(list(self.gradients.values())), np.array(list(self.gradients)))
        self.gradients = {}
        return {"stimulus_gradient": gradient}

    def learn(self, now: int, inputs: Any) -> None:
        for ids, labels in zip(inputs.ids.get("teacher", ()), inputs["teacher"] or (), strict=True):
            for identity, label in zip(ids.tolist(), labels.tolist(), strict=True):
                of_net, of_stimulus = classifier_gradients(self.net, self.waiting.pop(identity), label)
                self.net = moved(self.net, of_net, CLASSIFIER_RATE)
                self.gradients[identity] = np.asarray(of_stimulus)


def by_bus(images: np.ndarray, labels: np.ndarray, gain: float, late: int = 0) -> tuple[Net, Net]:
    """Return both networks after all items, trained on the bus; labels come `late` items later than they might."""
    shown = type("Shown", (Stream,), {"images": images, "labels": labels})
    with Brain(seed=1) as brain:
        for zone in (shown, Encoder, Classifier):
            brain.add(zone)
        brain.add(MANIFEST, "thalamus", params={"relays": {"code": {"axes": [HIDDEN], "gain": gain}}})
        brain.connect("stream.image", "encoder.image")
        brain.connect("encoder.code", "thalamus.code")
        brain.connect("thalamus.code_relay", "classifier.stimulus")
        brain.connect("stream.label", "classifier.teacher", delay=f"{late * PERIOD_MS + 5} ms")
        brain.connect("classifier.stimulus_gradient", "thalamus.code_gradients")
        brain.connect("thalamus.code_gradient", "encoder.gradient")
        brain.run(until=f"{(len(images) + late) * PERIOD_MS} ms")
        encoder: Any = brain["encoder"]
        classifier: Any = brain["classifier"]
        return encoder.net, classifier.net


def end_to_end(images: np.ndarray, labels: np.ndarray, gain: float, late: int = 0) -> tuple[Net, Net]:
    """Return both networks after all items, trained as one by autodiff, each gradient applied `late` items later.

    A gradient is that of the encoder by which the item was seen, and of the classifier as it is when the label comes.
    """
    encoder, classifier = first_weights()
    seen_by: list[Net] = []
    for now in range(len(images) + late):
        seen_by.append(encoder)
        item = now - late
        if item >= 0:
            for_encoder, for_classifier = whole_gradients(seen_by[item], classifier, np.float32(gain), images[item],
                                                          int(labels[item]))
            encoder = moved(encoder, for_encoder, ENCODER_RATE)
            classifier = moved(classifier, for_classifier, CLASSIFIER_RATE)
    return encoder, classifier
