"""How many segments each section gets: by their length in um, or by their length to an alternating current."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.tree import Morphology

__all__ = ["COMPARTMENTS", "MOST_COMPARTMENTS", "check_compartments", "segments_by_d_lambda", "segments_by_length"]

COMPARTMENTS = "morphology.compartments"
"""What an error about too many of them is about."""

MOST_COMPARTMENTS = 10_000
"""Compartments of one cell (tuned here: ten times what a large reconstruction has in segments of 10 um, and what every
cell of a population still finds room for)."""

ROUNDING = 1e-9
"""A length so little above a whole number of segments, relatively, is that whole number: it was summed in floats."""

UM_PER_UNIT = 1e5
"""The length constant in um is so many times the root of um / (Hz ohm cm uF/cm²): 1e4 um/cm x (1e-4 / 1e-6)^(1/2)."""


def segments_by_length(morphology: Morphology, max_segment_length_um: float) -> Morphology:
    """Return the morphology with as few segments as keep each at most so long.

    Parameters
    ----------
    morphology : Morphology
        The neuron; its own numbers of segments are not looked at.
    max_segment_length_um : float
        The longest segment in um.

    Raises
    ------
    ParameterError
        If that is not positive, or there are more than `MOST_COMPARTMENTS` segments.

    Examples
    --------
    >>> from aura.zones.fabric.morphology.tree import ball_and_sticks
    >>> [section.segments for section in segments_by_length(ball_and_sticks(dendrites=1), 70.0).sections]
    [1, 5]
    """
    _check_positive("morphology.max_segment_length_um", max_segment_length_um)

    def count(section: Section) -> int:
        wanted = section.length_um / max_segment_length_um
        return max(1, math.ceil(_countable(wanted) * (1.0 - ROUNDING)))

    return _with_segments(morphology, count)


def segments_by_d_lambda(morphology: Morphology, axial_resistance_ohm_cm: float, capacitance_uf_cm2: float = 1.0,
                         d_lambda: float = 0.1, frequency_hz: float = 100.0) -> Morphology:
    r"""Return the morphology with segments that are short against the length constant of an alternating current.

    Parameters
    ----------
    morphology : Morphology
        The neuron; its own numbers of segments are not looked at.
    axial_resistance_ohm_cm : float
        Resistivity of the cytoplasm in ohm cm.
    capacitance_uf_cm2 : float
        Specific membrane capacitance in uF/cm².
    d_lambda : float
        The longest segment as a share of the length constant.
    frequency_hz : float
        The current's frequency, at which the membrane's conductance hardly counts.

    Raises
    ------
    ParameterError
        If a number is not positive and finite, or there are more than `MOST_COMPARTMENTS` segments.

    Notes
    -----
    With :math:`\lambda_f = \frac{1}{2} \sqrt{d / (\pi f R_a C_m)}` and :math:`x = \int dx / (d_\lambda \lambda_f)`, the
    diameter of a frustum being taken as its mean, a section gets :math:`2 \lfloor (x + 0.9) / 2 \rfloor + 1` segments:
    an odd number, so that one of them has its node in the middle of the section.

    References
    ----------
    N. T. Carnevale, M. L. Hines, The NEURON Book, 2006, chapter 5. M. L. Hines, N. T. Carnevale, NEURON: a tool for
    neuroscientists, The Neuroscientist 7, 2001, doi:10.1177/107385840100700207.

    Examples
    --------
    >>> from aura.zones.fabric.morphology.tree import ball_and_sticks
    >>> fine = segments_by_d_lambda(ball_and_sticks(dendrites=1), 100.0)
    >>> [section.segments for section in fine.sections]
    [1, 9]
    """
    given = {"axial_resistance_ohm_cm": axial_resistance_ohm_cm, "capacitance_uf_cm2": capacitance_uf_cm2,
             "d_lambda": d_lambda, "frequency_hz": frequency_hz}
    for name, value in given.items():
        _check_positive(f"morphology.{name}", value)
    load = frequency_hz * axial_resistance_ohm_cm * capacitance_uf_cm2

    def count(section: Section) -> int:
        path, diameter = section.points[:, 0], section.points[:, 1]
        middle = 0.5 * (diameter[:-1] + diameter[1:])
        length_constant_um = 0.5 * UM_PER_UNIT * np.sqrt(middle / (np.pi * load))
        wanted = _countable(float((np.diff(path) / length_constant_um).sum()) / d_lambda)
        return 2 * math.floor(0.5 * (wanted + 0.9)) + 1

    return _with_segments(morphology, count)


def check_compartments(count: int, hint: str, where: str = COMPARTMENTS) -> None:
    """Refuse a cell of too many compartments, before any of them is made; `where` is what its user set.

    Raises
    ------
    ParameterError
        If there are more than `MOST_COMPARTMENTS`.
    """
    if count > MOST_COMPARTMENTS:
        raise ParameterError(where, expected=f"at most {MOST_COMPARTMENTS:,} of them in a cell",
                             got=f"{count:,}", hint=hint)


def _with_segments(morphology: Morphology, count: Callable[[Section], int]) -> Morphology:
    counts = [count(section) for section in morphology.sections]
    check_compartments(sum(counts), "Try longer segments.")
    return Morphology(tuple(replace(section, segments=segments)
                            for section, segments in zip(morphology.sections, counts, strict=True)))


def _countable(wanted: float) -> float:
    """Return a number of segments, at most one that is surely too large: it may have overflowed."""
    return min(wanted, 1e15)


def _check_positive(where: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        raise ParameterError(where, expected="a positive, finite number", got=f"{value}")
