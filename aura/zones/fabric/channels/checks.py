"""What a channel's declaration must fulfil as a whole, told part by part before anything is computed with it."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic_core import InitErrorDetails, PydanticCustomError

from aura.core.errors import ParameterError
from aura.zones.common.arrays import Array
from aura.zones.fabric.channels.expression import FUNCTIONS, VARIABLES, Expression

if TYPE_CHECKING:
    from aura.zones.fabric.channels.declaration import Channel, Gate

__all__ = ["CHECKED_CA_MM", "CHECKED_V_MV", "faults", "remarks"]

CHECKED_V_MV = (-150.0, 100.0)
"""Membrane potentials over which expressions are tried, beyond all reversal potentials of the ions but calcium's."""

CHECKED_CA_MM = (1e-6, 1e-1)
"""Calcium concentrations over which expressions are tried: a hundredth of rest to what no shell reaches."""

CHECKED_POINTS = 501
"""Potentials that are tried: every half millivolt, so that an unlifted singularity at a whole number is met."""

ROUNDING = 1e-12
"""How far beyond [0, 1] rounding may take a steady state."""

TOLERATED = 1e-3
"""How far beyond [0, 1] a steady state may go, with a word about it: fits are published that end at 1.00025 (chosen
here; a conductance is wrong by as little, relatively)."""

LINOID_HINT = " (linoid(x, k) is x / (1 - exp(-x/k)) with its limit at x = 0)"

Fault: TypeAlias = InitErrorDetails
Test: TypeAlias = Callable[[Array], NDArray[np.bool_]]


def faults(channel: Channel) -> list[Fault]:
    """Return what is wrong with a channel whose fields are right each by itself, with the path of each fault."""
    found = [*_name_faults(channel), *_ion_faults(channel)]
    if not found:
        found = [fault for index, gate in enumerate(channel.gates) for fault in _gate_faults(channel, index, gate)]
        found += _factor_faults(channel)
    return found


def remarks(channel: Channel) -> list[str]:
    """Return what is to be told of a channel that is taken though it is not quite right."""
    found: list[str] = []
    for gate in channel.gates:
        if gate.steady is None:
            continue
        formula = channel.gate_expressions(gate)["steady"]
        v, ca = _tried("ca" in formula.names)
        values = formula(v=v, ca=ca)
        exact = (values >= -ROUNDING) & (values <= 1.0 + ROUNDING)
        if not exact.all():
            found.append(f"took channel {channel.name} though the steady state of its gate {gate.name} leaves 0 to 1"
                         f"{_misfit(values, exact, v, ca)}".replace(", not ", ": "))
    return found


def _fault(path: tuple[str | int, ...], expected: str, given: Any) -> Fault:
    """Return a fault that reads "PATH: expected EXPECTED, got GIVEN"."""
    # The text goes in as a value, so that braces in it are not taken for a template.
    return {"type": PydanticCustomError("declaration", "{expected}", {"expected": expected}), "loc": path,
            "input": given}


def _name_faults(channel: Channel) -> Iterator[Fault]:
    for name in channel.parameters:
        if name in VARIABLES or name in FUNCTIONS or keyword.iskeyword(name):
            taken = "a variable" if name in VARIABLES else "a function" if name in FUNCTIONS else "a word of Python"
            yield _fault(("parameters", name), f"a name that is not {taken}", name)
    names = [gate.name for gate in channel.gates]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield _fault(("gates", index, "name"), "gates with names that differ", name)


def _ion_faults(channel: Channel) -> Iterator[Fault]:
    if channel.calcium_fraction > 0 and channel.ion != "nonspecific":
        expected = "0, as calcium carries a part of a nonspecific current only (all of it where ion = 'ca')"
        yield _fault(("calcium_fraction",), expected, channel.calcium_fraction)


