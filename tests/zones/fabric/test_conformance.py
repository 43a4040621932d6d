"""The fabric passes the battery that every zone passes, with and without each of its parts."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.fabric.plugin import MANIFEST

from .brains import small

PARAMS: dict[str, dict[str, Any]] = {
    "whole": small(context=3, labels=True, prediction={"block": 3}),
    "bidirectional": small(modes={"keep": "bidirectional", "bidirectional": True}, frame=("row", "column"), threads=2,
                           convolution={"outputs": 3, "fatigue": {"per": "unit"}}),
    "rules": small(tissue={"plasticity": {"eligibility": {}, "homeostasis": {"interval_ms": 10.0}}}, convolution=None,
                   map={"rule": "online", "schedule": "plsom"}, probes=0),
    "map alone": small(tissue=None, prediction=None, labels=True),
    "no tissue": small(tissue=None, context=2),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=() if kind == "map alone" else pytest.mark.slow) for kind in PARAMS])
def test_it_conforms(kind: str, check: Check) -> None:
    if check is manifest_is_light and kind != "whole":
        pytest.skip("one manifest for all")
    check(Subject(MANIFEST, PARAMS[kind], ticks=10))
