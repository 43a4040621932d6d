"""The exponential and the logarithm of the kernels against 80-bit arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit

from aura.zones.fabric.neurons.intrinsics import as_float, as_integer
from aura.zones.fabric.neurons.mathematics import EXP_RANGE, FUNCTIONS

FASTMATH = {"contract", "nsz", "arcp"}
LARGEST_ERROR = {"float64": {"exp_": 3.4e-16, "log_": 4.5e-16}, "float32": {"exp_": 1.25e-7, "log_": 2.4e-7}}
EXACT: dict[str, Callable[..., Any]] = {"exp_": np.exp, "log_": np.log}
POINTS = 200_000

pytestmark = pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="no arithmetic of 80 bits here")


def over_lanes(dtype: str, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function as a kernel has it: compiled into a loop."""
    namespace: dict[str, Any] = {"np": np, "njit": njit, "FASTMATH": FASTMATH, "as_float": as_float,
                                 "as_integer": as_integer}
    exec(FUNCTIONS[dtype], namespace)
    function = namespace[name]

    @njit(fastmath=FASTMATH, error_model="numpy")
    def loop(x, y):
        for index in range(x.size):
            y[index] = function(x[index])

    def evaluated(x: np.ndarray) -> np.ndarray:
        y = np.empty_like(x)
        loop(x, y)
        return y

    return evaluated


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_exp_is_right_to_rounding_over_its_range(dtype):
    exp, rng, end = over_lanes(dtype, "exp_"), np.random.default_rng(0), EXP_RANGE[dtype]
    halves = (np.arange(-100, 100) + 0.5) * np.log(2.0)  # where the power of 2 changes
    for x in (rng.uniform(-end, end, POINTS), rng.uniform(-1.0, 1.0, POINTS), halves, np.array([0.0, end, -end])):
        assert largest_error(exp, "exp_", x.astype(dtype)) < LARGEST_ERROR[dtype]["exp_"]
    assert exp(np.zeros(1, dtype))[0] == 1.0
    assert np.isnan(exp(np.array([np.nan], dtype)))[0]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_log_is_right_to_rounding_over_its_range(dtype):
    log, rng = over_lanes(dtype, "log_"), np.random.default_rng(1)
    near_one = 1.0 + rng.normal(size=POINTS) * 1e-4
    for x in (np.exp(rng.uniform(np.log(1e-30), np.log(1e30), POINTS)), rng.uniform(0.4, 2.5, POINTS), near_one,
              2.0 ** np.arange(-90.0, 90.0)):
        assert largest_error(log, "log_", x.astype(dtype)) < LARGEST_ERROR[dtype]["log_"]
    assert log(np.ones(1, dtype))[0] == 0.0


def largest_error(function: Callable[[np.ndarray], np.ndarray], name: str, x: np.ndarray) -> float:
    exact = EXACT[name](x.astype(np.longdouble))
    return float(np.max(np.abs(function(x)[exact != 0.0] / exact[exact != 0.0] - 1.0)))
