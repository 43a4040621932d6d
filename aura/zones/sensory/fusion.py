"""The modalities of one tick fused into one vector an item, the cognitive context.

    x̄_m = the mean of an item's tokens in the modality m
    z_m = LN(x̄_m) / √d_m,    LN(x) = (x − mean(x)) / √(var(x) + ε)      (Ba, Kiros & Hinton 2016, arXiv:1607.06450)
    c   = Σ_m w_m P_m z_m / √(Σ_m w_m²)                                 over the modalities m that the item has

d_m is the length of a token, P_m a random projection to the context's width D, drawn once from the brain's seed:

    P_m z = √(d/min(d, D)) · S H (s ∘ z),    H = cas(2π jk/K)/√K,    K = max(d, D)             (z padded to K by 0)

with signs s and, where d > D, a choice S of D of the K rows, both at random; cas = cos + sin (Hartley's transform,
orthogonal and its own inverse: Bracewell 1983, doi:10.1364/JOSA.73.001832; as a random projection it is of the kind of
Ailon & Chazelle 2009, doi:10.1137/060673096). So P_m keeps lengths and angles: exactly for d ≤ D, else on average. The
projections are nearly orthogonal to each other, hence |c| is about 1 whatever the item has, and each modality can
still be read out of the sum. A modality that an item lacks is left out of both sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.lasting import Stateful
from aura.core.time import Time, format_time
from aura.zones.sensory.params import MODALITIES, FusionOptions

__all__ = ["Fusion", "Part", "Projection"]

_EPSILON = 1e-5
"""The figure of Ba et al.'s followers (torch's and jax's layer norms); a token that is the same throughout gives 0."""
_SEED_BELOW = 2**62
_EACH = slice(None)
"""The places of rows that are the items one by one, in order."""

Rows: TypeAlias = "NDArray[np.floating[Any]]"
Places: TypeAlias = "NDArray[np.intp] | slice"


class Part(NamedTuple):
    """One modality of a tick: the mean of each item's tokens, (item, feature), and the items' ids."""

    modality: str
    pooled: Rows
    ids: NDArray[np.int64] | None


class Projection:
    """A random projection from `features` to `width` dimensions, by Hartley's transform of the signed input.

    Examples
    --------
    >>> keep = Projection(3, 8, seed=1)
    >>> matrix = keep.project(np.eye(3))
    >>> np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
    True
    """

    def __init__(self, features: int, width: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._length = max(features, width)
        self._rows = np.sort(rng.permutation(self._length)[:width])
        scale = np.sqrt(features / min(features, width) / self._length)
        self._signs = rng.choice((-1.0, 1.0), features) * scale

    def project(self, z: Rows) -> NDArray[np.float32]:
        """Return the projections, (item, width), fresh, of the rows of `z`, (item, features)."""
        length, lines = self._length, self._length // 2 + 1
        # numpy transforms row by row, so that no item's bits depend on another.
        half = np.fft.rfft((z * self._signs).astype(np.float32), length)
        # Of a real input X(K - k) is the conjugate of X(k), and Hartley's transform is Re X - Im X.
        mirrored = half[:, (length - 1) // 2:0:-1]
        whole = np.empty((len(z), length), np.float32)
        np.subtract(half.real, half.imag, out=whole[:, :lines])
        np.add(mirrored.real, mirrored.imag, out=whole[:, lines:])
        return whole if len(self._rows) == length else whole[:, self._rows]


class Fusion(Stateful):
    """Fuses modalities item by item: what carries one id belongs to one item.

    Parameters
    ----------
    options : FusionOptions
        Width and weights.
    features : mapping of str to int
        The length of a token in each modality that may come.
    rng : numpy.random.Generator
        Gives the seeds of the projections; they are state.
    """

    lasting = ("_seeds",)

    def __init__(self, options: FusionOptions, features: Mapping[str, int], rng: np.random.Generator) -> None:
        self._width, self._features = options.width, dict(features)
        self._weights: dict[str, float] = dict(options.weights.items())
        # One for each modality there is, so that wiring another changes no projection.
        self._seeds: dict[str, int] = {name: int(rng.integers(_SEED_BELOW)) for name in MODALITIES}
        self.after_load()

    def after_load(self) -> None:
        self._projections = {name: Projection(length, self._width, self._seeds[name])
                             for name, length in self._features.items()}

    def fuse(self, parts: Sequence[Part], where: str = "cognitive_context", now: Time = 0,
             ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        """Return the context of each item, and the items' ids.

        Parameters
        ----------
        parts : sequence of Part
            At least one. Rows of one part with the same id are one item's and are averaged. If none has ids, or only
            some, items belong together by their place.
        where : str
            What errors call the context.
        now : int, ns
            The instant that errors name.

        Returns
        -------
        context : ndarray, shape (item, width), float32
            Fresh; items in the order in which the parts name them first.
        ids : ndarray, shape (item,), int64, or None

        Raises
        ------
        SignalError
            If items are to be matched by place and the parts have not equally many.
        """
        ids, places = _matched(parts, where, now)
        count = len(ids) if ids is not None else len(parts[0].pooled)
        context, square = np.zeros((count, self._width), np.float32), np.zeros(count)
        for part, place in zip(parts, places, strict=True):
            weight = self._weights.get(part.modality, 1.0)
            here, pooled = _averaged(part.pooled, place, count)
            projected = self._projections[part.modality].project(weight * _layer_normed(pooled))
            context[here] += projected
            square[here] += weight**2
        context /= np.sqrt(square).astype(np.float32)[:, None]
        return context, ids


def _layer_normed(pooled: Rows) -> NDArray[np.float64]:
    """Return the rows layer-normalised, of length 1."""
    features = pooled.shape[1]
    centred = pooled - np.einsum("if->i", pooled, dtype=np.float64)[:, None] / features
    square = np.einsum("if,if->i", centred, centred)
    normed: NDArray[np.float64] = centred / np.sqrt(square + _EPSILON * features)[:, None]
    return normed


def _matched(parts: Sequence[Part], where: str, now: Time) -> tuple[NDArray[np.int64] | None, list[Places]]:
    """Return the ids of all items, and for each part the item that each of its rows belongs to."""
    given = [part.ids for part in parts if part.ids is not None]
    if len(given) < len(parts):
        counts = [len(part.pooled) for part in parts]
        if len(set(counts)) > 1:
            got = ", ".join(f"{count} of {part.modality}" for part, count in zip(parts, counts, strict=True))
            raise SignalError(f"{where} at {format_time(now)}", got=got,
                              expected="items with ids, or equally many in each modality")
        return given[0] if given else None, [_EACH] * len(parts)
    first = given[0]
    if (first[1:] > first[:-1]).all() and all(np.array_equal(ids, first) for ids in given[1:]):
        return first, [_EACH] * len(parts)  # as streams count their items
    stacked = np.concatenate(given)
    _, found, inverse = np.unique(stacked, return_index=True, return_inverse=True)
    order = np.argsort(found)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return stacked[found[order]], list(np.split(rank[inverse], np.cumsum([len(ids) for ids in given])[:-1]))


def _averaged(rows: Rows, places: Places, count: int) -> tuple[Places, Rows]:
    """Return which items have rows, and the mean of each one's rows."""
    if isinstance(places, slice):
        return _EACH, rows
    share = np.bincount(places, minlength=count)
    total = np.zeros((count, rows.shape[1]))
    np.add.at(total, places, rows)
    here = np.flatnonzero(share)
    return here, total[here] / share[here, None]
