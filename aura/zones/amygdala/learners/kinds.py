"""The kinds of learner that come with AURA: their options. Nothing that they compute with is imported."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from aura.zones.amygdala.kinds import of_another_kind, of_its_kind
from aura.zones.amygdala.learners.learner import LearnerKind, LearnerOptions
from aura.zones.amygdala.learners.mixture_options import MixtureOptions
from aura.zones.amygdala.learners.network_options import NetworkOptions

__all__ = ["KINDS", "LogisticOptions", "MixtureOptions", "NetworkOptions", "RlsOptions", "SomeLearner"]


class _LinearOptions(LearnerOptions):
    ridge: float = Field(default=1.0, gt=0, description="The penalty on the squared weights.")
    forgetting: float = Field(
        default=1.0, gt=0, le=1,
        description="Factor by which the weight of the past shrinks with each item; 1 is exact and forgets nothing.")


class RlsOptions(_LinearOptions):
    """Exact recursive least squares, a linear readout for each task."""

    changeable: ClassVar[tuple[str, ...]] = ("ridge",)

    kind: Literal["rls"] = Field(default="rls", description="Exact recursive least squares.")


class LogisticOptions(_LinearOptions):
    """The stochastic logistic rule, a linear readout for each task."""

    changeable: ClassVar[tuple[str, ...]] = ("learning_rate",)

    kind: Literal["logistic"] = Field(default="logistic", description="Logistic regression by natural gradient.")
    learning_rate: float = Field(default=1.0, gt=0, description="Factor on the second-order step of classes.")


_LEARNERS = "aura.zones.amygdala.learners"
KINDS = {kind.name: kind for kind in (
    LearnerKind("rls", "Exact recursive least squares: its weights do not depend on the order of the rows.", RlsOptions,
                f"{_LEARNERS}.rls:RlsLearner"),
    LearnerKind("logistic", "Logistic regression in one pass, by natural-gradient steps.", LogisticOptions,
                f"{_LEARNERS}.logistic:LogisticLearner"),
    LearnerKind("network", "Heads over a representation that all tasks share, trained by AdamW.", NetworkOptions,
                f"{_LEARNERS}.network:NetworkLearner"),
    LearnerKind("mixture", "Readouts and small networks, mixed by a liquid gate that attention to words bends.",
                MixtureOptions, f"{_LEARNERS}.mixture:MixtureLearner"))}
"""Those of this package."""

_WHAT = "a kind of learner"
SomeLearner = Annotated[
    RlsOptions | LogisticOptions | NetworkOptions | MixtureOptions
    | Annotated[LearnerOptions, of_another_kind(_WHAT, KINDS)],
    BeforeValidator(of_its_kind("learner", _WHAT, LearnerOptions, KINDS, "rls"))]
"""The options of a learner of any kind."""
