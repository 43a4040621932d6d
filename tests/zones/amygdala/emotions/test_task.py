"""The task `emotions`: prototypes from seeds that come over the bus, and data that override them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.errors import AuraError
from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.amygdala.emotions.options import SEED
from aura.zones.amygdala.emotions.seeds import KIND, SeedOptions
from aura.zones.amygdala.emotions.taxonomy import load_taxonomy
from aura.zones.amygdala.plugin import MANIFEST

from ..conftest import Bench

FILE = """
[[emotions]]
name = "joy"
definition = "Gladness."
seeds = ["Hooray!"]
goemotions = ["joy", "amusement"]

[[emotions]]
name = "sadness"
definition = "Grief."
seeds = ["I cry."]
goemotions = ["sadness"]

[[emotions]]
name = "flow"
definition = "Being lost in what one does."
seeds = ["I forgot the time."]
"""
NAMES = ("joy", "sadness", "flow")


@pytest.fixture
def taxonomy(tmp_path: Path) -> str:
    path = tmp_path / "small.toml"
    path.write_text(FILE)
    return str(path)


def with_seeds(taxonomy: str, **options: Any) -> Bench:
    """Return an amygdala that has been shown two seeds of each emotion, each near a direction of its own."""
    one = Bench(tasks={"emotion": {"kind": "emotions", "taxonomy": taxonomy, **options}}, publish_gradient=True)
    rows = np.repeat(np.eye(8, dtype=np.float32)[:3], 2, axis=0) + 0.05 * np.arange(8, dtype=np.float32)
    one.show(rows, range(6))
    one.tell([(name, SEED) for name in NAMES for _ in range(2)], range(6))
    return one


def ask(one: Bench, *rows: np.ndarray, first: int = 900) -> tuple[str, ...]:
    one.brain.learning = False
    one.show(np.array(rows, np.float32), range(first, first + len(rows)))
    one.brain.learning = True
    answer: tuple[str, ...] = one.read("emotion_best")
    return answer


def test_after_the_seeds_alone_each_emotion_is_told_by_its_prototype(taxonomy: str) -> None:
    one = with_seeds(taxonomy)
    assert ask(one, *np.eye(8)[:3]) == NAMES
    chances = one.read("emotion_probability")
    assert np.allclose(chances.sum(axis=1), 1.0, atol=1e-6)
    assert np.allclose(np.exp(one.read("emotion_scores")), chances, atol=1e-6)
    assert one.read("emotion_trained").tolist() == [0, 0, 0]
    assert "learned 3 emotions of 3 from no data" in " ".join(map(str, one.brain.all_notices()))


def test_data_override_the_emotions_that_they_label_and_leave_the_others_their_share(taxonomy: str) -> None:
    one = with_seeds(taxonomy, trust=1.0)
    before = one.zone._tasks["emotion"].predict(np.hstack([np.eye(8)[:3], np.ones((3, 1))]))["emotion_probability"]
    for step in range(40):
        ids = [100 + 2 * step, 101 + 2 * step]
        one.show(np.eye(8, dtype=np.float32)[[1, 0]], ids)  # what seeds call sadness, data call joy
        one.tell([("amusement",), ("sadness",)], ids)
    assert ask(one, *np.eye(8)[:3]) == ("sadness", "joy", "flow")
    assert one.read("emotion_trained").tolist() == [40, 40, 0]
    assert np.allclose(one.read("emotion_probability")[:, 2], before[:, 2], atol=1e-4)
    assert "learned 1 emotion of 3 from no data, so that they rest on their prototypes: flow" in " ".join(
        map(str, one.brain.all_notices()))


def test_confidence_is_learned_from_data_that_the_prototypes_get_wrong(taxonomy: str) -> None:
    one = with_seeds(taxonomy, trust=0.0)
    rng = np.random.default_rng(3)
    for step in range(40):
        ids = list(range(100 + 8 * step, 108 + 8 * step))
        places = rng.integers(2, size=8)
        one.show(np.eye(8, dtype=np.float32)[places], ids)
        one.tell([(NAMES[place if rng.random() < 0.6 else 1 - place],) for place in places], ids)
    ask(one, np.eye(8)[0])
    assert abs(float(one.read("emotion_confidence")[0]) - 0.6) < 0.08
    near = float(one.read("emotion_novelty")[0])
    ask(one, 9.0 * np.eye(8)[5], first=990)
    assert near < 0.6
    assert one.read("emotion_novelty")[0] > 0.9


def test_without_trust_data_change_nothing_that_is_said(taxonomy: str) -> None:
    one = with_seeds(taxonomy, trust=0.0)
    ask(one, *np.eye(8)[:3])
    before = one.read("emotion_scores").copy()
    one.show(np.eye(8, dtype=np.float32)[:1], [100])
    one.tell([("sadness",)], [100])
    ask(one, *np.eye(8)[:3], first=950)
    assert np.array_equal(one.read("emotion_scores"), before)


def test_the_gradient_of_a_seed_and_of_data_is_the_derivative_of_what_teaches_each(taxonomy: str) -> None:
    one = with_seeds(taxonomy)
    one.show(np.eye(8, dtype=np.float32)[:3], [100, 101, 102])
    one.tell([("joy",), ("sadness", "joy"), ("joy",)], [100, 101, 102])
    task = one.zone._tasks["emotion"]
    row = np.random.default_rng(2).normal(size=8)

    def loss(row: np.ndarray, seed: bool) -> float:
        rows = np.append(row, 1.0)[None]
        scores = task._seeds.log_chances(rows) if seed else task._data.scores(rows)
        return float(np.logaddexp.reduce(scores[0]) - scores[0, 1])

    for seed in (True, False):
        step = 1e-5 * np.eye(8)
        wanted = [(loss(row + one_step, seed) - loss(row - one_step, seed)) / 2e-5 for one_step in step]
        taught = task.learn(row[None].astype(np.float32), [("sadness", SEED) if seed else ("sadness",)], 0.0, "t", 0,
                            want_gradient=True)
        assert np.allclose(taught.gradient[0], wanted, atol=1e-4)


def test_a_label_that_is_no_emotion_stops_or_is_counted(taxonomy: str) -> None:
    one = with_seeds(taxonomy, on_unknown="skip")
    one.show(np.eye(8, dtype=np.float32)[:1], [100])
    assert one.tell([("envy",)], [100])["emotion_unknown"] == 1.0
    strict = with_seeds(taxonomy)
    strict.show(np.eye(8, dtype=np.float32)[:1], [100])
    with pytest.raises(AuraError, match="Try 'joy'"):
        strict.tell([("joyy",)], [100])


def test_a_taxonomy_that_cannot_be_read_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(AuraError, match=r"nowhere\.toml"):
        Bench(tasks={"emotion": {"kind": "emotions", "taxonomy": str(tmp_path / "nowhere.toml")}})


def test_the_stream_of_seeds_plays_every_definition_and_seed_with_and_without_the_tag(taxonomy: str) -> None:
    rows = list(KIND.open(SeedOptions(taxonomy=taxonomy), Path()))  # type: ignore[arg-type]
    assert [row["text"] for row in rows][:2] == ["Gladness.", "Hooray!"]
    assert [row["emotion"] for row in rows] == [(name,) for name in NAMES for _ in range(2)]
    assert rows[-1]["seed"] == ("flow", SEED)
    own = load_taxonomy()
    assert len(list(KIND.open(SeedOptions(), Path()))) == sum(1 + len(one.seeds) for one in own.emotions)  # type: ignore[arg-type]


def test_the_scenario_renames_the_labels_as_the_taxonomy_counts_them() -> None:
    from aura.sim.scenario import load_scenario

    scenario = load_scenario("emotions-40")
    own = load_taxonomy()
    assert scenario.streams["posts"].reader_options["rename"] == {
        label: name for label, name in own.mapping.items() if label != name}


@pytest.mark.parametrize("check", [check for check in CHECKS if check is not manifest_is_light],
                         ids=lambda check: check.__name__)
def test_the_task_conforms(check: Check, taxonomy: str) -> None:
    def taught(rng: Any, items: int) -> tuple[tuple[str, ...], ...]:
        return tuple((NAMES[int(rng.integers(3))], *((SEED,) if rng.random() < 0.5 else ())) for _ in range(items))

    check(Subject(MANIFEST, {"tasks": {"emotion": {"kind": "emotions", "taxonomy": taxonomy}}, "users": {}},
                  {"emotion_teacher": taught}))
