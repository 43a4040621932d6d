"""What a brain makes of labels that belong to other texts: nothing, or labels leak.

Run by hand: ``python benchmarks/causality.py``. One pass over GoEmotions in time order, once with the true labels and
once with the labels permuted among the texts; the prequential figures are printed beside the share of texts that carry
the commonest label, which is what a guess that ignores the text gets right.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

import aura
from aura.plugins.manager import PluginManager
from aura.plugins.streams import Table
from aura.sim.readers import reader_kinds
from aura.sim.streams import played_stream
from aura.sim.streams.played import Playing

PATHWAYS = (("posts.text", "sensory.text"), ("sensory.embedding", "amygdala.embedding"),
            ("posts.label", "amygdala.emotion_teacher"))


def posts(*, permuted: bool) -> Table:
    """Return the training texts in time order, with their own labels or with each other's."""
    kind = reader_kinds()["goemotions"]
    options = kind.options_model.model_validate({"path": "data:goemotions/train.tsv", "order": "time"})
    reader = kind.open(options, Path())
    rows = reader.rows(np.arange(len(reader)))
    if permuted:
        order = np.random.default_rng(0).permutation(len(reader)).tolist()
        rows["label"] = tuple(rows["label"][index] for index in order)
    return Table("posts", reader.fields, rows)


def prequential(table: Table) -> dict[str, float]:
    """Return the figures of one pass."""
    manager = PluginManager()
    metric = manager.metric("classification").build("emotion", {
        "truth": "posts.label", "prediction": "amygdala.emotion", "best": "amygdala.emotion_best"})
    with aura.Brain(seed=1) as brain:
        brain.add(played_stream(table, Playing(items=32), name="posts"), "posts")
        brain.add(manager.zone("sensory"))
        brain.add(manager.zone("amygdala"))
        for source, target in PATHWAYS:
            brain.connect(source, target)
        brain.observe(metric)
        brain.begin_phase("learn")
        brain.run()
        summary: dict[str, float] = metric.results()["phases"]["learn"]["summary"]
    return summary


if __name__ == "__main__":
    for name, permuted in (("true labels", False), ("permuted labels", True)):
        table = posts(permuted=permuted)
        found = prequential(table)
        labels = Counter(label for tags in table.rows(np.arange(len(table)))["label"] for label in tags)
        commonest, count = labels.most_common(1)[0]
        print(f"{name:<16} top-1 {found['top1']:.3f}, macro F1 {found['macro_f1']:.3f}; "
              f"{commonest} alone {count / len(table):.3f}")
