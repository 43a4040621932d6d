"""A zone cannot learn from the label that it is to predict: on shuffled labels the prequential score is chance."""

from __future__ import annotations

import random

import numpy as np
import pytest

ROWS, FEATURES, CLASSES = 600, 8, ("calm", "glad", "sad", "sore")

SCENARIO = """
aura = 1
name = "causal"
seed = 5
pathways = ["stimulus.x -> amygdala.embedding", "stimulus.label -> amygdala.emotion_teacher"]

[streams.stimulus]
kind = "jsonl"
path = "labelled.jsonl"
columns = {{ x = {{ from = "x", type = "float" }}, label = {{ from = "label", type = "tags" }} }}
items = {items}
hold_out = 0.2

[zones.amygdala.params]
learner = {{ kind = "{rule}" }}

[zones.amygdala.params.tasks.emotion]
kind = "choice"

[metrics.emotion]
kind = "classification"
truth = "stimulus.label"
prediction = "amygdala.emotion"
best = "amygdala.emotion_best"
"""


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["rls", "logistic"])
@pytest.mark.parametrize("items", [1, 16])
def test_the_score_on_shuffled_labels_is_chance(sim, rule, items):
    draw = np.random.default_rng(11)
    truth = draw.integers(len(CLASSES), size=ROWS)
    centres = draw.normal(size=(len(CLASSES), FEATURES))
    rows = [{"x": (centres[k] + 0.5 * draw.normal(size=FEATURES)).tolist(), "label": [CLASSES[k]]} for k in truth]
    source = sim.scenario(SCENARIO.format(rule=rule, items=items), "causal.toml")

    scores = {}
    for name in ("true", "shuffled"):
        labels = [row["label"] for row in rows]
        if name == "shuffled":
            random.Random(2).shuffle(labels)
        labelled = [{**row, "label": label} for row, label in zip(rows, labels, strict=True)]
        sim.write_rows(sim.folder / "labelled.jsonl", labelled)
        sim.make(name, source=source).start()
        phases = sim.read(name, "metrics.json")["emotion"]["phases"]
        scores[name] = [phases[phase]["summary"]["top1"] for phase in ("learn", "held-out")]

    assert min(scores["true"]) > 0.85
    # Four classes: chance is a quarter; three standard deviations of a share of 480 and of 120 items.
    for score, count in zip(scores["shuffled"], (480, 120), strict=True):
        assert abs(score - 0.25) < 3 * (0.25 * 0.75 / count) ** 0.5 + 0.01
