"""Threads: all parts run, what they raise is seen, and they can be let go."""

from __future__ import annotations

import threading

import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.tissue.workers import WORTHWHILE_NS, Workers, even_bounds


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_part_runs_once(threads: int) -> None:
    seen: list[int] = []
    workers = Workers(threads)
    workers.run(seen.append, [(part,) for part in range(7)])
    workers.close()
    workers.run(seen.append, [(7,), (8,)])
    workers.close()
    assert sorted(seen) == list(range(9))


def test_the_first_part_runs_on_the_calling_thread() -> None:
    names: dict[int, str] = {}
    workers = Workers(2)
    workers.run(lambda part: names.__setitem__(part, threading.current_thread().name), [(0,), (1,)])
    workers.close()
    assert names[0] == threading.current_thread().name != names[1]


@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_part_raises_is_raised_after_all_have_ended(failing: int) -> None:
    done: list[int] = []

    def work(part: int) -> None:
        if part == failing:
            raise ValueError(str(part))
        done.append(part)

    workers = Workers(2)
    with pytest.raises(ValueError, match=str(failing)):
        workers.run(work, [(0,), (1,)])
    workers.close()
    assert done == [1 - failing]


def test_little_work_is_not_cut() -> None:
    assert Workers(2).cut(10, WORTHWHILE_NS - 1) == [0, 10]
    assert Workers(2).cut(11, WORTHWHILE_NS) == [0, 5, 11]
    assert even_bounds(0, 2) == [0, 0, 0]


def test_there_must_be_a_thread() -> None:
    with pytest.raises(ParameterError, match="threads"):
        Workers(0)
