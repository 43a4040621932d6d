"""Sparse connectivity: of a 3D grid within a neighbourhood, and of a network without space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.fabric.tissue.neighbourhood import delay_slots, neighbourhood
from aura.zones.fabric.tissue.params import ConnectivityParams
from aura.zones.fabric.tissue.synapses import LARGEST_DELAY, Synapses

__all__ = ["excitatory_cells", "grid_network", "random_network"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def excitatory_cells(cells: int, share: float, rng: np.random.Generator) -> Bools:
    """Return which cells are excitatory (cells,): the rounded share of them, drawn without order.

    Examples
    --------
    >>> int(excitatory_cells(10, 0.8, np.random.default_rng(1)).sum())
    8
    """
    chosen = np.zeros(cells, np.bool_)
    chosen[rng.permutation(cells)[: round(cells * share)]] = True
    return chosen


def grid_network(spatial_dims: tuple[int, int, int], params: ConnectivityParams, *, slot_ms: float,
                 rng: np.random.Generator, excitatory_sites: Sequence[int] = (0,),
                 inhibitory_sites: Sequence[int] = (0,), excitatory: Bools | None = None) -> Synapses:
    r"""Return the synapses of a grid of cells, each pair connected by chance according to its distance.

    Parameters
    ----------
    spatial_dims : tuple of 3 int
        Cells along x, y and z; cell (i, j, k) has the number (i Y + j) Z + k.
    params : ConnectivityParams
        Probabilities, weights and delays.
    slot_ms : float, ms
        The time that a delay of 1 takes.
    rng : numpy.random.Generator
        Determines everything that is drawn.
    excitatory_sites, inhibitory_sites : sequence of int
        Sites that synapses of excitatory and inhibitory cells end at, each drawn alike: commonly the dendrites' for
        the first, the soma's and its neighbours' for the second (Megías et al. 2001,
        doi:10.1016/S0306-4522(00)00496-6).
    excitatory : bool array (cell,), optional
        Which cells are excitatory; drawn by `params.excitatory_share` if not given.

    Returns
    -------
    Synapses
        By Dale's law all synapses of a cell are of one kind; no cell reaches itself, and none another one twice.

    Raises
    ------
    ParameterError
        If the grid is empty, no cell is within reach, a delay is too long, or there is no site to end at.

    Notes
    -----
    A pair at distance d is connected with probability

    .. math:: P(d) = C_{ab}\, e^{-d^2 / 2 \sigma^2} \quad\text{or}\quad C_{ab}\, e^{-d / \lambda},

    a and b being the kinds of its cells (Maass et al. 2002; Perin et al. 2011, in `ConnectivityParams`). Pairs are
    drawn step by step of the neighbourhood: of the n pairs that a step joins, a binomial number is chosen without
    repetition at the largest :math:`C`, and thinned to that of their kinds, which equals n independent draws. Time and
    memory grow with the synapses, not with the pairs.

    Examples
    --------
    >>> grid = grid_network((5, 5, 16), ConnectivityParams(), slot_ms=0.1, rng=np.random.default_rng(1))
    >>> grid.cells, grid.obeys_dale(), int(grid.delay.min()), int(grid.delay.max())
    (400, True, 6, 11)
    """
    if len(spatial_dims) != 3 or min(spatial_dims) < 1:
        raise ParameterError("fabric.spatial_dims", expected="three numbers of cells from 1 up",
                             got=repr(spatial_dims), hint="Try (5, 5, 16).")
    cells = math.prod(spatial_dims)
    kinds = excitatory_cells(cells, params.excitatory_share, rng) if excitatory is None else np.asarray(excitatory)
    if kinds.shape != (cells,) or kinds.dtype != np.bool_:
        raise ParameterError("fabric.excitatory", expected=f"{cells} truth values",
                             got=f"{kinds.dtype} {kinds.shape}")
    steps, distances = neighbourhood(spatial_dims, params)
    slots = delay_slots(distances, params, slot_ms)
    sources, targets, which = _draw_pairs(spatial_dims, steps, distances, kinds, params, rng)
    exciting = kinds[sources]
    weights = _draw_weights(exciting, distances.astype(np.float32)[which], params, rng)
    site = _draw_sites(exciting, excitatory_sites, inhibitory_sites, rng)
    return Synapses.from_arrays(cells, sources, targets, weights, slots.astype(np.uint16)[which], site=site,
                                receptor=(~exciting).astype(np.uint8))


def random_network(cells: int, per_cell: int = 100, *, rng: np.random.Generator, excitatory_share: float = 0.8,
                   excitatory_weight_us: float = 0.0005, inhibitory_weight_us: float = 0.001,
                   delays: tuple[int, int] = (1, 20), excitatory_sites: Sequence[int] = (0,),
                   inhibitory_sites: Sequence[int] = (0,)) -> Synapses:
    """Return a network in which each cell receives the same number of synapses from cells drawn at random.

    Parameters
    ----------
    cells, per_cell : int
        How many cells, at least 2, and how many synapses onto each; a pair may have several.
    rng : numpy.random.Generator
        Determines everything that is drawn.
    excitatory_share : float in [0, 1]
        Share of excitatory cells.
    excitatory_weight_us, inhibitory_weight_us : float, uS
        The weights of all synapses of a kind.
    delays : tuple of 2 int, slots
        Least and largest delay, at least 1; each in between is drawn alike.
    excitatory_sites, inhibitory_sites : sequence of int
        As of `grid_network`.

    Raises
    ------
    ParameterError
        If there are less than 2 cells, or a delay is less than a slot.

    Examples
    --------
    >>> network = random_network(50, 10, rng=np.random.default_rng(1))
    >>> len(network), set(np.diff(network.column_start).tolist())
    (500, {10})
    """
    if cells < 2 or per_cell < 0:
        raise ParameterError("fabric.random_network", expected="2 cells or more and 0 synapses or more on each",
                             got=f"{cells} and {per_cell}")
    if not 1 <= delays[0] <= delays[1] <= LARGEST_DELAY:
        raise ParameterError("fabric.random_network.delays", expected="slots, least and largest, from 1 up",
                             got=repr(delays))
    kinds = excitatory_cells(cells, excitatory_share, rng)
    targets = np.repeat(np.arange(cells, dtype=np.int32), per_cell)
    sources = rng.integers(0, cells - 1, targets.size, dtype=np.int32)
    sources += sources >= targets
    exciting = kinds[sources]
    weights = np.where(exciting, np.float32(excitatory_weight_us), np.float32(inhibitory_weight_us))
    slots = rng.integers(delays[0], delays[1], targets.size, dtype=np.uint16, endpoint=True)
    site = _draw_sites(exciting, excitatory_sites, inhibitory_sites, rng)
    return Synapses.from_arrays(cells, sources, targets, weights, slots, site=site,
                                receptor=(~exciting).astype(np.uint8))


def _draw_pairs(dims: tuple[int, int, int], steps: NDArray[np.int64], distances: Floats, kinds: Bools,
                params: ConnectivityParams, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
    """Return presynaptic and postsynaptic cell of each pair drawn, and which of the steps joins them."""
    profile = np.exp(-0.5 * (distances / params.length_um) ** 2 if params.profile == "gaussian"
                     else -distances / params.length_um)
    peaks = np.array([[params.peak_ii, params.peak_ie], [params.peak_ei, params.peak_ee]])
    most = peaks.max()
    peaks = peaks / most if most > 0 else peaks
    kind = kinds.astype(np.intp)
    periodic = params.borders == "periodic"
    found: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for step, near in zip(steps.tolist(), profile.tolist(), strict=True):
        box = dims if periodic else tuple(size - abs(by) for size, by in zip(dims, step, strict=True))
        pairs = math.prod(box)
        chosen = rng.choice(pairs, rng.binomial(pairs, most * near), replace=False, shuffle=False)
        source = target = np.zeros(chosen.size, np.int64)
        for axis in (2, 1, 0):
            chosen, place = np.divmod(chosen, box[axis])
            if not periodic and step[axis] < 0:
                place -= step[axis]
            there = place + step[axis]
            if periodic:
                there %= dims[axis]
            stride = math.prod(dims[axis + 1:])
            source, target = source + place * stride, target + there * stride
        kept = rng.random(source.size) < peaks[kind[source], kind[target]]
        found.append((source[kept].astype(np.int32), target[kept].astype(np.int32)))
    counts = np.array([source.size for source, _ in found])
    which = np.repeat(np.arange(len(found), dtype=np.int32), counts)
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found]), which


def _draw_weights(exciting: Bools, distances_um: NDArray[np.float32], params: ConnectivityParams,
                  rng: np.random.Generator) -> NDArray[np.float32]:
    """Return lognormal weights (synapse,) of the mean of their kind, cut at the ceiling."""
    sigma = params.weight_sigma
    weights = rng.standard_normal(exciting.size, np.float32)
    np.exp(sigma * weights - 0.5 * sigma ** 2, out=weights)
    np.minimum(weights, params.weight_ceiling, out=weights)
    weights *= np.where(exciting, np.float32(params.excitatory_weight_us), np.float32(params.inhibitory_weight_us))
    if params.weight_length_um is not None:
        weights *= np.exp(-distances_um / np.float32(params.weight_length_um))
    return weights


def _draw_sites(exciting: Bools, excitatory: Sequence[int], inhibitory: Sequence[int],
                rng: np.random.Generator) -> NDArray[np.uint16]:
    """Return the site of each synapse, drawn alike among those of its kind."""
    sites = np.empty(exciting.size, np.uint16)
    for kind, choice in ((True, excitatory), (False, inhibitory)):
        name = f"fabric.{'excitatory' if kind else 'inhibitory'}_sites"
        if len(choice) == 0 or min(choice) < 0 or max(choice) > 65535:
            raise ParameterError(name, expected="sites from 0 to 65,535, at least one", got=repr(tuple(choice)))
        places = exciting == kind
        sites[places] = np.array(choice, np.uint16)[rng.integers(0, len(choice), int(places.sum()))]
    return sites
