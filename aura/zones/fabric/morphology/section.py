"""One unbranched stretch of a neuron, of piecewise linear diameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aura.core.errors import ParameterError, nearest
from aura.zones.common.arrays import Array
from aura.zones.fabric.morphology.frusta import frusta_areas

__all__ = ["KINDS", "LARGEST_UM", "SMALLEST_UM", "Section", "check_count"]

KINDS = ("soma", "axon", "basal", "apical", "dendrite")
"""What a section can be; "dendrite" where nothing more is known."""

SMALLEST_UM, LARGEST_UM = 1e-6, 1e9
"""What a length or a diameter may be, in um (tuned here: any neuron lies well inside, and no area, resistance or
conductance overflows)."""


@dataclass(frozen=True, eq=False)
class Section:
    """An unbranched stretch of a neuron.

    Parameters
    ----------
    name : str
        Unlike that of any other section of the neuron.
    kind : str
        One of `KINDS`.
    parent : int
        Index of the section that this one's start is joined to, -1 for the root.
    parent_position : float
        Where along the parent, from 0 at its start to 1 at its end.
    points : array (point, 2)
        Path length from the section's start and diameter, in um; two rows for a cylinder. The path length starts at 0
        and never falls; where it stands still the diameter steps.
    segments : int
        Into how many equal lengths the section is divided, at least 1.

    Raises
    ------
    ParameterError
        If one of these is not so, or the length or a diameter is not from 1e-6 to 1e9 um.
    """

    name: str
    kind: str
    parent: int
    parent_position: float
    points: Array
    segments: int

    def __post_init__(self) -> None:
        where = f"morphology.{self.name}"
        if self.kind not in KINDS:
            raise ParameterError(f"{where}.kind", expected=f"one of {', '.join(KINDS)}", got=repr(self.kind),
                                 hint=nearest(str(self.kind), KINDS))
        if not 0.0 <= self.parent_position <= 1.0:
            raise ParameterError(f"{where}.parent_position", expected="a number from 0 to 1",
                                 got=f"{self.parent_position}")
        check_count(f"{where}.segments", self.segments, 1)
        points = np.array(self.points, dtype=np.float64)
        points.flags.writeable = False
        _check_points(where, points)
        object.__setattr__(self, "points", points)

    @property
    def length_um(self) -> float:
        """Path length from start to end."""
        return float(self.points[-1, 0])

    @property
    def area_um2(self) -> float:
        """Membrane area: the lateral surface, without the ends."""
        return float(frusta_areas(self.points).sum())


def check_count(where: str, value: object, lowest: int, highest: int | None = None) -> None:
    """Raise a `ParameterError` unless the value is a whole number within its range, ends included."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < lowest or (highest is not None and value > highest):  # type: ignore[operator]
        allowed = f"at least {lowest}" if highest is None else f"from {lowest} to {highest}"
        raise ParameterError(where, expected=f"a whole number, {allowed}", got=repr(value))


def _check_points(where: str, points: Array) -> None:
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise ParameterError(f"{where}.points", expected="two or more rows (path length, diameter)",
                             got=f"shape {points.shape}")
    path, diameter = points[:, 0], points[:, 1]
    rises = np.diff(path, prepend=0.0) >= 0.0
    if not np.isfinite(path).all() or path[0] != 0.0 or not rises.all():
        row = 0 if path[0] != 0.0 else int(np.argmin(rises & np.isfinite(path)))
        raise ParameterError(f"{where}.points", expected="finite path lengths that start at 0 and never fall",
                             got=f"{path[row]} um in row {row}")
    allowed = f"from {SMALLEST_UM:g} to {LARGEST_UM:g} um"
    if not SMALLEST_UM <= path[-1] <= LARGEST_UM:
        raise ParameterError(f"{where}.length_um", expected=f"a length {allowed}", got=f"{path[-1]}")
    wide = (diameter >= SMALLEST_UM) & (diameter <= LARGEST_UM)
    if not wide.all():
        row = int(np.argmin(wide))
        raise ParameterError(f"{where}.diameter_um", expected=f"diameters {allowed}",
                             got=f"{diameter[row]} in row {row}")
