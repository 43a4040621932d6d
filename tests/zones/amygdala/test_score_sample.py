"""The sample of the latest scores: bounded, in their order, and the same after a checkpoint."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.core.state import trees_equal
from aura.zones.common.score_sample import ScoreSample

from .conftest import Bench, stimuli

Make = Callable[..., Bench]


def fed(count: int, size: int = 20, block: int = 7, sample: ScoreSample | None = None) -> ScoreSample:
    sample = sample or ScoreSample(size, 2, -9.0)
    scores = np.arange(2.0 * count).reshape(count, 2)
    for start in range(0, count, block):
        sample.add(scores[start:start + block], scores[start:start + block] % 3 == 0)
    return sample


@pytest.mark.parametrize("block", [1, 7, 50, 300])
def test_it_keeps_the_latest(block: int) -> None:
    sample = fed(300, block=block)
    assert len(sample) <= 20 + max(5, block)
    sample.trim()
    assert sample.scores.tolist() == np.arange(560.0, 600.0).reshape(20, 2).tolist()
    assert np.array_equal(sample.targets, sample.scores % 3 == 0)
    assert sample.counts.sum() == 20
    assert abs(sample.halves.sum() - 10) == 0


def test_a_class_that_comes_later_scored_least_so_far_and_no_item_had_it() -> None:
    sample = fed(5)
    sample.add_classes(1)
    assert sample.scores[:, 2].tolist() == [-9.0] * 5
    assert not sample.targets[:, 2].any()
    sample.add(np.ones((1, 3)), np.ones((1, 3)))
    assert sample.scores[-1].tolist() == [1.0] * 3


@pytest.mark.parametrize("count", [0, 5, 24, 100])
def test_its_state_goes_on_to_the_same_bits(count: int) -> None:
    one, other = fed(count), fed(50)
    other.load_state(one.state())
    for sample in (one, other):
        fed(30, sample=sample)
        sample.trim()
    assert np.array_equal(one.scores, other.scores)
    assert np.array_equal(one.halves, other.halves)
    assert trees_equal(one.state(), other.state())


def test_a_smaller_sample_takes_over_the_latest() -> None:
    small = ScoreSample(4, 2, -9.0)
    small.load_state(fed(30).state())
    assert small.scores[:, 0].tolist() == [52.0, 54.0, 56.0, 58.0]


def f1(one: Bench) -> float:
    fresh, truth = stimuli(400, seed=5)
    one.show(fresh, range(9_000, 9_400))
    predicted = one.read("emotion")
    hits = sum(len(set(a) & set(b)) for a, b in zip(predicted, truth, strict=True))
    return 2 * hits / (sum(map(len, predicted)) + sum(map(len, truth)))


@pytest.mark.parametrize("kind", ["rls", "logistic"])
def test_thresholds_from_the_stream_are_about_as_good_as_those_from_rows_left_out(bench: Make, kind: str) -> None:
    scores = []
    for source in ("rows", "stream"):
        one = bench(learner={"kind": kind}, thresholds={"source": source, "sample": 256})
        one.teach(640)
        one.brain.learning = False
        scores.append(f1(one))
    assert scores[1] > scores[0] - 0.03


def test_a_learner_that_cannot_leave_rows_out_says_so(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from aura.zones.amygdala.learners.logistic import LogisticLearner

    monkeypatch.setattr(LogisticLearner, "leaves_out", False)
    bench(learner={"kind": "logistic"}).show(stimuli(1)[0], [0])
    with pytest.raises(ParameterError, match=r"thresholds\.source: expected 'stream', as the learner"):
        bench(learner={"kind": "logistic"}, thresholds={"source": "rows"}).show(stimuli(1)[0], [0])
