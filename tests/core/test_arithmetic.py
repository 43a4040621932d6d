"""The numerical library takes one thread while a brain computes, so that no variable of the shell decides a bit."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from aura import Brain, Manifest, Port, Zone
from aura.core.arithmetic import VARIABLE, one_thread

SCRIPT = """
from hashlib import sha256
import numpy as np
from aura import Brain, Manifest, Port, Zone

class Products(Zone):
    manifest = Manifest("products", "", period="1 ms", outputs=(Port("sum", dtype="float64", shape=(2, 400, 400)),))

    def __init__(self, context):
        super().__init__(context)
        self.large = self.rng.normal(size=(400, 700))

    def step(self, now, inputs):
        import scipy.linalg  # brings a library of its own, in the middle of the run
        one, other = self.large, self.large[::-1].T
        return {"sum": np.stack([one @ other, scipy.linalg.blas.dgemm(1.0, one, other)])}

brain = Brain(seed=1)
brain.add(Products)
probe = brain.probe("products.sum")
brain.run(until="3 ms")
print(sha256(np.array(probe.values).tobytes()).hexdigest(), brain.now)
"""


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


class Watching(Zone[Any]):
    manifest = Manifest("watching", "", period="1 ms", outputs=(Port("threads", dtype="int64", shape=()),))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.built_with = threads()

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        return {"threads": np.int64(max(threads()))}


@pytest.fixture(autouse=True)
def _two_threads() -> Any:
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_a_zone_is_built_and_steps_with_one_thread_and_all_is_as_before_afterwards(executor: str) -> None:
    before = threads(), os.environ.get(VARIABLE)
    brain = Brain(executor=executor)
    brain.add(Watching)
    brain.run(until="3 ms")
    assert brain.read("watching.threads") == 1
    assert brain["watching"].built_with == {1}  # type: ignore[attr-defined]
    assert (threads(), os.environ.get(VARIABLE)) == before


def test_a_zone_with_a_latency_has_one_thread_even_after_the_run_that_began_it() -> None:
    brain = Brain(executor="threads")
    brain.add(Watching, latency="5 ms")
    for _ in range(10):
        brain.run(span="1 ms")
    assert brain.read("watching.threads") == 1
    brain.close()


def test_of_several_that_compute_at_once_the_last_one_out_takes_the_limit_away() -> None:
    meet = Barrier(3)

    def compute(order: int) -> int:
        with one_thread():
            meet.wait()
        meet.wait()
        return max(threads())

    before = threads()
    with one_thread():
        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(compute, range(3))) == [1, 1, 1]
        with one_thread():
            pass
        assert threads() == {1}
    assert threads() == before


def test_the_limit_goes_when_a_zone_raises() -> None:
    before = threads()
    with pytest.raises(ZeroDivisionError), one_thread():
        raise ZeroDivisionError
    assert threads() == before


@pytest.mark.slow
def test_bits_do_not_depend_on_the_variables_of_the_shell() -> None:
    printed = set()
    for variables in ({VARIABLE: "1"}, {VARIABLE: "2"}, {"OMP_NUM_THREADS": "1"}, {"NUMBA_NUM_THREADS": "1"}, {}):
        clean = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=clean | variables, capture_output=True, text=True,
                              check=True)
        printed.add(done.stdout)
    assert len(printed) == 1
