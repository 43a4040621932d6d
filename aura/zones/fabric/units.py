"""Units: what a text such as "120 mS/cm2" is in the unit that a model computes with."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import BeforeValidator

__all__ = [
    "Capacitance",
    "Celsius",
    "Hertz",
    "Micrometres",
    "Microsiemens",
    "Milliseconds",
    "Millivolts",
    "Resistivity",
    "Seconds",
    "Unit",
    "Velocity",
    "converted",
    "measured",
    "parse_quantity",
    "parse_unit",
]

PREFIXES: Mapping[str, int] = MappingProxyType({
    "f": -15, "p": -12, "n": -9, "u": -6, "\u00b5": -6, "\u03bc": -6, "m": -3, "c": -2, "d": -1, "k": 3, "M": 6,
    "G": 9})
"""The power of ten of each prefix."""

SYMBOLS: Mapping[str, tuple[int, Mapping[str, int]]] = MappingProxyType({
    "m": (0, {"m": 1}), "s": (0, {"s": 1}), "Hz": (0, {"s": -1}), "V": (0, {"V": 1}), "A": (0, {"A": 1}),
    "S": (0, {"A": 1, "V": -1}), "mho": (0, {"A": 1, "V": -1}), "ohm": (0, {"V": 1, "A": -1}),
    "F": (0, {"A": 1, "s": 1, "V": -1}), "mol": (0, {"mol": 1}), "l": (-3, {"m": 3}), "L": (-3, {"m": 3}),
    "M": (3, {"mol": 1, "m": -3}), "degC": (0, {"degC": 1}), "K": (0, {"K": 1}), "1": (0, {})})
"""Each unit as a power of ten and powers of m, s, V, A, mol."""

OTHER_NAMES: Mapping[str, str] = MappingProxyType({
    "Ω": "ohm", "\u2126": "ohm", "Ohm": "ohm", "micron": "um", "microns": "um", "°C": "degC", "siemens": "S",
    "sec": "s", "msec": "ms", "molar": "M"})
"""Other ways to write a unit."""

ZERO_CELSIUS_K = 273.15

FACTOR = re.compile(r"(?P<name>[^\W\d_]+|°C|1(?![\d.]))(?:\s*(?:\^|\*\*)?\s*(?P<power>[+-]?\d)(?!\d))?")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?:nan|inf|infinity)\b)", re.IGNORECASE)


class Unit(NamedTuple):
    """A unit as a power of ten of base units."""

    ten: int
    powers: tuple[tuple[str, int], ...]


def parse_unit(text: str) -> Unit:
    """Return what a unit is made of.

    Parameters
    ----------
    text : str
        Names with prefixes, joined by spaces, ``*`` or ``·``, each after a ``/`` a divisor; powers as ``cm2``,
        ``cm^2``, ``cm²`` or ``cm-2``.

    Raises
    ------
    ValueError
        If it is no unit; the message says what was expected.

    Examples
    --------
    >>> parse_unit("mS/cm2") == parse_unit("mS cm^-2") == parse_unit("mS·cm⁻²")
    True
    """
    ten, powers = 0, Counter[str]()
    rest, sign = text.strip().translate(SUPERSCRIPTS), 1
    while rest:
        found = FACTOR.match(rest)
        if found is None:
            raise ValueError(f"a unit such as mS/cm2, uF/cm2, ohm cm, mV or um, not {text!r}")
        power = sign * int(found["power"] or 1)
        exponent, base = _named(found["name"], text)
        ten += power * exponent
        for name, count in base.items():
            powers[name] += power * count
        rest = rest[found.end():].lstrip()
        joint, sign = rest[:1], 1
        if joint in "/*·.⋅" and joint:
            rest, sign = rest[1:].lstrip(), -1 if joint == "/" else 1
            if not rest:
                raise ValueError(f"a unit that does not end in {joint!r}, not {text!r}")
    return Unit(ten, tuple(sorted((name, count) for name, count in powers.items() if count)))


def _named(name: str, text: str) -> tuple[int, Mapping[str, int]]:
    """Return one name's power of ten and base units."""
    name = OTHER_NAMES.get(name, name)
    if name in SYMBOLS:
        return SYMBOLS[name]
    prefix, symbol = name[:1], OTHER_NAMES.get(name[1:], name[1:])
    if prefix in PREFIXES and symbol in SYMBOLS and symbol not in {"1", "degC"}:
        ten, base = SYMBOLS[symbol]
        return ten + PREFIXES[prefix], base
    raise ValueError(f"a unit such as mS/cm2, uF/cm2, ohm cm, mV or um, not {text!r} ({name!r} is none)")