def _gate_faults(channel: Channel, index: int, gate: Gate) -> Iterator[Fault]:
    """Yield what is wrong with a gate's texts, then with their values."""
    formulas: dict[str, Expression] = {}
    for kind, text in gate.texts.items():
        try:
            formulas[kind] = channel.expression(text, f"gates.{gate.name}.{kind}")
        except ParameterError as error:
            yield _fault(("gates", index, kind), _expectation(error), text)
    if len(formulas) < len(gate.texts):
        return
    found = [fault for kind, formula in formulas.items()
             for fault in _value_faults(formula, *CRITERIA[kind], ("gates", index, kind), gate.texts[kind])]
    yield from found
    if "alpha" in formulas and not found:
        v, ca = _tried("ca" in formulas["alpha"].names | formulas["beta"].names)
        total = formulas["alpha"](v=v, ca=ca) + formulas["beta"](v=v, ca=ca)
        if (total == 0).any():
            yield _fault(("gates", index), "alpha and beta that are not both 0" + _at(total != 0, v, ca), gate.texts)


def _factor_faults(channel: Channel) -> Iterator[Fault]:
    if channel.factor is None:
        return
    try:
        formula = channel.factor_expression()
    except ParameterError as error:
        yield _fault(("factor",), _expectation(error), channel.factor)
        return
    yield from _value_faults(formula, *CRITERIA["factor"], ("factor",), channel.factor)


def _value_faults(formula: Expression, expected: str, fits: Test, path: tuple[str | int, ...],
                  text: str) -> Iterator[Fault]:
    """Yield a fault if a value of the expression is not finite or does not fit."""
    v, ca = _tried("ca" in formula.names)
    values = formula(v=v, ca=ca)
    finite = np.isfinite(values)
    if not finite.all():
        yield _fault(path, f"a finite value{_at(finite, v, ca)}{LINOID_HINT}", text)
        return
    for divisor in formula.divisors():
        regular = _keeps_sign(divisor(v=v, ca=ca))
        if not regular.all():
            expected = f"a divisor that does not pass 0{_at(regular, v, ca)}, not {divisor.text!r}{LINOID_HINT}"
            yield _fault(path, expected, text)
            return
    fitting = fits(values)
    if not fitting.all():
        yield _fault(path, f"{expected}{_misfit(values, fitting, v, ca)}", text)


def _keeps_sign(values: Array) -> NDArray[np.bool_]:
    """Return where the sign is that of the value before, along both axes."""
    signs = np.sign(values)
    same = np.ones(values.shape, dtype=bool)
    same[1:] &= signs[1:] == signs[:-1]
    same[:, 1:] &= signs[:, 1:] == signs[:, :-1]
    return same


CRITERIA: dict[str, tuple[str, Test]] = {
    "alpha": ("a rate of at least 0", lambda values: np.asarray(values >= 0)),
    "beta": ("a rate of at least 0", lambda values: np.asarray(values >= 0)),
    "steady": ("a steady state from 0 to 1", lambda x: np.asarray((x >= -TOLERATED) & (x <= 1 + TOLERATED))),
    "tau": ("a time constant above 0", lambda values: np.asarray(values > 0)),
    "factor": ("a factor of at least 0", lambda values: np.asarray(values >= 0))}


def _tried(with_calcium: bool) -> tuple[Array, Array]:
    """Return the potentials (n, 1) and the concentrations (1, m) that are tried."""
    v = np.linspace(*CHECKED_V_MV, CHECKED_POINTS)[:, None]
    return v, np.geomspace(*CHECKED_CA_MM, 31 if with_calcium else 1)[None, :]


def _at(good: NDArray[np.bool_], v: Array, ca: Array) -> str:
    """Return where the first bad value lies."""
    row, column = np.argwhere(~good)[0]
    return f" at v = {v[row, 0]:g} mV" + (f", ca = {ca[0, column]:g} mM" if ca.size > 1 else "")


def _misfit(values: Array, fitting: NDArray[np.bool_], v: Array, ca: Array) -> str:
    """Return where the first value that does not fit lies and what it is, and the worst, in full digits."""
    first = f"{_at(fitting, v, ca)}, not {values[~fitting].ravel()[0]}"
    excess = np.where(fitting, 0.0, np.maximum(-values, values - 1.0))
    worst = excess == excess.max()
    if worst[np.unravel_index(np.argmin(fitting), fitting.shape)]:
        return first
    return f"{first} (the worst is {values[worst].ravel()[0]}{_at(~worst, v, ca)})"


def _expectation(error: ParameterError) -> str:
    """Return an error's message as what would have been right."""
    part, _, whole = error.got.partition(" in ")
    return (error.expected + (f", not {part}" if part != whole else "")
            + (f" ({error.hint.rstrip('.')})" if error.hint else ""))
