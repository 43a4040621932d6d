"""Parameters out of their range, crossed bounds and goals that can be no port are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from aura import Brain
from aura.core.errors import WiringError
from aura.zones.control.plugin import MANIFEST


def refused(**params: Any) -> str:
    with pytest.raises(WiringError) as caught:
        Brain().add(MANIFEST, params=params)
    return str(caught.value)


@pytest.mark.parametrize(("params", "where", "message"), [
    ({"controller": {"set_point": 1.2}}, "control.controller.set_point", "less than or equal to 1"),
    ({"controller": {"set_point": float("nan")}}, "control.controller.set_point", "a finite number"),
    ({"controller": {"minimum": 2.0, "maximum": 0.5}}, "control.controller", "a maximum above the minimum, 2"),
    ({"controller": {"minimum": 0.0}}, "control.controller.minimum", "greater than or equal to 0.000001"),
    ({"controller": "off"}, "control.controller", "false, which switches it off"),
    ({"energy": {"shut_below": 0.3}}, "control.energy", "open_above above shut_below, 0.3"),
    ({"energy": {"fatigue_s": 5.0}}, "control.energy", "fatigue_s above restore_s, 10 s"),
    ({"energy": {"initial": -0.1}}, "control.energy.initial", "greater than or equal to 0"),
    ({"energy": {"restore": 1.0}}, "control.energy.restore", "Try 'restore_s'"),
    ({"personality": {"openness": 1.5}}, "control.personality.openness", "less than or equal to 1"),
    ({"personality": {"merit_momentum": 1.0}}, "control.personality.merit_momentum", "less than 1"),
    ({"goals": {"loss": {"target": float("inf")}}}, "control.goals.loss.target", "finite number"),
    ({"goals": {"loss": {"target": 1.0, "direction": "up"}}}, "control.goals.loss.direction", "'above' or 'below'"),
    ({"goals": {"loss": {"target": 1.0, "span": 0.0}}}, "control.goals.loss.span", "greater than 0"),
    ({"goals": {"loss": {}}}, "control.goals.loss.target", "a value, it is required"),
    ({"goals": {"a b": {"target": 1.0}}}, "control.goals", "match pattern"),
    ({"largest_drive": 0.5}, "control.largest_drive", "greater than or equal to 1"),
])
def test_what_is_wrong_is_named(params: dict[str, Any], where: str, message: str) -> None:
    refusal = refused(**params)
    assert refusal.startswith(where)
    assert message in refusal


def test_a_goal_that_no_pathway_feeds_is_refused() -> None:
    brain = Brain()
    brain.add(MANIFEST, "hypothalamus", params={"goals": {"loss": {"target": 0.1}}})
    with pytest.raises(WiringError, match=r"hypothalamus\.goal_loss: expected a pathway into this required input"):
        brain.run(until="1 ms")
