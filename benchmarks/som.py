"""Trains the self-organising map beside TorchSOM, Somoclu and MiniSom: seconds, and both errors of what comes out.

The data: 16,000 rows of 300 features, float32, from twelve clusters (centres and noise standard normal), or, with
``--data normal``, from one. The map: 25 x 15 units, ten passes. Peers that are not installed are left out.

    python benchmarks/som.py --repeats 5
    python benchmarks/som.py --skip minisom --handwriting        # with AURA_DATA set

Somoclu 1.7.6 is built from its source with ``pip install --no-build-isolation somoclu`` where numpy is installed and no
``nvcc`` is on the PATH.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

import argparse
import contextlib
import gzip
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aura.zones.fabric.som.codebook import Codebook
from aura.zones.fabric.som.map import SelfOrganisingMap
from aura.zones.fabric.som.params import SomParams
from aura.zones.fabric.som.readout import MajorityReadout
from aura.zones.fabric.som.search import nearest
from aura.zones.fabric.tissue.workers import Workers
from aura.zones.sensory.params import ImageOptions
from aura.zones.sensory.patches import Patches

Rows = NDArray[np.float32]
Train = Callable[[Rows], tuple[Rows, tuple[int, int]]]

X, Y, FEATURES, ITEMS, PASSES, CLUSTERS = 25, 15, 300, 16_000, 10, 12
BLOCK = 1024


def data(kind: str, seed: int) -> Rows:
    """Return the rows to learn."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((CLUSTERS, FEATURES)) if kind == "clusters" else np.zeros((1, FEATURES))
    which = rng.integers(len(centres), size=ITEMS)
    return (centres[which] + rng.standard_normal((ITEMS, FEATURES))).astype(np.float32)


def quality(rows: Rows, units: Rows, shape: tuple[int, int]) -> tuple[float, float]:
    """Return quantisation and topographic error (8 neighbours) by the plain formula, the same for every map."""
    wide = units.astype(float)
    first = np.empty((len(rows), 2), np.intp)
    distance = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        block = rows[start:start + BLOCK].astype(float)
        squares = (block**2).sum(1)[:, None] - 2.0 * block @ wide.T + (wide**2).sum(1)
        first[start:start + BLOCK] = np.argsort(squares, axis=1)[:, :2]
        distance[start:start + BLOCK] = np.sqrt(np.maximum(squares.min(1), 0.0))
    places = np.stack(np.unravel_index(first, shape))
    return float(distance.mean()), float((np.abs(places[..., 0] - places[..., 1]).max(0) > 1).mean())


# --- who is compared ------------------------------------------------------------------------------------------------


def ours(threads: int, blocks: int = 8, **params: object) -> Train:
    """Return our map with these parameters."""
    workers = Workers(threads)

    def train(rows: Rows) -> tuple[Rows, tuple[int, int]]:
        som = SelfOrganisingMap((X, Y, 1), FEATURES, SomParams(**params), np.random.default_rng(0), workers=workers)
        som.fit_batch(rows, PASSES, blocks=blocks)
        return som.codebook, (X, Y)

    return train


def plain_numpy(rows: Rows) -> tuple[Rows, tuple[int, int]]:
    """Train by the batch rule in its shortest form, at Somoclu's schedule."""
    places = np.stack(np.unravel_index(np.arange(X * Y), (X, Y)), axis=1)
    apart = ((places[:, None] - places) ** 2).sum(-1)
    units = np.random.default_rng(0).random((X * Y, FEATURES), dtype=np.float32)
    for radius in np.linspace(Y / 2, 1, PASSES):
        half = (units**2).sum(1) / 2
        winners = np.concatenate([(rows[i:i + BLOCK] @ units.T - half).argmax(1) for i in range(0, ITEMS, BLOCK)])
        order, counts = np.argsort(winners, kind="stable"), np.bincount(winners, minlength=X * Y)
        won = np.flatnonzero(counts)
        sums = np.zeros_like(units)
        sums[won] = np.add.reduceat(rows[order], (np.cumsum(counts) - counts)[won], axis=0)
        share = np.where(apart <= radius**2, np.exp(-apart / (2 * (radius / 2) ** 2)), 0.0).astype(np.float32)
        mass = share @ counts.astype(np.float32)
        units[mass > 0] = (share @ sums)[mass > 0] / mass[mass > 0, None]
    return units, (X, Y)


