"""The router passes the battery that every zone passes."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.router.plugin import MANIFEST

PARAMS: dict[str, dict[str, Any]] = {
    "routed": {"relays": {"stimulus": {"gain": 0.5, "spread": 0.1, "waiting": 2}}},
    "nearest": {"relays": {"stimulus": {"centroids": "nearest", "routes": 5}}},
    "two": {"relays": {"image": {"axes": [4, 3], "attention": 0.0}, "sound": {"axes": ["feature"]}}},
}
CASES = [(kind, check) for kind in PARAMS for check in CHECKS if kind == "routed" or check is not manifest_is_light]
"""The manifest's module is the same for all."""


@pytest.mark.parametrize("kind, check", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_it_conforms(kind: str, check: Check) -> None:
    check(Subject(MANIFEST, PARAMS[kind]))
