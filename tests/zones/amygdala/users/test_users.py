"""An amygdala follows users: whom items are from, what is told of them later, and what it makes of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import AuraError
from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.amygdala.plugin import MANIFEST

from ..conftest import Bench

TASKS = {"pad": {"kind": "numbers", "size": 3}}
USERS = {"interventions": ["rest", "challenge"], "most": 2}
Make = Callable[..., Bench]


def named(rng: Any, items: int) -> tuple[str, ...]:
    return tuple(("", "ada", "bob", "cem")[int(rng.integers(4))] for _ in range(items))


@pytest.mark.parametrize("check", [check for check in CHECKS if check is not manifest_is_light],
                         ids=lambda check: check.__name__)
def test_an_amygdala_with_users_conforms(check: Check) -> None:
    check(Subject(MANIFEST, {"tasks": TASKS, "users": USERS}, {"user": named}))


def taught(bench: Make, **users: Any) -> Bench:
    """Return an amygdala that tells three numbers of eight features."""
    one = bench(tasks=TASKS, users={**USERS, **users})
    rows = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    one.show(rows, range(1000, 1064))
    one.tell(1.0 / (1.0 + np.exp(-rows[:, :3])), range(1000, 1064), task="pad")
    return one


def say(one: Bench, user: str, identity: int, feature: float = 0.0) -> None:
    one.brain.inject("amygdala.user", (user,), ids=np.array([identity]))
    row = np.zeros((1, 8), np.float32)
    row[0, 0] = feature
    one.brain.inject("amygdala.embedding", row, ids=np.array([identity]), delay="2 ms")
    one.brain.run(span="4 ms")


def test_a_user_has_a_course_and_the_longest_silent_is_forgotten(bench: Make) -> None:
    one = taught(bench)
    for identity, user in enumerate(("ada", "ada", "bob", "", "cem")):
        say(one, user, identity)
    assert one.zone.users.trajectories.users == ("bob", "cem")
    assert "forgot 1 user" in " ".join(map(str, one.brain.all_notices()))


def test_what_is_told_of_an_item_moves_readiness_and_the_choice(bench: Make) -> None:
    one = taught(bench)
    assert one.read("readiness").tolist() == [0.5] * 64
    for identity in range(40):
        say(one, "ada", identity, feature=2.0 if identity % 2 else -2.0)
        ready = np.array([0.9 if identity % 2 else 0.1])
        one.brain.inject("amygdala.readiness_teacher", ready, ids=np.array([identity]))
        helped = 1.0 if one.read("intervention") == ("challenge",) else 0.0
        one.brain.inject("amygdala.effectiveness", np.array([helped]), ids=np.array([identity]))
        one.brain.run(span="2 ms")
    assert one.logged[-1]["readiness_items"] == one.logged[-1]["intervention_items"] == 1.0
    one.brain.learning = False
    say(one, "", 100, feature=2.0)
    assert one.read("readiness")[0] > 0.75
    assert one.read("intervention") == ("challenge",)
    assert one.read("intervention_scores")[0, 1] > 0.8
    say(one, "", 101, feature=-2.0)
    assert one.read("readiness")[0] < 0.25


def test_numbers_outside_of_0_to_1_and_items_that_never_were_teach_nothing_and_are_told(bench: Make) -> None:
    one = taught(bench)
    say(one, "ada", 0)
    for value, identity in ((1.5, 0), (-0.1, 0), (0.5, 77)):
        one.brain.inject("amygdala.effectiveness", np.array([value]), ids=np.array([identity]))
        one.brain.run(span="2 ms")
    assert one.zone.users.bandit.tried.tolist() == [0, 0]
    notices = " ".join(str(notice) for notice in one.brain.all_notices())
    assert "left out 2 numbers told of users" in notices
    assert "found nothing that waited for 1 label" in notices


def test_users_that_cannot_be_followed_are_refused(bench: Make) -> None:
    with pytest.raises(AuraError, match="got none"):
        bench(tasks={"emotion": {"kind": "labels"}}, users={})
    with pytest.raises(AuraError, match="expected tasks, got 'pda'"):
        bench(tasks=TASKS, users={"tasks": ["pda"]})
    with pytest.raises(AuraError, match="stand twice: rest"):
        bench(tasks=TASKS, users={"interventions": ["rest", "rest"]})


class Learner(Zone[Any]):
    """A simulated learner: a challenge helps while pleasure is high, a rest while it is low."""

    manifest = Manifest(
        "learner", "", wake_on=("intervention",),
        inputs=(Port("intervention", dtype="text", shape=("item",)), Port("pad", shape=("item", 3), keep="hold")),
        outputs=(Port("effectiveness", shape=("item",), items_from="intervention"),))

    def step(self, now: int, inputs: Any) -> Any:
        if inputs["intervention"] is None:
            return None
        wanted = ["challenge" if pleasure > 0.5 else "rest" for pleasure in inputs["pad"][:, 0]]
        helped = [0.9 if chosen == want else 0.1 for chosen, want in zip(inputs["intervention"], wanted, strict=True)]
        return {"effectiveness": np.array(helped, np.float32)}


@pytest.mark.slow
def test_a_simulated_learner_closes_the_loop_over_the_bus() -> None:
    import aura

    rng = np.random.default_rng(4)
    rows = rng.normal(size=(600, 8)).astype(np.float32)
    played = [{"embedding": row, "pad": (1.0 / (1.0 + np.exp(-row[:3]))).astype(np.float32)} for row in rows]
    brain = Brain(seed=1)
    brain.add(aura.stream(played, period="10 ms"), "stream")
    brain.add(MANIFEST, params={"tasks": TASKS, "users": USERS})
    brain.add(Learner)
    brain.connect("stream.embedding", "amygdala.embedding")
    brain.connect("stream.pad", "amygdala.pad_teacher")
    brain.connect("amygdala.intervention", "learner.intervention")
    brain.connect("amygdala.pad", "learner.pad")
    brain.connect("learner.effectiveness", "amygdala.effectiveness")
    probe = brain.probe("learner.effectiveness")
    brain.run()
    got = np.concatenate(probe.values)
    assert len(got) == 600
    assert got[-200:].mean() > 0.82 > 0.5 + abs(got[:10].mean() - 0.5)
