"""The hypothalamus passes the battery that every zone passes."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.zones.control.plugin import MANIFEST

PARAMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "goals": {"goals": {"loss": {"target": 0.1, "direction": "below"}, "accuracy": {"target": 0.9, "weight": 2.0}},
              "personality": {"openness": 0.9, "persistence": 0.1, "plasticity": 0.8, "trust": 0.2,
                              "sensitivity": 1.0}},
    "exhausted": {"energy": {"restore_s": 0.1, "activity_cost_per_s": 50.0}},
    "no controller": {"controller": False},
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", PARAMS)
def test_it_conforms(kind: str, check: Check) -> None:
    check(Subject(MANIFEST, PARAMS[kind]))
