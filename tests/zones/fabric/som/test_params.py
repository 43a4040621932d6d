"""Parameters that make no sense are refused, and reading them costs nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from aura.zones.fabric.som.params import SomParams


@pytest.mark.parametrize("params", [
    {"radius_start": -1.0}, {"radius_start": float("nan")}, {"radius_end": 0.0}, {"radius_end": -2.0},
    {"radius_start": 1.0, "radius_end": 2.0}, {"rate_start": 1.5}, {"rate_end": 0.0},
    {"rate_start": 0.1, "rate_end": 0.2}, {"length": 0}, {"memory": 0}, {"sharpness": 0.0}, {"rule": "kohonen"},
    {"neighbourhood": "mexican_hat"}, {"schedule": "forever"}, {"radius": 3.0}])
def test_nonsense_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SomParams(**params)


def test_the_first_radius_suits_the_grid() -> None:
    assert SomParams().first_radius((5, 5, 16)) == 8.0
    assert SomParams(radius_end=2.0).first_radius((3, 3, 1)) == 2.0


@pytest.mark.slow
def test_reading_the_parameters_loads_no_compiler() -> None:
    code = "import sys, aura.zones.fabric.som.params; print('numba' in sys.modules, 'scipy' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]
