"""How far people agree on the labels of GoEmotions, by the texts that stand in it more than once."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest


def test_two_sets_of_labels_of_one_text_agree_as_the_page_says(data_folder: Path) -> None:
    labels_of: dict[str, list[set[str]]] = defaultdict(list)
    for name in ("train", "dev"):
        for line in (data_folder / "goemotions" / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
            text, labels, _ = line.split("\t")
            labels_of[text].append(set(labels.split(",")))
    pairs = [list(combinations(sets, 2)) for sets in labels_of.values() if len(sets) > 1]
    assert len(pairs) == 145
    assert np.mean([np.mean([bool(a & b) for a, b in both]) for both in pairs]) == pytest.approx(0.725, abs=5e-4)
    assert np.mean([np.mean([a == b for a, b in both]) for both in pairs]) == pytest.approx(0.603, abs=5e-4)
