"""The amygdala's parameters."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from aura.core.contract import deprecated
from aura.core.errors import nearest
from aura.core.zone import ZoneParams
from aura.zones.amygdala.features.extras import TONE_KEYWORDS
from aura.zones.amygdala.features.features import PARTS, Part
from aura.zones.amygdala.features.options import AffectOptions
from aura.zones.amygdala.learners.kinds import RlsOptions, SomeLearner
from aura.zones.amygdala.tasks.kinds import LabelOptions, SomeOptions
from aura.zones.amygdala.users.options import UserOptions
from aura.zones.common.class_answers import JudgingOptions

__all__ = ["AmygdalaParams", "ThresholdOptions"]

_log = logging.getLogger("aura.zones.amygdala")
_BEFORE = ("rule", "ridge", "forgetting", "learning_rate")
"""What stood beside the tasks before there were kinds of learner; `rule` was the kind."""

TaskName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


def _one_task() -> dict[str, SomeOptions]:
    return {"emotion": LabelOptions()}


class ThresholdOptions(JudgingOptions):
    """How decision thresholds and probabilities are learned: from the scores of a sample of what was learned."""

    source: Literal["rows", "stream"] | None = Field(
        default=None,
        description="`rows`: each row of a sample of all that was learned is scored as if it had not been, by what is "
                    "known at the end. `stream`: the latest rows, each by the score that it had when it came, before "
                    "it was learned; for encoders that learn too. By default `rows`, and `stream` with a learner that "
                    "cannot tell the former.")


class AmygdalaParams(ZoneParams):
    """Parameters of the amygdala."""

    tasks: dict[TaskName, SomeOptions] = Field(
        default_factory=_one_task, min_length=1,
        description="The tasks by name, each of a `kind`, \"labels\" if it says none; each has its own teacher and its "
                    "own outputs.")
    learner: SomeLearner = Field(
        default=RlsOptions(),
        description="What learns for all tasks, a `kind` with options of its own, \"rls\" if it says none.")
    features: tuple[Part, ...] = Field(
        default=("embedding",),
        description="What is predicted from, in this order: `affect` (a code of 32, see `affect`), `extras` (three "
                    "figures of the text: length, exclamation mark, tone keyword), `embedding`.")
    affect: AffectOptions = Field(default=AffectOptions(), description="What the affect code is computed from.")
    tone_keywords: tuple[str, ...] = Field(
        default=TONE_KEYWORDS, description="Words that set a tone, one of the extras; without regard to case.")
    memory: int | None = Field(
        default=None, ge=1,
        description="How many items wait for their labels at most; by default as many as come until their labels do, "
                    "as far as the wiring tells, and 1024 at least.")
    thresholds: ThresholdOptions = Field(default=ThresholdOptions(), description="How decision thresholds are learned.")
    calibrate: bool = Field(
        default=True,
        description="Where scores are no log odds, as those of `rls`: whether probabilities are fitted to the rows "
                    "learned. Without, they come from the raw scores by one fixed curve, and the best class is that of "
                    "the highest raw score, always.")
    publish_gradient: bool = Field(
        default=False,
        description="Whether the gradient with respect to the embedding is published.")
    users: UserOptions | None = Field(
        default=None,
        description="What is followed and learned of the users whom items are from; without it nothing is.")

    @property
    def followed(self) -> dict[str, int]:
        """The outputs that are the affect of a user, and how many numbers each has an item."""
        wanted = self.users.tasks if self.users is not None else ()
        found = {name: self.tasks[name].followed(name) for name in wanted or self.tasks}
        return dict(one for one in found.values() if one is not None)

    @model_validator(mode="after")
    def _can_be_followed(self) -> AmygdalaParams:
        if self.users is None:
            return self
        for name in self.users.tasks:
            if name not in self.tasks:
                raise ValueError(f"users.tasks: expected tasks, got {name!r}. {nearest(name, self.tasks)}".strip())
            if self.tasks[name].followed(name) is None:
                raise ValueError(f"users.tasks: expected tasks of numbers, or of fixed classes (open = false), "
                                 f"got {name!r}")
        if not self.followed:
            raise ValueError("users: expected a task of numbers, or of classes that are fixed (open = false), got none")
        return self

    @property
    def reads_text(self) -> bool:
        """Whether the zone has the input `text`."""
        return self.features_of_text or self.learner.reads_text

    @property
    def features_of_text(self) -> bool:
        """Whether there are features that need the text; a learner that reads it does without where there is none."""
        return "extras" in self.features or ("affect" in self.features and self.affect.source == "lexicon")

    @property
    def reads_annotations(self) -> bool:
        """Whether the zone has the input `annotation`."""
        return "affect" in self.features and self.affect.source == "annotation"

    @field_validator("features")
    @classmethod
    def _in_order(cls, features: tuple[Part, ...]) -> tuple[Part, ...]:
        if features != tuple(part for part in PARTS if part in features) or "embedding" not in features:
            raise ValueError(f"expected some of {', '.join(PARTS)} in this order, the embedding among them, "
                             f"got {', '.join(features) or 'none'}")
        return features

    @model_validator(mode="before")
    @classmethod
    def _into_learner(cls, given: Any) -> Any:
        """Say by a learner what rule, ridge, forgetting and learning_rate said before there were kinds of them."""
        if not isinstance(given, Mapping) or not any(key in given for key in _BEFORE):
            return given
        values = dict(given)
        before = {key: values.pop(key) for key in _BEFORE if key in values}
        learner = values.get("learner", {})
        if not isinstance(learner, Mapping):
            raise ValueError(f"expected a table `learner` alone, got one beside {', '.join(before)}")
        _log.warning(deprecated(f"{' and '.join(before)} of the amygdala", "its table `learner`", "0.3"))
        kind = before.pop("rule", learner.get("kind", "rls"))
        if kind == "rls":
            before.pop("learning_rate", None)  # it said nothing of least squares
        return {**values, "learner": {"kind": kind, **before, **learner}}
