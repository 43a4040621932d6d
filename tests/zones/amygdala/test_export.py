"""Classifiers go out as plain files and come back, checked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal

from .conftest import CLASSES, Bench, stimuli

Make = Callable[..., Bench]


def exported(bench: Make, folder: Path, **params: object) -> Bench:
    one = bench(**params)
    one.teach(320)
    one.zone.export(folder)
    return one


@pytest.mark.parametrize("rule", ["rls", "logistic"])
def test_the_files_alone_give_the_same_scores_and_labels(bench: Make, tmp_path: Path, rule: str) -> None:
    one = exported(bench, tmp_path, learner={"kind": rule}, tasks={"emotion": {"at_least_one": False}})
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
    one, other = exported(bench, tmp_path, learner={"kind": rule}), bench(learner={"kind": rule})
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
    (tmp_path / "emotion_classifier.sha256").unlink()
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
@pytest.mark.parametrize("by_hand", [True, False], ids=["without digests", "with digests"])
def test_damaged_files_are_named(bench: Make, tmp_path: Path, part: str, content: bytes, by_hand: bool) -> None:
    exported(bench, tmp_path)
    (tmp_path / f"emotion_classifier_{part}").write_bytes(content)
    if by_hand:
        (tmp_path / "emotion_classifier.sha256").unlink()
    with pytest.raises(StateError, match=f"emotion_classifier_{part}"):
        bench().zone.load_export(tmp_path)


@pytest.mark.parametrize("array", [np.full(3, np.nan), np.array(["a", "b", "c"])])
def test_what_is_no_finite_number_is_refused(bench: Make, tmp_path: Path, array: np.ndarray) -> None:
    exported(bench, tmp_path)
    np.save(tmp_path / "emotion_classifier_b.npy", array)
    (tmp_path / "emotion_classifier.sha256").unlink()
    with pytest.raises(StateError, match=r"emotion_classifier_b\.npy"):
        bench().zone.load_export(tmp_path)


def test_the_digests_are_those_of_sha256sum(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    done = subprocess.run(["sha256sum", "--check", "emotion_classifier.sha256"], cwd=tmp_path, capture_output=True,
                          text=True, check=True)
    assert done.stdout.count(": OK") == 5


def test_a_header_that_promises_more_than_the_file_holds_allocates_nothing(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    (tmp_path / "emotion_classifier.sha256").unlink()
    path = tmp_path / "emotion_classifier_W.npy"
    path.write_bytes(path.read_bytes().replace(b"(8, 3)", b"(8, 300000000000)").replace(b" " * 11 + b"\n", b"\n"))
    with pytest.raises(StateError, match=r"expected 19200000000000 bytes of numbers, as its header says, got 192"):
        bench().zone.load_export(tmp_path)


@pytest.mark.parametrize("name", ["\ud800 lone", "früh", "日本"])
def test_a_class_of_any_text_goes_out_and_comes_back(bench: Make, tmp_path: Path, name: str) -> None:
    one, other = bench(), bench()
    embedding, _ = stimuli(20)
    one.show(embedding, range(20))
    one.tell(((name,), ("joy",)) * 10, range(20))
    one.zone.export(tmp_path)
    other.zone.load_export(tmp_path)
    other.show(embedding, range(20))
    assert other.read("emotion_classes") == (name, "joy")


def test_the_folder_may_be_a_text(bench: Make, tmp_path: Path) -> None:
    one = exported(bench, tmp_path)
    assert one.zone.export(str(tmp_path / "other"))
    assert bench().zone.load_export(str(tmp_path / "other"))


def test_an_export_says_what_the_last_rows_taught_and_leaves_the_zone_as_it_is(bench: Make, tmp_path: Path) -> None:
    one, twin = bench(), bench()
    for each in (one, twin):
        each.teach(320)
        each.teach(32, seed=1)  # too few for the thresholds to be renewed
    one.zone.export(tmp_path)
    assert trees_equal(one.zone.state(), twin.zone.state())
    twin.brain.learning = False
    twin.show(stimuli(1)[0], [77_777])
    assert np.array_equal(np.load(tmp_path / "emotion_classifier_thresholds.npy"),
                          twin.zone.state()["tasks"]["emotion"]["thresholds"]["values"])
    assert not trees_equal(one.zone.state(), twin.zone.state())


def test_a_refused_import_leaves_the_zone_as_it_was(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    np.save(tmp_path / "emotion_classifier_b.npy", np.zeros(9))
    other = bench()
    other.teach(64)
    before = other.zone.state()["learner"]["readouts"]["emotion"]["learner"]["weights"]
    with pytest.raises(StateError):
        other.zone.load_export(tmp_path)
    assert np.array_equal(before, other.zone.state()["learner"]["readouts"]["emotion"]["learner"]["weights"])


@pytest.mark.parametrize("learner", ["rls", "logistic", "network", "mixture"])
@pytest.mark.parametrize(("kind", "other", "message"), [
    ("labels", "choice", r"kind 'choice', got an export of the kind 'labels'.*Set tasks\.emotion\.kind = .labels."),
    ("choice", "labels", "expected 'emotion' of the kind 'labels', got an export of the kind 'choice'"),
    ("choice", "numbers", "expected 'emotion' of the kind 'numbers', got an export of the kind 'choice'")])
def test_an_export_of_another_kind_of_task_is_refused_and_changes_nothing(
        bench: Make, tmp_path: Path, learner: str, kind: str, other: str, message: str) -> None:
    settings = {"kind": learner, **({"hidden": [4]} if learner == "network" else {})}
    one = bench(learner=settings, tasks={"emotion": {"kind": kind}})
    embedding, labels = stimuli(64)
    one.show(embedding, range(64))
    one.tell(tuple(some[:1] or ("joy",) for some in labels), range(64))
    one.zone.export(tmp_path)
    wrong = bench(learner=settings, tasks={"emotion": {"kind": other}})
    before = wrong.zone.state()
    with pytest.raises(StateError, match=message):
        wrong.zone.load_export(tmp_path)
    assert trees_equal(before, wrong.zone.state())
    (tmp_path / "all_kinds.json").unlink()  # as of another program, which knows no kinds
    bench(learner=settings, tasks={"emotion": {"kind": kind}}).zone.load_export(tmp_path)


def test_calibrated_scores_are_refused_by_a_learner_whose_scores_are_log_odds(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    with pytest.raises(StateError, match=r"scores of 'emotion' that are log odds, as those of the learner 'logistic'"):
        bench(learner={"kind": "logistic"}).zone.load_export(tmp_path)


def test_damaged_kinds_are_named(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    for content in ("[", "[1]", '{"emotion": 1}'):
        (tmp_path / "all_kinds.json").write_text(content)
        with pytest.raises(StateError, match=r"all_kinds\.json: expected the kind of each task"):
            bench().zone.load_export(tmp_path)
