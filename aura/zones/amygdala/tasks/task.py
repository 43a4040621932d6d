"""What every kind of task is to the amygdala: it predicts from embeddings, learns from a teacher, can be saved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
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
from aura.zones.amygdala.learners.learner import Head, Learner
from aura.zones.common.task_options import ITEMS

__all__ = ["ITEMS", "AnyTask", "HeadTask", "LabelledItems", "Task", "TaskKind", "TaskOptions", "Taught"]

class TaskOptions(BaseModel):
    """The base of every kind's options: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
    changeable: ClassVar[tuple[str, ...]] = ()
    """Those that take effect in a task that loads a state made with others."""

    kind: str = Field(description="What is told of an item: a kind of task that a plugin brings.")

    def teacher(self, name: str) -> Port:
        """Return the input ``NAME_teacher``, of role ``label``, that tells the truth of items seen before."""
        raise NotImplementedError

    def outputs(self, name: str) -> tuple[Port, ...]:
        """Return the outputs, ``NAME`` first, with ``items_from=ITEMS``."""
        raise NotImplementedError

    def followed(self, name: str) -> tuple[str, int] | None:
        """Return the output that tells a user's affect, and how many numbers it has an item; None if they may change.
        """
        return None


class LabelledItems(NamedTuple):
    """What a teacher said of a block of items."""

    truths: Any
    """As it came."""
    used: NDArray[np.intp]
    """Which of the items can be learned from, (u,)."""
    targets: NDArray[np.float64]
    """What the head should have scored, (u, outputs)."""
    scalars: dict[str, float]
    """What the zone logs of it; names begin with the task's."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What came of a task's own learning from one block of items.

    Parameters
    ----------
    scalars : dict of str to float
        What the zone logs besides the items learned from and the labels that found none; names begin with the task's.
    used : array of int (u,)
        Which of the items could be learned from.
    gradient : array (u, features), optional
        The gradient of each one's loss with respect to its embedding, by the weights before learning.
    """

    scalars: dict[str, float]
    used: NDArray[Any]
    gradient: NDArray[Any] | None = None


class AnyTask(Stateful):
    """One task of an amygdala, either a `Task` or a `HeadTask`; `lasting` names what it carries on.

    Parameters
    ----------
    name : str
        The task's name, which its ports begin with.
    options : TaskOptions
        Of its kind.
    params : AmygdalaParams
        The zone's parameters, which hold for all tasks.
    features : int
        Length of an embedding.
    """

    def __init__(self, name: str, options: Any, params: Any, features: int) -> None:
        self.name, self.options, self.params, self.features = name, options, params, features

    def settle(self) -> None:
        """Bring what is derived from the learner up to all that was learned; learning goes on or ends after it."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that it tells apart at present, if it does."""
        return ()

    def notices(self) -> dict[str, int]:
        """Return what a person should be told of it when a run is over, as `Zone.notices` does."""
        return {}

    def export(self, folder: Path) -> list[Path]:
        """Write what other programs can use, and return the files."""
        return []

    @classmethod
    def width_of_export(cls, folder: Path, name: str) -> int:
        """Return the number of features of what was exported to `folder` for the task `name`."""
        raise ParameterError(f"amygdala.tasks.{name}", expected="a kind of task that reads exports",
                             got=cls.__name__, hint="Resume from a checkpoint instead.")

    def read_export(self, folder: Path) -> tuple[Any, list[Path]]:
        """Return what was exported to `folder` and its files, checked against this task; nothing is changed.

        Raises
        ------
        AuraError
            If files are missing or do not fit, or this kind has no exports.
        """
        self.width_of_export(folder, self.name)
        return None, []

    def exported_labels(self, found: Any = None) -> tuple[str, ...]:
        """Return the classes of what `read_export` returned, or the present ones; none of a task without classes."""
        return ()

    def adopt(self, found: Any) -> None:
        """Take over what `read_export` returned; learning goes on from there."""


