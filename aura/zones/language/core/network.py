"""The core as pure functions: its weights and its state by name, and what it predicts of windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from aura.zones.language.core.hashing import run_hashes
from aura.zones.language.core.layer import MIXED, SITES, layer
from aura.zones.language.core.linear import linear, rms_norm
from aura.zones.language.core.options import CoreOptions
from aura.zones.language.core.sites import fire

__all__ = ["Backend", "Predicted", "Tree", "fresh_state", "fresh_weights", "predict", "surprise"]

Backend: TypeAlias = Literal["srwkv", "lif"]
Tree: TypeAlias = Mapping[str, Array]
_LAYER = "layer_"
_SLOWEST, _FASTEST = -4.5, 0.5
"""Of the heads of a layer: log(exp(-x) + 1) is what the logarithm of the memory falls by at a token. Tuned here."""


class Predicted(NamedTuple):
    """What the core says of a window."""

    logits: Array
    """(streams, tokens, vocabulary), of the token after each."""
    state: dict[str, Array]
    """After the window."""
    firing: Array
    """(layers,), share of the sites with a spike; 1 of analog ones."""
    soft: Array
    """(layers,), the same, as smooth as a penalty needs it."""


def fresh_weights(options: CoreOptions, backend: Backend, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return weights to begin with, by name; those of layers are stacked along their first axis."""
    width, hidden, layers = options.width, options.hidden, options.layers

    def matrix(rows: int, columns: int, scale: float = 1.0, count: int = layers) -> np.ndarray:
        shape = (count, rows, columns) if count else (rows, columns)
        return rng.standard_normal(shape, np.float32) * np.float32(scale / math.sqrt(rows))

    def full(value: float | np.ndarray, size: int) -> np.ndarray:
        return np.array(np.broadcast_to(value, (layers, size)), np.float32)

    share = 0.5 * np.arange(width) / width  # of the token before: from nothing to half
    ends = 0.3 / math.sqrt(layers)
    found = {
        **{f"{name}_mix": full(share, width) for name in (*MIXED, "channel")},
        **{f"{name}_weight": matrix(width, width) for name in MIXED},
        "out_weight": matrix(width, width, ends), "channel_weight": matrix(width, hidden),
        "hidden_weight": matrix(hidden, width, ends),
        **{f"{name}_scale": full(1.0, width) for name in ("time", "channel", "read")},
        "fade_weight": matrix(width, options.heads, 0.1), "bonus": full(1.0, options.heads),
        "fade_bias": full(np.linspace(_SLOWEST, _FASTEST, options.heads), options.heads)}
    for name in SITES:
        within = name == "hidden"
        first = options.hidden_threshold if within else options.threshold
        found[f"{name}_threshold"] = full(math.log(first), hidden if within else width)
        if backend == "lif":
            found[f"{name}_leak"] = full(math.log(options.leak / (1 - options.leak)), hidden if within else width)
    found = {_LAYER + name: value for name, value in found.items()}
    found["embedding"] = matrix(options.vocabulary, width, 0.5 * math.sqrt(options.vocabulary), 0)
    if options.hashed:
        found["hash_tables"] = np.zeros((len(options.hashed), options.hash_size, options.hash_width), np.float32)
        found["hash_weight"] = matrix(options.hash_width * len(options.hashed), width, 1.0, 0)
    found |= {"first_scale": np.ones(width, np.float32), "last_scale": np.ones(width, np.float32),
              "last_threshold": np.full(width, math.log(options.threshold), np.float32),
              "head_weight": matrix(width, options.vocabulary, 0.5, 0),
              "head_bias": np.zeros(options.vocabulary, np.float32)}
    if backend == "lif":
        found["last_leak"] = np.full(width, math.log(options.leak / (1 - options.leak)), np.float32)
    return found


def fresh_state(options: CoreOptions, backend: Backend, streams: int) -> dict[str, np.ndarray]:
    """Return the state of streams before their first token."""
    layers, width = options.layers, options.width

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.float32)

    found = {_LAYER + "time": zeros(layers, streams, width), _LAYER + "channel": zeros(layers, streams, width),
             _LAYER + "memory": zeros(layers, streams * options.heads, options.head, options.head)}
    if backend == "lif":
        found |= {f"{_LAYER}potential_{name}": zeros(layers, streams, options.hidden if name == "hidden" else width)
                  for name in SITES}
        found["potential_last"] = zeros(streams, width)
    if options.hashed:
        found["before"] = np.full((streams, options.reach), -1, np.int32)
    return found


def predict(weights: Tree, state: Tree, tokens: Array, begins: Array, options: CoreOptions, *,
            unroll: bool = False) -> Predicted:
    """Return what the core predicts after each token of a window.

    Parameters
    ----------
    tokens : array of int (streams, tokens)
        Of the vocabulary; a window of one token is computed by the recurrence itself.
    begins : array of bool (streams, tokens)
        Where a document begins, before which nothing counts.
    unroll : bool
        Whether the program holds each layer apart: it compiles for longer and runs faster.
    """
    segment = jnp.cumsum(begins.astype(jnp.int32), 1)
    x, after = weights["embedding"][tokens], {}
    if options.hashed:
        runs = [run_hashes(state["before"], tokens, segment, length, options.hash_size) for length in options.hashed]
        rows = jnp.concatenate([weights["hash_tables"][place][run] for place, run in enumerate(runs)], -1)
        x = x + linear(rows, weights["hash_weight"], options.precision)
        after["before"] = _newest(state["before"], tokens, segment)
    x = rms_norm(x) * weights["first_scale"]

    def one(x: Array, parts: tuple[Tree, Tree]) -> tuple[Array, tuple[dict[str, Array], Array, Array]]:
        x, new, firing = layer(x, *parts, begins, segment, options)
        return x, (new, firing.rate, firing.soft)

    x, (layers, firing, soft) = lax.scan(one, x, (_of_layers(weights), _of_layers(state)), unroll=unroll)
    last = fire(rms_norm(x) * weights["last_scale"], weights, "last", state.get("potential_last"), begins, options)
    if last.potential is not None:
        after["potential_last"] = last.potential
    logits = linear(last.sent, weights["head_weight"], options.precision) + weights["head_bias"]
    return Predicted(logits, after | {_LAYER + name: value for name, value in layers.items()}, firing, soft)


def surprise(logits: Array, targets: Array) -> Array:
    """Return for each token the negative logarithm of its probability, in nats."""
    chosen = jnp.take_along_axis(logits, targets[:, :, None], 2)[:, :, 0]
    return jax.nn.logsumexp(logits, 2) - chosen


def _of_layers(tree: Tree) -> dict[str, Array]:
    return {name.removeprefix(_LAYER): value for name, value in tree.items() if name.startswith(_LAYER)}


def _newest(before: Array, tokens: Array, segment: Array) -> Array:
    """Return the last tokens of a window, -1 for those of an earlier document."""
    last = segment[:, -1:]
    whole = jnp.concatenate([jnp.where(last == 0, before, -1), jnp.where(segment == last, tokens, -1)], 1)
    return whole[:, whole.shape[1] - before.shape[1]:]
