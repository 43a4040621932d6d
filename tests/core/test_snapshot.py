"""What lies on the bus, as a tree and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aura.core.snapshot import BUS, bus_tree, load_bus
from aura.core.state import read_tree, trees_equal, write_tree
from tests.core.kit import loop_of, random_design


@pytest.mark.parametrize("seed", range(10))
def test_a_bus_laid_back_is_the_bus_that_was_saved(tmp_path: Path, seed: int) -> None:
    design = random_design(seed, failing=True)
    brain, _ = design.brain("threads")
    for _ in range(11):
        brain.step()
    loop_of(brain).settle()
    tree = bus_tree(loop_of(brain))
    write_tree(tmp_path / "bus", tree, BUS)
    other, _ = design.brain()
    load_bus(loop_of(other), loop_of(brain).now, read_tree(tmp_path / "bus", BUS), brain.now)
    assert trees_equal(bus_tree(loop_of(other)), tree)
    assert sorted(loop_of(other).agenda) == sorted(loop_of(brain).agenda)
    assert other.next_time == brain.next_time
    brain.close()
    other.close()


def test_what_is_laid_back_is_read_only() -> None:
    design = random_design(3)
    brain, _ = design.brain()
    for _ in range(11):
        brain.step()
    tree = bus_tree(loop_of(brain))
    other, _ = design.brain()
    load_bus(loop_of(other), loop_of(brain).now, tree, brain.now)
    values = [value for signals, _, _ in loop_of(other).agenda.values() for _, value, _ in signals]
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    assert arrays
    assert not any(array.flags.writeable for array in arrays)


def test_a_zones_tree_holds_its_random_stream() -> None:
    brain, _ = random_design(1).brain()
    node = loop_of(brain).nodes[0]
    before = node.handle.tree()["rng"]
    node.handle.zone.rng.normal()
    assert node.handle.tree()["rng"] != before
    assert before["bit_generator"] == "PCG64"