def converted(value: float, unit: str, wanted: str) -> float:
    """Return a value in another unit of the same kind, rounded once.

    Raises
    ------
    ValueError
        If the units are not of one kind; the message says what was expected.

    Examples
    --------
    >>> converted(120.0, "mS/cm2", "S/cm2"), converted(0.35, "kohm cm", "ohm cm"), converted(310.15, "K", "degC")
    (0.12, 350.0, 37.0)
    """
    if unit == wanted:
        return value
    given, target = parse_unit(unit), parse_unit(wanted)
    if given.powers == target.powers:
        return float(Decimal(repr(float(value))).scaleb(given.ten - target.ten))
    if (given, target.powers) == (parse_unit("K"), (("degC", 1),)):
        return float(Decimal(repr(float(value))) - Decimal(repr(ZERO_CELSIUS_K)))
    raise ValueError(f"a quantity in {wanted}, not in {unit}")


def parse_quantity(text: str) -> tuple[float, str]:
    """Return the number and the unit of a text such as ``"120 mS/cm2"``.

    Raises
    ------
    ValueError
        If it is none; the message says what was expected.

    Examples
    --------
    >>> parse_quantity("120mS/cm2"), parse_quantity("-77 mV")
    ((120.0, 'mS/cm2'), (-77.0, 'mV'))
    """
    number = NUMBER.match(text.strip())
    unit = text.strip()[number.end():].strip() if number else ""
    if number is None or not unit:
        raise ValueError("a number and its unit, as in '0.036 S/cm2' (the unit of a pure number is 1)")
    return float(number.group()), unit


def measured(unit: str) -> BeforeValidator:
    """Return a validator of numbers in a unit, which takes a text in any unit of its kind too.

    Examples
    --------
    >>> measured("um").func("20 nm"), measured("um").func(3.5), measured("um").func("3.5")
    (0.02, 3.5, 3.5)
    """
    def read(given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if NUMBER.fullmatch(given.strip()):
            return float(given)
        try:
            value = converted(*parse_quantity(given), unit)
        except ValueError as error:
            example = f"a number in {unit}, or a text with its unit as '1 {unit}'"
            raise ValueError(f"{example}: {error}" if "a number and its unit" not in str(error) else example) from None
        if not math.isfinite(value):
            raise ValueError(f"a finite number in {unit}")
        return value

    return BeforeValidator(read, json_schema_input_type=float | str)


Micrometres: TypeAlias = Annotated[float, measured("um")]
Milliseconds: TypeAlias = Annotated[float, measured("ms")]
Seconds: TypeAlias = Annotated[float, measured("s")]
Hertz: TypeAlias = Annotated[float, measured("Hz")]
Velocity: TypeAlias = Annotated[float, measured("um/ms")]
Millivolts: TypeAlias = Annotated[float, measured("mV")]
Microsiemens: TypeAlias = Annotated[float, measured("uS")]
Capacitance: TypeAlias = Annotated[float, measured("uF/cm2")]
Resistivity: TypeAlias = Annotated[float, measured("ohm cm")]
Celsius: TypeAlias = Annotated[float, measured("degC")]
