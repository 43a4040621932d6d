"""What the fabric keeps of the past: frames joined with those before, and labels with their winners."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import SignalError
from aura.core.signals import Inputs, inbox_class
from aura.core.state import trees_equal
from aura.zones.fabric.memory import ENDLESS, FrameMemory, LabelMemory


def numbered(first: int, count: int) -> np.ndarray:
    """Return frames of two numbers that tell which they are."""
    return np.stack([np.arange(first, first + count), -np.arange(first, first + count)], axis=1).astype(np.float32)


@pytest.mark.slow
@given(st.integers(1, 5), st.lists(st.integers(1, 4), min_size=1, max_size=8))
def test_a_context_is_the_frame_and_those_before_it_newest_first(context: int, counts: list[int]) -> None:
    memory, first = FrameMemory(context), 0
    for count in counts:
        frames = memory.take(numbered(first, count))
        assert np.array_equal(frames.rows, numbered(first, count))
        for item, (line, before) in enumerate(zip(frames.contexts, frames.before, strict=True)):
            wanted = [max(first + item - back, 0) for back in range(context)]  # before the first, the first
            assert line.reshape(context, 2)[:, 0].tolist() == wanted
            assert before[0] == max(first + item - context, 0)
        first += count


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=12))
def test_depth_counts_frames_without_a_gap(ticks: list[tuple[int, bool]]) -> None:
    memory, attended = FrameMemory(2), []
    for count, learns in ticks:
        memory.take(numbered(len(attended), count))
        for _ in range(count):
            attended.append(learns)
        if not learns:
            continue
        depth = memory.attend()
        assert len(depth) == count
        for item in range(count):
            line = attended[:len(attended) - count + item + 1][::-1]
            assert depth[item] == (ENDLESS if all(line) else line.index(False))


def test_what_is_remembered_is_a_copy() -> None:
    memory, rows = FrameMemory(2), numbered(5, 1)
    memory.take(rows)
    rows[:] = 99.0
    assert memory.take(numbered(6, 1)).contexts.tolist() == [[6.0, -6.0, 5.0, -5.0]]


@given(st.integers(0, 6))
def test_frames_go_on_from_their_state(cut: int) -> None:
    whole, part = FrameMemory(3), FrameMemory(3)
    for tick in range(8):
        if tick == cut:
            part.load_state(whole.state())
        both = (whole, part)[:1 + (tick >= cut)]
        taken = [memory.take(numbered(2 * tick, 2)) for memory in both]
        depths = [memory.attend() for memory in both] if tick != 3 else []
        for found in (taken, depths):
            assert all(trees_equal(list(one), list(found[0])) for one in found)
    assert trees_equal(whole.state(), part.state())


def labelled(labels: Any, ids: Any) -> Inputs:
    inputs = inbox_class({"teacher"}, {})({"teacher": labels})
    inputs._ids = {"teacher": ids}
    return inputs


CODEBOOK = np.arange(4, dtype=np.float32)[:, None]


def test_labels_find_the_winners_of_their_frames() -> None:
    memory = LabelMemory(10, 4, "fabric")
    memory.store(np.array([11, 12, 13]), np.array([2, 0, 2]))
    assert memory.read(np.array([2]), CODEBOOK) == ((),)
    scalars = memory.learn(0, labelled(((("a",), ("b",)), (("a",), ("c",))), (np.array([11, 12]), np.array([13, 99]))),
                        count=True)
    assert scalars == {"labelled": 3.0, "unmatched": 1.0}
    assert memory.read(np.array([0, 2]), CODEBOOK) == (("b",), ("a",))


def test_a_label_is_counted_once_and_only_when_it_counts() -> None:
    memory = LabelMemory(10, 4, "fabric")
    memory.store(np.array([1]), np.array([3]))
    assert memory.learn(0, labelled(((("a",),),), (np.array([1]),)), count=False)["labelled"] == 1.0
    assert memory.read(np.array([3]), CODEBOOK) == ((),)
    assert memory.learn(0, labelled(((("a",),),), (np.array([1]),)), count=True)["unmatched"] == 1.0


def test_the_oldest_frames_are_forgotten_first() -> None:
    memory = LabelMemory(2, 4, "fabric")
    memory.store(np.array([1, 2, 3]), np.array([0, 1, 2]))
    scalars = memory.learn(0, labelled(((("a",), ("b",), ("c",)),), (np.array([1, 2, 3]),)), count=True)
    assert scalars == {"labelled": 2.0, "unmatched": 1.0}


def test_units_of_the_largest_grids_are_kept_exactly() -> None:
    unit = 17 * 17 * 128 - 1
    memory = LabelMemory(2, unit + 1, "fabric")
    memory.store(np.array([1]), np.array([unit]))
    memory.learn(0, labelled(((("a",),),), (np.array([1]),)), count=True)
    assert memory.state()["readout"]["counts"][unit].tolist() == [1.0]


def test_labels_without_ids_are_refused() -> None:
    with pytest.raises(SignalError, match=r"fabric\.teacher at 5 ns: expected labels with the ids of their items"):
        LabelMemory(2, 4, "fabric").learn(5, labelled(((("a",),),), ()), count=True)


def test_labels_go_on_from_their_state() -> None:
    whole, part = LabelMemory(5, 4, "fabric"), LabelMemory(5, 4, "fabric")
    whole.store(np.array([1, 2]), np.array([3, 1]))
    whole.learn(0, labelled(((("a",),),), (np.array([1]),)), count=True)
    part.load_state(whole.state())
    for memory in (whole, part):
        memory.learn(0, labelled(((("b",),),), (np.array([2]),)), count=True)
    assert trees_equal(whole.state(), part.state())
    assert part.read(np.array([3, 1]), CODEBOOK) == (("a",), ("b",))
