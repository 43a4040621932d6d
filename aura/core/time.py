"""Time as an integer count of nanoseconds, written by people as ``"10 ms"``."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from numbers import Integral
from typing import TypeAlias

from aura.core.errors import TimeError

__all__ = ["MS", "NEVER", "NS", "RATE_PATTERN", "TIME_PATTERN", "US", "S", "Time", "format_time", "parse_rate",
           "parse_time"]

Time: TypeAlias = int
"""An instant or a span, in nanoseconds."""

NS = 1
US = 1_000
MS = 1_000_000
S = 1_000_000_000
LATEST = 2**63 - 1
"""The last instant that fits a signed 64-bit integer, 292 years: recordings and int64 arrays hold no later one."""
NEVER = LATEST + 1
"""What comes after every instant."""

_UNITS = {"ns": NS, "us": US, "µs": US, "μs": US, "ms": MS, "s": S, "min": 60 * S, "h": 3600 * S}
_SLOWEST_HZ = Decimal("1.1e-10")
_RATES = {"Hz": 1, "kHz": 1_000}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"
_TEXT = re.compile(rf"\s*({_NUMBER})\s*([A-Za-zµμ]+)\s*")
TIME_PATTERN = rf"^\s*{_NUMBER}\s*(?:{'|'.join(_UNITS)})\s*$"
"""A regular expression of the texts of times, for editors."""
RATE_PATTERN = rf"^\s*{_NUMBER}\s*(?:{'|'.join(_RATES)})\s*$"
"""A regular expression of the texts of rates, for editors."""


def parse_time(value: str | int, where: str = "time") -> Time:
    """Return a time in nanoseconds from ``"10 ms"``, or from an integer that counts them already.

    Parameters
    ----------
    value : str or int
        A number with one of the units ns, us, ms, s, min, h; or nanoseconds.
    where : str
        The name the error gives to what was asked for.

    Raises
    ------
    TimeError
        If the text is no time, is no whole number of nanoseconds or above 292 years, or the value is a float.

    Examples
    --------
    >>> parse_time("10 ms"), parse_time("1.5 us"), parse_time(7)
    (10000000, 1500, 7)
    """
    if isinstance(value, bool) or not isinstance(value, (str, Integral)):
        raise TimeError(where, expected="a time such as '10 ms' or whole nanoseconds", got=repr(value),
                        hint="Times are never floats here: write the unit.")
    if isinstance(value, Integral):
        exact = Fraction(int(value))
    else:
        number, factor = _split(value, _UNITS, where, "a time such as '10 ms'")
        exact = Fraction(number) * factor  # a Decimal product would round to 28 digits
    if exact.denominator != 1:
        raise TimeError(where, expected="a whole number of nanoseconds", got=repr(value))
    if not 0 <= exact <= LATEST:
        raise TimeError(where, expected="a time from 0 to 292 years", got=repr(value))
    return int(exact)


def parse_rate(value: str, where: str = "rate") -> Fraction:
    """Return the exact period in nanoseconds of a rate such as ``"50 Hz"``; of 3 Hz it is no whole number.

    Examples
    --------
    >>> parse_rate("50 Hz"), parse_rate("3 Hz")
    (Fraction(20000000, 1), Fraction(1000000000, 3))
    """
    number, factor = _split(value, _RATES, where, "a rate such as '50 Hz'")
    if number == 0:
        raise TimeError(where, expected="a rate above zero", got=repr(value))
    if number * factor < _SLOWEST_HZ:
        raise TimeError(where, expected="a rate of at least 1.1e-10 Hz, once in some 290 years", got=repr(value))
    return S / (Fraction(number) * factor)


def format_time(time: Time) -> str:
    """Return the shortest exact text for a time.

    Examples
    --------
    >>> format_time(10_000_000), format_time(1_500_000_000), format_time(0)
    ('10 ms', '1500 ms', '0 s')
    """
    for unit, factor in (("s", S), ("ms", MS), ("us", US)):
        if time % factor == 0:
            return f"{time // factor} {unit}"
    return f"{time} ns"


def _split(value: object, units: dict[str, int], where: str, expected: str) -> tuple[Decimal, int]:
    match = _TEXT.fullmatch(value) if isinstance(value, str) and len(value) < 64 else None
    if match is None:
        raise TimeError(where, expected=expected, got=repr(value), hint=f"Units: {', '.join(units)}.")
    number, unit = match.groups()
    if unit not in units:
        raise TimeError(where, expected=f"one of the units {', '.join(units)}", got=repr(unit))
    return Decimal(number), units[unit]
