"""The amygdala passes the battery that every zone passes."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.zones.amygdala.plugin import MANIFEST

PARAMS: dict[str, dict[str, Any]] = {
    "rls": {},
    "logistic": {"rule": "logistic", "publish_gradient": True},
    "single": {"tasks": {"tone": {"multi_label": False, "classes": ["calm", "loud"]}}, "forgetting": 0.99},
}


def one_label(rng: Any, items: int) -> tuple[tuple[str, ...], ...]:
    return tuple((("calm", "loud")[int(rng.integers(2))],) for _ in range(items))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", PARAMS)
def test_it_conforms(kind: str, check: Check) -> None:
    inputs = {"tone_teacher": one_label} if kind == "single" else {}
    check(Subject(MANIFEST, PARAMS[kind], inputs))
