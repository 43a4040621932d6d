"""A layer of the core: a time mix that remembers in linear time, a channel mix, and spikes before each linear map.

The layer of RWKV (B. Peng et al., 2023, arXiv:2305.13048, section 3) with the spikes of SpikeGPT (R.-J. Zhu et al.,
2023, arXiv:2302.13939) moved to where the linear maps read, so that each of these adds up columns of its matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from aura.zones.language.core.linear import linear, rms_norm
from aura.zones.language.core.options import CoreOptions
from aura.zones.language.core.recall import recall_step, recall_window
from aura.zones.language.core.rotary import rotate, turns
from aura.zones.language.core.sites import Fired, fire

__all__ = ["MIXED", "SITES", "Firing", "layer"]

MIXED = ("receptance", "key", "value", "gate")
"""What the time mix reads of a token and the one before, each in shares of its own."""
SITES = (*MIXED, "out", "channel", "hidden")


class Firing(NamedTuple):
    """Over all sites of a layer."""

    rate: Array
    """Share of sites with a spike."""
    soft: Array
    """The same, as smooth as a penalty needs it."""


def layer(x: Array, weights: Mapping[str, Array], state: Mapping[str, Array], begins: Array, segment: Array,
          options: CoreOptions) -> tuple[Array, dict[str, Array], Firing]:
    """Return what a layer makes of a window, its state after, and how much it fired.

    Parameters
    ----------
    x : array (streams, tokens, width)
        What the layer adds to.
    weights : mapping of str to array
        Of this layer.
    state : mapping of str to array
        ``time`` and ``channel``, the last tokens, (streams, width); ``memory`` (streams * heads, head, head); of
        neurons the potentials ``potential_{site}``.
    begins : array of bool (streams, tokens)
        Where a document begins.
    segment : array of int (streams, tokens)
        Documents that have begun in the window up to each token.
    """
    after: dict[str, Array] = {}
    fired: dict[str, Fired] = {}

    def sent(name: str, drive: Array, *, each: bool = False) -> Array:
        fired[name] = fire(drive, weights, name, state.get(f"potential_{name}"), begins, options, each=each,
                           hidden=name == "hidden")
        held = fired[name].potential
        if held is not None:
            after[f"potential_{name}"] = held
        return fired[name].sent

    rows = rms_norm(x) * weights["time_scale"]
    past = _before(rows, state["time"], begins) - rows
    after["time"] = rows[:, -1]
    driven = {name: rows + past * weights[f"{name}_mix"] for name in MIXED}
    receptance, key = (_placed(sent(name, driven[name], each=True), weights[f"{name}_weight"], options)
                       for name in ("receptance", "key"))
    value = _heads(linear(sent("value", driven["value"]), weights["value_weight"], options.precision), options)
    fade = -jax.nn.softplus(weights["fade_bias"] - rows @ weights["fade_weight"])
    fade = fade.swapaxes(1, 2).reshape(-1, rows.shape[1])
    bonus = jnp.tile(weights["bonus"], len(x))
    rows_segment = jnp.repeat(segment, options.heads, 0)
    if x.shape[1] == 1:
        memory = state["memory"] * (rows_segment[:, :, None] == 0)
        read, after["memory"] = recall_step(receptance, key, value, fade, bonus, memory, options.rope_base)
    else:
        read, after["memory"] = recall_window(receptance, key, value, fade, bonus, state["memory"], rows_segment,
                                              options.rope_base, options.chunk)
    read = rms_norm(read).reshape(len(x), options.heads, -1, options.head).swapaxes(1, 2).reshape(x.shape)
    gate = linear(sent("gate", driven["gate"]), weights["gate_weight"], options.precision)
    out = sent("out", read * weights["read_scale"] * jax.nn.silu(gate))
    x = x + linear(out, weights["out_weight"], options.precision)

    rows = rms_norm(x) * weights["channel_scale"]
    past = _before(rows, state["channel"], begins) - rows
    after["channel"] = rows[:, -1]
    drive = linear(sent("channel", rows + past * weights["channel_mix"]), weights["channel_weight"], options.precision)
    x = x + linear(sent("hidden", drive), weights["hidden_weight"], options.precision)
    wide = {name: options.hidden if name == "hidden" else options.width for name in SITES}
    shares = {name: count / sum(wide.values()) for name, count in wide.items()}
    rate, soft = (jnp.stack([getattr(fired[name], what) * share for name, share in shares.items()]).sum()
                  for what in ("firing", "soft"))
    return x, after, Firing(rate, soft)


def _before(rows: Array, last: Array, begins: Array) -> Array:
    """Return for each token the one before, nothing at the begin of a document."""
    return jnp.where(begins[:, :, None], 0.0, jnp.concatenate([last[:, None], rows[:, :-1]], 1))


def _heads(rows: Array, options: CoreOptions) -> Array:
    """Return (streams, tokens, width) as (streams * heads, tokens, head)."""
    streams, tokens, _ = rows.shape
    apart = rows.reshape(streams, tokens, options.heads, options.head).swapaxes(1, 2)
    return apart.reshape(streams * options.heads, tokens, options.head)


def _placed(sent: Array, weight: Array, options: CoreOptions) -> Array:
    """Return receptance or key of length 1, turned by its place; each internal step has a place of its own."""
    streams, tokens, steps, _ = sent.shape
    mapped = linear(sent, weight, options.precision)
    if steps > 1:
        cosine, sine = turns(np.arange(steps) / steps, options.head, options.rope_base)
        apart = mapped.reshape(streams, tokens, steps, options.heads, options.head)
        mapped = rotate(apart, cosine[:, None], sine[:, None]).mean(2).reshape(streams, tokens, -1)
    else:
        mapped = mapped[:, :, 0]
    rows = _heads(mapped, options)
    rows = rows * lax.rsqrt(jnp.sum(rows * rows, -1, keepdims=True) + 1e-5)
    return rotate(rows, *turns(np.arange(tokens), options.head, options.rope_base))
