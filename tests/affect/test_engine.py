"""An engine made of a checkpoint answers, goes on with each user's course, and learns only where it is told to."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aura
from aura.core.errors import CheckpointError, ParameterError
from aura.core.state import trees_equal

pytestmark = pytest.mark.slow  # a run of an engine is made for each module, and loaded for each test

ROWS = [{"text": text, "seed": (name, "(seed)"), "pad": np.float32(pad)} for text, name, pad in (
    ("I won the race!", "joy", (0.9, 0.8, 0.8)), ("What a lovely day, I am so happy.", "joy", (0.9, 0.5, 0.6)),
    ("I cried all night.", "sadness", (0.1, 0.3, 0.2)), ("I miss her so much.", "sadness", (0.2, 0.2, 0.3)),
    ("I do not understand this at all.", "confusion", (0.3, 0.5, 0.2)), ("What does that mean?", "confusion",
                                                                         (0.4, 0.5, 0.3)))] * 2
TASKS = {"emotion": {"kind": "emotions"}, "pad": {"kind": "numbers", "size": 3, "range": [0, 1]}}


def wired(senses: dict[str, Any] | None = None, rows: Any = ROWS, **params: Any) -> aura.Brain:
    brain = aura.Brain(seed=1)
    brain.add(aura.stream(rows, items=6, period="10 ms"), "stream")
    brain.add(aura.zone("sensory"), params={"cache": False, **(senses or {})})
    brain.add(aura.zone("amygdala"), params={"tasks": TASKS} | params)
    for path in (("stream.text", "sensory.text"), ("sensory.embedding", "amygdala.embedding"),
                 ("stream.seed", "amygdala.emotion_teacher"), ("stream.pad", "amygdala.pad_teacher")):
        brain.connect(*path)
    return brain


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    with wired(users={"most": 3, "interventions": ["rest", "explain"]}) as brain:
        brain.run()
        brain.save(folder)
    return folder


@pytest.fixture
def engine(saved: Path) -> Iterator[aura.EmotionEngine]:
    with aura.EmotionEngine.load(saved) as one:
        yield one


def test_it_answers_with_all_that_the_run_learned(engine: aura.EmotionEngine) -> None:
    analysis = engine.analyze("I miss my dog.", user="ada")
    assert analysis.primary == "sadness" == max(analysis.probabilities, key=analysis.probabilities.__getitem__)
    assert len(analysis.probabilities) == len(engine.emotions) == 40
    assert sum(analysis.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    glad = engine.analyze("I won again!")
    assert analysis.pad is not None
    assert glad.pad is not None
    assert analysis.pad.pleasure < 0.4
    assert glad.pad.pleasure > 0.55
    assert (analysis.readiness, analysis.intervention) == (0.5, "rest")
    assert set(analysis.intervention_scores) == {"rest", "explain"}
    assert analysis.took_ms > 0.0
    assert analysis.out_of_scope is not None
    assert 0.0 < engine.analyze("I miss her so much!").out_of_scope < analysis.out_of_scope  # type: ignore[operator]
    assert analysis.confidence == pytest.approx(analysis.probabilities["sadness"])
    with pytest.raises(AttributeError):
        analysis.primary = "joy"  # type: ignore[misc]
    with pytest.raises(TypeError):
        analysis.probabilities["joy"] = 1.0  # type: ignore[index]


def test_odd_texts_and_users_are_answered_or_refused(engine: aura.EmotionEngine) -> None:
    for text in ("", "\N{GRINNING FACE}", "\x00\ud83d", "sad " * 25_000, "грусть 悲しい"):
        assert engine.analyze(text, user="nobody has met me").primary in engine.emotions
    followed = engine._brain["amygdala"].users.trajectories
    before = followed.users
    engine.analyze("I am glad.", user="")
    assert followed.users == before
    assert engine.analyze_many([]) == []
    for given in ((b"bytes", None), ("text", 7), ("text", "u" * 1001)):
        with pytest.raises(ParameterError):
            engine.analyze(*given)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="as many users"):
        engine.analyze_many(["one", "two"], ["ada"])


def test_users_go_on_with_their_course_are_bounded_and_last_over_a_save(engine: aura.EmotionEngine,
                                                                        tmp_path: Path) -> None:
    for user in ("ada", "bob", "cem", "dora"):
        engine.analyze("I won the race!", user=user)
    engine.save(tmp_path)
    assert any("forgot 1 user" in notice for notice in engine.notices())
    with aura.EmotionEngine.load(tmp_path) as again:
        assert again._brain["amygdala"].users.trajectories.users == ("bob", "cem", "dora")


def test_it_learns_nothing_until_it_is_taught_and_then_what_it_is_told(engine: aura.EmotionEngine) -> None:
    text = "I do not understand this at all."
    first = engine.analyze(text)
    for _ in range(12):
        analysis = engine.analyze(text)
        assert analysis.probabilities == first.probabilities
        effectiveness = 0.9 if analysis.intervention == "explain" else 0.0
        assert engine.teach(analysis, readiness=0.9, effectiveness=effectiveness) == 2
    assert engine.teach(analysis, effectiveness=0.5) == 0  # it has been told of it
    after = engine.analyze(text)
    assert after.intervention == "explain"
    assert after.readiness is not None
    assert after.readiness > 0.7
    assert engine.teach(after, emotion="confusion", pad=(0.1, 0.9, 0.1)) == 2
    assert engine.analyze(text).pad != after.pad


def test_an_engine_that_explores_tries_what_it_knows_little_of(saved: Path) -> None:
    with aura.EmotionEngine.load(saved, explore=True, most=2) as engine:
        analyses = engine.analyze_many(["I won the race!"] * 3, ["ada", "bob", "cem"])
        assert {one.intervention for one in analyses} == {"rest"}
        assert engine.teach_many(analyses, effectiveness=[0.55, 0.6, 0.55]) == 3
        assert engine.analyze("I won the race!").intervention == "explain"
        assert engine.users == (2, 1)
        with pytest.raises(ParameterError, match="3, one for each"):
            engine.teach_many(analyses, readiness=[0.5])


def test_what_cannot_be_learned_is_refused_before_anything_is(engine: aura.EmotionEngine) -> None:
    analysis = engine.analyze("I won the race!")
    for truth in ({}, {"emotion": "envyy"}, {"effectiveness": 1.2}, {"effectiveness": float("nan")},
                 {"readiness": "high"}, {"pad": (0.5, 2.0, 0.5)}):
        with pytest.raises(ParameterError):
            engine.teach(analysis, **truth)  # type: ignore[arg-type]
    assert engine._brain.learning is False
    assert engine.teach(analysis, effectiveness=1.0) == 1


def test_what_is_of_no_such_form_is_refused_whole_and_the_next_lesson_is_not_mixed_with_it(
        engine: aura.EmotionEngine) -> None:
    analysis = engine.analyze("I won the race!")
    for truth in ({"emotion": 5}, {"emotion": [5]}, {"emotion": b"joy"}, {"pad": 0.5}, {"pad": [[0.1, 0.2, 0.3]]},
                  {"emotion": "joy", "pad": (0.5, 0.5)}, {"emotion": "joy", "pad": (0.1, 0.2, 0.3, 0.4)},
                  {"readiness": 1j}):
        with pytest.raises(ParameterError):
            engine.teach(analysis, **truth)  # type: ignore[arg-type]
    for given in ("an id", None):
        with pytest.raises(ParameterError, match="what `analyze` has returned"):
            engine.teach(given, readiness=0.5)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="a sequence"):
        engine.teach_many([analysis, analysis], emotion=["joy", None])  # type: ignore[list-item]
    assert engine.teach(analysis, emotion="joy") == 1  # the joy that was refused with its pad has not been learned
    for asked in ((["text"], None, [7]), (["text"], None, [b"before"]), ([b"text"], None, None), ("text", None, None)):
        with pytest.raises(ParameterError):
            engine.analyze_many(*asked)  # type: ignore[arg-type]
    texts = np.array(["I won the race!", "I cried all night."])
    assert len(engine.analyze_many(texts, np.array(["ada", "bob"]))) == 2  # type: ignore[arg-type]
    assert engine.teach_many((one for one in (analysis,)), readiness=[0.5]) == 1  # type: ignore[arg-type]


def test_what_another_engine_has_said_teaches_this_one_nothing(saved: Path, tmp_path: Path) -> None:
    with aura.EmotionEngine.load(saved) as one, aura.EmotionEngine.load(saved) as other:
        theirs, mine = one.analyze("I cried all night."), other.analyze("I won the race!")
        assert other.teach(theirs, emotion="sadness") == 0
        assert other.teach(mine, emotion="joy") == 1
        one.save(tmp_path)
    with aura.EmotionEngine.load(tmp_path) as again:
        later = again.analyze("I won the race!")
        assert again.teach(theirs, emotion="sadness") == 1  # it still waits there
        assert again.teach(theirs, emotion="sadness") == 0
        assert again.teach(later, emotion="joy") == 1


def test_an_analysis_goes_through_pickle_and_json_and_teaches_by_its_copy(engine: aura.EmotionEngine) -> None:
    analysis = engine.analyze("I won the race!", user="ada")
    copy = pickle.loads(pickle.dumps(analysis))
    assert copy == analysis == deepcopy(analysis)
    assert json.loads(json.dumps(asdict(analysis)))["probabilities"] == analysis.probabilities
    with pytest.raises(TypeError, match="cannot be changed"):
        copy.probabilities.update(joy=1.0)
    assert engine.teach(copy, emotion="joy") == 1


def test_callers_on_several_threads_and_loops_each_get_their_own_answer(engine: aura.EmotionEngine) -> None:
    texts = ["I won the race!", "I cried all night.", "What does that mean?"] * 8
    alone = [engine.analyze(text).primary for text in texts[:3]] * 8
    with ThreadPoolExecutor(4) as pool:
        assert [analysis.primary for analysis in pool.map(engine.analyze, texts)] == alone

    async def ask() -> list[str]:
        return [analysis.primary for analysis in await asyncio.gather(*map(engine.aanalyze, texts[:6]))]

    assert asyncio.run(ask()) == alone[:6]


def test_a_context_is_read_with_the_text(engine: aura.EmotionEngine) -> None:
    alone, after = engine.analyze("Yes."), engine.analyze("Yes.", context="Did you cry all night?")
    assert after.probabilities["sadness"] > alone.probabilities["sadness"]


def test_a_run_without_users_or_numbers_tells_only_what_it_has(tmp_path: Path) -> None:
    brain = aura.Brain(seed=1)
    brain.add(aura.stream(ROWS, items=6, period="10 ms"), "stream")
    brain.add(aura.zone("sensory"), params={"cache": False})
    brain.add(aura.zone("amygdala"))
    brain.connect("stream.text", "sensory.text")
    brain.connect("sensory.embedding", "amygdala.embedding")
    brain.connect("stream.seed", "amygdala.emotion_teacher")
    with brain:
        brain.run()
        brain.save(tmp_path)
    with aura.EmotionEngine.load(tmp_path) as plain:
        analysis = plain.analyze("I won the race!", user="ada")
        assert (analysis.pad, analysis.readiness, analysis.intervention) == (None, None, None)
        assert not analysis.intervention_scores
        with pytest.raises(ParameterError, match="something that the run learns"):
            plain.teach(analysis, effectiveness=1.0)


def test_a_folder_without_these_zones_and_a_task_that_is_none_are_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        aura.EmotionEngine.load(tmp_path)
    with pytest.raises(ParameterError, match="emotion, pad"):
        aura.EmotionEngine.load(saved, emotion="mood")
    brain = aura.Brain()
    brain.add(aura.stream(ROWS, period="10 ms"), "stream")
    brain.run()
    brain.save(tmp_path)
    with pytest.raises(CheckpointError, match="a run with a zone 'sensory'"):
        aura.EmotionEngine.load(tmp_path)


def test_it_reads_with_the_encoder_that_the_run_has_moved(tmp_path: Path) -> None:
    text = ("I miss my dog.",)
    with wired({"plasticity": "full", "plastic": {"learning_rate": 1e-3}}, publish_gradient=True) as brain:
        brain.connect("amygdala.embedding_gradient", "sensory.embedding_gradient")
        before = brain["sensory"].encode(text)
        brain.run()
        moved = brain["sensory"].encode(text)
        brain.save(tmp_path)
    with aura.EmotionEngine.load(tmp_path) as engine:
        assert np.array_equal(engine._brain["sensory"].encode(text), moved)
        assert not np.allclose(moved, before, atol=1e-3)
        analysis = engine.analyze(text[0])
        assert engine.teach(analysis, emotion="sadness") == 1  # the readout learns, the encoder stays
        assert np.array_equal(engine._brain["sensory"].encode(text), moved)


def test_it_explains_an_answer_by_its_parts_and_nothing_goes_on_by_it(engine: aura.EmotionEngine) -> None:
    text = "I miss my dog."
    analysis = engine.analyze(text, user="ada")
    before = engine._brain["amygdala"].state()
    why = engine.explain(text)
    assert trees_equal(engine._brain["amygdala"].state(), before)
    assert why.tasks["emotion"] == pytest.approx(dict(analysis.probabilities), abs=1e-6)
    assert why.tasks["pad"] == pytest.approx(list(analysis.pad or ()), abs=1e-6)
    assert list(why.experts) == ["prototypes"]  # no data have taught an emotion
    assert (why.routing, why.attention) == ({}, ())
    assert engine.explain("It.", context=text).tasks != engine.explain("It.").tasks
    engine.teach(analysis, emotion="joy")
    assert engine.explain(text).experts["data"]["emotion"]["joy"] > analysis.probabilities["joy"]
    with pytest.raises(ParameterError):
        engine.explain(7)  # type: ignore[arg-type]


def test_a_mixture_that_reads_words_explains_experts_routing_and_attention(tmp_path: Path) -> None:
    tasks = {"emotion": {"kind": "choice"}, "pad": TASKS["pad"]}
    rows = [{**row, "seed": row["seed"][:1]} for row in ROWS]
    with wired(rows=rows, tasks=tasks, learner={"kind": "mixture", "words": 8, "buckets": 64}) as brain:
        brain.connect("stream.text", "amygdala.text")
        brain.run()
        brain.save(tmp_path)
    with aura.EmotionEngine.load(tmp_path) as engine:
        analysis = engine.analyze("What a lovely day!")
        assert engine._brain.read("amygdala.attention") == (("what", "a", "lovely", "day"),)
        why = engine.explain("What a lovely day!")
        assert [word for word, _ in why.attention] == ["what", "a", "lovely", "day"]
        assert sum(weight for _, weight in why.attention) == pytest.approx(1.0, abs=1e-5)
        assert list(why.routing) == list(why.experts) == ["readout_0", "readout_1", "network_0", "network_1"]
        assert sum(why.routing.values()) == pytest.approx(1.0, abs=1e-5)
        assert set(why.experts["network_0"]["emotion"]) == set(analysis.probabilities)
        assert len(why.experts["readout_1"]["pad"]) == 3
