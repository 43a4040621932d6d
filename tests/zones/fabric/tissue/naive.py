"""The obvious slow twins of the tissue's kernels: all synapses are looked at in every slot, and all pairs of spikes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np

from aura.zones.fabric.tissue.params import ConnectivityParams
from aura.zones.fabric.tissue.synapses import EXCITATORY, Synapses

__all__ = ["Train", "deliver", "grid_distance", "pair_census", "pair_sums", "random_train", "stdp", "trace"]

Train = Sequence[Sequence[int]]
"""The cells that spike in each slot, ascending; a cell may stand twice."""


def random_train(cells: int, slots: int, rate: float, rng: np.random.Generator,
                 doubled: float = 0.1) -> list[list[int]]:
    """Return spikes drawn at random, some of them double."""
    train = []
    for _ in range(slots):
        once = np.flatnonzero(rng.random(cells) < rate)
        train.append(sorted([*once, *once[rng.random(once.size) < doubled]]))
    return train


def grid_distance(dims: tuple[int, int, int], source: int, target: int, params: ConnectivityParams) -> float:
    """Return the distance of two cells of a grid in um, round the borders if they are periodic."""
    total = 0.0
    for one, other, size, spacing in zip(np.unravel_index(source, dims), np.unravel_index(target, dims), dims,
                                         params.spacing_um, strict=True):
        apart = abs(int(one) - int(other))
        if params.borders == "periodic":
            apart = min(apart, size - apart)
        total += (apart * spacing) ** 2
    return math.sqrt(total)


def pair_census(dims: tuple[int, int, int], excitatory: np.ndarray, params: ConnectivityParams) -> Counter:
    """Count the pairs of cells by (distance rounded to um, source excitatory, target excitatory)."""
    cells = math.prod(dims)
    return Counter((round(grid_distance(dims, i, j, params)), bool(excitatory[i]), bool(excitatory[j]))
                   for i, j in product(range(cells), repeat=2) if i != j)


def deliver(synapses: Synapses, train: Train, shape: tuple[int, int], weights: np.ndarray,
            dtype: type) -> list[np.ndarray]:
    """Return the increments of every slot, added up one by one."""
    slots = [np.zeros((*shape, synapses.cells), dtype) for _ in range(len(train) + synapses.longest_delay + 1)]
    for slot, spikes in enumerate(train):
        for cell in spikes:
            for s in range(synapses.row_start[cell], synapses.row_start[cell + 1]):
                place = synapses.receptor[s], synapses.site[s], synapses.target[s]
                slots[slot + int(synapses.delay[s])][place] += weights[s]
    return slots


def trace(train: Train, cell: int, slot: int, tau_slots: float, *, before: bool = False) -> float:
    """Return the sum over a cell's spikes up to a slot (or before it) of their exponentials."""
    return math.fsum(spikes.count(cell) * math.exp((born - slot) / tau_slots)
                     for born, spikes in enumerate(train[:slot if before else slot + 1]))


def pair_sums(synapses: Synapses, train: Train, plus: float, minus: float, tau_plus: float,
              tau_minus: float, decay: float = math.inf) -> np.ndarray:
    """Return for each excitatory synapse the double sum over its pairs; each fades with the slots since it was made."""
    last = len(train) - 1
    sums = np.zeros(len(synapses))
    sources = synapses.sources()
    for s in np.flatnonzero(synapses.receptor == EXCITATORY):
        delay = int(synapses.delay[s])
        arrivals = [t + delay for t, spikes in enumerate(train) for cell in spikes if cell == sources[s]]
        births = [t for t, spikes in enumerate(train) for cell in spikes if cell == synapses.target[s]]
        terms = []
        for a, b in product(arrivals, births):
            if a <= last:
                change = plus * math.exp((a - b) / tau_plus) if b >= a else -minus * math.exp((b - a) / tau_minus)
                terms.append(change * math.exp((max(a, b) - last) / decay))
        sums[s] = math.fsum(terms)
    return sums


def stdp(synapses: Synapses, train: Train, weights: np.ndarray, largest: float, plus: float, minus: float,
         tau_plus: float, tau_minus: float, *, soft: bool) -> np.ndarray:
    """Return the weights after the train, each pairing applied and clipped in its turn."""
    weights, sources = weights.astype(float), synapses.sources()
    for now, spikes in enumerate(train):
        for s in np.flatnonzero(synapses.receptor == EXCITATORY):
            delay, source, target = int(synapses.delay[s]), int(sources[s]), int(synapses.target[s])
            if now >= delay:
                for _ in range(train[now - delay].count(source)):
                    share = weights[s] / largest if soft else 1.0
                    weights[s] -= minus * largest * share * trace(train, target, now, tau_minus, before=True)
                    weights[s] = max(weights[s], 0.0)
            for _ in range(spikes.count(target)):
                if now >= delay:
                    share = 1 - weights[s] / largest if soft else 1.0
                    weights[s] += plus * largest * share * trace(train, source, now - delay, tau_plus)
                    weights[s] = min(weights[s], largest)
    return weights
