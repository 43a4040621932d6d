"""The mixture of experts passes the battery that every zone passes, growing while it does."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.experts.plugin import MANIFEST

SMALL = {"analytic": {"width": 20}, "mlp": {"hidden": [6]}}

PARAMS: dict[str, dict[str, Any]] = {
    "growing": {"kinds": ["analytic"], "options": {"analytic": SMALL["analytic"]},
                "gate": {"features": 4, "resonators": 2}, "growth": {"schedule": [1, 3], "every": 8}},
    "networks": {"kinds": ["mlp"], "options": {"mlp": SMALL["mlp"]}, "publish_gradient": True, "initial": 3,
                 "growth": False, "merit": {"policy": "exp3"}, "gate": {"hierarchical": True, "balance_rate": 0.01}},
    "mixed": {"kinds": ["analytic", "mlp", "episodic"], "options": {"analytic": SMALL["analytic"]}, "initial": 3,
              "store": {"resident": 1}, "merit": False,
              "growth": {"start": "committee", "schedule": [3, 5], "every": 9},
              "gate": {"shared": 1, "k": 1}, "classes": ["a", "b"], "open": False},
}


def one_label(rng: Any, items: int) -> tuple[tuple[str, ...], ...]:
    return tuple((("a", "b")[int(rng.integers(2))],) for _ in range(items))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", ["growing", *(pytest.param(kind, marks=pytest.mark.slow) for kind in
                                               ("networks", "mixed"))])
def test_it_conforms(kind: str, check: Check) -> None:
    if check is manifest_is_light and kind != "growing":
        pytest.skip("one manifest for all")
    check(Subject(MANIFEST, PARAMS[kind], {"teacher": one_label}))
