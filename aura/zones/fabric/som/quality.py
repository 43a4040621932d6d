"""How well a map matches data, and how well it keeps their order."""

from __future__ import annotations

from aura.zones.fabric.som.codebook import Codebook
from aura.zones.fabric.som.grid import Shape, adjacent
from aura.zones.fabric.som.product import Rows
from aura.zones.fabric.som.search import nearest
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["quantisation_error", "topographic_error"]


def quantisation_error(rows: Rows, codebook: Codebook, workers: Workers) -> float:
    """Return the mean distance of the rows from their nearest units."""
    return float(nearest(rows, codebook, workers).distance.mean(dtype=float))


def topographic_error(rows: Rows, codebook: Codebook, shape: Shape, neighbours: int, workers: Workers) -> float:
    """Return the share of rows whose nearest and second nearest unit are no neighbours on the grid.

    References
    ----------
    K. Kiviluoto, Topology preservation in self-organizing maps, IEEE International Conference on Neural Networks 1996,
    doi:10.1109/ICNN.1996.548907.
    """
    found = nearest(rows, codebook, workers, two=True)
    return 1.0 - float(adjacent(found.first, found.second, shape, neighbours).mean())
