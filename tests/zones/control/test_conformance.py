"""The hypothalamus passes the battery that every zone passes."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.control.plugin import MANIFEST

PARAMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "goals": {"goals": {"loss": {"target": 0.1, "direction": "below"}, "accuracy": {"target": 0.9, "weight": 2.0}},
              "personality": {"openness": 0.9, "persistence": 0.1, "plasticity": 0.8, "trust": 0.2,
                              "sensitivity": 1.0}},
    "exhausted": {"energy": {"restore_s": 0.1, "activity_cost_per_s": 50.0}},
    "no controller": {"controller": False},
}
CASES = [(kind, check) for kind in PARAMS for check in CHECKS if kind == "plain" or check is not manifest_is_light]
"""The manifest's module is the same for all."""


@pytest.mark.parametrize("kind, check", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_it_conforms(kind: str, check: Check) -> None:
    check(Subject(MANIFEST, PARAMS[kind]))
