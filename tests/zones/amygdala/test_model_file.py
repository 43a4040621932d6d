"""A network goes out as one file of tensors and comes back, checked; nothing but tensors is ever read of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from aura.core.errors import StateError  # noqa: E402
from aura.core.state import trees_equal  # noqa: E402

from .conftest import CLASSES, Bench, stimuli  # noqa: E402

Make = Callable[..., Bench]
TASKS = {"emotion": {}, "tone": {"kind": "choice"}, "vad": {"kind": "numbers", "size": 2}}


def network(bench: Make, **more: Any) -> Bench:
    return bench(tasks=more.pop("tasks", TASKS), learner={"kind": "network", "hidden": [6], **more})


def exported(bench: Make, folder: Path) -> Bench:
    one = network(bench)
    embedding, labels = stimuli(160)
    for start in range(0, 160, 32):
        part, ids = slice(start, start + 32), range(start, start + 32)
        one.show(embedding[part], ids)
        one.tell(labels[part], ids)
        one.tell(tuple((("calm", "loud")[int(row[0] > 0)],) for row in embedding[part]), ids, task="tone")
        one.tell(embedding[part, :2].copy(), ids, task="vad")
    one.zone.export(folder)
    one.show(*shown())
    return one


def shown() -> tuple[np.ndarray, range]:
    return stimuli(20, seed=6)[0], range(5_000, 5_020)


def test_imported_it_predicts_as_the_exporter_did_and_learns_on(bench: Make, tmp_path: Path) -> None:
    one, other = exported(bench, tmp_path), network(bench)
    other.zone.load_export(tmp_path)
    other.show(*shown())
    for port in ("emotion_classes", "tone_best", "tone_classes"):
        assert one.read(port) == other.read(port)
    for port in ("emotion_scores", "tone_scores", "vad"):
        assert np.array_equal(one.read(port), other.read(port))
    other.teach(64, seed=3)
    other.show(stimuli(20, seed=7)[0], range(6_000, 6_020))
    assert not np.array_equal(one.read("emotion_scores"), other.read("emotion_scores"))


def test_the_file_is_a_state_dict_that_torch_computes_with(bench: Make, tmp_path: Path) -> None:
    one = exported(bench, tmp_path)
    found = torch.load(tmp_path / "multitask_model.pt", weights_only=True)
    layer, head = torch.nn.Linear(8, 6), torch.nn.Linear(6, 3)
    layer.load_state_dict({name: found[f"trunk.0.{name}"] for name in ("weight", "bias")})
    head.load_state_dict({name: found[f"heads.emotion.{name}"] for name in ("weight", "bias")})
    moments = one.zone._learner._moments
    rows = torch.tensor(((shown()[0] - moments.mean) / moments.deviation).astype(np.float32))
    with torch.no_grad():
        scores = head(torch.nn.functional.gelu(layer(rows)))
    odds = (found["heads.emotion.counts"] + 0.5) / (found["heads.emotion.items"] - found["heads.emotion.counts"] + 0.5)
    assert np.allclose(scores + odds.log(), one.read("emotion_scores"), atol=1e-5)


def test_all_labels_stand_beside_it(bench: Make, tmp_path: Path) -> None:
    exported(bench, tmp_path)
    labels = json.loads((tmp_path / "all_labels.json").read_text())
    assert set(labels) == {"emotion", "tone"}
    assert set(labels["emotion"]) == set(CLASSES)
    (tmp_path / "all_labels.json").write_text(json.dumps({**labels, "tone": ["loud"]}))
    with pytest.raises(StateError, match=r"all_labels\.json: .*others of tone"):
        network(bench).zone.load_export(tmp_path)


def rewritten(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "multitask_model.pt"
    found = torch.load(path, weights_only=True)
    torch.save(change(found) or found, path)
    (folder / "multitask_model.sha256").unlink()


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("never",))


@pytest.mark.parametrize(("change", "message"), [
    (lambda found: {**found, "evil": Evil()}, "a dictionary of tensors"),
    (lambda found: [1, 2], "a dictionary of tensors.*got list"),
    (lambda found: {**found, "trunk.0.bias": torch.full((6,), float("nan"))}, "'trunk.0.bias' of finite numbers"),
    (lambda found: {**found, "trunk.0.bias": torch.zeros(7)}, r"'trunk.0.bias' of shape \(6,\), got shape \(7,\)"),
    (lambda found: {k: v for k, v in found.items() if k != "heads.vad.mean"}, r"others: heads\.vad\.mean"),
    (lambda found: {**found, "rows.mean": torch.zeros(2, 2)}, r"'rows.mean' of shape \(features,\)"),
    (lambda found: {**found, "rows.mean": torch.zeros(1).expand(2**40)}, "all stand in the file"),
    (lambda found: {**found, "rows.mean": torch.zeros(8, device="meta")}, "all stand in the file"),
    (lambda found: {**found, "rows.mean": torch.zeros(8).to(torch.float8_e4m3fn)}, "all stand in the file"),
    (lambda found: {**found, "trunk.0.bias": torch.full((6,), 1e300, dtype=torch.float64)}, "that a float32 holds"),
    (lambda found: {**found, "rows.items": -found["rows.items"]}, r"'rows\.\*' of what can have been counted"),
    (lambda found: {**found, "heads.emotion.counts": -found["heads.emotion.counts"]}, r"'heads\.emotion\.\*' of what"),
    (lambda found: {**found, "heads.emotion.items": found["heads.emotion.items"] * 0}, r"'heads\.emotion\.\*' of what"),
], ids=["code", "a list", "not finite", "a shape", "missing", "width", "repeated", "nowhere", "eight bits", "too large",
        "fewer than no rows", "fewer than none of a class", "more of a class than of all"])
def test_a_file_that_does_not_fit_is_refused_and_changes_nothing(bench: Make, tmp_path: Path, change: Any, message: str,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    exported(bench, tmp_path)
    rewritten(tmp_path, change)
    with pytest.raises(StateError, match=message):
        network(bench).zone.load_export(tmp_path)
    assert "never" not in capsys.readouterr().out


@pytest.mark.parametrize("kept", [0, 40, 1000, -1])
@pytest.mark.parametrize("digests", [True, False], ids=["with digests", "without"])
def test_a_file_that_is_cut_short_is_refused(bench: Make, tmp_path: Path, kept: int, digests: bool) -> None:
    exported(bench, tmp_path)
    path = tmp_path / "multitask_model.pt"
    path.write_bytes(path.read_bytes()[:kept])
    if not digests:
        (tmp_path / "multitask_model.sha256").unlink()
    other = network(bench)
    other.teach(32)
    before = other.zone.state()
    with pytest.raises(StateError, match="multitask_model"):
        other.zone.load_export(tmp_path)
    assert trees_equal(other.zone.state(), before)


@pytest.mark.parametrize("more", [{"hidden": [7]}, {"hidden": [6, 6]},
                                  {"tasks": {**TASKS, "pace": {"kind": "numbers"}}}],
                         ids=["width", "depth", "tasks"])
def test_the_file_of_another_network_is_refused(bench: Make, tmp_path: Path, more: Any) -> None:
    exported(bench, tmp_path)
    with pytest.raises(StateError, match="multitask_model"):
        network(bench, **more).zone.load_export(tmp_path)