class Task(AnyTask, ABC):
    """A task that brings its own learning: it predicts from embeddings and learns from its teacher, all by itself."""

    @abstractmethod
    def predict(self, rows: NDArray[Any]) -> dict[str, Any]:
        """Return the outputs by port for rows (n, features + 1), embeddings in float64 with a last column of ones."""

    def explain(self, rows: NDArray[Any]) -> tuple[list[Any], Mapping[str, list[Any]]]:
        """Return what it would say of rows (n, features + 1), each in a form to be shown, and by name the same of each
        of the parts that this is made of; nothing is changed. Empty where it does not tell.
        """
        return [], {}

    @abstractmethod
    def learn(self, embedding: NDArray[Any], truths: Any, rate: float, where: str, now: Time, *,
              want_gradient: bool) -> Taught:
        """Learn from embeddings (n, features) and what the teacher said of each.

        Parameters
        ----------
        embedding : array float32 (n, features)
        truths : array (n, ...) or list of n
            As they came to the teacher's port.
        rate : float
            How much each item counts, 0 for not at all.
        where : str
            The teacher's port, for errors.
        now : int
            The instant, for errors.
        want_gradient : bool
            Whether the gradient is asked for.
        """


class HeadTask(AnyTask, ABC):
    """A task that leaves its learning to the zone's learner, for which it is a head.

    Its parameters are those of `AnyTask`. The zone asks for its `head`, makes the learner, and lets it `join` that
    before all else.
    """

    learner: Learner

    def join(self, learner: Learner) -> None:
        """Take the learner that its head belongs to."""
        self.learner = learner

    def learner_moved(self) -> None:
        """Derive anew what follows from the learner: a state that was loaded has been brought up to other options."""

    @abstractmethod
    def head(self) -> Head:
        """Return what the learner is to predict for it."""

    @abstractmethod
    def answer(self, scores: NDArray[np.float64]) -> dict[str, Any]:
        """Return the outputs by port for the learner's scores (n, outputs)."""

    def novelty(self, rows: NDArray[Any]) -> dict[str, Any]:
        """Return outputs by port that tell how far embeddings (n, features) are from what was learned, if there are."""
        return {}

    @abstractmethod
    def targets(self, truths: Any, where: str, now: Time) -> LabelledItems:
        """Return what the head should have scored for each item; `truths` are as they came to the teacher's port."""

    def named(self, scores: NDArray[np.float64]) -> list[Any]:
        """Return of each item what the learner's scores (n, outputs) say, in a form to be shown; nothing is changed."""
        return list(scores.tolist())

    def exported_head(self, found: Any) -> Head:
        """Return the head that belongs to what `read_export` returned."""
        return self.head()

    def learned(self, rows: NDArray[Any], items: LabelledItems, scores: NDArray[np.float64], rate: float) -> None:
        """Take note of what the learner has learned: embeddings, their labels, and their scores before."""


@dataclass(frozen=True, slots=True)
class TaskKind(Contribution):
    """A kind of task, readable without importing what it computes with; plugins bring one by the hook `aura_tasks`.

    Parameters
    ----------
    name : str
        As scenarios say it: ``kind = "labels"``.
    summary : str
        One sentence.
    options : type of TaskOptions
        Its option model, which says its ports.
    factory : str or callable
        The class derived from `Task` or `HeadTask`, or ``"package.module:Class"``, imported only when a task is built.
    """

    name: str
    summary: str
    options: type[TaskOptions]
    factory: str | Callable[..., AnyTask]

    def __post_init__(self) -> None:
        require_options(self.options, TaskOptions, f"kind of task {self.name!r}")

    def load(self) -> type[AnyTask]:
        """Import and return the class.

        Raises
        ------
        ParameterError
            If it cannot be imported or is neither.
        """
        return class_of(self.factory, AnyTask, f"kind of task {self.name!r}.factory",
                        expected="a subclass of Task or of HeadTask", error=ParameterError)
