"""What a learner is to the amygdala: it maps embeddings to the scores of the heads of all tasks, and learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from aura.core.contract import Contribution, class_of, require_options
from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.core.ports import Port
from aura.core.time import Time
from aura.zones.common.links import LOG_ODDS, Link
from aura.zones.common.loss_options import TargetType

__all__ = ["Block", "Followed", "Head", "Learned", "Learner", "LearnerKind", "LearnerOptions", "Lesson", "Rows",
           "TargetType", "compact"]

Rows = NDArray[Any]
"""Embeddings (n, features), with what stands beside them (see `features/`): float32."""


class LearnerOptions(BaseModel):
    """The base of every kind's options: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)
    changeable: ClassVar[tuple[str, ...]] = ()
    """Those that take effect in a learner that loads a state made with others."""

    kind: str = Field(description="What learns for all tasks: a kind of learner that a plugin brings.")

    @property
    def reads_text(self) -> bool:
        """Whether the learner reads the texts of items (`Learner.follow`), so that the zone has an input for them."""
        return False

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The outputs that the learner adds to the zone's (`Learner.follow`)."""
        return ()


class Head(NamedTuple):
    """What a learner predicts for one task."""

    name: str
    """The task's."""
    target_type: TargetType
    """Zero or one for each class, any number of ones or exactly one an item; or numbers."""
    outputs: int
    """How many there are at first; heads of classes grow."""


class Lesson(NamedTuple):
    """What one head is told in a tick."""

    used: NDArray[np.intp]
    """Which rows of the block, (u,)."""
    targets: NDArray[np.float64]
    """What it should have scored, (u, outputs)."""


class Block(NamedTuple):
    """What is told in a tick: the items that any head is told of, and of each head which of them, so that a label that
    is missing costs nothing."""

    rows: Rows
    """(n, features)."""
    lessons: Mapping[str, Lesson]
    """By the name of the head; only heads that are told something."""


class Learned(NamedTuple):
    """What a learner did with a block; all of it by what it knew before the block."""

    scores: Mapping[str, NDArray[np.float64]]
    """Of each lesson, (u, outputs)."""
    losses: Mapping[str, float]
    """Of each lesson, the mean over its items."""
    gradient: NDArray[np.float64] | None = None
    """Of each item's own loss, summed over heads, with respect to its row, (n, features); where it is wanted."""
    scalars: Mapping[str, float] = {}
    """What else is worth logging."""


class Followed(NamedTuple):
    """What a learner that follows the stream made of items as they came."""

    context: NDArray[np.float32]
    """What it is to know of each when its label comes, (n, context)."""
    outputs: Mapping[str, Any]
    """Its own outputs, by port."""


def compact(block: Block) -> tuple[Block, Any]:
    """Return the block without rows that nobody is told of, and which rows are left."""
    if any(len(lesson.used) == len(block.rows) for lesson in block.lessons.values()):
        return block, slice(None)
    kept = np.unique(np.concatenate([lesson.used for lesson in block.lessons.values()]))
    return Block(block.rows[kept], {name: Lesson(np.searchsorted(kept, lesson.used), lesson.targets)
                                    for name, lesson in block.lessons.items()}), kept


