"""The schedule of growth: how many experts there are to be, stage by stage."""

from __future__ import annotations

__all__ = ["stage_of", "wanted"]


def stage_of(items: int, every: int) -> int:
    """Return the stage that an item falls in: stage s begins at item s * every.

    Examples
    --------
    >>> [stage_of(items, every=5000) for items in (0, 4999, 5000, 12000)]
    [0, 0, 1, 2]
    """
    return items // every


def wanted(schedule: tuple[int, ...], stage: int) -> int:
    """Return how many active experts a stage is to begin with at least; after the last it stays at the last.

    Examples
    --------
    >>> [wanted((1, 3, 6), stage) for stage in range(5)]
    [1, 3, 6, 6, 6]
    """
    return schedule[min(stage, len(schedule) - 1)]
