"""Learners and readouts made by hand, and rows to teach them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aura.zones.amygdala.learners.kinds import KINDS
from aura.zones.amygdala.learners.learner import Head, Learner
from aura.zones.amygdala.learners.linear import LinearLearner, LinearReadout


def make_learner(kind: str, heads: Sequence[Head], features: int, seed: int = 0, **options: Any) -> Learner:
    """Return a learner of a kind of AURA's."""
    found = KINDS[kind.partition("-")[0]]
    return found.load()(found.options(**options), heads, features, np.random.default_rng(seed))


def make_readout(kind: str, features: int, classes: int, multi_label: bool = True, **options: Any) -> LinearReadout:
    """Return what a linear learner has for a head of classes."""
    head = Head("it", "labels" if multi_label else "choice", classes)
    learner = make_learner(kind, [head], features, **options)
    assert isinstance(learner, LinearLearner)
    return learner.readout(head)


def blobs(count: int, classes: int = 4, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (n, 6) of overlapping clouds and one-hot targets."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(classes, 6))
    which = rng.integers(classes, size=count)
    return centres[which] + rng.normal(size=(count, 6)), np.eye(classes)[which]
