"""The expert that is a multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Self, cast

import numpy as np
from flax import nnx
from pydantic import Field

from aura.zones.experts.kinds.expert import ExpertOptions, Lesson, Rows
from aura.zones.experts.kinds.modules import Activation, Perceptron
from aura.zones.experts.kinds.neural import NeuralExpert
from aura.zones.experts.kinds.options import NeuralOptions, learning_rate
from aura.zones.experts.kinds.perceptron_program import PerceptronProgram, perceptron_program
from aura.zones.experts.kinds.programs import Program

__all__ = ["MlpExpert", "MlpOptions"]


class MlpOptions(NeuralOptions):
    """What an MLP has beside `NeuralOptions`."""

    hidden: tuple[Annotated[int, Field(ge=1, le=65536)], ...] = Field(
        default=(64,), max_length=16,
        description="Units of each hidden layer; none makes it a softmax regression.")
    activation: Activation = Field(default="relu", description="The activation of the hidden units.")


class MlpExpert(NeuralExpert):
    """A multilayer perceptron over all numbers of a stimulus, whatever its axes.

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; `options` is an `MlpOptions`.

    Notes
    -----
    On one device the passes and the update run by the kernels of `mlp_kernels`, which agree with the module's compiled
    steps to 1e-5 and are faster: nothing is dispatched, and the bits depend neither on threads nor on the other rows.

    Examples
    --------
    >>> import numpy as np
    >>> expert = MlpExpert((4,), 3, MlpOptions(hidden=(8,)), seed=1)
    >>> expert.predict(np.zeros((2, 4), np.float32)).shape
    (2, 3)
    """

    kind: ClassVar[str] = "mlp"
    Options: ClassVar[type[ExpertOptions]] = MlpOptions

    @staticmethod
    def build(shape: tuple[int, ...], options: MlpOptions, outputs: int, rngs: nnx.Rngs) -> Perceptron:
        """Return the perceptron."""
        return Perceptron(math.prod(shape), options.hidden, options.activation, outputs, rngs)

    @classmethod
    def predict_many(cls, jobs: Sequence[tuple[Self, Rows]]) -> list[Rows]:
        """Predict with one after the other, or all at once where XLA does it."""
        if jobs and not isinstance(jobs[0][0].program, PerceptronProgram):
            return super().predict_many(jobs)
        return [cast(PerceptronProgram, expert.program).answer(expert._parameters, rows, expert.classes)
                for expert, rows in jobs]

    @classmethod
    def learn_many(cls, jobs: Sequence[tuple[Self, Lesson]], *, want_gradient: bool = False) -> list[Rows | None]:
        """Let one after the other learn, or all at once where XLA does it."""
        if jobs and not isinstance(jobs[0][0].program, PerceptronProgram):
            return super().learn_many(jobs, want_gradient=want_gradient)
        return [expert._study(lesson, want_gradient) for expert, lesson in jobs]

    def _study(self, lesson: Lesson, want_gradient: bool) -> Rows | None:
        steps = cast(PerceptronProgram, self.program)
        slopes = steps.gradient(self._parameters, lesson.rows, lesson.targets, self.classes) if want_gradient else None
        learned, held = int(np.count_nonzero(lesson.weights)), np.count_nonzero(lesson.holds)
        if learned or held:  # an update with nothing to learn would still move along the optimiser's momentum
            steps.learn(self._parameters, self._optimiser, self._anchor if held else None, lesson, self.classes,
                        learning_rate(self.options, self.learned) * lesson.rate)
            self._count(learned)
        return slopes

    def _program_for(self, capacity: int) -> Program:
        """Return the steps: compiled for one core, or by XLA where devices share the rows."""
        if self.options.devices > 1:
            return super()._program_for(capacity)
        return perceptron_program(type(self).build, self.shape, capacity, self.options)