class Learner(Stateful, ABC):
    """What learns for all tasks of an amygdala; `lasting` names what it carries on.

    Parameters
    ----------
    options : LearnerOptions
        Of its kind.
    heads : sequence of Head
        One for each task that leaves its learning to it.
    features : int
        Length of a row: of an embedding, and of what stands beside it.
    rng : numpy.random.Generator
        The zone's: all that is random comes from it.
    """

    link: ClassVar[Link] = LOG_ODDS
    """What the scores of its classes are."""
    leaves_out: ClassVar[bool] = False
    """Whether it can tell what rows would score had they not been learned (`left_out`)."""
    whole: ClassVar[bool] = False
    """Whether it exports all that it knows as files of its own, and reads it from these rather than a map a task."""
    close_for: ClassVar[tuple[TargetType, ...]] = ("labels", "choice")
    """The targets of heads whose scores `left_out` tells closely enough to fit probabilities to."""
    context: int = 0
    """Columns that a row has behind its features, where what is predicted depends on more than these (`follow`)."""
    forgetting: float = 1.0
    """Factor by which what was learned counts less with each row."""
    moved: bool = False
    """Whether the state last loaded has been brought up to other options, so that what follows from it is old."""

    def __init__(self, options: Any, heads: Sequence[Head], features: int, rng: np.random.Generator) -> None:
        self.options, self.heads, self.features, self.rng = options, tuple(heads), features, rng

    @abstractmethod
    def scores(self, rows: Rows) -> Mapping[str, NDArray[np.float64]]:
        """Return the scores (n, outputs) of each head for rows (n, features)."""

    @abstractmethod
    def learn(self, block: Block, rate: float, *, want_gradient: bool = False) -> Learned:
        """Learn a block in which each item counts `rate` times; at 0 nothing is learned, only told."""

    @abstractmethod
    def grow(self, head: str, count: int, seen: float) -> None:
        """Append classes that none of the `seen` items learned so far had."""

    def follow(self, now: Time, rows: Rows, texts: Sequence[str]) -> Followed:
        """Take note of items as they come, before they are scored; where `context` is not 0.

        Rows (n, features) are scored and learned later with what this returns of them behind them, (n, features +
        context). Here alone a learner changes by what it predicts from; it does so with learning off too.

        Parameters
        ----------
        now : int
            The instant.
        rows : array (n, features)
        texts : sequence of str
            Of each item, "" where there is none; where the options say `reads_text`.
        """
        raise NotImplementedError

    def explain(self, rows: Rows, texts: Sequence[str]) -> Mapping[str, Any]:
        """Return what lies behind the scores of rows (n, features), as the learner has it; nothing is changed."""
        return {"scores": self.scores(rows)}

    def left_out(self, head: str, rows: Rows, targets: NDArray[np.float64],
                 weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores (n, outputs) that learned rows would have if none of their `weights` (n,) had been learned.
        """
        raise NotImplementedError

    def linear(self, head: str) -> NDArray[np.float64] | None:
        """Return the map of a head, (features + 1, outputs) with the bias in its last row; None where it is not linear.
        """
        return None

    def adopt(self, head: Head, weights: NDArray[np.float64]) -> None:
        """Begin a head anew from a map (features + 1, outputs), as `linear` returns it.

        Raises
        ------
        ParameterError
            If the learner takes over no maps.
        """
        raise ParameterError("amygdala.learner.kind", expected="a learner that takes over linear maps",
                             got=repr(self.options.kind), hint="Resume from a checkpoint instead.")

    def export(self, folder: Path) -> list[Path]:
        """Write what other programs can use besides the maps, and return the files."""
        return []

    @classmethod
    def width_of_export(cls, folder: Path) -> int:
        """Return the number of features of what was exported to `folder`; where exports are `whole`."""
        raise NotImplementedError

    def read_export(self, folder: Path, heads: Sequence[Head]) -> Any:
        """Return what was exported to `folder` with these heads, checked; where exports are `whole`.

        Raises
        ------
        StateError
            If a file is missing or does not fit.
        """
        raise NotImplementedError

    def adopt_export(self, found: Any) -> None:
        """Take over what `read_export` returned; learning goes on from there."""


@dataclass(frozen=True, slots=True)
class LearnerKind(Contribution):
    """A kind of learner, readable without importing what it computes with; plugins bring one by `aura_learners`.

    Parameters
    ----------
    name : str
        As scenarios say it: ``learner = { kind = "rls" }``.
    summary : str
        One sentence.
    options : type of LearnerOptions
        Its option model.
    factory : str or callable
        The class derived from `Learner`, or ``"package.module:Class"``, imported only when a zone is built.
    """

    name: str
    summary: str
    options: type[LearnerOptions]
    factory: str | Callable[..., Learner]

    def __post_init__(self) -> None:
        require_options(self.options, LearnerOptions, f"kind of learner {self.name!r}")

    def load(self) -> type[Learner]:
        """Import and return the class.

        Raises
        ------
        ParameterError
            If it cannot be imported or is no Learner.
        """
        return class_of(self.factory, Learner,  # type: ignore[type-abstract]
                        f"kind of learner {self.name!r}.factory", expected="a subclass of Learner",
                        error=ParameterError)
