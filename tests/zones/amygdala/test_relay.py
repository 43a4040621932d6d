"""An exported classifier predicts alone as the zone did, and refuses what does not fit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError, StateError
from aura.zones.amygdala.relay import AmygdalaRelay

from .conftest import Bench, stimuli

Make = Callable[..., Bench]
LINEAR = [{"kind": "rls"}, {"kind": "logistic"}, {"kind": "network", "hidden": []}]


def taught(bench: Make, folder: Path, learner: Any, task: Any) -> Bench:
    one = bench(learner=learner, tasks={"emotion": task})
    embedding, labels = stimuli(320)
    for start in range(0, 320, 32):
        part = slice(start, start + 32)
        one.show(embedding[part], range(start, start + 32))
        one.tell(tuple(had[:1] for had in labels[part]), range(start, start + 32))
    one.brain.learning = False
    one.show(*shown())
    one.zone.export(folder)
    return one


def shown() -> tuple[np.ndarray, range]:
    return stimuli(50, seed=6)[0], range(5_000, 5_050)


@pytest.mark.parametrize("learner", LINEAR, ids=lambda learner: learner["kind"])
@pytest.mark.parametrize("task", [{"kind": "labels"}, {"kind": "labels", "at_least_one": False}, {"kind": "choice"}],
                         ids=["labels", "perhaps none", "choice"])
def test_it_says_what_the_zone_said(bench: Make, tmp_path: Path, learner: Any, task: Any) -> None:
    one = taught(bench, tmp_path, learner, task)
    relay = AmygdalaRelay.load(tmp_path, **task)
    embedding, _ = shown()
    assert relay.labels == one.read("emotion_classes")
    assert np.allclose(relay.scores(embedding), one.read("emotion_scores"), atol=1e-5)
    assert np.allclose(relay.probability(embedding), one.read("emotion_probability"), atol=1e-5)
    assert np.allclose(relay.confidence(embedding), one.read("emotion_confidence"), atol=1e-5)
    assert relay.predict(embedding) == one.read("emotion")


def test_it_is_made_of_files_by_name_too(bench: Make, tmp_path: Path) -> None:
    taught(bench, tmp_path, LINEAR[0], {})
    files = {name: tmp_path / f"emotion_classifier_{name}" for name in (
        "W.npy", "b.npy", "labels.json", "thresholds.npy", "calibration.npy")}
    relay = AmygdalaRelay(W=files["W.npy"], b=str(files["b.npy"]), labels=files["labels.json"],
                          thresholds=files["thresholds.npy"], calibration=files["calibration.npy"])
    assert relay.predict(shown()[0]) == AmygdalaRelay.load(tmp_path).predict(shown()[0])


def test_a_network_with_hidden_layers_has_no_linear_map_to_relay(bench: Make, tmp_path: Path) -> None:
    taught(bench, tmp_path, {"kind": "network", "hidden": [4]}, {})
    assert not (tmp_path / "emotion_classifier_W.npy").exists()
    with pytest.raises(StateError, match=r"emotion_classifier_W\.npy.*no such file.*no linear map of the embedding"):
        AmygdalaRelay.load(tmp_path)
    with pytest.raises(StateError, match=r"emotions_classifier_W\.npy.*got no such file. Try 'emotion'"):
        AmygdalaRelay.load(tmp_path, task="emotions")


def test_a_task_of_numbers_is_no_classifier_and_its_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "vad_regression_W.npy").write_bytes(b"")
    with pytest.raises(StateError, match=r"features @ W \+ b of vad_regression_W\.npy"):
        AmygdalaRelay.load(tmp_path, task="vad")
    with pytest.raises(StateError, match=r"export. writes its files together"):
        AmygdalaRelay.load(tmp_path / "nowhere", task="vad")


@pytest.mark.parametrize("part", ["W.npy", "b.npy", "labels.json", "thresholds.npy", "calibration.npy"])
def test_a_damaged_file_is_refused(bench: Make, tmp_path: Path, part: str) -> None:
    taught(bench, tmp_path, LINEAR[0], {})
    path = tmp_path / f"emotion_classifier_{part}"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(StateError, match=f"emotion_classifier_{part}"):
        AmygdalaRelay.load(tmp_path)


@pytest.mark.parametrize(("parts", "message"), [
    ({"b": [0.0]}, r"AmygdalaRelay\.b: expected finite numbers of shape \(2,\), got shape \(1,\)"),
    ({"W": [1.0, 2.0]}, r"AmygdalaRelay\.W: expected finite numbers of shape \(features, 2\), got shape \(2,\)"),
    ({"W": [[1.0, np.nan]]}, r"AmygdalaRelay\.W: .* got 1 that are not"),
    ({"thresholds": ["high", "low"]}, r"AmygdalaRelay\.thresholds"),
    ({"calibration": [1.0, 2.0]}, r"AmygdalaRelay\.calibration"),
    ({"W": "nowhere.npy"}, r"nowhere\.npy: .*got no such file")])
def test_parts_that_do_not_fit_are_named(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(StateError, match=message):
        AmygdalaRelay(**{"W": [[1.0, 2.0]], "b": [0.0, 0.0], "labels": ["joy", "fear"], **parts})


def test_what_it_is_asked_has_to_fit_too() -> None:
    relay = AmygdalaRelay(W=[[1.0], [2.0]], b=[0.0], labels=["joy"])
    with pytest.raises(ParameterError, match=r"expected rows of 2 features, got shape \(1, 3\)"):
        relay.scores(np.zeros((1, 3)))
    with pytest.raises(ParameterError, match="expected finite numbers, got 1 that are not"):
        relay.predict([[0.0, float("nan")]])
    with pytest.raises(ParameterError, match="expected rows of 2 features, got list"):
        relay.predict([[0.0, 1.0], [2.0]])
    with pytest.raises(ParameterError, match="'labels' or 'choice'"):
        AmygdalaRelay(W=[[1.0]], b=[0.0], labels=["joy"], kind="many")  # type: ignore[arg-type]
    assert relay.predict(np.zeros((0, 2))) == ()
    assert AmygdalaRelay(W=np.zeros((2, 0)), b=[], labels=[]).predict(np.zeros((1, 2))) == ((),)


@pytest.mark.slow
def test_it_needs_numpy_alone() -> None:
    script = ("import sys; from aura.zones.amygdala.relay import AmygdalaRelay; bad = [n for n in sys.modules if "
              "n.partition('.')[0] in ('torch', 'scipy', 'sklearn') or n.startswith('aura.zones.amygdala.zone')]; "
              "sys.exit(str(bad) if bad else 0)")
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_kind_is_that_of_the_export_and_another_is_refused(bench: Make, tmp_path: Path) -> None:
    one = bench(tasks={"emotion": {"kind": "choice"}})
    embedding, labels = stimuli(64)
    one.show(embedding, range(64))
    one.tell(tuple(some[:1] or ("joy",) for some in labels), range(64))
    one.zone.export(tmp_path)
    one.show(embedding, range(100, 164))
    assert AmygdalaRelay.load(tmp_path).predict(embedding) == one.read("emotion")
    assert np.allclose(AmygdalaRelay.load(tmp_path).probability(embedding).sum(axis=1), 1.0)
    with pytest.raises(StateError, match="expected 'emotion' of the kind 'labels', got an export of the kind 'choice'"):
        AmygdalaRelay.load(tmp_path, kind="labels")
