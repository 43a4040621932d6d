"""The amygdala passes the battery that every zone passes."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.amygdala.plugin import MANIFEST

PARAMS: dict[str, dict[str, Any]] = {
    "rls": {},
    "logistic": {"learner": {"kind": "logistic"}, "publish_gradient": True},
    "network": {"learner": {"kind": "network", "hidden": [16], "dropout": 0.1, "accumulate": 8},
                "publish_gradient": True, "tasks": {"emotion": {}, "vad": {"kind": "numbers", "size": 3}}},
    "mixture": {"learner": {"kind": "mixture", "words": 8, "buckets": 64}, "publish_gradient": True},
    "numbers": {"tasks": {"vad": {"kind": "numbers", "size": 3}, "score": {"kind": "numbers"}},
                "publish_gradient": True},
    "features": {"features": ["affect", "extras", "embedding"], "publish_gradient": True},
    "annotated": {"features": ["affect", "embedding"], "affect": {"source": "annotation"}},
    "single": {"tasks": {"tone": {"kind": "choice", "classes": ["calm", "loud"]}}, "learner": {"forgetting": 0.99}},
}
QUICK = ("rls", "network")
CASES = [pytest.param(kind, check, marks=() if kind in QUICK else pytest.mark.slow)
         for kind in PARAMS for check in CHECKS if kind == "rls" or check is not manifest_is_light]
"""The manifest's module is the same for all."""


def one_label(rng: Any, items: int) -> tuple[tuple[str, ...], ...]:
    return tuple((("calm", "loud")[int(rng.integers(2))],) for _ in range(items))


@pytest.mark.parametrize("kind, check", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_it_conforms(kind: str, check: Check) -> None:
    inputs = {"tone_teacher": one_label} if kind == "single" else {}
    check(Subject(MANIFEST, PARAMS[kind], inputs))
