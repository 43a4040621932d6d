"""Resident memory does not grow with the length of a recorded run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "memory.py"
TICKS = 40_000
MOST = 1.05  # the bar that the million ticks of the benchmark are held to


@pytest.mark.slow
def test_after_forty_thousand_ticks_a_recorded_brain_is_no_larger_than_after_ten_thousand(tmp_path):
    code = (f"import pathlib, runpy; measure = runpy.run_path({str(BENCHMARK)!r})['measure']; "
            f"print(*measure({TICKS}, pathlib.Path({str(tmp_path / 'recording')!r})))")
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    early, last = map(int, printed.split())
    assert last < MOST * early
