"""A small expert for the tests of files and stores: softmax regression, counted reads and big numbers in its state."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from aura.zones.experts.kinds.expert import Expert, ExpertOptions, Lesson, Rows


class SmallOptions(ExpertOptions):
    """Options of the small expert."""

    step: float = 0.5
    sizes: tuple[int, ...] = (3, 2)


class SmallExpert(Expert):
    """Softmax regression, whose state holds a bit of everything."""

    kind: ClassVar[str] = "small"
    Options: ClassVar[type[ExpertOptions]] = SmallOptions

    def __init__(self, shape: tuple[int, ...], classes: int, options: Any, seed: int) -> None:
        super().__init__(shape, classes, options, seed)
        self.random = np.random.default_rng(seed)
        self.weights = self.random.normal(size=(int(np.prod(shape)), classes)).astype(np.float32)
        self.updates = 0

    def predict(self, rows: Rows) -> Rows:
        logits = rows.reshape(len(rows), -1) @ self.weights
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)

    def learn(self, lesson: Lesson, *, want_gradient: bool = False) -> Rows | None:
        error = (lesson.targets - self.predict(lesson.rows)) * lesson.weights[:, None]
        step = lesson.rows.reshape(len(error), -1).T @ error
        noise = self.random.normal(size=step.shape).astype(np.float32)
        self.weights += np.float32(self.options.step * lesson.rate) * (step + np.float32(0.01) * noise)
        self.updates += 1
        return None

    def add_classes(self, count: int) -> None:
        fresh = self.random.normal(size=(len(self.weights), count)).astype(np.float32)
        self.weights = np.concatenate([self.weights, fresh], axis=1)
        self.classes += count

    def state(self) -> dict[str, Any]:
        return {"weights": self.weights.copy(), "updates": self.updates, "classes": self.classes,
                "random": self.random.bit_generator.state}

    def load_state(self, state: dict[str, Any]) -> None:
        self.weights, self.updates = state["weights"].copy(), state["updates"]
        self.classes = state["classes"]
        self.random.bit_generator.state = state["random"]

    @property
    def nbytes(self) -> int:
        return int(self.weights.nbytes)


def small_kind(name: str) -> type[Expert]:
    """Return the small expert's class for its name."""
    assert name == "small"
    return SmallExpert


def small(seed: int = 0, classes: int = 3, shape: tuple[int, ...] = (2, 2)) -> SmallExpert:
    """Return a small expert."""
    return SmallExpert(shape, classes, SmallOptions(), seed)


def lesson(seed: int, classes: int = 3) -> Lesson:
    """Return a lesson of four rows."""
    random = np.random.default_rng(seed)
    targets = np.eye(classes, dtype=np.float32)[random.integers(classes, size=4)]
    return Lesson(random.normal(size=(4, 2, 2)).astype(np.float32), targets, np.ones(4, np.float32),
                  np.zeros(4, np.float32), 1.0)
