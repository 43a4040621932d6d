"""Real digits, seen once, without labels; read from the map by the majority of what each unit won."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from aura.zones.fabric.som.map import SelfOrganisingMap
from aura.zones.fabric.som.params import SomParams
from aura.zones.fabric.som.readout import MajorityReadout

SEEN, BLOCK = 10_000, 32


def digits(folder: Path) -> tuple[np.ndarray, list[str]]:
    """Return the first and the last 10,000 images, each freed of brightness and contrast, and what they show."""
    pixels = np.frombuffer(gzip.decompress((folder / "mnist/train-images-idx3-ubyte.gz").read_bytes()), np.uint8)
    labels = np.frombuffer(gzip.decompress((folder / "mnist/train-labels-idx1-ubyte.gz").read_bytes()), np.uint8)
    chosen = np.r_[:SEEN, 50_000:60_000]
    rows = pixels[16:].reshape(-1, 784)[chosen].astype(np.float32)
    rows -= rows.mean(1, keepdims=True)
    return rows / rows.std(1, keepdims=True), [str(label) for label in labels[8:][chosen]]


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["batch", "online"])
def test_digits_are_read_from_a_map_that_saw_ten_thousand_once(data_folder: Path, rule: str) -> None:
    rows, labels = digits(data_folder)
    som = SelfOrganisingMap((20, 20, 1), 784, SomParams(rule=rule, length=SEEN // 2), np.random.default_rng(0))
    readout = MajorityReadout(400)
    for first in range(0, SEEN, BLOCK):
        part = slice(first, min(first + BLOCK, SEEN))
        winners = som.winners(rows[part])
        som.learn(rows[part])
        readout.learn_all(winners, labels[part])
    read = readout.read(som.winners(rows[SEEN:]), som.codebook)
    assert np.mean([one == other for one, other in zip(read, labels[SEEN:], strict=True)]) > 0.87
    assert som.get_training_status()["utilisation"] > 0.95
