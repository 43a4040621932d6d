"""Times and rates as people write them."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import TimeError
from aura.core.time import LATEST, format_time, parse_rate, parse_time

FACTORS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}


@given(st.integers(0, LATEST))
def test_what_is_formatted_parses_back(time: int) -> None:
    assert parse_time(format_time(time)) == time


@pytest.mark.slow
@given(st.integers(0, 10**12), st.integers(0, 999), st.sampled_from(sorted(FACTORS)))
def test_a_decimal_is_exact_or_refused(whole: int, thousandths: int, unit: str) -> None:
    numerator = (1000 * whole + thousandths) * FACTORS[unit]
    text = f"{whole}.{thousandths:03d} {unit}"
    if numerator % 1000 or numerator // 1000 > LATEST:
        with pytest.raises(TimeError):
            parse_time(text)
    else:
        assert parse_time(text) == numerator // 1000


@pytest.mark.parametrize(("text", "time"), [
    ("10 ms", 10_000_000), ("10ms", 10_000_000), (" 1e3 us ", 1_000_000), ("0 s", 0), ("2.5E-3 s", 2_500_000),
    ("1 µs", 1000), ("1 μs", 1000), ("2 min", 120 * 10**9), (0, 0), (np.int64(7), 7),
])
def test_what_people_write_is_understood(text: str | int, time: int) -> None:
    assert parse_time(text) == time
    assert type(parse_time(text)) is int


@pytest.mark.parametrize("value", [
    "", "10", "ms", "-1 ms", "1 parsec", "1,5 ms", "0.1 ns", "nan s", "inf s", "1e400 s", "1e99 s", -1, 2**63, 1.0,
    np.float64(1), True, None, "1 ms 2", "١ ms", "9" * 80 + " ns", "1.00000000000000000000000000001 s",
])
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(TimeError, match=r"^here: expected .*, got "):
        parse_time(value, "here")


@pytest.mark.slow
@given(st.text(max_size=80))
def test_any_text_gives_a_time_or_the_one_error(text: str) -> None:
    with suppress(TimeError):
        assert 0 <= parse_time(text) <= LATEST


@pytest.mark.parametrize(("rate", "period"), [
    ("50 Hz", 20_000_000), ("44.1 kHz", Fraction(10_000_000, 441)), ("3 Hz", Fraction(10**9, 3)),
    ("0.5 Hz", 2 * 10**9)])
def test_a_rate_becomes_its_exact_period(rate: str, period: Fraction) -> None:
    assert parse_rate(rate) == period


@pytest.mark.parametrize("rate", ["0 Hz", "50", "50 ms", "-1 Hz"])
def test_what_is_no_rate_is_refused(rate: str) -> None:
    with pytest.raises(TimeError):
        parse_rate(rate)