def torchsom(threads: int) -> Train:
    """Return TorchSOM with a batch and a radius that suit data and map, and else as it comes."""
    import torch
    from torchsom import SOM

    torch.set_num_threads(threads)

    def train(rows: Rows) -> tuple[Rows, tuple[int, int]]:
        som = SOM(X, Y, FEATURES, epochs=PASSES, batch_size=256, sigma=5.0)
        with contextlib.redirect_stderr(io.StringIO()):
            som.fit(torch.from_numpy(rows))
        return som.weights.numpy().reshape(X * Y, FEATURES), (X, Y)

    return train


def somoclu(threads: int) -> Train:
    """Return Somoclu as it comes."""
    import somoclu as package

    def train(rows: Rows) -> tuple[Rows, tuple[int, int]]:
        som = package.Somoclu(X, Y)
        som.train(rows, epochs=PASSES)
        return som.codebook.reshape(X * Y, FEATURES), som.codebook.shape[:2]

    return train


def minisom(threads: int) -> Train:
    """Return MiniSom with a radius that suits the map, and else as it comes."""
    from minisom import MiniSom

    def train(rows: Rows) -> tuple[Rows, tuple[int, int]]:
        som = MiniSom(X, Y, FEATURES, sigma=5.0, learning_rate=0.5, random_seed=0)
        som.train(rows, PASSES * len(rows))
        return som.get_weights().reshape(X * Y, FEATURES).astype(np.float32), (X, Y)

    return train


PEERS = {"torchsom": torchsom, "somoclu": somoclu, "minisom": minisom}
OURS = {
    "batch map, Somoclu's schedule": {"blocks": 1, "neighbourhood": "cut_gaussian", "schedule": "linear",
                                      "radius_start": 3.75, "radius_end": 0.5},
    "fine: cut Gaussian, 5 to 0.57": {"neighbourhood": "cut_gaussian", "radius_start": 5.0, "radius_end": 0.57},
    "smooth: sech, 5 to 1.7": {"neighbourhood": "sech", "radius_start": 5.0, "radius_end": 1.7},
}


# --- what is printed ------------------------------------------------------------------------------------------------


def timed(train: Train, rows: Rows, repeats: int) -> tuple[float, tuple[float, float]]:
    """Return the least seconds of some runs, and the quality of the last."""
    spans = []
    for _ in range(repeats):
        start = time.perf_counter()
        units, shape = train(rows)
        spans.append(time.perf_counter() - start)
    return min(spans), quality(rows, units, shape)


def table(kind: str, seed: int, threads: int, repeats: int, skip: list[str]) -> None:
    """Print a row for each map, and how many times longer it takes than the slowest of ours."""
    rows = data(kind, seed)
    print(f"{ITEMS} x {FEATURES} float32 ({kind}, seed {seed}), {X} x {Y} units, {PASSES} passes, {threads} threads; "
          f"one unit alone: {np.linalg.norm(rows - rows.mean(0), axis=1).mean():.3f}")
    print(f"{'':34s} {'seconds':>8s} {'times':>6s} {'quantisation':>12s} {'topographic':>12s}")
    slowest = 0.0
    for name, options in OURS.items():
        train = ours(threads, **options)  # type: ignore[arg-type]
        train(rows[:2048])
        seconds, (error, order) = timed(train, rows, repeats)
        slowest = max(slowest, seconds)
        print(f"{name:34s} {seconds:8.3f} {'':6s} {error:12.3f} {order:12.4f}", flush=True)
    seconds, (error, order) = timed(plain_numpy, rows, repeats)
    print(f"{'plain numpy, same schedule':34s} {seconds:8.3f} {seconds / slowest:6.1f} {error:12.3f} {order:12.4f}")
    for name, peer in PEERS.items():
        if name in skip:
            continue
        try:
            train = peer(threads)
        except ImportError as problem:
            print(f"{name:34s} left out: {problem}")
            continue
        seconds, (error, order) = timed(train, rows, 1 if name == "minisom" else min(repeats, 3))
        print(f"{name:34s} {seconds:8.3f} {seconds / slowest:6.1f} {error:12.3f} {order:12.4f}", flush=True)


