"""The simulated pupil answers each intervention by what its user felt, once that is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.testing import CHECKS, Check, Subject
from aura.zones.amygdala.users.pupil import PUPIL


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_conforms(check: Check) -> None:
    check(Subject(PUPIL, {"helps": {"hint": ("doubt",)}}))


class Silent(Zone[Any]):
    """Feeds both inputs on paper; what comes is injected."""

    manifest = Manifest("silent", "", outputs=(
        Port("intervention", dtype="text", shape=("item",)),
        Port("emotion", dtype="tags", shape=("item",), role="label")), period="1 h")

    def step(self, now: int, inputs: Any) -> None:
        return None


def test_it_says_how_much_helped_of_items_whose_emotions_come() -> None:
    brain = Brain()
    brain.add(Silent)
    brain.add(PUPIL, params={"helps": {"hint": ["doubt", "fear"], "rest": ["fear"]}, "helped": 0.8, "failed": 0.2})
    brain.connect("silent.intervention", "pupil.intervention")
    brain.connect("silent.emotion", "pupil.emotion")
    answers = brain.probe("pupil.effectiveness")
    brain.inject("pupil.intervention", ("hint", "rest", "none", "rest"), ids=np.arange(4))
    brain.run(span="2 ms")
    assert not answers.signals
    brain.inject("pupil.emotion", (("joy", "fear"), ("doubt",), ("doubt",), ("joy",)), ids=np.array([3, 0, 1, 9]))
    brain.inject("pupil.intervention", ("none",), ids=np.array([9]))
    brain.run(span="2 ms")
    (signal,) = answers.signals
    assert signal.ids.tolist() == [3, 0, 1, 9]
    assert signal.value.tolist() == pytest.approx([0.8, 0.8, 0.2, 0.5])
    brain.inject("pupil.emotion", (("fear",), ("fear",)), ids=np.array([0, 50]))
    brain.run(span="2 ms")
    assert len(answers.signals) == 1
    assert [str(notice) for notice in brain.all_notices()] == [
        "pupil found nothing that waited for 2 labels: they came too late, twice, or for items that it never saw"]
