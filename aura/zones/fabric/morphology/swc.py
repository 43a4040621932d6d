"""SWC files, the common format of reconstructed neurons, as morphologies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from aura.core.errors import DataError, ParameterError, nearest
from aura.zones.fabric.morphology.segmentation import COMPARTMENTS, segments_by_length
from aura.zones.fabric.morphology.swc_findings import Faults, MorphologyWarning, Remarks, warn
from aura.zones.fabric.morphology.swc_points import Roots, read_points
from aura.zones.fabric.morphology.swc_sections import sections_of
from aura.zones.fabric.morphology.tree import Morphology
from aura.zones.fabric.units import converted

__all__ = ["MorphologyWarning", "read_swc", "read_swc_quietly"]

SMALLEST_SCALE, LARGEST_SCALE = 1e-9, 1e9
"""What a length of a file may be in um."""


def read_swc(path: str | Path, max_segment_length_um: float = 50.0, *, unit: str = "um", scale: float = 1.0,
             roots: Roots = "join", zero_radius_um: float | None = None) -> Morphology:
    """Read a neuron from an SWC file, as NEURON's reader does.

    Parameters
    ----------
    path : str or Path
        The file: ``id type x y z radius parent`` in every line, ``#`` before a comment; points in any order, columns
        apart by spaces, commas or semicolons.
    max_segment_length_um : float
        Sections are divided into as few segments as are at most so long.
    unit : str
        The unit of the file's lengths, as "nm".
    scale : float
        By what all lengths are multiplied besides.
    roots : {"join", "first", "refuse"}
        What becomes of further points without a parent: their trees are joined to the first point, or left out, or the
        file is refused.
    zero_radius_um : float, optional
        What stands for a radius that is not above 0. Otherwise a radius of 0 is the smallest one there is, 5e-7 um:
        the membrane is that of a cone that ends in a point, no current passes the point, and one below 0 is a fault.

    Returns
    -------
    Morphology
        Its sections in depth-first order, the root first, named by kind and number ("basal3").

    Raises
    ------
    DataError
        If the file cannot be read, or its points are no trees of finite points; the error names all faults with their
        lines. If it would be cut into more than `MOST_COMPARTMENTS` segments; the error names the file.
    ParameterError
        If a setting is none.

    Warns
    -----
    MorphologyWarning
        If something was read otherwise than it stands there: radii that are not above 0, further roots, sections of no
        length, columns after the seventh. The warning has the number and the lines.

    Notes
    -----
    `sections_of` says how points become sections, `read_points` what the types mean.

    References
    ----------
    R. C. Cannon, D. A. Turner, G. K. Pyapali, H. V. Wheal, An on-line archive of reconstructed hippocampal neurons,
    Journal of Neuroscience Methods 84, 1998, doi:10.1016/S0165-0270(98)00091-0 (the format).
    """
    morphology, notices = read_swc_quietly(path, max_segment_length_um, unit=unit, scale=scale, roots=roots,
                                           zero_radius_um=zero_radius_um)
    warn(notices, stacklevel=2)
    return morphology


def read_swc_quietly(path: str | Path, max_segment_length_um: float = 50.0, *, unit: str = "um", scale: float = 1.0,
                     roots: Roots = "join",
                     zero_radius_um: float | None = None) -> tuple[Morphology, Mapping[str, int]]:
    """Return what `read_swc` does, and its warnings as sentences with counts (`Zone.notices`)."""
    path = Path(path)
    factor = _factor(unit, scale)
    if roots not in ("join", "first", "refuse"):
        raise ParameterError("morphology.roots", expected="join, first or refuse", got=repr(roots),
                             hint=nearest(str(roots), ("join", "first", "refuse")))
    if zero_radius_um is not None and not 0.0 < zero_radius_um < math.inf:
        raise ParameterError("morphology.zero_radius_um", expected="a positive, finite number", got=f"{zero_radius_um}")
    faults, remarks = Faults(path), Remarks()
    tree = read_points(path, factor, zero_radius_um, roots, faults, remarks)
    sections = sections_of(tree, faults, remarks)
    faults.check()
    try:
        morphology = segments_by_length(Morphology(sections), max_segment_length_um)
    except ParameterError as error:
        if error.where != COMPARTMENTS:
            raise
        raise DataError(str(path), expected=f"{error.expected.replace('of them', 'compartments')}, each at most "
                        f"{max_segment_length_um:g} um long", got=f"{error.got} of {len(sections):,} sections",
                        hint="SWC is in um; is the file in nm? Then set unit = 'nm', else allow longer segments, or "
                        "leave out the smallest branches where there are as many sections.") from None
    return morphology, remarks.counted(path)


def _factor(unit: str, scale: float) -> float:
    """Return what one of the file's lengths is in um."""
    try:
        factor = converted(1.0, unit, "um")
    except ValueError:
        raise ParameterError("morphology.unit", expected="a unit of length, as 'um' or 'nm'",
                             got=repr(unit)) from None
    if not SMALLEST_SCALE <= factor * scale <= LARGEST_SCALE:
        raise ParameterError("morphology.scale", got=f"{scale:g}",
                             expected=f"a number by which lengths become {SMALLEST_SCALE:g} to {LARGEST_SCALE:g} um")
    return factor * scale