def search(threads: int, repeats: int) -> None:
    """Print how many rows a second find their unit."""
    rows = data("normal", 0)
    units = data("normal", 1)[:X * Y].copy()
    half = (units**2).sum(1) / 2
    codebook, workers = Codebook(units, units.mean(0)), Workers(threads)
    blocks = [rows[first:first + BLOCK] for first in range(0, ITEMS, BLOCK)]
    for name, call in (("search, blocks of 1,024", lambda block: nearest(block, codebook, workers)),
                       ("search, numpy's product + argmax", lambda block: (block @ units.T - half).argmax(1))):
        spans = []
        for _ in range(10 * repeats):
            start = time.perf_counter()
            for block in blocks:
                call(block)
            spans.append(time.perf_counter() - start)
        print(f"{name:34s} {ITEMS / min(spans) / 1e6:8.2f} million rows/s")


def handwriting(threads: int, seeds: int) -> None:
    """Print the share of digits that are read aright, for some ways to look at them."""
    folder = Path(os.environ["AURA_DATA"]) / "mnist"
    images = np.frombuffer(gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    images, names = images.reshape(-1, 28, 28), [str(label) for label in labels[:50_000]]
    print("20 x 20 x 1 units, 50,000 digits once, 32 at a time; share right of the last 10,000, by seed")
    for name, options in (("raw pixels", {"patch": 28, "normalise": "none"}),
                          ("patches of 7, each normalised", {"patch": 7}),
                          ("whole image normalised", {"patch": 28}),
                          ("the same, centred and upright", {"patch": 28, "centre": True, "deskew": True})):
        cut = Patches(ImageOptions(dtype="uint8", **options)).cut  # type: ignore[arg-type]
        rows = np.concatenate([cut(images[i:i + 5000]).reshape(5000, -1) for i in range(0, len(images), 5000)])
        right = []
        start = time.perf_counter()
        for seed in range(seeds):
            som = SelfOrganisingMap((20, 20, 1), rows.shape[1], SomParams(), np.random.default_rng(seed),
                                    workers=Workers(threads))
            won = []
            for first in range(0, 50_000, 32):
                won.append(som.winners(rows[first:min(first + 32, 50_000)]))
                som.learn(rows[first:min(first + 32, 50_000)])
            readout = MajorityReadout(len(som.codebook))
            readout.learn_all(np.concatenate(won), names)
            read = readout.read(som.winners(rows[50_000:]), som.codebook)
            right.append(np.mean([label == str(truth) for label, truth in zip(read, labels[50_000:], strict=True)]))
        span = (time.perf_counter() - start) / seeds
        print(f"{name:34s} {' '.join(f'{share:.4f}' for share in right)}   {span:.1f} s each", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", choices=("clusters", "normal"), default="clusters")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--skip", nargs="*", default=[], choices=tuple(PEERS), help="peers to leave out")
    parser.add_argument("--handwriting", type=int, nargs="?", const=3, default=0, metavar="SEEDS")
    options = parser.parse_args()
    table(options.data, options.seed, options.threads, options.repeats, options.skip)
    search(options.threads, options.repeats)
    if options.handwriting:
        handwriting(options.threads, options.handwriting)


if __name__ == "__main__":
    main()
