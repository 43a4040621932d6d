"""Tasks that are taught the same have the same opinions, and sum them up in their own ways; a scenario compares."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from aura.sim.cli import main
from aura.zones.temporal.params import Aggregation

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]
METHODS = get_args(Aggregation)


def test_of_one_network_every_method_hears_the_same_opinions(bench: Make) -> None:
    tasks = {method: {"of": "speaker", "aggregate": method, "classes": ["x", "y"]} for method in METHODS}
    one = bench(tasks=tasks, network={**SMALL, "dropout": 0.2})
    for talk in range(12):
        ids = range(4 * talk, 4 * talk + 4)
        one.show(rows(4, talk) + talk % 2, ids, f"talk {talk}", "abab")
        for method in METHODS:
            one.brain.inject(f"temporal.{method}_teacher", (("x",), ("y",)), ids=np.array(ids[-2:]))
        one.brain.run(span="2 ms")
    found = {method: one.zone._tasks[method] for method in METHODS}
    first = found["newest"].readout.parameters.values
    assert first.any()
    for method in METHODS:
        assert np.array_equal(found[method].readout.parameters.values, first), method
        if method not in ("newest", "mean"):
            assert trees_of(found[method]) == trees_of(found["mean"]), method


def trees_of(task: object) -> list[list[float]]:
    """Return the opinions that a task keeps of each author."""
    return [one.tolist() for one in task.profiles._opinions.values()]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_the_scenario_compares_all_methods_for_speakers_and_dialogues(
        data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURA_DATA", str(data_folder))
    monkeypatch.setattr(sys, "argv", ["aura", "run", "aggregation", "--out", str(tmp_path / "run"),
                                      "--quiet", "--set", "talk.limit=30"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    found = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    for metric, whole, methods in (("role", 2, (METHODS[1], METHODS[0], *METHODS[2:])),
                                   ("donated", 1, METHODS[:-1])):  # contrast is of a speaker
        phases = found[metric]["phases"]
        assert phases["learn"]["items"] + phases["held-out"]["items"] == whole * 30
        for phase in ("learn", "held-out"):
            scores = phases[phase]["scores"]
            assert [one["name"].replace(" ", "_") for one in scores] == list(methods)
            assert all(set(one["intervals"]) == {"auroc", "average_precision", "accuracy", "f1"} for one in scores)
    talks = found["attention"]["phases"]["held-out"]["talks"]
    assert len(talks) == 3
    assert all(sum(weights) == pytest.approx(1.0, abs=1e-3) for turns in talks for _, weights in turns)
