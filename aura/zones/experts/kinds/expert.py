"""What every kind of expert is to the mixture: it predicts, it learns from weighted rows, and it can be saved alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from aura.core.contract import Contribution, class_of
from aura.core.errors import ParameterError
from aura.core.lasting import Stateful

__all__ = ["Expert", "ExpertKind", "ExpertOptions", "Lesson", "Rows"]

Rows = NDArray[np.float32]


class ExpertOptions(BaseModel):
    """The base of every kind's options: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Lesson(NamedTuple):
    """What one expert is to learn from in one tick."""

    rows: Rows
    """(n, *shape), what was predicted from."""
    targets: Rows
    """(n, classes), rows that sum to 1: the truth, or a blend of it and a teacher's answer."""
    weights: Rows
    """(n,), 0 or more: how much each row counts."""
    holds: Rows
    """(n,), 0 or more: how strongly the output on each row is held where it was (elastic output-space penalty)."""
    rate: float
    """Scales the learning of this tick; above 0."""


class Expert(Stateful, ABC):
    """One unit of the mixture.

    Parameters
    ----------
    shape : tuple of int
        Of one stimulus.
    classes : int
        How many classes are told apart at first, 1 or more.
    options : ExpertOptions
        Of this kind.
    seed : int
        Of everything random in it.

    Notes
    -----
    A kind names in `lasting` all that it learns, for its file and for checkpoints, or has `state` and `load_state` of
    its own; nothing in a state changes afterwards. A plugin brings it by the hook `aura_experts`; it may also be named
    as ``"package.module:Class"``.
    """

    kind: ClassVar[str]
    Options: ClassVar[type[ExpertOptions]] = ExpertOptions

    def __init__(self, shape: tuple[int, ...], classes: int, options: Any, seed: int) -> None:
        self.shape, self.classes, self.options, self.seed = shape, classes, options, seed

    @abstractmethod
    def predict(self, rows: Rows) -> Rows:
        """Return the probability of each class (n, classes) for rows (n, *shape); fresh, rows sum to 1."""

    @abstractmethod
    def learn(self, lesson: Lesson, *, want_gradient: bool = False) -> Rows | None:
        """Learn, and return the gradient of each row's own loss with respect to it, (n, *shape), where it is wanted.

        The gradient is by the parameters before learning and is not multiplied by the row's weight; None where the
        kind has none.
        """

    @abstractmethod
    def add_classes(self, count: int) -> None:
        """Append classes; what is known of the others stays."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Memory that its parameters and learner take, in bytes."""

    def clone(self, seed: int) -> Self:
        """Return another expert that knows what this one knows and goes its own way from here."""
        other = type(self)(self.shape, self.classes, self.options, seed)
        other.load_state(self.state())
        return other

    @classmethod
    def predict_many(cls, jobs: Sequence[tuple[Self, Rows]]) -> list[Rows]:
        """Predict with several experts of this kind; a kind may do it faster than one after the other."""
        return [expert.predict(rows) for expert, rows in jobs]

    @classmethod
    def learn_many(cls, jobs: Sequence[tuple[Self, Lesson]], *, want_gradient: bool = False) -> list[Rows | None]:
        """Let several experts of this kind learn; a kind may do it faster than one after the other."""
        return [expert.learn(lesson, want_gradient=want_gradient) for expert, lesson in jobs]


@dataclass(frozen=True, slots=True)
class ExpertKind(Contribution):
    """A kind of expert as plugins bring it, readable without importing what it computes with.

    Parameters
    ----------
    name : str
        As the zone's parameter `kinds` names it.
    summary : str
        One sentence.
    factory : str or type of Expert
        The class, or ``"package.module:Class"``, imported when the zone is built.
    options : type of ExpertOptions
        What its experts may be told, as their class has it; `aura zones experts` shows them.
    """

    name: str
    summary: str
    factory: str | type[Expert]
    options: type[ExpertOptions] = ExpertOptions

    def load(self) -> type[Expert]:
        """Import and return the class.

        Raises
        ------
        ParameterError
            If it cannot be imported, or is no expert.
        """
        where = f"experts.kinds: {self.name!r}"
        found: type[Expert] = class_of(self.factory, Expert, where, error=ParameterError,  # type: ignore[type-abstract]
                                       expected=f"a class derived from {Expert.__name__} at {self.factory}")
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if missing or not hasattr(found, "kind"):
            raise ParameterError(where, expected="a class with `kind` and all methods of an expert",
                                 got=f"none of {', '.join(missing)}" if missing else "no `kind`")
        return found
