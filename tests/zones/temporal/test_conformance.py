"""The temporal lobe passes the battery that every zone passes."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.determinism_checks import neighbours_change_nothing, threads_equal_serial
from aura.testing.manifest_checks import manifest_is_light
from aura.testing.state_checks import resume_after_learning_is_exact
from aura.zones.temporal.plugin import MANIFEST

SMALL = {"hidden": 16, "heads": 2, "filters": 4, "layers": 1, "blocks": 1}
PARAMS: dict[str, dict[str, Any]] = {
    "default": {"network": {**SMALL, "accumulate": 4}},
    "all": {"network": SMALL, "window": 3, "conversations": 3, "authors": 2, "opinions": 4, "publish_gradient": True,
            "rehearse": 5, "publish_attention": True, "class_weights": "sqrt", "focal": 1.0, "plateau": {"patience": 8},
            "tasks": {"act": {"kind": "labels"}, "end": {"of": "conversation", "aggregate": "learned"},
                      "role": {"of": "author", "teaches": "last"},
                      "age": {"kind": "numbers", "of": "author", "size": 2, "teaches": [1, 2]}}},
}
LONG = (neighbours_change_nothing, resume_after_learning_is_exact, threads_equal_serial)
CASES = [pytest.param(kind, check, marks=() if kind == "all" and check not in LONG else pytest.mark.slow)
         for kind in PARAMS for check in CHECKS if kind == "all" or check is not manifest_is_light]
"""The manifest's module is the same for all."""


def few(names: str) -> Any:
    return lambda rng, items: tuple(names[int(rng.integers(len(names)))].strip() for _ in range(items))


def one_label(rng: Any, items: int) -> tuple[tuple[str, ...], ...]:
    return tuple((("calm", "loud")[int(rng.integers(2))],) for _ in range(items))


@pytest.mark.parametrize("kind, check", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_it_conforms(kind: str, check: Check) -> None:
    check(Subject(MANIFEST, PARAMS[kind], {
        "conversation": few("abcde "), "author": few("xyz "), "turn": lambda rng, items: rng.integers(0, 9, items),
        "act_teacher": one_label, "end_teacher": one_label, "role_teacher": one_label}))
