"""A linear readout of what a network represents, beside what is known in closed form of its targets."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from aura.core.lasting import Lasting, Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.loss_options import TargetType
from aura.zones.common.parameters import Parameters
from aura.zones.common.running import Frequencies, Moments

__all__ = ["Readout"]


class Readout(Stateful):
    r"""A linear readout of a representation, beside what its targets are like on average.

    Parameters
    ----------
    target_type : {"labels", "choice", "numbers"}
    outputs : int
        How many there are at first.
    width : int
        Of the representation.

    Notes
    -----
    Its scores are :math:`a \odot (W^\top h + b) + c`: of classes, c are the log odds of their running frequency, so
    that a class that is met late or is rare needs no thousand steps of the bias, and a is 1; of numbers, c and a are
    their running mean and deviation, so that tasks weigh alike whatever their unit.
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = ("parameters", "known")

    def __init__(self, target_type: TargetType, outputs: int, width: int) -> None:
        self.target_type = target_type
        self.parameters = Parameters(np.zeros((width + 1, outputs), np.float32))
        self.known: Frequencies | Moments = (
            Moments(outputs) if target_type == "numbers" else Frequencies(outputs, exclusive=target_type == "choice"))

    @property
    def offset(self) -> Array:
        """What is added to what is read out, (outputs,)."""
        return self.known.mean if isinstance(self.known, Moments) else self.known.log_odds

    @property
    def stretch(self) -> Array:
        """What is read out is multiplied with it, (outputs,)."""
        return self.known.deviation if isinstance(self.known, Moments) else np.ones(len(self.known.counts))

    def grow(self, count: int) -> None:
        """Append classes of which nothing is known."""
        self.parameters.add_outputs(count)
        if isinstance(self.known, Frequencies):
            self.known.add_classes(count)
