r"""Where spikes stand: what a drive makes a row of sites fire, at once or as leaky integrate-and-fire neurons.

A neuron has internal steps for each token, at each of which

.. math:: u \leftarrow \lambda u + x / \theta, \qquad s = \mathrm{spikes}(u), \qquad u \leftarrow u - s

with its drive :math:`x`, the same at all of them, its threshold :math:`\theta` and what stays of the potential,
:math:`\lambda`; both are learned. The potential lasts from token to token, and ends with the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from aura.zones.language.core.options import CoreOptions
from aura.zones.language.core.spikes import spikes

__all__ = ["Fired", "fire"]


class Fired(NamedTuple):
    """What sites sent."""

    sent: Array
    """(streams, tokens, sites), the mean over internal steps; or with `each`, (streams, tokens, steps, sites)."""
    potential: Array | None
    """(streams, sites), after the window."""
    firing: Array
    """The share of sites and steps with a spike."""
    soft: Array
    """The same, as smooth as a penalty needs it."""


def fire(drive: Array, weights: Mapping[str, Array], name: str, potential: Array | None, begins: Array,
         options: CoreOptions, *, each: bool = False, hidden: bool = False) -> Fired:
    """Return what the sites `name` send.

    Parameters
    ----------
    drive : array (streams, tokens, sites)
        What they are driven with.
    weights : mapping of str to array
        ``{name}_threshold``, its logarithm, and for neurons ``{name}_leak``, its log-odds; (sites,).
    potential : array (streams, sites), optional
        Of neurons; without it sites fire at once.
    begins : array of bool (streams, tokens)
        Where a document begins.
    each : bool
        Whether each internal step is returned by itself.
    hidden : bool
        Whether it is a site within the channel mix, whose spikes are 0 or above.
    """
    signed = options.spikes == "ternary" and not hidden
    if options.spikes == "analog":
        sent = jnp.square(jax.nn.relu(drive)) if hidden else drive
        return Fired(sent[:, :, None] if each else sent, potential, jnp.ones(()), jnp.ones(()))
    drive = drive * jnp.exp(-weights[f"{name}_threshold"])
    if potential is None:
        sent = spikes(drive, signed, options.burst, options.surrogate)
        return Fired(sent[:, :, None] if each else sent, None, jnp.mean(sent != 0), _soft(drive, signed))
    leak = jax.nn.sigmoid(weights[f"{name}_leak"])

    def token(held: Array, now: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        current, begun = now
        held = jnp.where(begun[:, None], 0.0, held)
        sent, reached = [], []
        for _ in range(options.internal_steps):
            held = leak * held + current
            sent.append(spikes(held, signed, options.burst, options.surrogate))
            reached.append(held)
            held = held - sent[-1]
        return held, (jnp.stack(sent, 1), jnp.stack(reached, 1))

    after, (sent, reached) = lax.scan(token, potential, (drive.swapaxes(0, 1), begins.swapaxes(0, 1)))
    sent = sent.swapaxes(0, 1)
    return Fired(sent if each else sent.mean(2), after, jnp.mean(sent != 0), _soft(reached, signed))


def _soft(drive: Array, signed: bool) -> Array:
    size = jnp.abs(drive) if signed else drive
    return jnp.mean(jax.nn.sigmoid(4.0 * (size - 1.0)))
