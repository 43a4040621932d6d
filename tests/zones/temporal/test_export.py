"""What the temporal lobe has learned goes through files that torch reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aura.core.errors import StateError

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]
TASKS = {"act": {"kind": "labels"}, "end": {"of": "conversation", "aggregate": "learned"},
         "age": {"kind": "numbers", "of": "author"}}


def learned(bench: Make) -> Bench:
    one = bench(tasks=TASKS)
    for block in range(4):
        ids = range(10 * block, 10 * block + 4)
        one.show(rows(4, block), ids, [f"{block}{name}" for name in "aabb"], "xyxy")
        one.tell(("x", "y", "y", "x"), ids)
        one.tell(("won", "lost"), [10 * block + 1, 10 * block + 3], "end")
        one.tell(np.array([3.0, 4.0], np.float32), [10 * block, 10 * block + 1], "age")
    return one


def shown(one: Bench) -> list[Any]:
    one.brain.learning = False
    one.show(rows(5, 99), range(900, 905), "ppqqq", "uvuvu")
    return [one.read(port) for port in ("act_scores", "act_probability", "end_scores", "age")]


def test_what_was_exported_predicts_the_same(bench: Make, tmp_path: Path) -> None:
    one = learned(bench)
    files = one.zone.export(tmp_path)
    assert sorted(file.name for file in files) == [
        "temporal_classes.json", "temporal_classes.sha256", "temporal_model.pt", "temporal_model.sha256"]
    other = bench(tasks=TASKS)
    assert other.zone.load_export(tmp_path)
    for mine, theirs in zip(shown(one), shown(other), strict=True):
        assert np.array_equal(mine, theirs)


def test_the_encoder_is_a_state_dict_of_torch(bench: Make, tmp_path: Path) -> None:
    from aura.zones.temporal.sequence import SequenceEncoder

    one = learned(bench)
    one.zone.export(tmp_path)
    found = torch.load(tmp_path / "temporal_model.pt", weights_only=True)
    sizes = {key: value for key, value in SMALL.items() if key != "learning_rate"}
    encoder = SequenceEncoder(6, speakers=5, **sizes)  # type: ignore[arg-type]
    encoder.load_state_dict({name.removeprefix("encoder."): part for name, part in found.items()
                             if name.startswith("encoder.")})
    assert torch.equal(encoder.project.weight, one.zone._model.encoder.project.weight)


@pytest.mark.parametrize("damage, message", [
    (lambda folder: (folder / "temporal_model.pt").write_bytes(b"no"), "damaged file"),
    (lambda folder: (folder / "temporal_model.pt").unlink(), "no such file"),
    (lambda folder: (folder / "temporal_classes.json").write_text(json.dumps({"act": ["x"]})), "damaged file"),
])
def test_files_that_do_not_fit_are_refused_and_change_nothing(bench: Make, tmp_path: Path, damage: Any,
                                                              message: str) -> None:
    one = learned(bench)
    one.zone.export(tmp_path)
    damage(tmp_path)
    before = one.zone.state()
    with pytest.raises(StateError, match=message):
        one.zone.load_export(tmp_path)
    assert before["model"]["items"] == one.zone.state()["model"]["items"]


@pytest.mark.parametrize("params", [
    {"network": {**SMALL, "hidden": 32}}, {"tasks": {"act": {"kind": "labels"}}},
    {"tasks": {**TASKS, "act": {"kind": "labels", "classes": ["z"]}}}, {"speakers": 0}])
def test_an_export_of_other_sizes_or_tasks_is_refused(bench: Make, tmp_path: Path, params: Any) -> None:
    learned(bench).zone.export(tmp_path)
    with pytest.raises(StateError, match="expected"):
        bench(**{"tasks": TASKS, **params}).zone.load_export(tmp_path)
