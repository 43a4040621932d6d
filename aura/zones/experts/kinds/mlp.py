"""The expert that is a multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from flax import nnx

from aura.zones.experts.kinds.expert import ExpertOptions, Lesson, Rows
from aura.zones.experts.kinds.modules import Perceptron
from aura.zones.experts.kinds.networks import Network
from aura.zones.experts.kinds.neural import NeuralExpert, counts
from aura.zones.experts.kinds.options import MlpOptions, learning_rate
from aura.zones.experts.kinds.perceptron_program import PerceptronProgram

__all__ = ["MlpExpert", "MlpOptions"]


class MlpExpert(NeuralExpert):
    """A multilayer perceptron over all numbers of a stimulus, whatever its axes.

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; `options` is an `MlpOptions`.

    Notes
    -----
    The passes and the update run on one core by the kernels of `mlp_kernels`, which agree with what XLA compiles of the
    module to 1e-5 and are faster: nothing is dispatched, and the bits depend neither on threads nor on the other rows.

    Examples
    --------
    >>> import numpy as np
    >>> expert = MlpExpert((4,), 3, MlpOptions(hidden=(8,)), seed=1)
    >>> expert.predict(np.zeros((2, 4), np.float32)).shape
    (2, 3)
    """

    kind: ClassVar[str] = "mlp"
    Options: ClassVar[type[ExpertOptions]] = MlpOptions
    Steps: ClassVar[type[Network]] = PerceptronProgram
    program: PerceptronProgram

    @staticmethod
    def build(shape: tuple[int, ...], options: MlpOptions, outputs: int, rngs: nnx.Rngs) -> Perceptron:
        """Return the perceptron."""
        return Perceptron(math.prod(shape), options.hidden, options.activation, outputs, rngs)

    @classmethod
    def predict_many(cls, jobs: Sequence[tuple[Self, Rows]]) -> list[Rows]:
        """Predict with one after the other."""
        return [expert.program.answer(expert._parameters, rows, expert.classes) for expert, rows in jobs]

    @classmethod
    def learn_many(cls, jobs: Sequence[tuple[Self, Lesson]], *, want_gradient: bool = False) -> list[Rows | None]:
        """Let one after the other learn."""
        return [expert._study(lesson, want_gradient) for expert, lesson in jobs]

    def _study(self, lesson: Lesson, want_gradient: bool) -> Rows | None:
        steps, parameters = self.program, self._parameters
        slopes = steps.gradient(parameters, lesson.rows, lesson.targets, self.classes) if want_gradient else None
        if counts(lesson):
            steps.learn(parameters, self._optimiser, self._anchor if lesson.holds.any() else None, lesson, self.classes,
                        learning_rate(self.options, self.learned) * lesson.rate)
            self._count(int(np.count_nonzero(lesson.weights)))
        return slopes
