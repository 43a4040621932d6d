"""The scenario `affect-engine` and its corpus of lessons: all that the engine tells, from what comes with AURA."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import aura
from aura.plugins.manager import PluginManager
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import load_scenario
from aura.zones.amygdala.emotions.taxonomy import load_taxonomy

SCENARIOS = files("aura.sim").joinpath("scenarios")


@pytest.fixture(scope="module")
def lessons() -> list[dict[str, str]]:
    header, *lines = SCENARIOS.joinpath("lessons.tsv").read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']+", text.lower()))


def test_the_lessons_are_of_six_users_whose_courses_interleave(lessons: list[dict[str, str]]) -> None:
    users = [row["user"] for row in lessons]
    assert set(Counter(users).values()) == {12}
    assert users == users[:6] * 12
    assert [row["id"] for row in lessons] == [f"l{number:02d}" for number in range(1, 73)]


def test_their_labels_are_emotions_of_the_taxonomy_and_tenths_from_0_to_1(lessons: list[dict[str, str]]) -> None:
    assert {row["emotion"] for row in lessons} <= set(load_taxonomy().names)
    numbers = np.array([[float(row[key]) for key in ("pleasure", "arousal", "dominance", "readiness")]
                        for row in lessons])
    assert numbers.min() >= 0
    assert numbers.max() <= 1
    assert np.allclose(numbers * 10, np.round(numbers * 10))


def test_no_lesson_is_near_a_seed_or_a_sentence_of_the_feelings_corpus(lessons: list[dict[str, str]]) -> None:
    known = [line.split("\t")[0] for line in SCENARIOS.joinpath("feelings.tsv").read_text("utf-8").splitlines()[1:]]
    known += [seed for one in load_taxonomy().emotions for seed in (one.definition, *one.seeds)]
    sets = [(text, words(text)) for text in known]
    near = [(row["text"], text) for row in lessons for text, other in sets
            if len(words(row["text"]) & other) > 0.6 * len(words(row["text"]) | other)]
    assert near == []


@pytest.mark.slow
def test_one_run_teaches_all_that_an_engine_tells(tmp_path: Path) -> None:
    run = Run(load_scenario("affect-engine", ["diary.limit=120"]), RunFolder(tmp_path / "run"), PluginManager(),
              RunOptions(report=True))
    assert run.start() == "finished"
    found = json.loads((tmp_path / "run/metrics.json").read_text(encoding="utf-8"))
    items = {name: found[name]["phases"]["learn"]["items"] for name in ("emotion", "pad", "readiness")}
    assert items["emotion"] > 90
    assert (items["pad"], items["readiness"]) == (58, 58)
    logged = found["learning"]["phases"]["learn"]["summary"]
    assert 3 < logged["amygdala.users"] <= 6
    assert 0 < logged["amygdala.effectiveness"] <= 1
    with aura.EmotionEngine.load(tmp_path / "run") as engine:
        analysis = engine.analyze("I do not understand a word of this.", user="mara")
        assert analysis.primary in ("confusion", "frustration", "doubt")
        assert analysis.pad is not None
        assert analysis.pad.pleasure < 0.6
        assert analysis.readiness != 0.5  # as of one of whom nothing was told
        assert analysis.intervention in engine.interventions
        assert set(engine.explain("I see!").experts) == {"prototypes", "data"}
