"""What the loop and the brain need of a zone, wherever it lives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from aura.core.errors import AuraError
from aura.core.output import Published
from aura.core.signals import Inputs
from aura.core.time import Time

__all__ = ["ZoneHandle"]


class ZoneHandle(Protocol):
    """A zone of a brain. The executor says where it lives, and makes the handle.

    Attributes
    ----------
    name : str
    home : str
        The module of its class.
    zone : object
        The zone itself, or what stands for it here: `Brain.__getitem__` returns it.
    learns : bool
        Whether it is to learn at present.
    unlearned : int
        Items, or ticks of a zone without items, that the energy gate kept it from learning from.
    """

    name: str
    home: str
    zone: Any
    learns: bool
    unlearned: int

    def compute(self, now: Time, inputs: Inputs) -> Published:
        """Run step and learn, and return what is published; touches nothing but this zone."""

    def failure(self, now: Time, inputs: Inputs, error: BaseException) -> AuraError:
        """Return the error that names the zone, the tick and its inputs."""

    def let_learn(self, learning: bool) -> None:
        """Let the zone learn from now on, if it is to at all, or not."""

    def next_wake(self, now: Time) -> Time | None:
        """Return when a zone that clocks itself wakes next, or None for never.

        Raises
        ------
        ZoneError
            If the zone raises, or names no instant.
        """

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the zone returns that runs outside of a tick.

        Raises
        ------
        ZoneError
            If it raises; the error names the zone, the method and the line.
        """

    def tree(self) -> dict[str, Any]:
        """Return the complete state: the zone's own tree, its random stream, and what it was kept from learning.

        Raises
        ------
        ZoneError
            If its state() raises or returns no dict.
        """

    def load_tree(self, tree: dict[str, Any]) -> None:
        """Take over what `tree` returned; what its inbox says of modulators is read anew."""

    def notices(self) -> Any:
        """Return what the zone has to tell, also when it is closed; raises what it raises."""

    def profile(self) -> Mapping[str, tuple[int, int]] | None:
        """Return calls and nanoseconds of step and learn, or None if they are not taken."""

    def close(self) -> None:
        """Let go of the zone."""
