"""What a learner says is held to what it was asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError, PluginError
from aura.zones.amygdala.learners.checked import checked_learned, checked_scores
from aura.zones.amygdala.learners.learner import Head, Learned, LearnerKind
from aura.zones.amygdala.tasks.task import TaskKind

from .make import make_learner

LEARNER = make_learner("rls", [Head("it", "labels", 2)], 3)
TARGETS = np.zeros((4, 2))


@pytest.mark.parametrize("scores", [None, {}, {"it": None}, {"it": [[0.0, 0.0]] * 4}, {"it": np.zeros(4)},
                                    {"it": np.zeros((3, 2))}, {"it": np.zeros((4, 1))}])
def test_scores_of_another_shape_are_refused(scores: Any) -> None:
    with pytest.raises(ParameterError, match=r"RlsLearner\.scores\(\): expected an array \(4, 2\) for the head 'it'"):
        checked_scores(LEARNER, scores, "it", rows=4, classes=2)


def test_numbers_have_as_many_outputs_as_they_have() -> None:
    assert checked_scores(LEARNER, {"it": TARGETS}, "it", rows=4, classes=0) is TARGETS


@pytest.mark.parametrize(("learned", "message"), [
    (None, "expected a Learned, got None"), (Learned({}, {"it": 0.0}), r"expected scores \(4, 2\) of the head 'it'"),
    (Learned({"it": TARGETS[:1]}, {"it": 0.0}), r"expected scores \(4, 2\) .*, got float64 \(1, 2\)"),
    (Learned({"it": TARGETS}, {}), "expected a loss of the head 'it', got none")])
def test_what_is_missing_of_a_block_is_refused(learned: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=rf"RlsLearner\.learn\(\): {message}"):
        checked_learned(LEARNER, learned, {"it": TARGETS})


@pytest.mark.parametrize("kind", [LearnerKind, TaskKind])
@pytest.mark.parametrize("options", [int, dict, None])
def test_options_that_are_none_are_refused_where_a_kind_is_declared(kind: Any, options: Any) -> None:
    with pytest.raises(PluginError, match=r"kind of (learner|task) 'mine'\.options: expected a subclass of"):
        kind("mine", "Mine.", options, "x:Y")
