"""The zone `language` passes the battery that every zone passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.language.plugin import MANIFEST

SMALL = {"vocabulary": 9, "width": 8, "layers": 1, "head": 4, "hidden": 8, "threshold": 0.5, "hidden_threshold": 0.5}
PARAMS: dict[str, dict[str, Any]] = {
    "srwkv": {"core": {**SMALL, "hashed": (2,), "hash_size": 16, "hash_width": 4}, "learning": {"accumulate": 2}},
    "lif": {"lang_backend": "lif", "core": SMALL, "learning": {"matrices": "adamw", "rate_penalty": 0.1}},
}
CASES = [pytest.param(kind, check, marks=pytest.mark.slow)
         for kind in PARAMS for check in CHECKS if kind == "srwkv" or check is not manifest_is_light]


def begins(rng: Any, items: int) -> np.ndarray:
    """Return where documents begin; where each lane does at first, others may come."""
    found = rng.random((items, 6)) < 0.2
    found[:, 0] = True
    return np.asarray(found)


@pytest.mark.parametrize("kind, check", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_it_conforms(kind: str, check: Check) -> None:
    check(Subject(MANIFEST, PARAMS[kind], {
        "tokens": lambda rng, items: rng.integers(0, 9, (items, 6)).astype(np.int32), "begins": begins,
        "mask": lambda rng, items: rng.random((items, 5)) < 0.8}, items=2))
