"""The order in which the zone's modes of propagation take turns."""

from __future__ import annotations

from typing import Any

from aura.core.errors import ParameterError, StateError, nearest
from aura.core.lasting import Made, Stateful
from aura.zones.fabric.learning.response_params import ModeCycleParams, PropagationMode

__all__ = ["ModeCycle"]


class ModeCycle(Stateful):
    """Cycles through the modes that are on, or stays with the one that is given.

    Parameters
    ----------
    params : ModeCycleParams
        Which modes are on, which is kept, and for how many steps in a row one has its turn.

    Raises
    ------
    ParameterError
        If all modes are off, or the one to keep is.

    Notes
    -----
    The modes take turns in the order normal, random, intentional, bidirectional, each for `steps_each` steps. Over any
    n times `steps_each` consecutive steps, n the number of modes that are on, each mode therefore has exactly one n-th
    of them, wherever they begin: a third with the three that are on by default, a quarter with all four. No chance is
    involved. While a mode is kept the cycle stands still, and it goes on from there when the mode is let go.

    Examples
    --------
    >>> cycle = ModeCycle(ModeCycleParams(intentional=False))
    >>> [str(cycle.advance()) for _ in range(3)]
    ['normal', 'random', 'normal']
    >>> cycle.keep("normal")
    >>> [str(cycle.advance()) for _ in range(2)]
    ['normal', 'normal']
    """

    lasting = ("_position", Made("_kept", PropagationMode))

    def __init__(self, params: ModeCycleParams) -> None:
        self.modes = tuple(mode for mode in PropagationMode if getattr(params, mode.value))
        if not self.modes:
            raise ParameterError("fabric.modes", expected="at least one mode that is on", got="all of them off",
                                 hint="Try normal = true.")
        self._steps_each, self._position = params.steps_each, 0
        self._kept: PropagationMode | None = None
        self.keep(params.keep)

    @property
    def mode(self) -> PropagationMode:
        """The mode of the coming step."""
        return self._kept or self.modes[self._position // self._steps_each]

    def advance(self) -> PropagationMode:
        """Return the mode of this step, and go on to the next."""
        mode = self.mode
        if self._kept is None:
            self._position = (self._position + 1) % self._length
        return mode

    def keep(self, mode: PropagationMode | str | None) -> None:
        """Stay with this mode; None takes the cycle up again where it stood.

        Raises
        ------
        ParameterError
            If the mode is unknown or off.
        """
        if mode is not None and mode not in self.modes:
            raise ParameterError("fabric.modes.keep", expected="a mode that is on", got=f"{str(mode)!r}",
                                 hint=nearest(str(mode), [known.value for known in self.modes]))
        self._kept = None if mode is None else PropagationMode(mode)

    def before_load(self, state: dict[str, Any]) -> None:
        if not 0 <= state["position"] < self._length or state["kept"] not in (None, *self.modes):
            raise StateError("fabric.modes", expected=f"a place in a cycle of {self._length} steps through "
                             f"{', '.join(self.modes)}", got=f"step {state['position']}, kept: {state['kept']}")

    @property
    def _length(self) -> int:
        return len(self.modes) * self._steps_each
