from __future__ import annotations

import numpy as np
import pytest

from aura.plugins.metrics.rolling import Cadence


def rows(every, items, seconds=0):
    cadence = Cadence(every)
    return [item for item in range(1, items + 1) if cadence.due(item, item * seconds)]


def test_rows_come_every_so_many_items():
    assert rows(100, 350) == [100, 200, 300]


def test_rows_come_every_so_much_time_even_if_ticks_are_rare():
    assert rows("1 s", 10, seconds=700_000_000) == [2, 3, 5, 6, 8, 9, 10]


def test_automatic_rows_come_often_at_first_and_then_evenly():
    found = rows("auto", 20_000)
    assert found[:4] == [25, 50, 75, 100]
    assert sum(item <= 500 for item in found) >= 10
    assert set(np.diff([item for item in found if item > 2000])) == {250}


@pytest.mark.parametrize(("every", "first"), [(100, 100), ("1 s", 3_000_000_000), ("auto", 25)])
def test_a_new_phase_counts_from_its_beginning(every, first):
    cadence = Cadence(every)
    cadence.due(1000, 2_500_000_000)
    cadence.new_phase(2_500_000_000)
    assert cadence.next == first
