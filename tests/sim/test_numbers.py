"""Numbers that a file tells of each row are learned by a task of their own, and the metric `regression` judges them."""

from __future__ import annotations

import csv

import numpy as np
import pytest

SCENARIO = """
aura = 1
name = "affect"
pathways = ["scores.x -> amygdala.embedding", "scores.vad -> amygdala.vad_teacher",
            "scores.mood -> amygdala.mood_teacher"]

[streams.scores]
kind = "delimited"
path = "scores.csv"
truth = ["vad", "mood"]
items = 8
period = "10 ms"
hold_out = 0.2

[streams.scores.columns]
x = {{ from = ["x0", "x1", "x2", "x3"], type = "float" }}
vad = {{ from = ["V", "A", "D"], type = "float", optional = true }}
mood = {{ from = "mood", type = "tags" }}

[zones.amygdala.params]
learner = {learner}

[zones.amygdala.params.tasks.vad]
kind = "numbers"
size = 3

[zones.amygdala.params.tasks.mood]
kind = "choice"

[metrics.vad]
kind = "regression"
truth = "scores.vad"
prediction = "amygdala.vad"
names = ["valence", "arousal", "dominance"]

[metrics.mood]
kind = "classification"
truth = "scores.mood"
prediction = "amygdala.mood"
"""


@pytest.mark.parametrize("learner", [
    '{ kind = "rls" }', '{ kind = "logistic" }', '{ kind = "network", hidden = [16], learning_rate = 0.02 }'])
def test_valence_arousal_and_dominance_of_a_file_are_learned_and_judged(sim, learner):
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(480, 4))
    vad = 0.5 + 0.1 * rows[:, :3] + 0.02 * rng.normal(size=(480, 3))
    with (sim.folder / "scores.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["x0", "x1", "x2", "x3", "V", "A", "D", "mood"])
        for turn, row in enumerate(rows):
            taught = ["", "", ""] if turn % 3 == 0 else vad[turn].tolist()  # a third is told without its numbers
            table.writerow([*row.tolist(), *taught, "glad" if row[0] > 0 else "sad"])
    sim.make("run", source=sim.scenario(SCENARIO.format(learner=learner), "affect.toml")).start()
    results = sim.read("run", "metrics.json")
    held = results["vad"]["phases"]["held-out"]
    assert [row["name"] for row in held["per_dimension"]] == ["valence", "arousal", "dominance"]
    assert min(row["pearson"] for row in held["per_dimension"]) > 0.9
    assert results["mood"]["phases"]["held-out"]["summary"]["accuracy"] > 0.85
