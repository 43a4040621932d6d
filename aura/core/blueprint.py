"""A brain on paper: zones and pathways, of which any number of brains are built."""

from __future__ import annotations

from collections.abc import Callable

from aura.core.brain import Brain
from aura.core.executor import Executor
from aura.core.network import Network
from aura.core.time import Time

__all__ = ["Blueprint"]


class Blueprint(Network):
    """Zones and pathways, checked but not built; nothing that a zone computes with is imported for it.

    Parameters
    ----------
    seed : int
        Every zone's random stream derives from it and from the zone's name.
    resolution : str or int
        Periods and delays are whole multiples of it.
    paths : Paths, optional
        How files that zones' parameters name are found; by default relative ones start from the current folder.

    Examples
    --------
    >>> from aura import Blueprint, Manifest, Port, Zone
    >>> class Counter(Zone):
    ...     manifest = Manifest("counter", "", outputs=(Port("count", dtype="int64"),), period="10 ms")
    ...     def step(self, now, inputs):
    ...         return {"count": now // 10_000_000}
    >>> blueprint = Blueprint(seed=1)
    >>> blueprint.add(Counter)
    'counter'
    >>> with blueprint.build() as first, blueprint.build(executor="threads") as second:
    ...     first.run(until="50 ms"), second.run(until="20 ms")
    (5, 2)
    """

    def build(self, *, executor: str | Executor = "serial", pace: Callable[[Time], None] | None = None,
              profile: bool = False) -> Brain:
        """Check the wiring, build the zones, and return a brain of them before its first tick.

        The blueprint stays as it is; what is added to it later is not in this brain.

        Parameters
        ----------
        executor : {"serial", "threads", "processes"} or Executor
            How the zones of one tick are computed; the results are the same to the bit. It is closed with the brain.
        pace : function, optional
            Called with the instant of each tick before it runs, and may wait, as `aura.core.pacing.Pacer` does.
        profile : bool
            Measure the time that each zone spends in step and learn.

        Raises
        ------
        WiringError
            If the wiring is wrong.
        AuraError
            If a zone cannot be built, or there is no such executor.
        """
        brain = Brain.of(self, executor=executor, pace=pace, profile=profile)
        try:
            brain.build()
        except BaseException:
            brain.close()
            raise
        return brain
