"""Experts that are neural networks: what is the same for every architecture."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from flax import nnx

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.experts.kinds.expert import Expert, ExpertOptions, Lesson, Rows
from aura.zones.experts.kinds.networks import Network, network
from aura.zones.experts.kinds.options import NeuralOptions
from aura.zones.experts.kinds.pytree import widened

__all__ = ["LEAST_CAPACITY", "NeuralExpert", "capacity_for", "counts"]

LEAST_CAPACITY = 8
"""Logits of a head at least, tuned here: adding a class seldom compiles anew."""


def capacity_for(classes: int) -> int:
    """Return the logits of a head for so many classes: the next power of two."""
    return max(LEAST_CAPACITY, 1 << max(classes - 1, 0).bit_length())


class NeuralExpert(Expert):
    """A network that learns by gradient descent, one update a lesson.

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; `options` is a `NeuralOptions`.

    Notes
    -----
    The module is defined with flax.nnx (`build`); what runs it is the kind's own `Steps`. The head has room for
    classes to come, which has no effect.

    A lesson none of whose rows has a weight or a hold above 0 changes nothing. A clone keeps the optimiser's moments
    and the count of rows; only what is drawn later, the logits of new classes, comes from its own seed.
    """

    Options: ClassVar[type[ExpertOptions]] = NeuralOptions
    Steps: ClassVar[type[Network]]
    """What runs the network."""
    options: NeuralOptions

    def __init__(self, shape: tuple[int, ...], classes: int, options: Any, seed: int) -> None:
        super().__init__(tuple(shape), classes, options, seed)
        self.capacity = capacity_for(classes)
        self.updates = 0
        self.learned = 0
        self.program: Network = self._network(self.capacity)
        self._parameters = self.program.initial(seed)
        self._anchor = self.program.placed(self._parameters)
        self._optimiser = self.program.optimiser_state()

    @staticmethod
    @abstractmethod
    def build(shape: tuple[int, ...], options: Any, outputs: int, rngs: nnx.Rngs) -> nnx.Module:
        """Return the module that maps rows (n, *shape) to logits (n, outputs); its last layer is named ``head``."""

    @property
    def nbytes(self) -> int:
        """Memory of the parameters, the optimiser's state and the anchor, in bytes."""
        return sum(leaf.nbytes for leaf in (*self._parameters, *self._optimiser, *self._anchor))

    def predict(self, rows: Rows) -> Rows:
        """Return the probability of each class (n, classes)."""
        return self.predict_many([(self, rows)])[0]

    def learn(self, lesson: Lesson, *, want_gradient: bool = False) -> Rows | None:
        """Take one step, and return the gradient of each row's own cross-entropy with respect to it."""
        return self.learn_many([(self, lesson)], want_gradient=want_gradient)[0]

    def _count(self, learned: int) -> None:
        """Count an update from so many rows, and take the anchor anew when it is time."""
        self.updates += 1
        self.learned += learned
        if self.updates % self.options.anchor_every == 0:
            self._anchor = self.program.placed(self._parameters)

    def add_classes(self, count: int) -> None:
        """Append classes; beyond the head's room it is made wider, with fresh parameters for what is new."""
        self.classes += count
        if self.classes > self.capacity:
            self.capacity = capacity_for(self.classes)
            self.program = wide = self._network(self.capacity)
            fresh = wide.initial(self.seed)
            blank = wide.optimiser_state()
            self._anchor = wide.placed(widened(self._anchor, fresh))
            self._parameters = wide.placed(widened(self._parameters, fresh))
            self._optimiser = wide.placed(widened(self._optimiser, blank))

    def state(self) -> dict[str, Any]:
        """Return the parameters, the optimiser's state, the anchor and the counts, as copies."""
        steps = self.program
        return {"classes": self.classes, "capacity": self.capacity, "updates": self.updates, "learned": self.learned,
                "parameters": steps.names.named(self._parameters), "anchor": steps.names.named(self._anchor),
                "optimiser": steps.optimiser_names.named(self._optimiser)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        where = f"{self.kind} expert"
        try:
            classes, capacity, updates, learned = (int(state[key])
                                                   for key in ("classes", "capacity", "updates", "learned"))
            parts = state["parameters"], state["anchor"], state["optimiser"]
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(where, expected="a state of this kind", got=described(error)) from error
        if classes < 1 or capacity != capacity_for(capacity) or classes > capacity or min(updates, learned) < 0:
            raise StateError(where, expected="counts that fit one another",
                             got=f"{classes} classes, {capacity} logits, {updates} updates of {learned} rows")
        steps = self._network(capacity)
        parameters = steps.names.read(parts[0], f"{where}.parameters")
        anchor = steps.names.read(parts[1], f"{where}.anchor")
        moments = steps.optimiser_names.read(parts[2], f"{where}.optimiser")
        self.program, self.classes, self.capacity = steps, classes, capacity
        self.updates, self.learned = updates, learned
        self._parameters, self._anchor, self._optimiser = map(steps.placed, (parameters, anchor, moments))

    def _network(self, capacity: int) -> Network:
        """Return the network with so many logits, which all experts of the same definition share."""
        steps: Network = network(type(self).Steps, type(self).build, self.shape, capacity, self.options)
        return steps


def counts(lesson: Lesson) -> bool:
    """Return whether there is anything to learn: an update without would still move along the optimiser's momentum."""
    return bool(np.count_nonzero(lesson.weights) or np.count_nonzero(lesson.holds))
