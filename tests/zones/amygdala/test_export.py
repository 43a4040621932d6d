"""Classifiers go out as plain files and come back, checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import StateError

from .conftest import CLASSES, Bench, stimuli

Make = Callable[..., Bench]


def exported(bench: Make, folder: Path, **params: object) -> Bench:
    one = bench(**params)
    one.teach(320)
    one.zone.export(folder)
    return one


@pytest.mark.parametrize("rule", ["rls", "logistic"])
def test_the_files_alone_give_the_same_scores_and_labels(bench: Make, tmp_path: Path, rule: str) -> None:
    one = exported(bench, tmp_path, rule=rule, tasks={"emotion": {"at_least_one": False}})
    fresh, _ = stimuli(50, seed=6)
    one.show(fresh, range(5_000, 5_050))
    weights, bias, cuts = (np.load(tmp_path / f"emotion_classifier_{part}.npy") for part in ("W", "b", "thresholds"))
    names = json.loads((tmp_path / "emotion_classifier_labels.json").read_text())
    assert weights.shape == (8, 3)
    assert bias.shape == cuts.shape == (3,)
    scores = fresh @ weights + bias
    assert np.allclose(scores, one.read("emotion_scores"), atol=1e-6)
    assert one.read("emotion") == tuple(tuple(names[c] for c in np.flatnonzero(row >= cuts)) for row in scores)


@pytest.mark.parametrize("rule", ["rls", "logistic"])
def test_imported_it_predicts_as_the_exporter_did(bench: Make, tmp_path: Path, rule: str) -> None:
    one, other = exported(bench, tmp_path, rule=rule), bench(rule=rule)
    files = other.zone.load_export(tmp_path)
    assert all(path.exists() for path in files)
    fresh, _ = stimuli(50, seed=6)
    for each in (one, other):
        each.show(fresh, range(5_000, 5_050))
    for port in ("emotion", "emotion_best", "emotion_classes"):
        assert one.read(port) == other.read(port)
    for port in ("emotion_scores", "emotion_probability"):
        assert np.array_equal(one.read(port), other.read(port))


def test_learning_goes_on_from_what_was_imported(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    other = bench()
    other.zone.load_export(tmp_path)
    other.teach(320, seed=2)
    fresh, truth = stimuli(200, seed=6)
    other.show(fresh, range(90_000, 90_200))
    right = [set(a) == set(b) for a, b in zip(other.read("emotion"), truth, strict=True) if b]
    assert np.mean(right) > 0.7


def test_before_the_first_embedding_there_is_nothing_to_export(bench: Make, tmp_path: Path) -> None:
    assert bench().zone.export(tmp_path) == []


@pytest.mark.parametrize("part", ["W.npy", "b.npy", "thresholds.npy", "labels.json"])
def test_a_missing_file_is_named(bench: Make, tmp_path: Path, part: str) -> None:
    exported(bench, tmp_path)
    (tmp_path / f"emotion_classifier_{part}").unlink()
    with pytest.raises(StateError, match=rf"emotion_classifier_{part}.*got no such file"):
        bench().zone.load_export(tmp_path)


def test_the_calibration_alone_may_be_missing(bench: Make, tmp_path: Path) -> None:
    one, other = exported(bench, tmp_path), bench()
    (tmp_path / "emotion_classifier_calibration.npy").unlink()
    other.zone.load_export(tmp_path)
    fresh, _ = stimuli(20, seed=6)
    for each in (one, other):
        each.show(fresh, range(5_000, 5_020))
    assert np.array_equal(one.read("emotion_scores"), other.read("emotion_scores"))


@pytest.mark.parametrize(("part", "shape"), [("b", (4,)), ("thresholds", (3, 1)), ("W", (8, 4)),
                                             ("calibration", (3, 3))])
def test_a_wrong_shape_is_named_with_what_was_expected(bench: Make, tmp_path: Path, part: str,
                                                       shape: tuple[int, ...]) -> None:
    exported(bench, tmp_path)
    np.save(tmp_path / f"emotion_classifier_{part}.npy", np.zeros(shape))
    with pytest.raises(StateError) as caught:
        bench().zone.load_export(tmp_path)
    assert f"emotion_classifier_{part}.npy" in str(caught.value)
    assert f"got shape {shape}" in str(caught.value)
    assert "of shape" in caught.value.expected


def test_another_feature_dimension_is_refused(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    other = bench()
    other.show(np.zeros((1, 5), np.float32), [1])
    with pytest.raises(StateError, match=r"expected numbers of shape \(5, 3\).*got shape \(8, 3\)"):
        other.zone.load_export(tmp_path)


def test_other_classes_are_refused_by_a_task_that_is_not_open(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    other = bench(tasks={"emotion": {"classes": ["calm"], "open": False}})
    with pytest.raises(StateError, match=r"the classes calm, got .*open = true"):
        other.zone.load_export(tmp_path)
    same = bench(tasks={"emotion": {"classes": CLASSES, "open": False}})
    assert same.zone.load_export(tmp_path)


@pytest.mark.parametrize(("part", "content"), [
    ("labels.json", b"{"), ("labels.json", b'{"a": 1}'), ("labels.json", b'["joy", "joy", "fear"]'),
    ("labels.json", b"\xff\xfe"), ("W.npy", b"not numpy"), ("W.npy", b""),
])
def test_damaged_files_are_named(bench: Make, tmp_path: Path, part: str, content: bytes) -> None:
    exported(bench, tmp_path)
    (tmp_path / f"emotion_classifier_{part}").write_bytes(content)
    with pytest.raises(StateError, match=f"emotion_classifier_{part}"):
        bench().zone.load_export(tmp_path)


@pytest.mark.parametrize("array", [np.full(3, np.nan), np.array(["a", "b", "c"])])
def test_what_is_no_finite_number_is_refused(bench: Make, tmp_path: Path, array: np.ndarray) -> None:
    exported(bench, tmp_path)
    np.save(tmp_path / "emotion_classifier_b.npy", array)
    with pytest.raises(StateError, match=r"emotion_classifier_b\.npy"):
        bench().zone.load_export(tmp_path)


def test_a_refused_import_leaves_the_zone_as_it_was(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    np.save(tmp_path / "emotion_classifier_b.npy", np.zeros(9))
    other = bench()
    other.teach(64)
    before = other.zone.state()["tasks"]["emotion"]["relay"]["weights"]
    with pytest.raises(StateError):
        other.zone.load_export(tmp_path)
    assert np.array_equal(before, other.zone.state()["tasks"]["emotion"]["relay"]["weights"])
