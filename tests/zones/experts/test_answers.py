"""Answers of several blocks, as one."""

from __future__ import annotations

import numpy as np

from aura.zones.experts.answers import Answers, joined


def answers(values: list[float], classes: int = 2) -> Answers:
    n = len(values)
    rows = np.array(values, np.float32)[:, None]
    return Answers(rows, rows.copy(), rows.copy(), np.zeros((n, 1), np.int64), np.ones((n, 1), np.float32),
                   np.full((n, 1, classes), 0.5, np.float32), np.zeros(n, np.float32), 1.0)


def test_blocks_of_other_widths_are_joined_with_new_classes_at_zero() -> None:
    old, new = answers([1.0], classes=1), answers([2.0], classes=2)
    whole = joined([old, new], 3)
    assert whole.rows[:, 0].tolist() == [1.0, 2.0]
    assert whole.answers[:, 0].tolist() == [[0.5, 0.0, 0.0], [0.5, 0.5, 0.0]]
